"""params.yaml, validated: every stage checks all of it before it does any work."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from spoken_digits.errors import UserError

PARAMS_FILE = Path("params.yaml")

CorpusName = Literal["espeak", "audiomnist", "fsdd", "speech_commands", "folder"]
Percent = Annotated[float, Field(ge=0, le=100)]


class ParamsError(UserError):
    """params.yaml asks for something that the pipeline cannot do."""

    exit_code = 2


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Espeak(_Section):
    speakers: Annotated[int, Field(ge=1, le=1000)]
    takes: Annotated[int, Field(ge=1, le=50)]
    other_takes: Annotated[int, Field(ge=0, le=200)]


class Archive(_Section):
    archive: Annotated[str, Field(min_length=1)]


class Folder(_Section):
    path: str | None


class Download(_Section):
    on_bad_recording: Literal["fail", "skip"]
    espeak: Espeak
    audiomnist: Archive
    fsdd: Archive
    speech_commands: Archive
    folder: Folder


class Spectrogram(_Section):
    window_ms: Annotated[int, Field(ge=10, le=32)]
    lowest_hz: Annotated[int, Field(ge=0, le=1000)]
    highest_hz: Annotated[int, Field(ge=3000, le=8000)]
    depth_db: Annotated[int, Field(ge=20, le=120)]


class Split(_Section):
    scheme: Literal["speaker", "random", "fold", "takes"]
    fold: Annotated[int, Field(ge=0, le=4)]
    validation_percent: Annotated[int, Field(ge=1, le=40)]
    test_percent: Annotated[int, Field(ge=1, le=40)]
    leave_out: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z_]+/[A-Za-z0-9-]+$")], ...],
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    ]


class Validate(_Section):
    min_per_digit: Annotated[int, Field(ge=1)]
    max_label_skew: Annotated[float, Field(ge=1)]
    max_silent_percent: Percent
    silent_dbfs: Annotated[float, Field(ge=-120, le=0)]
    max_clipped_percent: Percent
    min_seconds: Annotated[float, Field(ge=0)]
    max_seconds: Annotated[float, Field(gt=0)]


class Train(_Section):
    epochs: Annotated[int, Field(ge=1, le=1000)]
    batch_size: Annotated[int, Field(ge=8, le=4096)]
    learning_rate: Annotated[float, Field(ge=1e-6, le=1)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    label_smoothing: Annotated[float, Field(ge=0, le=0.5)]
    augment: Annotated[float, Field(ge=0, le=2)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    threads: Annotated[int, Field(ge=1, le=64)]
    portable: bool


class Evaluate(_Section):
    robustness_recordings: Annotated[int, Field(ge=10, le=10_000)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


class Live(_Section):
    reject: Annotated[float, Field(ge=0, le=1)]
    hangover_ms: Annotated[int, Field(ge=50, le=2000)]


class Params(_Section):
    """All of params.yaml. Frozen; no unknown keys; right types and ranges."""

    corpora: Annotated[
        tuple[CorpusName, ...],
        Field(min_length=1),
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    ]
    download: Download
    spectrogram: Spectrogram
    split: Split
    validate_: Annotated[Validate, Field(alias="validate")]
    train: Train
    evaluate: Evaluate
    live: Live

    @model_validator(mode="after")
    def _consistent(self) -> "Params":
        if len(set(self.corpora)) != len(self.corpora):
            raise ValueError("corpora: a corpus is named twice")
        if "folder" in self.corpora and self.download.folder.path is None:
            raise ValueError(
                "download.folder.path: null, but corpora names folder. Set it to a directory or an "
                "archive of <digit>_<speaker>_<take>.wav files"
            )
        if self.validate_.min_seconds >= self.validate_.max_seconds:
            raise ValueError("validate.min_seconds: must be below validate.max_seconds")
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises ParamsError that names the file, each offending key and value, what is allowed there,
    and the nearest valid key or value if it looks like a slip.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ParamsError(
            f"{path}: cannot be read ({error.strerror}). Run from the project's top folder"
        ) from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: not valid YAML: {error}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        problems = [_explain(dict(problem), content) for problem in error.errors()]
        raise ParamsError("\n".join(f"{path}: {problem}" for problem in problems)) from None


def _explain(problem: dict[str, Any], content: Any) -> str:
    location = [str(part) for part in problem["loc"]]
    key = ".".join(location)
    if problem["type"] == "extra_forbidden":
        siblings = _keys_of(location[:-1])
        return f"{key}: no such key{_nearest(location[-1], siblings)}. Valid: {', '.join(siblings)}"
    if problem["type"] == "missing":
        return f"{key}: missing. Every key must be there; see the comments in params.yaml"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    value = problem["input"]
    if problem["type"] == "literal_error":
        allowed = [part.strip("'") for part in _literals(problem["ctx"]["expected"])]
        return f"{key}: {value!r} is not one of {', '.join(allowed)}{_nearest(str(value), allowed)}"
    return f"{key}: {value!r} is not allowed. {problem['msg']}"


def _literals(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _nearest(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word, choices, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _keys_of(location: list[str]) -> list[str]:
    model: Any = Params
    for part in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = fields[part].annotation
    return [field.alias or name for name, field in model.model_fields.items()]
