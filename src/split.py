"""Stage split: every recording in data/raw trains, validates or tests.

Writes data/split.csv: corpus, speaker, name, label, subset (train, validation or test), as
params.yaml's split says. Prints how many of each there are, and the recordings whose bytes are
the same; those share a subset.
"""

from spoken_digits.stage import start

_, params = start(__doc__)

from collections import Counter
from pathlib import Path

from spoken_digits.dataset.split import SUBSETS, assign, find_duplicates, list_recordings, to_csv
from spoken_digits.errors import run_script
from spoken_digits.files import write_text

RAW = Path("data/raw")
SPLIT = Path("data/split.csv")


def main() -> None:
    settings = params.split
    recordings = list_recordings(RAW)
    duplicates = find_duplicates(recordings)
    subsets = assign(recordings, duplicates, settings)
    write_text(SPLIT, to_csv(recordings, subsets))

    for group in duplicates:
        print(f"identical, kept together: {', '.join(map(str, group))}")
    counts = Counter(subsets)
    for subset in SUBSETS:
        speakers = {
            recording.who
            for recording, chosen in zip(recordings, subsets, strict=True)
            if chosen == subset
        }
        print(f"{subset:10} {counts[subset]:7,} recordings of {len(speakers):4} speakers")


if __name__ == "__main__":
    run_script(main)
