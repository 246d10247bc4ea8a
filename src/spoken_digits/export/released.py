"""The released model, its weights, and what is known of them: models/released."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spoken_digits.errors import UserError

FOLDER = Path("models/released")
_KINDS = ("onnx", "safetensors", "json")
MODEL, WEIGHTS, ABOUT = (FOLDER / f"digits.{kind}" for kind in _KINDS)
NUMBERS, NUMBERS_WEIGHTS, NUMBERS_ABOUT = (FOLDER / f"numbers.{kind}" for kind in _KINDS)
"""The network that reads numbers, tools/release_numbers.py."""

SUBSET = "speech_commands_subset.tar.gz"

PARAMS: dict[str, Any] = {
    "corpora": ["espeak", "pico", "fsdd", "audiomnist", "speech_commands", "an4"],
    "download.espeak.other_takes": 16,  # what people say is mostly no digit
    "download.pico.other_takes": 16,
    "download.audiomnist.speakers": [2, 16, 34, 36],
    "download.speech_commands.archive": SUBSET,
    "split.scheme": "takes",
    "split.leave_out": [],
    "train.epochs": 250,  # more voices to learn than the default's; an hour
    "train.patience": 100,
}
"""What a release is trained with, beside params.yaml; no model trained otherwise is promoted."""

_ALSO_OF_NUMBERS = (
    "corpora",
    "download.audiomnist.speakers",
    "download.speech_commands.archive",
    "split.scheme",
    "split.leave_out",
)
NUMBERS_PARAMS: dict[str, Any] = {key: PARAMS[key] for key in _ALSO_OF_NUMBERS} | {
    "sequence.corpora": ["espeak", "pico", "an4"],
    "sequence.epochs": 120,
    "sequence.patience": 30,
    "train.threads": 1,
}
"""What the network that reads numbers is trained with, beside params.yaml, from WEIGHTS."""


class ReleaseError(UserError):
    """A model that is not promoted, or a released model that is not what its description says."""


def overrides(changes: Mapping[str, Any] | None = None) -> list[str]:
    """Return PARAMS with some changes, as dvc exp run's -S has them."""
    return [f"{key}={_quoted(value)}" for key, value in {**PARAMS, **(changes or {})}.items()]


def _quoted(value: Any) -> str:
    """Return a value in Hydra's notation, which -S has: a path may have blanks or commas."""
    if isinstance(value, list):
        return f"[{','.join(map(_quoted, value))}]"
    if isinstance(value, str) and not re.fullmatch(r"[\w./@-]+", value):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return str(value)


def differing(params: dict[str, Any]) -> list[str]:
    """Return what the content of a params.yaml has otherwise than PARAMS, in words."""
    found = []
    for key, wanted in PARAMS.items():
        value: Any = params
        for name in key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value != wanted:
            found.append(f"{key} is {json.dumps(value)}, not {json.dumps(wanted)}")
    return found


def read_about(root: Path = Path()) -> dict[str, Any]:
    """Return the description of the released model in a project's folder.

    Raises ReleaseError if there is none, or if it describes another model or other weights.
    """
    about = root / ABOUT
    try:
        content = json.loads(about.read_text(encoding="utf-8"))
        described = {path: content["sha256"][f"models/{path.name}"] for path in (MODEL, WEIGHTS)}
    except FileNotFoundError:
        raise ReleaseError(
            f"{about}: not there. Take models/released from Git, or run: make release"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ReleaseError(
            f"{about}: damaged. Take it from Git again: git checkout {about}"
        ) from None
    for path, digest in described.items():
        again = f"Take all of it from Git again: git checkout {about.parent}"
        if not (root / path).is_file():
            raise ReleaseError(f"{root / path}: not there. {again}")
        if sha256((root / path).read_bytes()) != digest:
            raise ReleaseError(f"{about} describes another file than {root / path}. {again}")
    return dict(content)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
