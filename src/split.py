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

from collections import Counter

from spoken_digits.dataset.recordings import find_duplicates, list_recordings
from spoken_digits.dataset.split import SUBSETS, assign
from spoken_digits.dataset.split_file import write_split

RAW = Path("data/raw")
SPLIT = Path("data/split.csv")


def main() -> None:
    stored = list_recordings(RAW)
    duplicates = find_duplicates(stored)
    subsets = assign([one.recording for one in stored], duplicates, params.split)
    write_split(SPLIT, subsets)

    for group in duplicates:
        print(f"identical, kept together: {', '.join(map(str, group))}")
    counts = Counter(subsets.values())
    for subset in SUBSETS:
        speakers = {recording.who for recording, of in subsets.items() if of == subset}
        print(f"{subset:10} {counts[subset]:7,} recordings of {len(speakers):4} speakers")


if __name__ == "__main__":
    run(main)
