"""What PortAudio says, in our words; and a microphone that is not there."""

from types import SimpleNamespace

import pytest

from spoken_digits.live.microphone import Device, DeviceError, Microphone, _explain, portaudio

DESK = Device(3, "Desk", 1, 48_000, is_default=True)


@pytest.fixture(scope="module")
def sounddevice():
    try:
        return portaudio()
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("paDeviceUnavailable", "Desk: busy or not there. Close the program that is using it"),
        ("paBadIODeviceCombination", "Desk: busy or not there. Close the program that is using"),
        ("paInvalidSampleRate", "Desk: cannot be opened (Invalid sample rate [PaErrorCode -9997])"),
        ("paInsufficientMemory", "Desk: cannot be opened (Insufficient memory [PaErrorCode -9992]"),
    ],
)
def test_portaudio_s_own_error_codes(sounddevice, code, words):
    with pytest.raises(sounddevice.PortAudioError) as raised:
        sounddevice._check(getattr(sounddevice._lib, code), "Error opening InputStream")
    assert _explain(DESK, raised.value).startswith(words)


def test_a_driver_s_own_words(sounddevice):
    busy = sounddevice.PortAudioError(
        "Error opening InputStream: Unanticipated host error",
        sounddevice._lib.paUnanticipatedHostError,
        (0, -16, "Device or resource busy"),
    )
    assert _explain(DESK, busy).startswith("Desk: busy or not there")


def test_an_error_code_is_named_once(sounddevice):
    twice = sounddevice.PortAudioError(
        "Error opening InputStream: Invalid number of channels [PaErrorCode -9998]",
        sounddevice._lib.paInvalidChannelCount,
    )
    assert _explain(DESK, twice) == (
        "Desk: cannot be opened (Invalid number of channels [PaErrorCode -9998])"
    )


@pytest.mark.parametrize(
    ("channels", "only", "chosen"),
    [
        (2, (48_000, 2), (48_000, 2)),
        (4, (48_000, 4), (48_000, 4)),
        (2, (16_000, 2), (16_000, 2)),
        (2, (48_000, 1), (48_000, 1)),
        (8, (48_000, 8), (48_000, 8)),
        (2, (44_100, 2), (48_000, 1)),
    ],
    ids=["no mono, no 16 kHz", "four", "no mono", "no 16 kHz", "eight", "nothing that it says"],
)
def test_the_one_setting_that_a_device_takes_is_found(channels, only, chosen):
    """A stand-in for PortAudio, since ALSA's null devices take any rate. The last fails to open."""

    class RefusedError(Exception):
        pass

    def check_input_settings(device, channels, dtype, samplerate):
        if (samplerate, channels) != only:
            raise RefusedError

    stand_in = SimpleNamespace(
        PortAudioError=RefusedError, check_input_settings=check_input_settings
    )
    microphone = Microphone.__new__(Microphone)
    microphone.device = DESK._replace(channels=channels)
    assert microphone._settings(stand_in) == chosen
