"""What PortAudio says, in our words; and a microphone that is not there."""

import pytest

from spoken_digits.live.microphone import Device, DeviceError, _explain, portaudio

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
