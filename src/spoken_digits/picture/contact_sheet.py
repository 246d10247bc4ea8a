"""The contact sheet: the vocabulary's words x some speakers, labelled, as one grey picture."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from spoken_digits.recording import Recording
from spoken_digits.shards import read_shard
from spoken_digits.sizes import SIZE

MOST_SPEAKERS = 12
_GAP, _MARGIN, _HEADING, _CAPTION = 6, 16, 56, 176  # pixels
_PAPER, _INK, _PALE = 255, 0, 225
_LONG = 6  # characters: a label that needs a smaller font
_LEGEND = (
    "What the network sees: one second of sound a picture, time to the right, "
    "pitch upwards, louder is brighter"
)


def contact_sheet(
    shards: Mapping[Path, Sequence[Recording]], labels: Sequence[str]
) -> NDArray[np.uint8]:
    """Draw the sheet, (height, width): a column a word, a row a speaker.

    ``shards`` says of which recordings each shard holds the pictures. Up to
    MOST_SPEAKERS speakers are shown, spread evenly over each corpus and the corpora; of each
    of ``labels`` the speaker's lowest take; an empty frame where there is none.
    """
    rows = _choose({(one.corpus, one.speaker): path for path in shards for one in shards[path]})
    step = SIZE + _GAP
    width = 2 * _MARGIN + _CAPTION + len(labels) * step - _GAP
    height = 2 * _MARGIN + _HEADING + len(rows) * step - _GAP
    sheet = Image.new("L", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    small, large = ImageFont.load_default(15), ImageFont.load_default(22)
    left, top = _MARGIN + _CAPTION, _MARGIN + _HEADING

    draw.text((_MARGIN, _MARGIN), _LEGEND, _INK, small)
    for column, label in enumerate(labels):
        font = large if len(label) < _LONG else _fitting(label, SIZE)
        draw.text((left + column * step + SIZE / 2, top - 6), label, _INK, font, anchor="md")
    for row, ((corpus, speaker), path) in enumerate(rows.items()):
        y = top + row * step
        font = _fitting(speaker, _CAPTION - 12)
        draw.text((left - 12, y + SIZE / 2 - 10), speaker, _INK, font, anchor="rm")
        draw.text((left - 12, y + SIZE / 2 + 10), corpus, 110, small, anchor="rm")
        pictures = _of_speaker(path, shards[path], speaker, labels)
        for column, label in enumerate(labels):
            x = left + column * step
            if label in pictures:
                sheet.paste(pictures[label], (x, y))
            else:
                draw.rectangle((x, y, x + SIZE - 1, y + SIZE - 1), outline=_PALE)
    return np.asarray(sheet)


def _choose(speakers: Mapping[tuple[str, str], Path]) -> dict[tuple[str, str], Path]:
    """Choose rows: as many of each corpus, if it has them, evenly spaced among its speakers."""
    by_corpus: dict[str, list[str]] = {}
    for corpus, speaker in sorted(speakers):
        by_corpus.setdefault(corpus, []).append(speaker)
    chosen: dict[tuple[str, str], Path] = {}
    # The smallest corpus first: what it does not fill, the others share.
    for index, (corpus, here) in enumerate(sorted(by_corpus.items(), key=lambda c: len(c[1]))):
        share = (MOST_SPEAKERS - len(chosen)) // (len(by_corpus) - index)
        rows = min(share, len(here))
        for row in range(rows):
            who = corpus, here[row * len(here) // rows]
            chosen[who] = speakers[who]
    return dict(sorted(chosen.items()))


def _of_speaker(
    path: Path, recordings: Sequence[Recording], speaker: str, labels: Sequence[str]
) -> dict[str, Image.Image]:
    wanted: dict[str, str] = {}  # name -> label
    for label in labels:
        takes = [one for one in recordings if (one.speaker, one.label) == (speaker, label)]
        if takes:
            wanted[min(takes, key=lambda one: one.take).png] = label
    return {
        wanted[name]: Image.open(io.BytesIO(content))
        for name, content in read_shard(path)
        if name in wanted
    }


def _fitting(text: str, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the largest font in which ``text`` is at most so many pixels wide."""
    for size in range(16, 7, -1):
        font = ImageFont.load_default(size)
        if font.getlength(text) <= width:
            return font
    return font
