"""The corpus of whole numbers: shards and a table that agree, the same bytes each time."""

import os
from pathlib import Path

import pytest

from spoken_digits.corpora.fetch import FetchError
from spoken_digits.corpora.numbers import collect
from spoken_digits.dataset.recordings import list_recordings, read_recordings
from spoken_digits.evaluation.numbers import read
from spoken_digits.export import released
from spoken_digits.export.sequence_inference import load_number_model
from spoken_digits.model.ctc import edits
from spoken_digits.params import Archive, Download, Sequences, Voices, load_params
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.transcripts import Utterance, read_transcripts
from spoken_digits.vocabulary import Vocabulary, digits, parse

ROOT = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("CORPUS_MIRROR") or ROOT.parent / "shared" / "corpora")
AN4 = MIRROR / "an4_sphere.tar.gz"
PARAMS = load_params(ROOT / "params.yaml")
SPEAKERS, TAKES = 4, 5
VOICES = {"espeak": "v", "pico": "p", "hibari": "h"}
"""And what their speakers' names begin with."""


def make(
    target: Path,
    *corpora: str,
    vocabulary: Vocabulary | None = None,
    speakers: int = SPEAKERS,
    an4: Path = AN4,
) -> list[Utterance]:
    voices = Voices(speakers=speakers, takes=1, other_takes=0)
    changes = {"espeak": voices, "pico": voices, "hibari": voices, "an4": Archive(archive=str(an4))}
    settings = Sequences(**PARAMS.sequence.model_dump() | {"corpora": corpora, "takes": TAKES})
    download = Download.model_copy(PARAMS.download, update=changes)
    return collect(settings, download, vocabulary or digits(), target)


def files(target: Path) -> dict[str, bytes]:
    found = (path for path in target.rglob("*") if path.is_file())
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, list[Utterance]]:
    target = tmp_path_factory.mktemp("numbers")
    return target, make(target, *VOICES)


def test_the_table_lists_what_is_returned_and_the_shards_hold_that_and_no_more(made):
    target, said = made
    assert read_transcripts(target / "transcripts.csv", digits().labels) == said
    assert len(said) == len(VOICES) * SPEAKERS * TAKES
    stored = set(list_recordings(target).recordings)
    assert stored == {one.recording for one in said}
    assert set(files(target)) == {"transcripts.csv"} | {
        f"{corpus}/{letter}{number:03d}.zip"
        for corpus, letter in VOICES.items()
        for number in range(SPEAKERS)
    }


def test_every_voice_says_something_else(made):
    _, said = made
    by_voice = {(one.corpus, one.speaker): [] for one in said}
    for one in said:
        by_voice[one.corpus, one.speaker].append(one.said)
    assert len({tuple(numbers) for numbers in by_voice.values()}) == len(VOICES) * SPEAKERS


def test_what_is_heard_is_what_the_table_says(made):
    """The released network reads it. Beside another utterance's transcript it would not fit."""
    target, said = made
    model = load_number_model(ROOT / released.NUMBERS)
    contents = read_recordings(target, [one.recording for one in said])
    heard = [read(model, waveform(*read_wav(content))) for content in contents]
    numbers = [index for index, one in enumerate(said) if one.labels and "-" not in one.said]

    def wrong(shift: int) -> float:
        pairs = [(said[i].labels, heard[(i + shift) % len(said)]) for i in numbers]
        return sum(edits(*pair).total for pair in pairs) / sum(len(one) for one, _ in pairs)

    assert wrong(0) < 0.3
    assert wrong(1) > 0.7


def test_the_same_bytes_each_time_and_of_fewer_voices_a_part(made, tmp_path):
    target, _ = made
    make(tmp_path, *reversed(VOICES), speakers=SPEAKERS - 1)
    again = files(tmp_path)
    table = again.pop("transcripts.csv").decode().splitlines()
    assert again == {name: files(target)[name] for name in again}
    assert len(again) == len(VOICES) * (SPEAKERS - 1)
    assert set(table) < set(files(target)["transcripts.csv"].decode().splitlines())


def test_words_of_another_vocabulary(tmp_path):
    said = make(tmp_path, "espeak", vocabulary=parse(["yes", "lights-on=lights on"]), speakers=2)
    assert {label for one in said for label in one.said} == {"yes", "lights-on", "-"}
    assert max(len(one.labels) for one in said) <= 5


def test_an4_without_its_archive(tmp_path):
    with pytest.raises(FetchError) as caught:
        make(tmp_path / "out", "an4", an4=tmp_path / "an4.tar.gz")
    assert str(caught.value) == (
        f"an4: could not reach {tmp_path}/an4.tar.gz (not there). Ways on: set CORPUS_MIRROR to a "
        "directory or URL that holds an4.tar.gz; or leave an4 out of sequence.corpora in "
        "params.yaml"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(not AN4.exists(), reason="needs a mirror with AN4")
def test_the_real_an4(tmp_path):
    said = make(tmp_path, "an4")
    assert len(said) == 948
    assert len({one.speaker for one in said}) == 74
    assert set(list_recordings(tmp_path).recordings) == {one.recording for one in said}
    assert {label for one in said for label in one.said} == {*digits().labels, "-"}
