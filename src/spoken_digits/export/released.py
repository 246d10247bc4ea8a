"""The released model and what is known of it: models/released/digits.onnx and digits.json."""

import hashlib
import json
from pathlib import Path
from typing import Any

from spoken_digits.errors import UserError

MODEL, ABOUT = Path("models/released/digits.onnx"), Path("models/released/digits.json")

SUBSET = "speech_commands_subset.tar.gz"

PARAMS: dict[str, Any] = {
    "corpora": ["espeak", "fsdd", "speech_commands"],
    "download.espeak.other_takes": 16,  # what people say is mostly no digit
    "download.speech_commands.archive": SUBSET,
    "split.scheme": "takes",
    "split.leave_out": [],
    "train.epochs": 200,  # more voices to learn than the default's; half an hour
    "train.patience": 40,
    "train.anneal": 25_000,
}
"""What a release is trained with, beside params.yaml; no model trained otherwise is promoted."""


class ReleaseError(UserError):
    """A model that is not promoted, or a released model that is not what its description says."""


def overrides() -> list[str]:
    """Return PARAMS as dvc exp run's -S has them."""
    return [
        f"{key}=[{','.join(value)}]" if isinstance(value, list) else f"{key}={value}"
        for key, value in PARAMS.items()
    ]


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


def read_about(model: Path = MODEL, about: Path = ABOUT) -> dict[str, Any]:
    """Return the released model's description.

    Raises ReleaseError if there is none, or if it describes another file.
    """
    try:
        content = json.loads(about.read_text(encoding="utf-8"))
        described = content["sha256"]["models/digits.onnx"]
    except OSError:
        raise ReleaseError(
            f"{about}: not there. Take both from Git, or run: make release"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ReleaseError(
            f"{about}: damaged. Take it from Git again: git checkout {about}"
        ) from None
    if described != sha256(model.read_bytes()):
        raise ReleaseError(
            f"{about} describes another file than {model}. Take both from Git again: "
            f"git checkout {about.parent}"
        )
    return dict(content)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
