"""A recording, and what its name says."""

import pytest

from spoken_digits.recording import Recording, RecordingNameError, parse_name
from spoken_digits.vocabulary import digits


@pytest.mark.parametrize(
    ("name", "label", "speaker", "take", "class_index"),
    [
        ("0_01_0.wav", "0", "01", 0, 0),
        ("9_60_49.wav", "9", "60", 49, 9),
        ("7_jackson_12.png", "7", "jackson", 12, 7),
        ("3_en-GB-f2_1.wav", "3", "en-GB-f2", 1, 3),
        ("other-cat_0a7c2a8d_0.wav", "other-cat", "0a7c2a8d", 0, 10),
    ],
)
def test_parts(name, label, speaker, take, class_index):
    recording = parse_name("fsdd", name)
    assert recording == Recording("fsdd", label, speaker, take)
    assert recording.class_index == class_index
    assert recording.is_word == (class_index < 10)
    assert name in (recording.name, recording.png)


def test_wav_and_png_differ_in_the_ending_only():
    recording = Recording("fsdd", "5", "anna", 3)
    assert (recording.name, recording.png) == ("5_anna_3.wav", "5_anna_3.png")


def test_the_corpus_tells_speakers_and_recordings_of_one_name_apart():
    one, other = Recording("fsdd", "5", "anna", 3), Recording("folder", "5", "anna", 3)
    assert (one.who, other.who) == ("fsdd/anna", "folder/anna")
    assert (str(one), str(other)) == ("fsdd/5_anna_3.wav", "folder/5_anna_3.wav")
    assert one != other


@pytest.mark.parametrize(
    "name",
    [
        "",
        "7.wav",
        "7_anna.wav",
        "7_anna_0",
        "7_anna_0.mp3",
        "7_anna_0.wav.exe",
        "7_anna_0.wav\n",
        "10_anna_0.wav",
        "seven_anna_0.wav",
        "7_an na_0.wav",
        "7_an_na_0.wav",
        "7_anna_-1.wav",
        "7_anna_x.wav",
        "٣_anna_0.wav",
        "7_anna_٣.wav",
        "other_anna_0.wav",
        "other-_anna_0.wav",
        "other-Cat_anna_0.wav",
        "../7_anna_0.wav",
        "sub/7_anna_0.wav",
    ],
)
def test_any_other_name_is_refused_with_an_example(name):
    with pytest.raises(RecordingNameError) as caught:
        parse_name("fsdd", name)
    text = str(caught.value)
    assert text.startswith(f"{name}: not a recording's name. Name it <digit>_<speaker>_<take>.wav")
    assert "for example 7_anna_0.wav" in text


def test_eleven_classes_with_other_last():
    assert digits().classes == (*"0123456789", "other")
