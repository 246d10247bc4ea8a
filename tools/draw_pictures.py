"""Draw the pictures of README.md and docs/: the live screen, a word's image, the ten digits.

The screen is the live program's own. A test voice of SVOX Pico speaks, which the released model was
not trained on, and the screen shows what the model recognised in it.

  PYTHONPATH=src python tools/draw_pictures.py                   into docs/pictures
  PYTHONPATH=src python tools/draw_pictures.py --to somewhere
"""

import argparse
import contextlib
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--to", type=Path, default=Path("docs/pictures"), metavar="DIR", help="where they go"
    )
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help does not wait for what is imported below
        _arguments()

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from spoken_digits import vocabulary
from spoken_digits.corpora import espeak, pico
from spoken_digits.export.inference import Model, load_model
from spoken_digits.export.released import MODEL
from spoken_digits.files import write_text
from spoken_digits.live.listener import Listener
from spoken_digits.live.screen import Screen
from spoken_digits.params import Params, Voices, load_params
from spoken_digits.picture.contact_sheet import contact_sheet
from spoken_digits.picture.convert import Conversion, convert_shard
from spoken_digits.picture.mel import image, mel_filters
from spoken_digits.shards import read_shard
from spoken_digits.sizes import SAMPLE_RATE, SECOND, SIZE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.sound.one_second import one_second

Waveform = NDArray[np.float64]

_SPEAKER = "p030"  # the live screen's and the word's: all of its digits are recognised
_ROWS_OF_DIGITS = ("espeak/v001", "espeak/v003", "pico/p003", "pico/p030")
_SAID = "3140278"  # what the speaker says; the screen is drawn in the middle of the last digit
_PAUSE_S = 0.7
_LEVEL_DBFS = -12.0  # of the loudest sample
_COLUMNS, _ROWS = 76, 20
_ASPECT = 0.602  # width over height of a character in the fonts below
_THEME = TerminalTheme(
    (24, 26, 31),
    (214, 218, 224),
    [  # black, red, green, yellow, blue, magenta, cyan, white
        (40, 44, 52),
        (224, 108, 117),
        (126, 200, 110),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (214, 218, 224),
    ],
)
# rich's own template, without the fonts that it fetches from a server.
_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" xml:space="preserve">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; white-space: pre;
}}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    folder = _arguments().to
    folder.mkdir(parents=True, exist_ok=True)
    params = load_params()
    with tempfile.TemporaryDirectory() as temporary:
        raw = Path(temporary) / "raw"
        for corpus, collect, speakers in (
            ("espeak", espeak.collect, 4),
            ("pico", pico.collect, 31),
        ):
            (raw / corpus).mkdir(parents=True)
            collect(
                Voices(speakers=speakers, takes=1, other_takes=0), vocabulary.digits(), raw / corpus
            )
        digits = read_digits(raw / "pico" / f"{_SPEAKER}.zip")
        write_text(folder / "live.svg", draw_screen(load_model(MODEL), digits, params))
        draw_word(folder / "seven.png", digits["7"], params)
        draw_digits(folder / "digits.png", raw, Path(temporary) / "images", params)
    print(f"{folder}: live.svg, seven.png, digits.png")


def read_digits(shard: Path) -> dict[str, Waveform]:
    """Return what a speaker says, by digit, (n,) at 16 kHz."""
    return {name[0]: waveform(*read_wav(content)) for name, content in read_shard(shard)}


def draw_screen(model: Model, digits: dict[str, Waveform], params: Params) -> str:
    """Feed a number to the listener, and return the screen during its last digit, as SVG."""
    pause = np.zeros(int(_PAUSE_S * SAMPLE_RATE))
    spoken = [part for digit in _SAID for part in (pause, digits[digit])]
    sound = np.concatenate(spoken)[: -len(digits[_SAID[-1]]) // 2]
    sound *= 10 ** (_LEVEL_DBFS / 20) / np.abs(sound).max()
    sound += np.random.default_rng(0).standard_normal(len(sound)) * 10 ** (-62 / 20)
    listener = Listener(model, params.live.reject, params.live.hangover_ms)
    console = Console(
        record=True, width=_COLUMNS, height=_ROWS, file=io.StringIO(), force_terminal=True
    )
    with contextlib.redirect_stdout(io.StringIO()):  # where the screen draws itself meanwhile
        screen = Screen("USB microphone", model)
        for block in np.split(sound, range(1600, len(sound), 1600)):
            for utterance in listener.feed(block.astype(np.float32)):
                screen.word(listener.word(utterance, None))
            screen.tick(listener, "hearing" if listener.endpointer.hearing else "listening")
    console.print(screen)
    return console.export_svg(
        title="python src/predict_live.py",
        theme=_THEME,
        code_format=_SVG,
        font_aspect_ratio=_ASPECT,
        unique_id="live",
    )


def draw_word(path: Path, sound: Waveform, params: Params) -> None:
    """Draw a word's waveform above its image, on one axis of time."""
    second = one_second(sound)
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(6, 6.4), sharex=True, height_ratios=(1, 3), layout="constrained"
    )
    above.plot(np.arange(SECOND) / SAMPLE_RATE, second, linewidth=0.5, color="black")
    above.set(ylabel="amplitude", title='"seven": one second of waveform, and its image')
    below.imshow(
        image(sound, params.spectrogram),
        cmap="gray",
        aspect="auto",
        extent=(0, 1, -0.5, SIZE - 0.5),
    )
    filters = mel_filters(params.spectrogram)
    centres = filters @ np.linspace(0, SAMPLE_RATE / 2, filters.shape[1])  # Hz, (100,)
    ticks = (125, 250, 500, 1000, 2000, 4000, 8000)
    below.set_yticks(np.interp(ticks, centres, np.arange(SIZE)), [f"{hz:,}" for hz in ticks])
    below.set(xlabel="time (s)", ylabel="frequency (Hz), mel scale")
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def draw_digits(path: Path, raw: Path, images: Path, params: Params) -> None:
    """Draw the contact sheet of a few voices, as the spectrogram stage does of all corpora."""
    shards = {}
    for name in _ROWS_OF_DIGITS:
        to = images / f"{name}.zip"
        shards[to] = convert_shard(Conversion(raw / f"{name}.zip", to, params.spectrogram))
    Image.fromarray(contact_sheet(shards, params.words.labels)).save(path, optimize=True)


if __name__ == "__main__":
    run_script(main)
