"""What is said in whole utterances: data/numbers/transcripts.csv."""

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from spoken_digits.errors import UserError
from spoken_digits.files import write_text
from spoken_digits.recording import Recording

_NAME = "number"  # what the recordings' names begin with; what is said is in the table


class Utterance(NamedTuple):
    """Somebody who says something in one go, and its labels in their order."""

    corpus: str
    speaker: str
    take: int
    said: tuple[str, ...]
    """Labels of the vocabulary, and "-" for each word that is none."""

    @property
    def recording(self) -> Recording:
        """What it is called in its shard, and by the split."""
        return Recording(self.corpus, _NAME, self.speaker, self.take)

    @property
    def name(self) -> str:
        """Its name in its speaker's shard."""
        return self.recording.name

    @property
    def labels(self) -> tuple[str, ...]:
        """What is said of the vocabulary."""
        return tuple(label for label in self.said if label != "-")

    @property
    def is_number(self) -> bool:
        """Whether words of the vocabulary are said, and nothing else."""
        return bool(self.said) and "-" not in self.said


def write_transcripts(path: Path, utterances: Sequence[Utterance]) -> None:
    """Write the table: corpus,speaker,take,said, with labels between blanks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Utterance._fields)
    writer.writerows((one.corpus, one.speaker, one.take, " ".join(one.said)) for one in utterances)
    write_text(path, text.getvalue())


def read_transcripts(path: Path, labels: Collection[str]) -> list[Utterance]:
    """Read what write_transcripts wrote.

    Raises UserError if it is not there, is another table, lists nothing, or if something else is
    said than ``labels`` and "-".
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
    except FileNotFoundError:
        raise UserError(f"{path}: not there. Make it with: make numbers") from None
    except (csv.Error, ValueError):  # not text; or nothing in it
        header, rows = [], []
    again = "Make it again with: make numbers"
    if tuple(header) != Utterance._fields:
        raise UserError(f"{path}: its columns are not {','.join(Utterance._fields)}. {again}")
    if not rows:
        raise UserError(f"{path}: no utterance in it. {again}")
    for line, row in enumerate(rows, 2):
        if len(row) != len(header) or not row[2].isdecimal():
            raise UserError(f"{path}, line {line}: {','.join(row)!r} is no utterance. {again}")
    said = [
        Utterance(corpus, speaker, int(take), tuple(words.split()))
        for corpus, speaker, take, words in rows
    ]
    if unknown := {label for one in said for label in one.labels}.difference(labels):
        raise UserError(
            f"{path}: {min(unknown)} is said, and the vocabulary is {', '.join(labels)}. {again}"
        )
    return said
