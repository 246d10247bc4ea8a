"""Collect a corpus by its name, with the module of that name in this folder."""

import importlib
from collections.abc import Callable, Collection
from pathlib import Path
from types import ModuleType
from typing import Any

from spoken_digits.corpora.packing import BadRecording
from spoken_digits.params import speaks
from spoken_digits.vocabulary import Vocabulary, Word

Collect = Callable[[Any, Vocabulary, Path], list[BadRecording]]
"""Fills a directory with a corpus's shards, given download.<corpus> and the vocabulary.

Every label in the shards is one of the vocabulary's, ``other`` or ``other-<word>``. Returns the
recordings that it left out.
"""


def collector(corpus: str) -> Collect:
    """Return ``collect`` of spoken_digits/corpora/<corpus>.py. Each corpus there has one."""
    collect: Collect = _module(corpus).collect
    return collect


def can_give(corpus: str, word: Word, language: str) -> bool:
    """Return whether a corpus may have recordings of a word of a language.

    A module of a corpus that is limited to some words lists them in ``WORDS``.
    """
    if not speaks(corpus, language):
        return False
    words: Collection[str] | None = getattr(_module(corpus), "WORDS", None)
    return words is None or any(said.casefold() in words for said in word.said)


def _module(corpus: str) -> ModuleType:
    return importlib.import_module(f"spoken_digits.corpora.{corpus}")
