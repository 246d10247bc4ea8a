"""The microphone: a stream of 16 kHz samples that outlives an unplugged device."""

import difflib
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.live.stream_resampler import Resampler
from spoken_digits.sizes import HOP, SAMPLE_RATE
from spoken_digits.sound.mixing import Mixer

_BLOCK = 2 * HOP  # 20 ms: shorter ones cost time, longer ones are heard later
_QUEUE_BLOCKS = 1500  # 30 s of sound: a machine that is busy for longer loses some, and is told
_FEW_CHANNELS = 4
_SILENT_S = 3.0  # a working device never pauses this long; a PulseAudio monitor needs 2 s to start
_CLOSING_S = 2.0  # closing a device that is gone can hang in its driver


class DeviceError(UserError):
    """No PortAudio, no microphone, or one that cannot be opened."""

    exit_code = 4


class Block(NamedTuple):
    """Some samples at 16 kHz, (n,) float32 -1..1, and when the last of them came.

    ``arrived`` is in seconds of time.monotonic, or None if they did not come in real time.
    """

    samples: NDArray[np.float32]
    arrived: float | None


class Device(NamedTuple):
    """A sound device that can record."""

    number: int
    name: str
    channels: int
    rate: int
    is_default: bool


def list_devices() -> list[Device]:
    """Return the devices that can record. Raises DeviceError without PortAudio."""
    sounddevice = portaudio()
    default = sounddevice.default.device[0]
    return [
        Device(
            index,
            device["name"],
            device["max_input_channels"],
            round(device["default_samplerate"]),
            index == default,
        )
        for index, device in enumerate(sounddevice.query_devices())
        if device["max_input_channels"] > 0
    ]


def find_device(wanted: str | None) -> Device:
    """Return the device of that number or part of a name; the default one for None.

    Raises DeviceError if there is none, or if the part fits several names.
    """
    devices = list_devices()
    if not devices:
        raise DeviceError(
            "no microphone found. Plug one in or switch it on; in a container or over SSH there "
            "is none unless a sound server is reachable"
        )
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    fitting = [device for device in devices if wanted == str(device.number)] or [
        device for device in devices if wanted.lower() in device.name.lower()
    ]
    exact = [device for device in fitting if device.name.lower() == wanted.lower()]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    names = [device.name for device in fitting or devices]
    listing = "; ".join(f"{device.number}: {device.name}" for device in fitting or devices)
    if fitting:
        raise DeviceError(f"--device {wanted}: fits several: {listing}. Choose one by its number")
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise DeviceError(f"--device {wanted}: no such microphone{hint}. There are: {listing}")


class Microphone:
    """An open recording device. Use it in a with block; ``blocks`` yields what it hears."""

    def __init__(self, wanted: str | None = None) -> None:
        self.wanted = wanted
        self.device = find_device(wanted)
        self.lost = 0
        """Samples that were lost since the machine was too slow, or the driver sent no numbers."""
        self._queue: queue.Queue[Block] = queue.Queue(_QUEUE_BLOCKS)
        self._stream: Any = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._close()

    def blocks(self, tick: float = 0.05) -> Iterator[Block | DeviceError]:
        """Yield what is heard as it comes, and an empty block at least every ``tick`` seconds.

        If the device goes away a DeviceError is yielded, not raised; from then on empty blocks
        until it is back.
        """
        last = time.monotonic()
        while True:
            try:
                block = self._queue.get(timeout=tick)
                last = time.monotonic()
                yield block
                continue
            except queue.Empty:
                yield _nothing()
            if self._stream.active and time.monotonic() - last < _SILENT_S:
                continue
            yield DeviceError(f"{self.device.name}: the microphone is gone; waiting for it")
            yield from self._reopen()
            last = time.monotonic()

    def forget(self) -> None:
        """Drop what was heard and not yet taken."""
        while not self._queue.empty():
            self._queue.get_nowait()

    def _open(self) -> None:
        sounddevice = portaudio()
        rate, channels = self._settings(sounddevice)
        resampler, mixer = Resampler(rate), Mixer(channels)

        def hear(data: NDArray[np.float32], frames: int, _: object, status: Any) -> None:
            if status.input_overflow:
                self.lost += frames  # how many the driver does not say; a block at the least
            if np.isfinite(data).all():
                block = data.astype(np.float64)
                mixer.listen(block)
                samples = mixer.mix(block).astype(np.float32)
            else:  # a broken driver; whoever hears one NaN is deaf
                self.lost += frames
                samples = np.zeros(frames, np.float32)
            try:
                self._queue.put_nowait(Block(resampler.feed(samples), time.monotonic()))
            except queue.Full:
                self.lost += frames

        try:
            self._stream = sounddevice.InputStream(
                samplerate=rate,
                blocksize=rate * _BLOCK // SAMPLE_RATE,
                device=self.device.number,
                channels=channels,
                dtype="float32",
                latency="low",
                callback=hear,
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(_explain(self.device, error)) from None

    def _settings(self, sounddevice: ModuleType) -> tuple[int, int]:
        """Return the rate, Hz, and the channels with which the device can be opened.

        At best 16 kHz. All channels of a device that has a few, since nobody knows at which one the
        microphone is; one of a device that seems to have many, as a sound server does, which mixes.
        """
        few = 1 < self.device.channels <= _FEW_CHANNELS
        for rate in (SAMPLE_RATE, self.device.rate):
            for channels in (self.device.channels, 1) if few else (1, self.device.channels):
                with suppress(sounddevice.PortAudioError):
                    sounddevice.check_input_settings(
                        self.device.number, channels=channels, dtype="float32", samplerate=rate
                    )
                    return rate, channels
        return self.device.rate, 1  # opening it says what is wrong

    def _reopen(self) -> Iterator[Block]:
        while True:
            self._close()
            sounddevice = portaudio()
            sounddevice._terminate()  # PortAudio lists devices only once, when it starts
            sounddevice._initialize()
            try:
                self.device = find_device(self.wanted)
                self._open()
            except DeviceError:
                pause = time.monotonic() + 0.5
                while time.monotonic() < pause:
                    time.sleep(0.05)
                    yield _nothing()
            else:
                return

    def _close(self) -> None:
        if self._stream is None:
            return
        closing = threading.Thread(target=self._stream.close, daemon=True)
        closing.start()
        closing.join(_CLOSING_S)
        self._stream = None


def portaudio() -> ModuleType:
    """Return the sounddevice module. Raises DeviceError if PortAudio is not installed."""
    try:
        import sounddevice
    except OSError:
        raise DeviceError(
            "PortAudio is not installed, so there is no microphone to be had. Debian, Ubuntu: "
            "apt install libportaudio2; Fedora: dnf install portaudio; macOS: brew install "
            "portaudio. Files and - need none"
        ) from None
    except Exception as error:  # PortAudio is there, but does not start
        raise DeviceError(f"PortAudio does not start: {error}") from None
    module: ModuleType = sounddevice
    return module


@contextmanager
def quiet_drivers() -> Iterator[None]:
    """Keep what ALSA and PortAudio write on standard error off the screen; Python's still shows."""
    sys.stderr.flush()
    python_stderr, real = sys.stderr, os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with open(real, "w", encoding="utf-8", errors="replace", buffering=1) as kept:  # noqa: PTH123
        os.dup2(nowhere, 2)
        sys.stderr = kept
        try:
            yield
        finally:
            sys.stderr = python_stderr
            os.dup2(real, 2)
            os.close(nowhere)


def _nothing() -> Block:
    return Block(np.empty(0, np.float32), time.monotonic())


def _explain(device: Device, error: Exception) -> str:
    """Say in our words what PortAudio says: a message, and as a rule its error code."""
    library = portaudio()._lib
    # ALSA refuses an input alone with what is called a bad combination.
    taken = (library.paDeviceUnavailable, library.paBadIODeviceCombination)
    reason = str(error).removeprefix("Error opening InputStream: ")
    reason = re.sub(r"( \[PaErrorCode -?\d+\])\1+", r"\1", reason)  # named once is enough
    if set(taken) & set(error.args[1:2]) or "busy" in reason.lower():
        return (
            f"{device.name}: busy or not there. Close the program that is using it, or choose "
            "another with --device (--list-devices lists them)"
        )
    return f"{device.name}: cannot be opened ({reason})"
