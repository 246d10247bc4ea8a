"""The stages of the network that reads numbers, run by hand on what does not fit: a sentence each.

Of each: the file or the key, what is wrong with it, and what to do.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from live_support import METADATA, save_number_model
from projects import set_params
from support import speak

from spoken_digits.dataset.split import assign
from spoken_digits.dataset.split_file import write_split
from spoken_digits.model.network import SpectrogramNet, save_network
from spoken_digits.model.sequence_network import SequenceNet
from spoken_digits.params import load_params
from spoken_digits.picture.mel import described
from spoken_digits.recording import Recording
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import wav_bytes
from spoken_digits.transcripts import Utterance, write_transcripts

ROOT = Path(__file__).parents[2]
MIRROR = Path(os.environ.get("CORPUS_MIRROR") or ROOT.parent / "shared" / "corpora")
TABLE = "data/numbers/transcripts.csv"
WORDS, TRAINED, EXPORTED = (
    Path(f"models/{name}") for name in ("digits.safetensors", "numbers.safetensors", "numbers.onnx")
)
SPEAKERS = [f"v{number:03d}" for number in range(8)]
ABOUT = {"corpora": ["espeak"], "phrases": ["espeak"]}


PARAMS = load_params(ROOT / "params.yaml")
UTTERANCES = [
    Utterance("espeak", who, take, tuple(f"{take}{take + 1}"))
    for who in SPEAKERS
    for take in (1, 2)
]


def save(network: torch.nn.Module, path: Path, words: str = "0123456789") -> None:
    about = {"classes": [*words, "other"], "spectrogram": described(PARAMS.spectrogram)}
    save_network(network, path, ABOUT | about)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Eight speakers' words and numbers; networks whose weights are random."""
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    set_params(tmp_path, {"corpora": ["espeak"], "sequence.corpora": ["espeak"]})
    words = [Recording("espeak", str(digit), who, 0) for who in SPEAKERS for digit in range(10)]
    for who in SPEAKERS:
        sounds = [(one.name, wav(int(one.label), who)) for one in words if one.speaker == who]
        write_shard(tmp_path / f"data/raw/espeak/{who}.zip", sounds)
        numbers = [
            (one.name, wav(*map(int, one.said), who)) for one in UTTERANCES if one.speaker == who
        ]
        write_shard(tmp_path / f"data/numbers/espeak/{who}.zip", numbers)
    write_split(tmp_path / "data/split.csv", assign(words, (), PARAMS.split))
    write_transcripts(tmp_path / TABLE, UTTERANCES)
    save(SpectrogramNet(11), tmp_path / WORDS)
    return tmp_path


def wav(*said: int | str) -> bytes:
    *digits, who = said
    return wav_bytes(np.concatenate([speak(int(digit), str(who), 0) for digit in digits]), 16_000)


def refusal(project: Path, stage: str, code: int = 1) -> str:
    """Run a stage that is to fail; return what it says after "error: "."""
    before = {path for path in project.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, ROOT / f"src/{stage}.py"], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert {path for path in project.rglob("*") if path.is_file()} <= before
    _, _, said = done.stderr.partition("error: ")
    assert "\n" not in said.rstrip("\n"), done.stderr
    return said.rstrip("\n")


# utterances


def test_no_takes(project):
    set_params(project, {"sequence.takes": 0})
    assert refusal(project, "utterances", 2) == (
        "params.yaml: sequence.takes: 0 is not allowed. Allowed: a whole number, 1 to 200"
    )


def test_a_corpus_that_has_no_whole_numbers(project):
    set_params(project, {"sequence.corpora": ["fsdd"]})
    assert refusal(project, "utterances", 2) == (
        'params.yaml: sequence.corpora: "fsdd" is not allowed. Allowed: one of espeak, pico, '
        "hibari, an4"
    )


def test_a_corpus_that_is_named_twice(project):
    set_params(project, {"sequence.corpora": ["espeak", "pico", "espeak"]})
    assert refusal(project, "utterances", 2) == (
        "params.yaml: sequence.corpora: espeak is named twice. Name it once"
    )


def test_a_voice_that_does_not_speak_the_language(project):
    set_params(project, {"sequence.corpora": ["espeak", "hibari"], "voices.language": "de"})
    assert refusal(project, "utterances", 2) == (
        "params.yaml: sequence.corpora: hibari does not speak voices.language, de. Leave it out"
    )


def test_an4_without_its_archive_leaves_what_was_there(project):
    set_params(project, {"sequence.corpora": ["an4"], "download.an4.archive": "nowhere.tar.gz"})
    assert refusal(project, "utterances") == (
        "an4: could not reach nowhere.tar.gz (not there). Ways on: set CORPUS_MIRROR to a "
        "directory or URL that holds nowhere.tar.gz; or leave an4 out of sequence.corpora in "
        "params.yaml"
    )
    assert (project / TABLE).is_file()


@pytest.mark.slow
@pytest.mark.skipif(not (MIRROR / "an4_sphere.tar.gz").exists(), reason="needs a mirror with AN4")
def test_an4_of_whose_words_none_is_in_the_vocabulary(project):
    changes = {"download.an4.archive": str(MIRROR / "an4_sphere.tar.gz")}
    changes |= {"sequence.corpora": ["an4"], "vocabulary": ["zucchini", "xylophone"]}
    set_params(project, changes)
    assert refusal(project, "utterances") == (
        "params.yaml: sequence.corpora: in an4 nobody says a word of the vocabulary. Add espeak or "
        "pico"
    )
    assert (project / TABLE).is_file()


# train_sequence


@pytest.mark.slow
def test_training_without_the_network_of_single_words(project):
    (project / WORDS).unlink()
    assert refusal(project, "train_sequence") == (
        "models/digits.safetensors: no such model. Make it with: dvc repro train, or fetch it "
        "with: dvc pull"
    )


@pytest.mark.slow
def test_training_from_a_network_of_other_words(project):
    save(SpectrogramNet(4), project / WORDS, words="abc")
    assert refusal(project, "train_sequence") == (
        "models/digits.safetensors: its words are a, b, c; those of vocabulary in params.yaml are "
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9. Weights can be trained further for their own words only. "
        "Make it again with: dvc repro train"
    )


@pytest.mark.slow
def test_training_from_a_network_of_another_picture(project):
    set_params(project, {"spectrogram.depth_db": 70})
    said = refusal(project, "train_sequence")
    assert said.startswith("models/digits.safetensors: trained on pictures with {")
    assert said.endswith("spectrogram in params.yaml. Make it again with: dvc repro train")


@pytest.mark.slow
def test_training_without_whole_numbers(project):
    (project / TABLE).unlink()
    assert refusal(project, "train_sequence") == f"{TABLE}: not there. Make it with: make numbers"


@pytest.mark.slow
def test_training_with_a_table_that_is_damaged(project):
    (project / TABLE).write_bytes(b"\0\0\0")
    assert refusal(project, "train_sequence") == (
        f"{TABLE}: its columns are not corpus,speaker,take,said. Make it again with: make numbers"
    )


@pytest.mark.slow
def test_training_with_numbers_of_another_vocabulary(project):
    write_transcripts(project / TABLE, [one._replace(said=("yes",)) for one in UTTERANCES])
    assert refusal(project, "train_sequence").startswith(f"{TABLE}: yes is said, and the vocabul")


@pytest.mark.slow
@pytest.mark.parametrize("subset", ["train", "validation"])
def test_nobody_says_a_digit_in_a_subset(project, subset):
    of = dict(assign([one.recording for one in UTTERANCES], (), PARAMS.split).items())
    silent = [
        one._replace(said=("-",)) if of[one.recording] == subset else one for one in UTTERANCES
    ]
    assert silent != UTTERANCES
    write_transcripts(project / TABLE, silent)
    assert refusal(project, "train_sequence") == (
        f"data/numbers: no digit is said in the {subset} subset; see split and sequence in "
        "params.yaml"
    )


@pytest.mark.slow
def test_a_loss_that_is_no_number_any_more(project):
    network = SpectrogramNet(11)
    torch.nn.init.constant_(network.classify.bias, float("nan"))
    save(network, project / WORDS)
    changes = {"epochs": 1, "epoch_size": 16, "batch_size": 16}
    set_params(project, {f"sequence.{key}": value for key, value in changes.items()})
    assert refusal(project, "train_sequence") == (
        "training diverged in epoch 1: its loss is nan. Lower sequence.learning_rate in "
        "params.yaml; it is 0.002"
    )


# export_sequence


@pytest.mark.slow
def test_exporting_what_was_not_trained(project):
    assert refusal(project, "export_sequence") == (
        "models/numbers.safetensors: no such model. Make it with: make numbers"
    )


@pytest.mark.slow
def test_exporting_for_another_picture(project):
    save(SequenceNet(10), project / TRAINED)
    set_params(project, {"spectrogram.depth_db": 70})
    said = refusal(project, "export_sequence")
    assert said.startswith("models/numbers.safetensors: trained on pictures with {")
    assert said.endswith("Make it again with: make numbers")


@pytest.mark.slow
def test_exporting_with_a_table_of_nothing(project):
    save(SequenceNet(10), project / TRAINED)
    write_transcripts(project / TABLE, [])
    assert refusal(project, "export_sequence") == (
        f"{TABLE}: no utterance in it. Make it again with: make numbers"
    )


# evaluate_sequence


def test_evaluating_what_was_not_exported(project):
    assert refusal(project, "evaluate_sequence") == (
        "models/numbers.onnx: no such model. Make it with: make numbers"
    )


@pytest.mark.slow
def test_evaluating_without_whole_numbers(project):
    save_number_model(project / EXPORTED)
    (project / TABLE).unlink()
    assert refusal(project, "evaluate_sequence") == (
        f"{TABLE}: not there. Make it with: make numbers"
    )


@pytest.mark.slow
def test_evaluating_a_network_of_other_words(project):
    labels = {"labels": json.dumps(["0", "1", "2", "other"])}
    save_number_model(project / EXPORTED, METADATA | labels, words=3)
    assert refusal(project, "evaluate_sequence").startswith(f"{TABLE}: 3 is said, and the vocab")


@pytest.mark.slow
def test_nobody_says_a_number_in_the_test_subset(project):
    """Of those in data/raw one alone is tested, and data/numbers has others."""
    save_number_model(project / EXPORTED)
    set_params(project, {"split.leave_out": ["espeak/v000"]})
    write_transcripts(project / TABLE, [one for one in UTTERANCES if one.speaker != "v000"])
    assert refusal(project, "evaluate_sequence") == (
        "data/numbers: no utterance in the test subset; see split in params.yaml"
    )
