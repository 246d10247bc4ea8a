"""A corpus is a field of download in params.yaml's schema and a module of that name."""

import inspect
from pathlib import Path

import pytest

from spoken_digits.corpora import registry
from spoken_digits.corpora.packing import BadRecording
from spoken_digits.corpora.registry import can_give, collector
from spoken_digits.params import SOURCES, SYNTHETIC, Download
from spoken_digits.vocabulary import Vocabulary, Word


def test_the_corpora_are_those_that_download_has_settings_for():
    folder = Path(registry.__file__).parent
    collecting = {path.stem for path in folder.glob("*.py") if "def collect(" in path.read_text()}
    collecting.remove("numbers")  # whole numbers, of corpora that are there
    assert (
        set(SOURCES) == collecting >= {"espeak", "pico", "hibari", "audiomnist", "fsdd", "folder"}
    )
    assert {"espeak", "pico", "hibari"} <= set(SYNTHETIC) < set(SOURCES)


@pytest.mark.parametrize("corpus", SOURCES)
def test_each_corpus_is_collected_with_its_own_settings(corpus):
    collect = inspect.signature(collector(corpus))
    settings, vocabulary, target = collect.parameters.values()
    assert settings.annotation is Download.model_fields[corpus].annotation
    assert vocabulary.annotation is Vocabulary
    assert target.annotation is Path
    assert collect.return_annotation == list[BadRecording]


@pytest.mark.parametrize("corpus", SOURCES)
def test_each_corpus_says_where_it_comes_from(corpus):
    assert Download.model_fields[corpus].description == SOURCES[corpus]


@pytest.mark.parametrize(
    ("word", "language", "corpora"),
    [
        (Word("7", ("seven",)), "en", set(SOURCES)),
        (
            Word("stop", ("halt", "Stop")),
            "en",
            {"espeak", "pico", "hibari", "folder", "speech_commands", "an4"},
        ),
        (Word("lights-on", ("lights on",)), "en", {"espeak", "pico", "hibari", "folder"}),
        (Word("7", ("sieben",)), "de", {"espeak", "pico", "folder"}),
    ],
)
def test_which_corpora_can_give_a_word(word, language, corpora):
    assert {corpus for corpus in SOURCES if can_give(corpus, word, language)} == corpora
