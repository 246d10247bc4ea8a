"""Corpora of English digits: under the vocabulary's labels, and refused where they are no use."""

import pytest

from spoken_digits.corpora import audiomnist, fsdd
from spoken_digits.corpora.english_digits import ENGLISH_DIGITS, check_has_digits, relabelled
from spoken_digits.errors import UserError
from spoken_digits.params import load_params
from spoken_digits.recording import Recording, RecordingNameError
from spoken_digits.vocabulary import digits, parse


def test_the_ten():
    assert ENGLISH_DIGITS == tuple("zero one two three four five six seven eight nine".split())


@pytest.mark.parametrize(
    ("vocabulary", "label"),
    [
        (digits(), "7"),
        (parse(["sept=seven", "huit=Eight"]), "sept"),
        (parse(["yes", "one"]), "other-seven"),
    ],
)
def test_a_digit_has_the_vocabularys_label(vocabulary, label):
    recording = Recording("fsdd", "7", "theo", 3)
    assert relabelled(recording, vocabulary) == Recording("fsdd", label, "theo", 3)


def test_what_is_no_digit_is_no_recording_of_theirs():
    with pytest.raises(RecordingNameError, match=r"yes_theo_3\.wav: yes is no digit"):
        relabelled(Recording("fsdd", "yes", "theo", 3), digits())


@pytest.mark.parametrize("corpus", [fsdd, audiomnist])
@pytest.mark.parametrize("vocabulary", [parse(["yes", "no"]), digits("de")])
def test_a_vocabulary_without_english_digits_is_refused_before_anything_is_fetched(
    tmp_path, corpus, vocabulary, no_server
):
    name = corpus.__name__.rpartition(".")[2]
    settings = getattr(load_params().download, name)
    settings = settings.model_copy(update={"archive": f"{no_server}/a.zip"})
    with pytest.raises(UserError) as caught:
        corpus.collect(settings, vocabulary, tmp_path)
    assert str(caught.value) == (
        f"{name} holds the ten English digits, and the vocabulary has none of them: "
        f"{', '.join(vocabulary.labels)}. Use espeak or pico (any word), speech_commands (its 35 "
        "words) or folder"
    )


def test_one_english_digit_is_enough():
    check_has_digits("fsdd", parse(["yes", "uno=one"]))
