"""Stage utterances: whole numbers and other phrases, as synthetic voices and AN4's people say them.

Writes data/numbers/<corpus>/<speaker>.zip (WAV files) and data/numbers/transcripts.csv, what is
said in each. Part of the pipeline of numbers/dvc.yaml.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__)

from collections import Counter

from spoken_digits.corpora.numbers import collect
from spoken_digits.errors import UserError
from spoken_digits.files import replacing_folder
from spoken_digits.params import ParamsError, speaks

NUMBERS = Path("data/numbers")


def main() -> None:
    corpora = params.sequence.corpora
    if twice := [name for name, times in Counter(corpora).items() if times > 1]:
        raise ParamsError(f"params.yaml: sequence.corpora: {twice[0]} is named twice. Name it once")
    if silent := [name for name in corpora if not speaks(name, params.voices.language)]:
        raise ParamsError(
            f"params.yaml: sequence.corpora: {silent[0]} does not speak voices.language, "
            f"{params.voices.language}. Leave it out"
        )
    with replacing_folder(NUMBERS) as building:
        said = collect(params.sequence, params.download, params.words, building)
        if not any(one.labels for one in said):
            raise UserError(
                f"params.yaml: sequence.corpora: in {', '.join(corpora)} nobody says a word of the "
                "vocabulary. Add espeak or pico"
            )
    for corpus, count in Counter(one.corpus for one in said).items():
        words = sum(len(one.labels) for one in said if one.corpus == corpus)
        print(f"{corpus}: {count:,} utterances with {words:,} {params.words.noun}s")


if __name__ == "__main__":
    run(main)
