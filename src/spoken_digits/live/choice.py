"""Which model listens: the released one, the one trained here, or one that is named."""

from pathlib import Path

from spoken_digits.export import released
from spoken_digits.export.inference import Model, ModelError
from spoken_digits.export.sequence_inference import NumberModel, load_number_model

TRAINED = Path("models/digits.onnx")
"""What the export stage wrote last."""
NUMBERS = "numbers.onnx"
"""The network that reads numbers, beside the model of single words."""
_A_CLONE_S = 60.0  # Git writes both files within seconds; training takes longer


def chosen(name: str) -> Path:
    """Return the file of live.model in params.yaml: "released", "trained" or a path.

    Raises ModelError if it is missing.
    """
    path = {"released": released.MODEL, "trained": TRAINED}.get(name, Path(name))
    if path.is_file():
        return path
    advice = f"Make it with: dvc repro, or fetch it with: dvc pull {TRAINED}"
    if path != TRAINED:
        advice = "Name another there, or with --model"
        if TRAINED.is_file():
            advice += f"; {TRAINED} is here (live.model: trained)"
    raise ModelError(f"{path}: no such file (params.yaml has live.model: {name}). {advice}")


def newer_model(path: Path) -> str:
    """Say so if a newer model was trained here than the released one that is used; else ""."""
    if path != released.MODEL or not TRAINED.is_file():
        return ""
    if TRAINED.stat().st_mtime - path.stat().st_mtime < _A_CLONE_S:
        return ""
    return f"a newer model is {TRAINED}. To use it: --model {TRAINED}, or live.model: trained"


def numbers_beside(model: Model) -> Path:
    """Return where the network is that reads numbers of a model's words: beside the model."""
    return model.path.with_name(NUMBERS)


def number_model(model: Model) -> NumberModel:
    """Load the network that reads numbers of a model's words.

    Raises ModelError if it is missing, cannot be read, or is one of other words.
    """
    path = numbers_beside(model)
    if not path.is_file():
        advice = "Make it with: make numbers"
        if path.parent == released.FOLDER:
            advice = (
                f"Take it from Git: git checkout {path}, or train one ({TRAINED} uses it, with "
                "live.model: trained) with: make numbers"
            )
        raise ModelError(f"{path}: no such file, and --string reads with it. {advice}")
    found = load_number_model(path)
    if found.labels != model.labels:
        raise ModelError(
            f"{path}: reads {', '.join(found.labels)}, and {model.path} recognises "
            f"{', '.join(model.labels)}. Make it anew with: make numbers"
        )
    return found
