"""The corpus hibari: a neural voice bent into many, the same bytes wherever it is made."""

import hashlib
import os
import random
import subprocess
import sys
from collections import Counter

import hibari as package
import numpy as np
import pytest

from spoken_digits.corpora import hibari, hibari_voice
from spoken_digits.corpora.hibari_voice import SAMPLE_RATE, _as_matrix, _product, synthesise
from spoken_digits.corpora.spoken_words import spoken_words
from spoken_digits.corpora.synthesis import SynthesisError
from spoken_digits.errors import UserError
from spoken_digits.params import Voices
from spoken_digits.recording import parse_name
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav
from spoken_digits.vocabulary import digits, parse

DIGITS = digits()
SETTINGS = Voices(speakers=3, takes=1, other_takes=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    target = tmp_path_factory.mktemp("hibari")
    hibari.collect(SETTINGS, DIGITS, target)
    return target


@pytest.fixture(scope="module")
def clips(corpus):
    """Every recording: {name: (samples, rate)}."""
    return read(corpus)


def read(folder):
    return {
        name: read_wav(content)
        for shard in sorted(folder.iterdir())
        for name, content in read_shard(shard)
    }


def test_the_digits_are_the_bytes_that_they_have_always_been(corpus):
    shards = b"".join(path.read_bytes() for path in sorted(corpus.iterdir()))
    assert (
        hashlib.sha256(shards).hexdigest()
        == "1a3705c6c2e832a23ed029509f9c3281f581f48b1c730c1dcfc9f2b9fe2a06c4"
    )


def test_one_shard_a_voice_with_every_digit_and_other_words(clips, corpus):
    assert sorted(path.name for path in corpus.iterdir()) == ["h000.zip", "h001.zip", "h002.zip"]
    labels = Counter(parse_name("hibari", name).label for name in clips)
    assert {labels.pop(label) for label in DIGITS.labels} == {3}
    assert sum(labels.values()) == 3 * 2
    assert all(label.startswith("other-") for label in labels)


def test_a_speaker_is_the_same_whatever_their_number(corpus, tmp_path):
    hibari.collect(SETTINGS.model_copy(update={"speakers": 1}), DIGITS, tmp_path)
    assert (tmp_path / "h000.zip").read_bytes() == (corpus / "h000.zip").read_bytes()


def test_every_recording_sounds_and_is_as_long_as_a_word(clips):
    for name, (samples, rate) in clips.items():
        loud = np.abs(samples.astype(int))
        assert 1000 < loud.max() < 32_767, name
        assert 0.1 <= len(samples) / rate < 2, name
        assert loud[: rate // 100].max() > 0, name


def test_vocal_tracts_differ(clips):
    rates = {rate for _, rate in clips.values()}
    assert len(rates) > 1
    assert all(0.75 * SAMPLE_RATE < rate <= 1.2 * SAMPLE_RATE for rate in rates)


def test_takes_of_a_word_and_words_of_two_parts(tmp_path):
    vocabulary = parse(["no", "lights-on=lights on|turn on the lights"])
    hibari.collect(Voices(speakers=1, takes=4, other_takes=0), vocabulary, tmp_path)
    said = {label: [] for label in vocabulary.labels}
    for name, (samples, _) in read(tmp_path).items():
        said[parse_name("hibari", name).label].append(samples)
    assert len({samples.tobytes() for samples in said["no"]}) == 4
    lengths = [len(samples) for samples in said["lights-on"]]
    assert np.mean(lengths) > 1.5 * np.mean([len(samples) for samples in said["no"]])


def test_no_pronunciation_of_four_is_without_its_r():
    words = spoken_words(DIGITS, hibari._NATIVE)
    four = next(word for word in DIGITS.words if word.label == "4")
    said = {hibari._said(four, words, "gmw/en", random.Random(seed)) for seed in range(100)}
    assert said >= {"fˈɔɹ"}
    assert all(letters.endswith("ɹ") for letters in said)


def test_a_word_that_cannot_be_spoken(tmp_path):
    with pytest.raises(UserError, match="vocabulary: 'tea': 'чай' cannot be spoken by the voices"):
        hibari.collect(SETTINGS, parse(["coffee", "tea=чай"]), tmp_path)


@pytest.fixture
def other_package(tmp_path, monkeypatch):
    """hibari somewhere else, with nothing in it yet."""
    monkeypatch.setattr(package, "__file__", str(tmp_path / "__init__.py"))
    hibari_voice._network.cache_clear()
    yield tmp_path / "assets"
    hibari_voice._network.cache_clear()


def test_a_voice_that_is_not_there(other_package):
    with pytest.raises(SynthesisError, match=r"hibari's voice cannot be read: .*hibari\.onnx.*Use"):
        synthesise("sˈɛvən")


def test_a_voice_that_is_another(other_package):
    other_package.mkdir()
    (other_package / "hibari.onnx").write_bytes(b"no network")
    (other_package / "vocab.json").write_text("{}")
    with pytest.raises(SynthesisError) as caught:
        synthesise("sˈɛvən")
    assert "hibari.onnx is not the voice of hibari-tts 0.2.1. Install that" in str(caught.value)


@pytest.mark.parametrize("phonemes", ["zˈɪɹO.", "sˈɪks.", "nˈIn."])
def test_the_network_is_the_one_that_onnxruntime_runs(monkeypatch, phonemes):
    """Theirs rounds what goes into each layer to 8 bits, so the two differ a little."""
    monkeypatch.setattr(hibari_voice, "_PAUSE", 99)
    theirs = package.Hibari()
    ids = np.array([theirs.ids(phonemes)])
    *parts, f0 = theirs.sess.run(None, {"ids": ids, "speed": np.array([0.8], np.float32)})
    ours, our_f0 = hibari_voice._predicted(phonemes, speed=0.8)
    assert len(our_f0) == f0.shape[1]
    assert np.median(np.abs(our_f0 - f0[0])) < 3  # Hz
    for one, other in zip(ours, parts, strict=True):
        assert np.corrcoef(one.ravel(), other[0].T.ravel())[0, 1] > 0.99


def test_products_are_the_same_in_whatever_order_they_are_added():
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((9, 1024)), rng.standard_normal((1024, 7))
    order = rng.permutation(1024)
    product = _product(x, _as_matrix(weights))
    assert np.array_equal(product, _product(x[:, order], _as_matrix(weights[order])))
    assert not np.array_equal(x @ weights, x[:, order] @ weights[order])
    assert np.abs(product - x @ weights).max() < 1e-3


def test_faster_and_lower():
    plain = synthesise("nˈIn.")
    assert len(synthesise("nˈIn.", speed=1.5)) < 0.8 * len(plain)

    def period(sound):  # samples, by autocorrelation of the loudest 50 ms
        middle = np.abs(sound).argmax()
        part = sound[middle - 600 : middle + 600]
        return 60 + np.correlate(part, part, "full")[1200 + 59 : 1200 + 400].argmax()

    assert period(synthesise("nˈIn.", pitch=0.7)) > 1.25 * period(plain)


OFFLINE = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        raise RuntimeError(f"{event} {arguments}")
sys.addaudithook(refuse)
from pathlib import Path
from spoken_digits.corpora.hibari import collect
from spoken_digits.params import Voices
from spoken_digits.vocabulary import digits
collect(Voices(speakers=1, takes=1, other_takes=0), digits(), Path(sys.argv[1]))
assert "onnxruntime" not in sys.modules
"""


@pytest.mark.slow
def test_nothing_is_downloaded(tmp_path):
    home, target = tmp_path / "home", tmp_path / "shards"
    home.mkdir()
    target.mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HIBARI_HOME": str(home)}
    environment |= {"HOME": str(home)}
    subprocess.run([sys.executable, "-c", OFFLINE, target], env=environment, check=True)
    assert [path.name for path in target.iterdir()] == ["h000.zip"]
    assert list(home.iterdir()) == []


SAY = """
from spoken_digits.arithmetic import pin_numpy
pin_numpy()
import hashlib
from spoken_digits.corpora.hibari_voice import synthesise
sound = b"".join(synthesise(word).tobytes() for word in ("zˈɪɹO.", "sˈɪks.", "θɹˈi."))
print(hashlib.sha256(sound).hexdigest())
"""


@pytest.mark.slow
def test_every_blas_kernel_gives_the_same_bytes():
    """OpenBLAS adds in another order for every generation of processors."""
    said = set()
    for kernel in ("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen"):
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "OPENBLAS_CORETYPE": kernel,
        }
        done = subprocess.run(
            [sys.executable, "-c", SAY], env=environment, capture_output=True, text=True, check=True
        )
        said.add(done.stdout)
    assert len(said) == 1
