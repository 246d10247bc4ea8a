"""data/split.csv, written by one stage and read back by others."""

import pytest
from support import split_of

from spoken_digits.dataset.split_file import (
    SplitFileError,
    read_split,
    read_wrong_labels,
    write_split,
)
from spoken_digits.recording import Recording

HEADER = "corpus,speaker,name,label,subset\n"
SUBSETS = {
    Recording("espeak", "3", "v000", 0): "train",
    Recording("speech_commands", "other-house", "4-b", 17): "test",
    Recording("fsdd", "7", "anna", 11): "validation",
}


def test_a_split_has_a_line_a_recording(tmp_path):
    write_split(tmp_path / "split.csv", split_of(SUBSETS))
    assert (tmp_path / "split.csv").read_text().splitlines() == [
        "corpus,speaker,name,label,subset",
        "espeak,v000,3_v000_0.wav,3,train",
        "speech_commands,4-b,other-house_4-b_17.wav,other-house,test",
        "fsdd,anna,7_anna_11.wav,7,validation",
    ]


@pytest.mark.parametrize("subsets", [SUBSETS, {}], ids=["three recordings", "none"])
def test_a_split_is_read_as_it_was_written(tmp_path, subsets):
    path = tmp_path / "split.csv"
    write_split(path, split_of(subsets))
    assert list(read_split(path).items()) == list(subsets.items())
    assert read_wrong_labels(path) == []


def test_a_label_that_is_not_the_names_is_for_stage_validate_to_find(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text(HEADER + "fsdd,anna,7_anna_11.wav,1,test\n")
    recording = Recording("fsdd", "7", "anna", 11)
    assert list(read_split(path).items()) == [(recording, "test")]
    assert read_wrong_labels(path) == [(recording, "1")]


def test_a_name_that_is_no_recordings(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text(HEADER + "espeak,v000,seven.wav,7,train\n")
    with pytest.raises(SplitFileError, match=r"split.csv: seven.wav: not a recording's name"):
        read_split(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty. Make it again with: dvc repro -f split"),
        (b"corpus,name,label\nfsdd,a,1\n", "its columns are not corpus,speaker,name,label,subset"),
        (HEADER.encode() + b"fsdd,anna,7_anna_0.wav,7\n", "its columns are not corpus,speaker"),
        (HEADER.encode() + b"fsdd,anna,7_anna_0.wav,7,train,1\n", "its columns are not corpus"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "its columns are not corpus,speaker"),
    ],
    ids=["empty", "other columns", "a short row", "a long row", "no text"],
)
def test_a_split_that_is_none(tmp_path, content, words):
    path = tmp_path / "split.csv"
    path.write_bytes(content)
    with pytest.raises(SplitFileError, match=words) as caught:
        read_split(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_subset_that_is_none(tmp_path):
    (tmp_path / "split.csv").write_text(HEADER + "fsdd,anna,7_anna_0.wav,7,dev\n")
    with pytest.raises(SplitFileError) as caught:
        read_split(tmp_path / "split.csv")
    assert str(caught.value) == (
        f"{tmp_path}/split.csv: fsdd/7_anna_0.wav: the subset 'dev' is not train, validation or "
        "test. Make it again with: dvc repro -f split"
    )


def test_a_recording_that_is_there_twice(tmp_path):
    line = "fsdd,anna,7_anna_0.wav,7,train\n"
    (tmp_path / "split.csv").write_text(HEADER + line + line.replace("train", "test"))
    with pytest.raises(SplitFileError, match=r"1 recordings are there twice.*fsdd/7_anna_0.wav"):
        read_split(tmp_path / "split.csv")


def test_no_split(tmp_path):
    with pytest.raises(SplitFileError, match=r"No such file or directory. Make it with: dvc repro"):
        read_split(tmp_path / "split.csv")
