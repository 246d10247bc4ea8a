"""metrics/predictions.csv."""

import pytest

from spoken_digits.evaluation.predictions import (
    Prediction,
    PredictionsError,
    parse_predictions,
    read_predictions,
    write_predictions,
)

DIGIT = Prediction("fsdd", "anna", "3_anna_0.wav", "3", "8", 0.75, 0xDEADBEEF)
OTHER = Prediction("espeak", "0001-en", "other-bed_0001-en_2.wav", "other-bed", "8", 0.125, 7)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "metrics" / "predictions.csv"
    write_predictions(path, [DIGIT, OTHER])
    assert read_predictions(path) == [DIGIT, OTHER]
    assert path.read_bytes().splitlines()[1] == b"fsdd,anna,3_anna_0.wav,3,8,0.75000,deadbeef"


def test_a_digit_heard_wrongly_and_a_word_that_is_none():
    assert (DIGIT.is_digit, DIGIT.correct) == (True, False)
    assert not OTHER.is_digit


def test_a_missing_file(tmp_path):
    with pytest.raises(PredictionsError, match=r"none.csv: not there. Make it: dvc repro evaluate"):
        read_predictions(tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["", "a,b\n", "corpus,name,label,predicted\n"])
def test_another_file(text):
    with pytest.raises(PredictionsError, match=r"x: not a predictions file .*corpus,speaker,name"):
        parse_predictions(text, "x")


@pytest.mark.parametrize(
    "row", ["fsdd,anna,3_anna_0.wav,3,8,0.7", "fsdd,anna,3_anna_0.wav,3,8,high,1", "fsdd"]
)
def test_a_damaged_file(row):
    text = f"corpus,speaker,name,label,predicted,confidence,crc32\n{row}\n"
    with pytest.raises(PredictionsError, match="x: cut short or damaged"):
        parse_predictions(text, "x")
