"""Stage split: every recording in data/raw trains, validates or tests.

Writes data/split.csv: corpus, speaker, name, label, subset (train, validation or test), as
params.yaml's split says. Prints how many of each there are, and the recordings whose bytes are
the same; those share a subset.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__)

from spoken_digits.dataset.recordings import find_duplicates, list_recordings
from spoken_digits.dataset.split import assign
from spoken_digits.dataset.split_file import write_split
from spoken_digits.dataset.table import SUBSETS

RAW = Path("data/raw")
SPLIT = Path("data/split.csv")


def main() -> None:
    stored = list_recordings(RAW)
    duplicates = find_duplicates(stored)
    split = assign(stored.recordings, duplicates, params.split)
    write_split(SPLIT, split)

    for group in duplicates:
        same = ", ".join(str(stored.recordings[index]) for index in group)
        print(f"identical, kept together: {same}")
    for subset in SUBSETS:
        part = split.part(subset)
        speakers = len(part.those_who_speak())
        print(f"{subset:10} {len(part):7,} recordings of {speakers:4} speakers")


if __name__ == "__main__":
    run(main)
