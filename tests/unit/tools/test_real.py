"""make real: nothing that a model was trained on is used to test it."""

import hashlib
import json
import shutil
import sys

import pytest
import real
import yaml
from live_support import OF_WORDS, ROOT, save_model

from spoken_digits.errors import UserError
from spoken_digits.evaluation.digests import digest
from spoken_digits.export import released
from spoken_digits.export.inference import ModelError, load_model
from spoken_digits.export.released import ReleaseError
from spoken_digits.recording import Recording
from spoken_digits.vocabulary import digits

RECORDINGS = [Recording("fsdd", "7", "theo", take) for take in range(10)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "released").mkdir(parents=True)
    return tmp_path


def test_all_of_a_corpus_that_a_model_does_not_know():
    assert real.unseen(RECORDINGS, {"espeak": frozenset()}) == RECORDINGS


def test_only_what_was_held_out_of_a_corpus_that_it_knows():
    known = {"fsdd": frozenset({"7_theo_0.wav", "7_theo_3.wav"})}
    assert real.unseen(RECORDINGS, known) == [RECORDINGS[0], RECORDINGS[3]]


def test_nothing_of_a_corpus_of_which_it_is_not_known():
    assert real.unseen(RECORDINGS, {"fsdd": frozenset()}) == []


def test_a_split_counts_only_if_dvc_lock_says_it_made_the_model(project):
    model, split = real.EXPORTED, real.SPLIT
    split.parent.mkdir()
    model.write_bytes(b"a model")
    split.write_text("a split")
    assert not real.made_with(model, split)
    export = {
        "deps": [{"path": str(split), "md5": digest(split)}],
        "outs": [{"path": str(model), "md5": digest(model)}],
    }
    real.LOCK.write_text(yaml.safe_dump({"stages": {"export": export}}))
    assert real.made_with(model, split)
    split.write_text("another split")
    assert not real.made_with(model, split)


def test_a_missing_released_model(project, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["real.py", str(released.MODEL)])
    with pytest.raises(UserError, match=r"released/digits.onnx: no such file.*make release"):
        real.main()


def test_a_missing_model(project, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["real.py"])
    with pytest.raises(ModelError, match=r"models/digits.onnx: no such file.*dvc repro"):
        real.main()


MODEL, WEIGHTS = b"a model", b"its weights"


def described(model, weights):
    """Return the description of a released model with these contents."""
    files = {"models/digits.onnx": model, "models/digits.safetensors": weights}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    return json.dumps({"sha256": digests})


@pytest.mark.parametrize(
    ("about", "message"),
    [
        (None, "not there"),
        ("{", "damaged"),
        ("[]", "damaged"),
        (described(b"another model", WEIGHTS), "another file than models/released/digits.onnx"),
        (described(MODEL, b"others"), "another file than models/released/digits.safetensors"),
    ],
)
def test_a_description_of_another_model_is_not_believed(project, about, message):
    released.MODEL.write_bytes(MODEL)
    released.WEIGHTS.write_bytes(WEIGHTS)
    if about is not None:
        released.ABOUT.write_text(about)
    with pytest.raises(ReleaseError, match=message):
        released.read_about()


def test_released_weights_that_are_missing(project):
    released.MODEL.write_bytes(MODEL)
    released.ABOUT.write_text(described(MODEL, WEIGHTS))
    with pytest.raises(ReleaseError, match=r"digits.safetensors: not there.*git checkout"):
        released.read_about()


def test_the_released_model_in_git_is_what_its_description_says():
    assert released.read_about(ROOT)["corpora"] == released.PARAMS["corpora"]


def test_a_path_with_blanks_is_quoted():
    changed = released.overrides({"download.folder.path": "/home/it's me"})
    assert "download.folder.path='/home/it\\'s me'" in changed


@pytest.fixture
def model_of_words(project):
    shutil.copy(ROOT / "params.yaml", project)
    return load_model(save_model(project / "words.onnx", OF_WORDS, words=3))


def test_what_is_said_for_a_models_words_comes_from_the_vocabulary(project, model_of_words):
    params = (project / "params.yaml").read_text()
    listed = "vocabulary: [yes, no, 'lights-on=turn on the lights'] "
    (project / "params.yaml").write_text(params.replace("vocabulary: digits ", listed))
    yes, no, lights = real.vocabulary_of(model_of_words).words
    assert (yes.said, no.said, lights.said) == (("yes",), ("no",), ("turn on the lights",))
    assert real.vocabulary_of(load_model(save_model(project / "digits.onnx"))) == digits(), (
        "the released model may be measured beside it"
    )


def test_a_model_of_unknown_words_is_not_measured(model_of_words):
    with pytest.raises(UserError) as caught:
        real.vocabulary_of(model_of_words)
    assert str(caught.value).endswith(
        "words.onnx: recognises yes, no, lights-on, which is neither the vocabulary in params.yaml "
        "nor the digits, so what is said for each is not known"
    )


def test_what_a_release_is_trained_with_in_words():
    overrides = released.overrides()
    assert "corpora=[espeak,pico,fsdd,audiomnist,speech_commands,an4]" in overrides
    assert "download.audiomnist.speakers=[2,16,34,36]" in overrides
    params: dict = {}
    for key, value in released.PARAMS.items():
        *sections, last = key.split(".")
        section = params
        for name in sections:
            section = section.setdefault(name, {})
        section[last] = value
    assert released.differing(params) == []
    params["corpora"] = ["espeak"]
    del params["split"]
    assert released.differing(params) == [
        'corpora is ["espeak"], not ["espeak", "pico", "fsdd", "audiomnist", "speech_commands", '
        '"an4"]',
        'split.scheme is null, not "takes"',
        "split.leave_out is null, not []",
    ]
