"""A recording, and what its name says."""

import pytest

from spoken_digits.files import shown
from spoken_digits.recording import Recording, RecordingNameError, parse_name


@pytest.mark.parametrize(
    ("name", "label", "speaker", "take", "class_name"),
    [
        ("0_01_0.wav", "0", "01", 0, "0"),
        ("9_60_49.wav", "9", "60", 49, "9"),
        ("7_jackson_12.png", "7", "jackson", 12, "7"),
        ("3_en-GB-f2_1.wav", "3", "en-GB-f2", 1, "3"),
        ("10_anna_0.wav", "10", "anna", 0, "10"),
        ("yes_anna_0.wav", "yes", "anna", 0, "yes"),
        ("lights-on_anna_0.wav", "lights-on", "anna", 0, "lights-on"),
        ("others_anna_0.wav", "others", "anna", 0, "others"),
        ("other_anna_0.wav", "other", "anna", 0, "other"),
        ("other-cat_0a7c2a8d_0.wav", "other-cat", "0a7c2a8d", 0, "other"),
        ("other-turn-it-up_anna_0.wav", "other-turn-it-up", "anna", 0, "other"),
    ],
)
def test_parts(name, label, speaker, take, class_name):
    recording = parse_name("fsdd", name)
    assert recording == Recording("fsdd", label, speaker, take)
    assert recording.class_name == class_name
    assert recording.is_word == (class_name != "other")
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
    ("name", "part"),
    [
        ("", "it does not end in .wav"),
        ("7.wav", "no underscore in it, and two separate label, speaker and take"),
        ("7_anna.wav", "one underscore in it, and two separate label, speaker and take"),
        ("7_an_na_0.wav", "3 underscores in it, and two separate label, speaker and take"),
        ("7_anna_0", "it does not end in .wav"),
        ("7_anna_0.mp3", "it does not end in .wav"),
        ("7_anna_0.wav.exe", "it does not end in .wav"),
        ("7_anna_0.wav\n", "it does not end in .wav"),
        ("Yes_anna_0.wav", "the label 'Yes' is not lower-case letters a-z, digits and single hyp"),
        ("lights on_anna_0.wav", "the label 'lights on' is not lower-case letters"),
        ("lights--on_anna_0.wav", "the label 'lights--on' is not lower-case letters"),
        ("-on_anna_0.wav", "the label '-on' is not lower-case letters"),
        ("fünf_anna_0.wav", "the label 'fünf' is not lower-case letters a-z"),
        ("_anna_0.wav", "the label is empty"),
        ("10__0.wav", "the speaker is empty"),
        ("7_an na_0.wav", "the speaker 'an na' is not letters a-z, digits and hyphens"),
        ("7_josé_0.wav", "the speaker 'josé' is not letters a-z, digits and hyphens"),
        ("7_jos\udce9_0.wav", r"the speaker 'jos\xe9' is not letters a-z"),
        (f"7_{'a' * 81}_0.wav", "is not letters a-z, digits and hyphens, at most 80"),
        ("7_anna_.wav", "the take is empty"),
        ("7_anna_-1.wav", "the take '-1' is not a number of at most 9 digits"),
        ("7_anna_x.wav", "the take 'x' is not a number"),
        (f"7_anna_{'1' * 5000}.wav", "is not a number of at most 9 digits"),
        ("٣_anna_0.wav", "the label '٣' is not lower-case letters"),
        ("7_anna_٣.wav", "the take '٣' is not a number"),
        ("Yes_an na_x.wav", "the label 'Yes' is not lower-case letters a-z, digits and single"),
        ("Yes_an na_x.wav", "; the speaker 'an na' is not letters"),
        ("Yes_an na_x.wav", "; the take 'x' is not a number"),
        ("other-_anna_0.wav", "the label 'other-' is not lower-case letters"),
        ("other-Cat_anna_0.wav", "the label 'other-Cat' is not lower-case letters"),
        ("../7_anna_0.wav", "the label '../7' is not lower-case letters"),
        ("sub/7_anna_0.wav", "the label 'sub/7' is not lower-case letters"),
    ],
)
def test_any_other_name_is_refused_saying_which_part_is_wrong(name, part):
    with pytest.raises(RecordingNameError) as caught:
        parse_name("fsdd", name)
    text = str(caught.value)
    assert text.startswith(f"{shown(name)}: not a recording's name: ")
    assert part in text
    assert ". Name it <label>_<speaker>_<take>.wav" in text
    assert "for example 7_anna_0.wav" in text
    assert "a word outside the vocabulary: other-<word>_anna_0.wav" in text
