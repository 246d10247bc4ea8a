"""The listening program's loop: sound in, words out, until the user or the sound ends it."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from spoken_digits.live.decision import ZEROS_S, recognise_word
from spoken_digits.live.listener import Listener, Word
from spoken_digits.live.microphone import Block, DeviceError, Microphone
from spoken_digits.live.output import Outlet
from spoken_digits.live.saving import save_word
from spoken_digits.sizes import SAMPLE_RATE

ZEROS = (
    f"nothing but digital silence for {ZEROS_S:.0f} s, as from a microphone that is muted or that "
    "this program may not use. See the system's settings of sound and privacy"
)


def listen(
    source: Iterable[Block | DeviceError],
    listener: Listener,
    outlet: Outlet,
    seconds: float | None = None,
    once: bool = False,
    save: Path | None = None,
) -> None:
    """Show what is said in a stream, and save it if there is somewhere to.

    Stops after ``seconds`` of sound, after the first word if ``once``, if the user says so, or
    when the stream ends.
    """
    for block in source:
        if isinstance(block, DeviceError):
            outlet.notice(str(block))
            continue
        utterances = listener.feed(block.samples)
        ending = seconds is not None and listener.heard >= seconds * SAMPLE_RATE
        if ending:
            utterances += listener.finish()
        for utterance in utterances:
            outlet.tick(listener, "thinking")
            word = listener.word(utterance, block.arrived)
            outlet.word(word)
            if save is not None:
                outlet.notice(f"saved {save_word(save, word)}")
            ending = ending or once
        hearing = listener.endpointer.hearing
        if outlet.tick(listener, "hearing" if hearing else "listening") or ending:
            break
    else:
        for utterance in listener.finish():
            outlet.word(listener.word(utterance, None))


def microphone_blocks(
    microphone: Microphone, notice: Callable[[str], None]
) -> Iterator[Block | DeviceError]:
    """Yield what a microphone hears, and say when some of it was lost, at most once a second."""
    told, last = 0, 0.0
    away = False
    for block in microphone.blocks():
        if isinstance(block, DeviceError):
            away = True
        elif away and len(block.samples):
            away = False
            notice(f"{microphone.device.name}: the microphone is back")
        if microphone.lost > told and time.monotonic() - last > 1:
            lost = (microphone.lost - told) / SAMPLE_RATE
            notice(
                f"{lost * 1000:.0f} ms of sound lost: this machine is too busy, or the device is "
                "out of order"
            )
            told, last = microphone.lost, time.monotonic()
        yield block


def notice_of_zeros(
    source: Iterable[Block | DeviceError], notice: Callable[[str], None]
) -> Iterator[Block | DeviceError]:
    """Yield what comes, and say so, once, if it has been nothing but zeros for some seconds.

    A real microphone has some noise. Zeros come from one that is muted or may not be used.
    """
    zeros, told = 0, False
    for block in source:
        if isinstance(block, Block) and len(block.samples):
            zeros = 0 if block.samples.any() else zeros + len(block.samples)
            told = told and zeros > 0
            if zeros >= ZEROS_S * SAMPLE_RATE and not told:
                notice(ZEROS)
                told = True
        yield block


def record_once(
    source: Iterable[Block | DeviceError],
    listener: Listener,
    outlet: Outlet,
    seconds: float,
    save: Path | None = None,
) -> None:
    """Record for ``seconds``, take all of it as one word, and show it."""
    sound = np.empty(0, np.float32)
    for block in source:
        if isinstance(block, DeviceError):
            raise block
        sound = np.concatenate([sound, block.samples])
        if len(sound) >= seconds * SAMPLE_RATE:
            break
    verdict = recognise_word(listener.model, sound, listener.reject)
    word = Word(0.0, len(sound) / SAMPLE_RATE, verdict, None, sound)
    outlet.word(word)
    if save is not None:
        outlet.notice(f"saved {save_word(save, word)}")
