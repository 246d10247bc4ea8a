"""Make shards of recordings by any number of speakers, as the download stage would write them.

Writes DIRECTORY/<speaker>.zip with the voices of make_audiomnist.py; keeps those that are there.
"""

import argparse
from pathlib import Path

import joblib
from make_audiomnist import speaker_recordings
from tqdm import tqdm

from spoken_digits.shards import write_shard


def write_speaker(path: Path, speaker: str, takes: int) -> None:
    write_shard(path, speaker_recordings(speaker, takes).items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    parser.add_argument("--speakers", type=int, required=True)
    parser.add_argument("--takes", type=int, required=True, help="recordings of each digit")
    arguments = parser.parse_args()
    paths = [arguments.directory / f"{n:02}.zip" for n in range(1, arguments.speakers + 1)]
    missing = [path for path in paths if not path.exists()]
    joblib.Parallel(n_jobs=-1)(
        joblib.delayed(write_speaker)(path, path.stem, arguments.takes)
        for path in tqdm(missing, unit=" speakers", disable=None)
    )


if __name__ == "__main__":
    main()
