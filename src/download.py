"""Stage download: recordings of the vocabulary's words from their sources to data/raw.

Reads vocabulary, voices, corpora and download of params.yaml. Writes data/raw/<corpus>/<shard>.zip
(WAV files, mono, PCM 16-bit, at their source's sample rate) and data/raw/skipped.csv.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

HELP = """
Archives are tried first in the environment variable CORPUS_MIRROR, a directory or a base URL, by
their file name; then at the address in params.yaml. What comes by HTTP is kept in the user's cache
directory, or in SPOKEN_DIGITS_CACHE, resumes where it stopped, and is fetched once for all
experiments. Everything is verified by its content. data/raw is replaced only when all is well.
Speakers of whom nothing changed are not packed again (docs/scale.md).
Relative paths of archives are meant from the project's folder, in experiments that run elsewhere
too (dvc exp run --queue, --temp). There the folder needs an absolute path. A path with blanks,
commas or brackets needs quotes within quotes.

  dvc repro download                                    what params.yaml asks for
  dvc exp run -S 'corpora=[audiomnist]'                 real recordings, from the network
  CORPUS_MIRROR=/media/usb dvc exp run -S 'corpora=[fsdd,espeak]'
  dvc exp run -S 'vocabulary=[yes,no]'                  other words, said by synthetic voices
  dvc exp run -S 'corpora=[folder]' -S download.folder.path=my-recordings
  dvc exp run -S 'corpora=[folder]' -S "download.folder.path='Anna, at home'"
"""
_, params = start(__doc__, epilog=HELP)

import csv
import io
from collections.abc import Sequence

from spoken_digits import kept
from spoken_digits.corpora.packing import LISTED, BadRecording
from spoken_digits.corpora.registry import can_give, collector
from spoken_digits.errors import UserError
from spoken_digits.files import replacing_folder, write_text
from spoken_digits.params import SOURCES
from spoken_digits.recording import parse_name
from spoken_digits.shards import list_shards, member_names
from spoken_digits.vocabulary import Word

RAW = Path("data/raw")


def main() -> None:
    with replacing_folder(RAW) as building:
        bad = []
        for corpus in params.named_corpora:
            if corpus not in params.corpora:
                print(f"{corpus}: does not speak {params.voices.language}, left out")
        for corpus in params.corpora:
            print(f"{corpus}: collecting recordings", file=sys.stderr)
            settings = getattr(params.download, corpus)
            bad += collector(corpus)(settings, params.words, building / corpus)
        if bad and params.download.on_bad_recording == "fail":
            raise UserError(explain(bad))
        for corpus in params.corpora:
            if not any((building / corpus).iterdir()):
                raise UserError(f"{corpus}: no recording is left, {len(bad)} skipped")
        names = [name for shard in list_shards(building) for name in member_names(shard)]
        labels = {parse_name("", name).label for name in names}
        if missing := [word for word in params.words.words if word.label not in labels]:
            raise UserError(explain_missing(missing, params.corpora, params.words.language))
        write_text(building / "skipped.csv", table(bad))
    kept.trim()
    print(f"{RAW}: {len(names)} recordings from {', '.join(params.corpora)}; {len(bad)} skipped")


def explain(bad: list[BadRecording]) -> str:
    """List recordings that stop the stage, the first LISTED of them, and what to do."""
    lines = [f"  {item.corpus}: {item.name}: {item.reason}" for item in bad[:LISTED]]
    if len(bad) > LISTED:
        lines.append(f"  ... and {len(bad) - LISTED} more")
    return "\n".join(
        [
            f"{len(bad)} bad recordings:",
            *lines,
            "Mend them, or leave them out with -S download.on_bad_recording=skip",
        ]
    )


def explain_missing(missing: list[Word], asked: Sequence[str], language: str) -> str:
    """Say which words have no recording, and which corpora that were not asked can give them."""
    given = {
        corpus: [word.label for word in missing if can_give(corpus, word, language)]
        for corpus in SOURCES
        if corpus not in asked
    }
    able = [corpus for corpus, labels in given.items() if len(labels) == len(missing)]
    ways = [f"{', '.join(able)} (all of them)"]
    ways += [
        f"{corpus} ({', '.join(labels)})"
        for corpus, labels in given.items()
        if labels and corpus not in able
    ]
    return (
        f"params.yaml: vocabulary: no recording of {', '.join(word.label for word in missing)} in "
        f"{', '.join(asked)}. Corpora that can give them: {', '.join(ways)}"
    )


def table(bad: list[BadRecording]) -> str:
    """Write the recordings left out as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(BadRecording._fields)
    writer.writerows(bad)
    return text.getvalue()


if __name__ == "__main__":
    run(main)
