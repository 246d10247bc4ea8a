"""Stage spectrogram: every recording in data/raw becomes a 100x100 grey picture.

Writes data/spectrograms/<corpus>/<shard>.zip, a PNG a recording under the recording's name, and
data/spectrograms/contact-sheet.png: the words as some of the speakers say them. Pictures of shards
that were converted before, with this code and these settings, come from the user's cache.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start, workers_option

_WORK = "convert, a shard at a time each; the pictures are the same for any number"
arguments, params = start(__doc__, options={"--workers": workers_option(_WORK)})

from spoken_digits import kept
from spoken_digits.files import replacing_folder
from spoken_digits.picture.contact_sheet import contact_sheet
from spoken_digits.picture.convert import Conversion, convert_shard, known_pictures, png
from spoken_digits.shards import list_shards
from spoken_digits.workers import run_tasks

RAW = Path("data/raw")
SPECTROGRAMS = Path("data/spectrograms")


def main() -> None:
    settings = params.spectrogram
    shards = list_shards(RAW)
    # The largest first, so that no worker is left alone with it at the end.
    shards.sort(key=lambda shard: shard.stat().st_size, reverse=True)
    code = kept.code_digest("picture", "sound")
    with replacing_folder(SPECTROGRAMS) as partial:
        tasks = [
            Conversion(shard, partial / shard.relative_to(RAW), settings, code) for shard in shards
        ]
        converted = run_tasks(
            convert_shard,
            tasks,
            workers=arguments.workers,
            label="spectrogram",
            unit="shard",
            known=known_pictures,
        )
        pictures = {task.pictures: members for task, members in zip(tasks, converted, strict=True)}
        sheet = contact_sheet(pictures, params.words.labels)
        (partial / "contact-sheet.png").write_bytes(png(sheet))
    kept.trim()
    print(f"{SPECTROGRAMS}: {sum(map(len, converted)):,} pictures in {len(tasks)} shards")


if __name__ == "__main__":
    run(main)
