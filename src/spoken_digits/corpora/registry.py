"""Collect a corpus by its name, with the module of that name in this folder."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spoken_digits.corpora.packing import BadRecording

Collect = Callable[[Any, Path], list[BadRecording]]
"""Fills a directory with a corpus's shards, given download.<corpus> of params.yaml.

Returns the recordings that it left out.
"""


def collector(corpus: str) -> Collect:
    """Return ``collect`` of spoken_digits/corpora/<corpus>.py. Each corpus there has one."""
    collect: Collect = importlib.import_module(f"spoken_digits.corpora.{corpus}").collect
    return collect
