"""Stage utterances: whole numbers and other phrases, as synthetic voices and AN4's people say them.

Writes data/numbers/<corpus>/<speaker>.zip (WAV files) and data/numbers/transcripts.csv, what is
said in each. Part of the pipeline of numbers/dvc.yaml.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__)

import shutil
from collections import Counter

from spoken_digits.corpora.numbers import collect
from spoken_digits.corpora.packing import clear
from spoken_digits.errors import UserError

NUMBERS = Path("data/numbers")
BUILDING = Path("data/numbers.partial")


def main() -> None:
    try:
        clear(BUILDING)
        said = collect(params.sequence, params.download, params.words, BUILDING)
        shutil.rmtree(NUMBERS, ignore_errors=True)
        BUILDING.replace(NUMBERS)
    except OSError as error:
        raise UserError(f"{error.filename or NUMBERS}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(BUILDING, ignore_errors=True)
    for corpus, count in Counter(one.corpus for one in said).items():
        words = sum(len(one.labels) for one in said if one.corpus == corpus)
        print(f"{corpus}: {count:,} utterances with {words:,} {params.words.noun}s")


if __name__ == "__main__":
    run(main)
