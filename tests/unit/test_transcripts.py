"""data/numbers/transcripts.csv: what was written is read, and nothing else is taken for it."""

import pytest

from spoken_digits.errors import UserError
from spoken_digits.recording import Recording
from spoken_digits.transcripts import Utterance, read_transcripts, write_transcripts
from spoken_digits.vocabulary import digits

LABELS = digits().labels
SAID = [
    Utterance("an4", "fash", 0, ("-", "-", "4", "2")),
    Utterance("espeak", "v000", 11, ("7",)),
    Utterance("espeak", "v001", 0, ("-",)),
]


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_transcripts(tmp_path / "transcripts.csv", SAID)
    return tmp_path / "transcripts.csv"


def test_what_was_written_is_read(path):
    assert read_transcripts(path, LABELS) == SAID


def test_the_table_is_plain_csv(path):
    assert path.read_bytes() == (
        b"corpus,speaker,take,said\nan4,fash,0,- - 4 2\nespeak,v000,11,7\nespeak,v001,0,-\n"
    )


def test_an_utterance_is_a_recording_and_knows_its_labels():
    assert SAID[0].recording == Recording("an4", "number", "fash", 0)
    assert SAID[0].name == "number_fash_0.wav"
    assert [one.labels for one in SAID] == [("4", "2"), ("7",), ()]


def refusal(path) -> str:
    with pytest.raises(UserError) as caught:
        read_transcripts(path, LABELS)
    return str(caught.value).removeprefix(str(path))


def test_no_table(path):
    path.unlink()
    assert refusal(path) == ": not there. Make it with: make numbers"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"corpus,speaker,take,said\nan4,f\xff,0,1\n",
        b"corpus,speaker,take\nan4,fash,0\n",
        b"corpus,speaker,name,label,subset\n",
        b"speaker,corpus,take,said\nfash,an4,0,1\n",
    ],
)
def test_another_table(path, content):
    path.write_bytes(content)
    assert refusal(path) == (
        ": its columns are not corpus,speaker,take,said. Make it again with: make numbers"
    )


def test_a_table_of_nothing(path):
    write_transcripts(path, [])
    assert refusal(path) == ": no utterance in it. Make it again with: make numbers"


@pytest.mark.parametrize("row", ["an4,fash,0", "an4,fash,0,1,2", "an4,fash,x,1", "an4,fash,-1,1"])
def test_a_line_that_is_cut_or_has_no_take(path, row):
    path.write_text(f"{path.read_text(encoding='utf-8')}{row}\n", encoding="utf-8")
    assert refusal(path) == (f", line 5: '{row}' is no utterance. Make it again with: make numbers")


def test_words_of_another_vocabulary(path):
    write_transcripts(path, [Utterance("espeak", "v000", 0, ("1", "yes", "-"))])
    assert refusal(path) == (
        ": yes is said, and the vocabulary is 0, 1, 2, 3, 4, 5, 6, 7, 8, 9. Make it again with: "
        "make numbers"
    )
