"""tools/draw_pictures.py draws the pictures of README.md and docs/."""

import re
import sys

import pytest
from conftest import ROOT
from PIL import Image

NAMES = ("live.svg", "seven.png", "digits.png")


@pytest.mark.slow
def test_the_committed_pictures_are_what_the_script_draws(run, tmp_path):
    environment = {"PYTHONPATH": "src"}
    script = ROOT / "tools" / "draw_pictures.py"
    run(sys.executable, script, "--to", tmp_path, cwd=ROOT, env=environment)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    for name in ("seven.png", "digits.png"):
        with (
            Image.open(tmp_path / name) as drawn,
            Image.open(ROOT / "docs/pictures" / name) as kept,
        ):
            assert drawn.size == kept.size
    assert said(tmp_path / "live.svg") == said(ROOT / "docs/pictures/live.svg") == "314027"


def test_the_screen_fetches_nothing():
    screen = (ROOT / "docs/pictures/live.svg").read_text(encoding="utf-8")

    assert re.findall(r"https?://[^\"]+", screen) == ["http://www.w3.org/2000/svg"]  # a name


def said(path) -> str:
    """Return the digits that a drawn screen says were said."""
    text = path.read_text(encoding="utf-8").replace("&#160;", " ")
    (digits,) = re.findall(r"said  (\d+)", text)
    return digits
