"""metrics/predictions.csv."""

import numpy as np
import pytest

from spoken_digits.evaluation.predictions import (
    Prediction,
    PredictionsError,
    most_probable,
    parse_predictions,
    read_predictions,
    write_predictions,
)
from spoken_digits.recording import Recording

DIGIT = Prediction(Recording("fsdd", "3", "anna", 0), "8", 0.75, 0xDEADBEEF)
OTHER = Prediction(Recording("espeak", "other-bed", "0001-en", 2), "8", 0.125, 7)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "metrics" / "predictions.csv"
    write_predictions(path, [DIGIT, OTHER])
    assert read_predictions(path) == [DIGIT, OTHER]
    assert path.read_bytes().splitlines()[1] == b"fsdd,anna,3_anna_0.wav,3,8,0.75000,deadbeef"


def test_a_digit_heard_wrongly_and_one_heard_rightly():
    assert not DIGIT.correct
    assert DIGIT._replace(predicted="3").correct


def test_the_most_probable_digit_is_predicted_even_where_other_is_more_probable():
    probabilities = np.full((2, 11), 0.0125, np.float32)
    probabilities[0, 8], probabilities[1, 8], probabilities[1, 10] = 0.75, 0.125, 0.75
    recordings = [DIGIT.recording, OTHER.recording]
    assert most_probable(recordings, probabilities, "0123456789", [0xDEADBEEF, 7]) == [DIGIT, OTHER]


def test_words_are_predicted_by_their_labels_and_kept_so(tmp_path):
    labels = ("yes", "no", "lights-on")
    recordings = [Recording("folder", name, "anna", 0) for name in ("lights-on", "other-go")]
    probabilities = np.array([[0, 0.25, 0.75, 0], [0.125, 0.25, 0, 0.625]], np.float32)
    predictions = most_probable(recordings, probabilities, labels, [1, 2])
    assert [(one.predicted, one.confidence) for one in predictions] == [
        ("lights-on", 0.75),
        ("no", 0.25),
    ]
    assert [one.correct for one in predictions] == [True, False]
    write_predictions(tmp_path / "predictions.csv", predictions)
    assert read_predictions(tmp_path / "predictions.csv") == predictions


def test_a_missing_file(tmp_path):
    with pytest.raises(PredictionsError, match=r"none.csv: not there. Make it: dvc repro evaluate"):
        read_predictions(tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["", "a,b\n", "corpus,name,label,predicted\n"])
def test_another_file(text):
    with pytest.raises(PredictionsError, match=r"x: not a predictions file .*corpus,speaker,name"):
        parse_predictions(text, "x")


@pytest.mark.parametrize(
    "row",
    [
        "fsdd,anna,3_anna_0.wav,3,8,0.7",
        "fsdd,anna,3_anna_0.wav,3,8,high,1",
        "fsdd,anna,three.wav,3,8,0.7,1",
        "fsdd",
    ],
)
def test_a_damaged_file(row):
    text = f"corpus,speaker,name,label,predicted,confidence,crc32\n{row}\n"
    with pytest.raises(PredictionsError, match="x: cut short or damaged"):
        parse_predictions(text, "x")
