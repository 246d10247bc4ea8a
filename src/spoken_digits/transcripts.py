"""What is said in whole utterances: data/numbers/transcripts.csv."""

import csv
import io
from collections.abc import Sequence
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


def write_transcripts(path: Path, utterances: Sequence[Utterance]) -> None:
    """Write the table: corpus,speaker,take,said, with labels between blanks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Utterance._fields)
    writer.writerows((one.corpus, one.speaker, one.take, " ".join(one.said)) for one in utterances)
    write_text(path, text.getvalue())


def read_transcripts(path: Path) -> list[Utterance]:
    """Read what write_transcripts wrote. Raises UserError if it is not there or another table."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Utterance(
                    row["corpus"], row["speaker"], int(row["take"]), tuple(row["said"].split())
                )
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        raise UserError(f"{path}: not there. Make it with: make numbers") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not a table of transcripts ({error}). Make it with: dvc repro "
            "numbers/dvc.yaml"
        ) from None
