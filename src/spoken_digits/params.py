"""params.yaml, validated: every stage checks all of it before it does any work."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    ValidationError,
    model_validator,
)
from pydantic_core.core_schema import literal_schema

from spoken_digits import vocabulary
from spoken_digits.errors import UserError
from spoken_digits.params_messages import explain, shown
from spoken_digits.vocabulary import LANGUAGES, Vocabulary

PARAMS_FILE = Path("params.yaml")

Percent = Annotated[float, Field(ge=0, le=100)]
Effect = Literal[
    "pieces",
    "trim",
    "vocal_tract",
    "shift",
    "tempo",
    "compression",
    "fricatives",
    "blur",
    "reverberation",
    "padding",
    "microphone",
    "noise",
    "voices",
    "clicks",
    "hum",
    "mask",
]
"""What augmentation does (training/augment.py)."""
DetectorName = Literal["speech", "level"]
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


ALL_OF_AUDIOMNIST = tuple(f"{number:02}" for number in range(1, 61))
_SOME_OF_AUDIOMNIST = "all, or a list of speakers from 1 to 60, for example [2, 16, 34, 36]"


def audiomnist_speakers(value: Any) -> tuple[str, ...]:
    """Return the speakers that download.audiomnist.speakers asks for, named as in the archive.

    Speaker 02 may be written 2, 02 or "02": DVC and YAML turn one into another. Raises ValueError,
    with what is wrong and what is allowed.
    """
    key = "download.audiomnist.speakers"
    if value == "all":
        return ALL_OF_AUDIOMNIST
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{key}: {shown(value)} is not allowed. Allowed: {_SOME_OF_AUDIOMNIST}")
    chosen: list[str] = []
    for item in value:
        name = str(item).zfill(2) if type(item) in (int, str) else ""
        if name not in ALL_OF_AUDIOMNIST:
            raise ValueError(f"{key}: {shown(item)} is no speaker. Allowed: {_SOME_OF_AUDIOMNIST}")
        if name in chosen:
            raise ValueError(f"{key}: speaker {name} is named twice. Name it once")
        chosen.append(name)
    return tuple(chosen)


class AudioMNIST(Archive):
    digests: Annotated[str, Field(min_length=1)]
    speakers: Annotated[
        tuple[str, ...],
        BeforeValidator(audiomnist_speakers),
        Field(description=_SOME_OF_AUDIOMNIST),
    ]


NO_FOLDER = "data/no-folder"
"""What stands for no folder: DVC watches what download.folder.path names, so it must exist."""


class Folder(_Section):
    path: Annotated[str, Field(min_length=1)]


class Download(_Section):
    """Beside ``on_bad_recording`` a field a corpus, which corpora/<field>.py collects.

    Its description is what the report says of the source and the licence.
    """

    on_bad_recording: Literal["fail", "skip"]
    espeak: Voices = Field(
        description="speech synthesised with espeak-ng (the program is GPL-3.0-or-later), "
        "made by the pipeline"
    )
    pico: Voices = Field(
        description="speech synthesised with SVOX Pico (Apache-2.0), made by the pipeline"
    )
    hibari: Voices = Field(
        description="speech synthesised with hibari-tts (Apache-2.0), a neural voice, made by the "
        "pipeline"
    )
    audiomnist: AudioMNIST = Field(
        description="AudioMNIST, S. Becker et al. 2018, 60 speakers; MIT"
    )
    fsdd: Archive = Field(
        description="Free Spoken Digit Dataset, Z. Jackson et al., 6 speakers; CC BY-SA 4.0"
    )
    speech_commands: Archive = Field(description="Speech Commands v0.02, P. Warden 2018; CC BY 4.0")
    an4: Archive = Field(
        description="words cut out of CMU AN4, A. Acero 1993, 74 speakers; free for any purpose "
        "with its notice"
    )
    folder: Folder = Field(description="recordings of your own")


_CORPORA = {
    name: field for name, field in Download.model_fields.items() if name != "on_bad_recording"
}
SOURCES = {name: str(field.description) for name, field in _CORPORA.items()}
"""Every corpus, and where it comes from."""
_ENGLISH_ALONE = ("hibari",)
SYNTHETIC = tuple(name for name, field in _CORPORA.items() if field.annotation is Voices)
"""Those that a program speaks; people speak in the others."""


def speaks(corpus: str, language: str) -> bool:
    """Tell whether the voices of a corpus speak a language; people's are taken as they are."""
    return language == "en" or corpus not in _ENGLISH_ALONE


CorpusName = Annotated[str, GetPydanticSchema(lambda *_: literal_schema(list(SOURCES)))]
"""One of SOURCES: Literal["espeak", "pico", ...]."""
LeftOut = Annotated[
    str,
    Field(
        pattern=rf"^({'|'.join(SOURCES)})(/[A-Za-z0-9-]+)?$",
        examples=["fsdd/jackson, a speaker, or fsdd, a whole corpus"],
    ),
]


class Language(_Section):
    language: Annotated[str, GetPydanticSchema(lambda *_: literal_schema(list(LANGUAGES)))]


class Spectrogram(_Section):
    window_ms: Annotated[int, Field(ge=10, le=32)]
    lowest_hz: Annotated[int, Field(ge=0, le=1000)]
    highest_hz: Annotated[int, Field(ge=3000, le=8000)]
    depth_db: Annotated[int, Field(ge=20, le=120)]


class Split(_Section):
    scheme: Literal["speaker", "random", "fold", "takes", "official"]
    fold: Annotated[int, Field(ge=0, le=4)]
    validation_percent: Annotated[int, Field(ge=1, le=40)]
    test_percent: Annotated[int, Field(ge=1, le=40)]
    leave_out: Annotated[tuple[LeftOut, ...], _FROM_LIST]


class Validate(_Section):
    min_per_word: Annotated[int, Field(ge=1)]
    max_label_skew: Annotated[float, Field(ge=1)]
    max_silent_percent: Percent
    silent_dbfs: Annotated[float, Field(ge=-120, le=0)]
    max_clipped_percent: Percent
    max_constant_percent: Percent
    max_cut_off_percent: Percent
    max_noise_percent: Percent
    min_sample_rate: Annotated[int, Field(ge=1000, le=192_000)]
    min_seconds: Annotated[float, Field(ge=0)]
    max_seconds: Annotated[float, Field(gt=0)]


Weights = Annotated[
    str,
    Field(
        pattern=r"^.+\.safetensors@[0-9a-f]{12,64}$",
        examples=["models/mine.safetensors@6f6e4df2429a, a file and how its SHA-256 begins"],
    ),
]


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
    omit: Annotated[tuple[Effect, ...], _FROM_LIST]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    threads: Annotated[int, Field(ge=1, le=64)]
    memory: Annotated[float, Field(gt=0)] | None
    portable: bool
    start_from: Weights | None


class Compute(_Section):
    scheduler: (
        Annotated[
            str,
            Field(
                pattern=r"^(tcp|tls|ws|wss)://.+:[0-9]+$",
                examples=["tcp://192.0.2.1:8786, the address of a Dask scheduler"],
            ),
        ]
        | None
    )


class Evaluate(_Section):
    robustness_recordings: Annotated[int, Field(ge=10, le=10_000)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]


class Sequences(_Section):
    """Of the network that reads numbers; weight_decay, anneal, seed and threads are train's."""

    corpora: Annotated[
        tuple[Literal["espeak", "pico", "hibari", "an4"], ...], Field(min_length=1), _FROM_LIST
    ]
    takes: Annotated[int, Field(ge=1, le=200)]
    epochs: Annotated[int, Field(ge=1, le=1000)]
    epoch_size: Annotated[int, Field(ge=16, le=1_000_000)]
    patience: Annotated[int, Field(ge=1, le=1000)]
    batch_size: Annotated[int, Field(ge=2, le=1024)]
    learning_rate: Annotated[float, Field(ge=1e-6, le=1)]
    augment: Annotated[float, Field(ge=0, le=2)]


class Live(_Section):
    reject: Annotated[float, Field(ge=0, le=1)]
    hangover_ms: Annotated[int, Field(ge=50, le=2000)]
    detector: DetectorName
    model: Annotated[
        str,
        Field(
            pattern=r"^(released|trained|.+\.onnx)$",
            examples=["released, trained, or a path such as models/mine.onnx"],
        ),
    ]


class Params(_Section):
    """All of params.yaml. Frozen; no unknown keys; right types and ranges."""

    vocabulary: Annotated[
        tuple[str, ...],
        BeforeValidator(vocabulary.entries),
        Field(description=vocabulary.ALLOWED),
    ]
    voices: Language
    named_corpora: Annotated[
        tuple[CorpusName, ...], Field(min_length=1, alias="corpora"), _FROM_LIST
    ]
    download: Download
    spectrogram: Spectrogram
    split: Split
    validate_: Annotated[Validate, Field(alias="validate")]
    train: Train
    evaluate: Evaluate
    sequence: Sequences
    live: Live
    compute: Compute

    @property
    def words(self) -> Vocabulary:
        """The vocabulary, in the language of the synthetic voices."""
        return vocabulary.parse(self.vocabulary, self.voices.language)

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora that are named, but for synthetic voices that do not speak the language."""
        return tuple(name for name in self.named_corpora if speaks(name, self.voices.language))

    @model_validator(mode="after")
    def _consistent(self) -> "Params":
        vocabulary.parse(self.vocabulary, self.voices.language)
        twice = {name for name in self.named_corpora if self.named_corpora.count(name) > 1}
        if twice:
            raise ValueError(f"corpora: {', '.join(sorted(twice))} is named twice. Name it once")
        if not self.corpora:
            raise ValueError(
                f"corpora: {', '.join(self.named_corpora)} does not speak voices.language, "
                f"{self.voices.language}. Use espeak or pico, which do, e.g. corpora: [espeak, "
                "pico]"
            )
        if "folder" in self.corpora and self.download.folder.path == NO_FOLDER:
            raise ValueError(
                f"download.folder.path: {NO_FOLDER}, but corpora names folder. Set it to a "
                "directory or an archive of <label>_<speaker>_<take>.wav files"
            )
        if self.validate_.min_seconds >= self.validate_.max_seconds:
            raise ValueError(
                f"validate.min_seconds: {self.validate_.min_seconds} is not allowed. "
                f"Allowed: below validate.max_seconds, {self.validate_.max_seconds}"
            )
        return self


class _Loader(yaml.SafeLoader):
    """Takes yes, no, on and off for text, as YAML 1.2 and DVC do; to PyYAML they are booleans."""


_BOOLEAN = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile(r"[tT]rue|TRUE|[fF]alse|FALSE"), list("tTfF"))


def parse_yaml(text: str) -> Any:
    """Return the content of YAML as DVC reads it: yes, no, on and off are text."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 (it is a safe one)


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises ParamsError that names the file, each offending key and value, what is allowed there,
    and the nearest valid key or value if it looks like a slip.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParamsError(
            f"{path}: cannot be read ({error.strerror}). Run from the project's top folder"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path}: not valid YAML: {error}") from None
    except RecursionError:
        raise ParamsError(f"{path}: not valid YAML: its brackets are nested too deeply") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        messages = explain(error.errors(), Params.model_json_schema())
    raise ParamsError("\n".join(f"{path}: {message}" for message in messages))
