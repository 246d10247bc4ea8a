"""The robustness table: test recordings degraded in known ways, through the same front-end."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.table import SplitTable
from spoken_digits.evaluation import degrade
from spoken_digits.params import Spectrogram
from spoken_digits.picture import mel
from spoken_digits.recording import Recording
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.sound.one_second import one_second

SNRS_DB = (20, 10, 5, 0)
NOISES = ("white", "pink", "babble")
BABBLE_RECORDINGS = 60
"""Recordings of the training subset that babble is mixed from, by as many speakers as there are:
never a voice that is being tested, where the split keeps speakers apart."""

_BLOCK = 50  # recordings that the network hears at once, each under every condition

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def robustness(
    root: Path,
    split: SplitTable,
    settings: Spectrogram,
    network: Network,
    labels: Sequence[str],
    recordings: int,
    seed: int,
) -> dict[str, float | int]:
    """Return accuracy under each condition, and how many recordings, ``n``, it is a share of.

    ``split`` is the whole split; ``network`` gives (n, classes) probabilities for (n, 100, 100)
    images; ``labels`` are the vocabulary's. The sample is drawn evenly over corpora and words.
    What is done to a recording depends on its name and ``seed`` alone, so that two experiments hear
    the same noise.
    """
    test = split.part("test")
    words = test[test.is_word]
    sample = drawn_evenly(words, recordings, seed, lambda one: (one.corpus, one.label))
    training = split.part("train")
    babble = drawn_evenly(training, BABBLE_RECORDINGS, seed, lambda one: (one.corpus, one.speaker))
    voices = [_second(content) for content in read_recordings(root, babble)]
    contents = read_recordings(root, sample)
    correct: dict[str, int] = defaultdict(int)
    with tqdm(desc="robustness", total=len(sample), unit="clip", disable=None) as bar:
        for start in range(0, len(sample), _BLOCK):
            block = sample[start : start + _BLOCK]
            conditions, pictures = [], []
            for one, content in zip(block, contents[start : start + _BLOCK], strict=True):
                rng = np.random.default_rng([seed, crc32(str(one).encode())])
                heard = dict(degraded(_second(content), rng, voices))
                conditions += [(condition, one.label) for condition in heard]
                pictures.append(mel.images(np.stack(list(heard.values())), settings))
                bar.update()
            heard_as = network(np.concatenate(pictures))[:, : len(labels)].argmax(axis=1)
            for (condition, said), word in zip(conditions, heard_as, strict=True):
                correct[condition] += int(labels[word] == said)
    shares = {name: count / len(sample) for name, count in correct.items()}
    mean = float(np.mean([share for name, share in shares.items() if name != "clean"]))
    return {"n": len(sample), "clean": shares.pop("clean"), "mean": mean} | shares


def degraded(
    second: degrade.Waveform, rng: np.random.Generator, voices: Sequence[degrade.Waveform]
) -> Iterator[tuple[str, degrade.Waveform]]:
    """Yield each condition's name, as in evaluate.json, and one second under it."""
    yield "clean", second
    noises = {
        "white": degrade.white_noise(rng),
        "pink": degrade.pink_noise(rng),
        "babble": degrade.babble_noise(rng, voices),
    }
    for name in NOISES:
        for snr in SNRS_DB:
            yield f"{name}_{snr}", degrade.add_noise(second, noises[name], snr)
    yield "telephone", degrade.telephone(second)
    yield "gain_minus_20", degrade.gain(second, -20)
    yield "gain_plus_20", degrade.gain(second, 20)
    yield "shift_minus_150", degrade.shift(second, -150)
    yield "shift_plus_150", degrade.shift(second, 150)
    yield "reverberation", degrade.reverberate(second, rng)


def drawn_evenly(
    recordings: Iterable[Recording],
    most: int,
    seed: int,
    group: Callable[[Recording], tuple[str, ...]],
) -> list[Recording]:
    """Return up to ``most`` recordings, one a group in turn, in an order that a hash decides.

    A hash rather than a shuffle, so that a recording that joins moves few others.
    """
    groups: dict[tuple[str, ...], list[Recording]] = defaultdict(list)
    for one in sorted(recordings, key=lambda one: _shuffled(seed, one)):
        groups[group(one)].append(one)
    in_turn = chain.from_iterable(zip_longest(*(groups[key] for key in sorted(groups))))
    return [one for one in in_turn if one is not None][:most]


def noise_table(table: dict[str, float | int]) -> list[dict[str, float]]:
    """Return the accuracy against signal-to-noise ratio, a row a ratio, for DVC's plot."""
    return [
        {"snr_db": snr} | {noise: table[f"{noise}_{snr}"] for noise in NOISES} for snr in SNRS_DB
    ]


def _second(content: bytes) -> degrade.Waveform:
    return one_second(waveform(*read_wav(content)))


def _shuffled(seed: int, recording: Recording) -> bytes:
    return hashlib.sha256(f"{seed} {recording}".encode()).digest()
