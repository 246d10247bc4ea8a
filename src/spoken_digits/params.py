"""params.yaml, validated: every stage checks all of it before it does any work."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from spoken_digits.errors import UserError

PARAMS_FILE = Path("params.yaml")

CorpusName = Literal["espeak", "pico", "audiomnist", "fsdd", "speech_commands", "folder"]
SYNTHETIC = ("espeak", "pico")
Speaker = Annotated[str, Field(pattern=r"^[a-z_]+/[A-Za-z0-9-]+$", examples=["fsdd/jackson"])]
Percent = Annotated[float, Field(ge=0, le=100)]
# YAML has lists; a frozen model holds tuples.
_FROM_LIST = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)


class ParamsError(UserError):
    """params.yaml asks for something that the pipeline cannot do."""

    exit_code = 2


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Voices(_Section):
    speakers: Annotated[int, Field(ge=1, le=1000)]
    takes: Annotated[int, Field(ge=1, le=50)]
    other_takes: Annotated[int, Field(ge=0, le=200)]


class Archive(_Section):
    archive: Annotated[str, Field(min_length=1)]


class AudioMNIST(Archive):
    digests: Annotated[str, Field(min_length=1)]


class Folder(_Section):
    path: str | None


class Download(_Section):
    on_bad_recording: Literal["fail", "skip"]
    espeak: Voices
    pico: Voices
    audiomnist: AudioMNIST
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
    leave_out: Annotated[tuple[Speaker, ...], _FROM_LIST]


class Validate(_Section):
    min_per_digit: Annotated[int, Field(ge=1)]
    max_label_skew: Annotated[float, Field(ge=1)]
    max_silent_percent: Percent
    silent_dbfs: Annotated[float, Field(ge=-120, le=0)]
    max_clipped_percent: Percent
    max_constant_percent: Percent
    min_sample_rate: Annotated[int, Field(ge=1000, le=192_000)]
    min_seconds: Annotated[float, Field(ge=0)]
    max_seconds: Annotated[float, Field(gt=0)]


class Train(_Section):
    epochs: Annotated[int, Field(ge=1, le=1000)]
    epoch_size: Annotated[int, Field(ge=64, le=1_000_000)]
    patience: Annotated[int, Field(ge=1, le=1000)]
    batch_size: Annotated[int, Field(ge=8, le=4096)]
    learning_rate: Annotated[float, Field(ge=1e-6, le=1)]
    anneal: Annotated[int, Field(ge=1, le=1_000_000)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    label_smoothing: Annotated[float, Field(ge=0, le=0.5)]
    augment: Annotated[float, Field(ge=0, le=2)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    threads: Annotated[int, Field(ge=1, le=64)]
    portable: bool


class Evaluate(_Section):
    robustness_recordings: Annotated[int, Field(ge=10, le=10_000)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]


class Live(_Section):
    reject: Annotated[float, Field(ge=0, le=1)]
    hangover_ms: Annotated[int, Field(ge=50, le=2000)]
    model: Annotated[
        str,
        Field(
            pattern=r"^(released|trained|.+\.onnx)$",
            examples=["released, trained, or a path such as models/mine.onnx"],
        ),
    ]


class Params(_Section):
    """All of params.yaml. Frozen; no unknown keys; right types and ranges."""

    corpora: Annotated[tuple[CorpusName, ...], Field(min_length=1), _FROM_LIST]
    download: Download
    spectrogram: Spectrogram
    split: Split
    validate_: Annotated[Validate, Field(alias="validate")]
    train: Train
    evaluate: Evaluate
    live: Live

    @model_validator(mode="after")
    def _consistent(self) -> "Params":
        twice = {name for name in self.corpora if self.corpora.count(name) > 1}
        if twice:
            raise ValueError(f"corpora: {', '.join(sorted(twice))} is named twice. Name it once")
        if "folder" in self.corpora and self.download.folder.path is None:
            raise ValueError(
                "download.folder.path: null, but corpora names folder. Set it to a directory or an "
                "archive of <digit>_<speaker>_<take>.wav files"
            )
        if self.validate_.min_seconds >= self.validate_.max_seconds:
            raise ValueError(
                f"validate.min_seconds: {self.validate_.min_seconds} is not allowed. "
                f"Allowed: below validate.max_seconds, {self.validate_.max_seconds}"
            )
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises ParamsError that names the file, each offending key and value, what is allowed there,
    and the nearest valid key or value if it looks like a slip.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(
            f"{path}: cannot be read ({error.strerror}). Run from the project's top folder"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path}: not valid YAML: {error}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        problems = error.errors()
    # A list with a bad item is also called too short; the item alone says enough.
    spoilt = {problem["loc"][:end] for problem in problems for end in range(len(problem["loc"]))}
    raise ParamsError(
        "\n".join(f"{path}: {_explain(**p)}" for p in problems if p["loc"] not in spoilt)
    )


def _explain(type: str, loc: tuple[int | str, ...], input: Any, **more: Any) -> str:  # noqa: A002
    """Say one of pydantic's findings in the words of someone who edits params.yaml."""
    names = [part for part in loc if isinstance(part, str)]
    key = ".".join(names) or "the file"
    if type == "value_error":
        return str(more["ctx"]["error"])
    if type == "extra_forbidden":
        siblings = list(_schema(names[:-1])["properties"])
        return f"{key}: no such key. {_nearest(names[-1], siblings)}Valid: {', '.join(siblings)}"
    schema = _schema(loc)
    allowed = _allowed(schema)
    if type == "missing":
        return f"{key}: missing. Set it to {allowed}"
    slip = _nearest(str(input), schema.get("enum", []))
    if isinstance(input, str) and schema.get("type") in ("integer", "number"):
        slip = _number_as_text(input)
    shown = json.dumps(input, ensure_ascii=False, default=str)
    return f"{key}: {shown} is not allowed. {slip}Allowed: {allowed}"


def _nearest(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word, choices, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def _number_as_text(text: str) -> str:
    try:
        return f"YAML reads {text} as text; write {float(text)}. "
    except ValueError:
        return ""


def _schema(loc: Sequence[int | str]) -> dict[str, Any]:
    """Return the JSON schema of one key of params.yaml, or of the items of a list."""
    whole = Params.model_json_schema()
    schema = whole
    for part in loc:
        schema = schema["properties"][part] if isinstance(part, str) else schema["items"]
        if "$ref" in schema:
            schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _allowed(schema: dict[str, Any]) -> str:
    match schema:
        case {"enum": [*values]}:
            return f"one of {', '.join(values)}"
        case {"anyOf": [*choices]}:
            return " or ".join(_allowed(choice) for choice in choices)
        case {"type": "array", "items": items}:
            least = " of 1 or more" if schema.get("minItems") else ""
            return f"a list{least}, each {_allowed(items)}"
        case {"type": "object", "properties": properties}:
            return f"a section with the keys {', '.join(properties)}"
        case {"type": "integer" | "number" as kind}:
            kind = "a whole number" if kind == "integer" else "a number"
            return kind + _range(schema)
        case {"type": "string", "examples": [example, *_]}:
            return f"text like {example}"
        case {"type": "string", "minLength": 1}:
            return "text that is not empty"
    return {"boolean": "true or false", "null": "null"}.get(schema["type"], "text")


def _range(schema: dict[str, Any]) -> str:
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']:g}"
    if "maximum" not in schema:
        return f", {schema['minimum']} or more"
    return f", {schema['minimum']} to {schema['maximum']}"
