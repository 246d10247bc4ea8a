"""Starting from trained weights instead of random ones: ``train.start_from`` of params.yaml.

It names a safetensors file and the beginning of its SHA-256, the way container images are pinned:
``models/mine.safetensors@6f6e4df2429a``. DVC sees the param, and not the file that it
names; with the digest in it, other weights are other params, and no stage, run cache or checkpoint
takes one for the other.
"""

import hashlib
import json
from pathlib import Path

from spoken_digits.errors import UserError
from spoken_digits.files import local_path
from spoken_digits.model.network import (
    SpectrogramNet,
    load_network,
    read_about,
    read_classes,
)
from spoken_digits.params import Spectrogram
from spoken_digits.picture.mel import described
from spoken_digits.vocabulary import Vocabulary


class StartError(UserError):
    """Weights that training cannot start from."""


SETTINGS = {"epochs": 8, "patience": 8, "learning_rate": 0.001, "anneal": 25_000}
"""Of ``train`` in params.yaml, for a short training from trained weights."""


def pinned(weights: Path) -> str:
    """Return what train.start_from is set to for a file: its path and its digest."""
    return f"{weights}@{_sha256(weights)[:12]}"


def load_start(
    start_from: str, words: Vocabulary, spectrogram: Spectrogram
) -> tuple[SpectrogramNet, dict[str, object]]:
    """Return the network in the file that ``start_from`` (path@digest) names, and what it says.

    Raises StartError if the file is missing, has another digest, or is of another vocabulary or
    another picture than params.yaml's; ModelFileError if it is no model.
    """
    name, _, digest = start_from.rpartition("@")
    path = local_path(name)
    if not path.is_file():
        raise StartError(f"params.yaml: train.start_from: {path}: no such file")
    found = _sha256(path)
    if not found.startswith(digest):
        raise StartError(
            f"params.yaml: train.start_from: the SHA-256 of {path} begins with {found[:12]}, not "
            f"with {digest}. To start from the file as it is now, set it to: {pinned(path)}"
        )
    check_start(path, words, spectrogram)
    return load_network(path), read_about(path)


def check_start(path: Path, words: Vocabulary, spectrogram: Spectrogram) -> None:
    """Raise StartError if weights are of another vocabulary or picture than params.yaml's."""
    about = read_about(path)
    known, wanted = list(read_classes(path)), list(words.classes)
    if known != wanted:
        raise StartError(
            f"{path}: its words are {_listed(known)}; those of vocabulary in params.yaml are "
            f"{_listed(wanted)}. Weights can be trained further for their own words only"
        )
    seen, made = about.get("spectrogram"), described(spectrogram)
    if seen != made:
        raise StartError(
            f"{path}: trained on pictures with {json.dumps(seen, sort_keys=True)}; now they are "
            f"made with {json.dumps(made, sort_keys=True)}. The version is the program's, the "
            "others are spectrogram in params.yaml"
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _listed(classes: list[str]) -> str:
    """Return the words of some classes, without the last one, all other sound."""
    return ", ".join(classes[:-1])
