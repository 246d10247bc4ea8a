"""params.yaml: what is accepted, and the words for what is not."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from pydantic import BaseModel, ValidationError

from spoken_digits.params import Params, ParamsError, load_params
from spoken_digits.vocabulary import Vocabulary, Word, digits

COMMITTED = Path(__file__).parents[2] / "params.yaml"
MISSING = object()


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Return a function that writes the committed params.yaml with one key changed."""

    def write(key: str, value: Any) -> Path:
        content = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
        *sections, last = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        if value is MISSING:
            del section[last]
        else:
            section[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


def error_of(path: Path) -> str:
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    text = str(caught.value)
    assert all(line.startswith(f"{path}: ") for line in text.splitlines())
    return text.replace(f"{path}: ", "")


def leaves(section: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in section.items():
        found += (
            leaves(value, f"{prefix}{name}.")
            if isinstance(value, dict)
            else [(prefix + name, value)]
        )
    return found


LEAVES = leaves(yaml.safe_load(COMMITTED.read_text(encoding="utf-8")))


def test_the_committed_file_is_valid():
    assert load_params(COMMITTED).train.epochs >= 1


def in_german(path: Path) -> Path:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("language: en", "language: de"), encoding="utf-8")
    return path


def test_voices_that_do_not_speak_the_language_are_left_out(change):
    path = change("corpora", ["espeak", "hibari", "fsdd"])
    assert load_params(path).corpora == ("espeak", "hibari", "fsdd")
    german = load_params(in_german(path))
    assert german.corpora == ("espeak", "fsdd")
    assert german.named_corpora == ("espeak", "hibari", "fsdd")


def test_some_corpus_speaks_the_language(change):
    assert error_of(in_german(change("corpora", ["hibari"]))) == (
        "corpora: hibari does not speak voices.language, de. Use espeak or pico, which do, e.g. "
        "corpora: [espeak, pico]"
    )


@pytest.mark.parametrize("left_out", [["fsdd"], ["audiomnist/02", "speech_commands"], []])
def test_speakers_and_corpora_may_be_left_out(change, left_out):
    assert load_params(change("split.leave_out", left_out)).split.leave_out == tuple(left_out)


def test_params_are_frozen():
    params = load_params(COMMITTED)
    with pytest.raises(ValidationError, match="frozen"):
        params.train.epochs = 3
    assert hash(params.spectrogram) == hash(load_params(COMMITTED).spectrogram)


@pytest.mark.parametrize("key", [key for key, _ in LEAVES])
def test_each_key_must_be_there(change, key):
    assert error_of(change(key, MISSING)).startswith(f"{key}: missing. Set it to ")


@pytest.mark.parametrize("key", [key for key, _ in LEAVES])
def test_each_key_refuses_a_section_and_says_what_it_wants(change, key):
    text = error_of(change(key, {"a": 1}))
    assert text.startswith(f'{key}: {{"a": 1}} is not allowed. Allowed: ')
    assert len(text.splitlines()) == 1
    assert "Input should" not in text


@pytest.mark.parametrize("key", [key for key, value in LEAVES if type(value) is int])
def test_whole_numbers_refuse_words_fractions_and_truth(change, key):
    for value, shown in [("abc", '"abc"'), (1.5, "1.5"), (True, "true"), (None, "null")]:
        if value == 1.5 and key in ACCEPT_FRACTIONS:
            continue
        assert f"{key}: {shown} is not allowed. Allowed: a " in error_of(change(key, value))


@pytest.mark.parametrize("key", [key for key, value in LEAVES if type(value) in (int, float)])
def test_numbers_refuse_what_is_not_finite(change, key):
    for value in (float("inf"), float("-inf"), float("nan")):
        assert f"{key}: " in error_of(change(key, value))
        assert "is not allowed. Allowed: a " in error_of(change(key, value))


def fraction_keys() -> set[str]:
    def walk(model: type[BaseModel], prefix: str) -> set[str]:
        found: set[str] = set()
        for name, field in model.model_fields.items():
            key = prefix + (field.alias or name)
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                found |= walk(field.annotation, f"{key}.")
            elif field.annotation is float:
                found.add(key)
        return found

    return walk(Params, "")


ACCEPT_FRACTIONS = fraction_keys()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.epochs", 0, "train.epochs: 0 is not allowed. Allowed: a whole number, 1 to 1000"),
        ("train.epochs", 1001, "1001 is not allowed. Allowed: a whole number, 1 to 1000"),
        ("train.learning_rate", 2.0, "2.0 is not allowed. Allowed: a number, 1e-06 to 1"),
        (
            "train.learning_rate",
            "1e-3",
            '"1e-3" is not allowed. YAML reads 1e-3 as text; write 0.001. Allowed: a number',
        ),
        ("train.portable", "yes", '"yes" is not allowed. Allowed: true or false'),
        (
            "train.omit",
            ["vocal_tracts"],
            'train.omit: "vocal_tracts" is not allowed. Did you mean vocal_tract? Allowed: one of '
            "pieces, trim, vocal_tract, shift, tempo, compression, fricatives, blur, "
            "reverberation, padding, microphone, noise, voices, clicks, hum, mask",
        ),
        ("train.omit", "blur", 'train.omit: "blur" is not allowed. Allowed: a list, each one of'),
        (
            "live.detector",
            "levels",
            '"levels" is not allowed. Did you mean level? Allowed: one of speech, level',
        ),
        (
            "live.model",
            "relesed",
            'live.model: "relesed" is not allowed. Allowed: text like released, trained, or a path '
            "such as models/mine.onnx",
        ),
        (
            "train.start_from",
            "models/mine.safetensors",
            '"models/mine.safetensors" is not allowed. Allowed: text like '
            "models/mine.safetensors@6f6e4df2429a, a file and how its SHA-256 begins or null",
        ),
        ("train.memory", 0, "0 is not allowed. Allowed: a number above 0 or null"),
        ("train.memory", "4GB", '"4GB" is not allowed. Allowed: a number above 0 or null'),
        ("train.seed", -1, "-1 is not allowed. Allowed: a whole number, 0 to 4294967295"),
        (
            "split.scheme",
            "speakers",
            '"speakers" is not allowed. Did you mean speaker? Allowed: one of speaker, random',
        ),
        (
            "corpora",
            ["fsd"],
            'corpora: "fsd" is not allowed. Did you mean fsdd? Allowed: one of espeak, pico,',
        ),
        ("corpora", [], "corpora: [] is not allowed. Allowed: a list of 1 or more, each one of"),
        ("corpora", "fsdd", 'corpora: "fsdd" is not allowed. Allowed: a list of 1 or more'),
        ("corpora", ["fsdd", "fsdd"], "corpora: fsdd is named twice. Name it once"),
        ("corpora", ["folder"], "download.folder.path: data/no-folder, but corpora names folder"),
        (
            "split.leave_out",
            ["jackson"],
            'split.leave_out: "jackson" is not allowed. Allowed: text like fsdd/jackson, a '
            "speaker, or fsdd, a whole corpus",
        ),
        ("split.leave_out", ["fsd/jackson"], '"fsd/jackson" is not allowed. Allowed: text like'),
        ("split.leave_out", "fsdd/jackson", "Allowed: a list, each text like fsdd/jackson"),
        ("download.fsdd.archive", "", '"" is not allowed. Allowed: text that is not empty'),
        ("download.folder.path", 3, "3 is not allowed. Allowed: text that is not empty"),
        ("train", None, "train: null is not allowed. Allowed: a section with the keys epochs,"),
        (
            "validate.min_seconds",
            9.0,
            "validate.min_seconds: 9.0 is not allowed. Allowed: below validate.max_seconds, 5",
        ),
        ("train.epoch", 3, "train.epoch: no such key. Did you mean epochs? Valid: epochs, "),
        (
            "trian",
            {},
            "trian: no such key. Did you mean train? Valid: vocabulary, voices, corpora, download",
        ),
        ("download.espeak.speed", 3, "download.espeak.speed: no such key. "),
    ],
)
def test_an_error_says_key_value_what_is_allowed_and_the_likely_slip(change, key, value, message):
    text = error_of(change(key, value))
    assert message in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("vocabulary", [], "vocabulary: 0 words. Allowed: 2 to 60"),
        (
            "vocabulary",
            "digit",
            'vocabulary: "digit" is not allowed. Allowed: digits, or a list of',
        ),
        (
            "vocabulary",
            ["yes", True],
            "vocabulary: true is no text in YAML. Put it in quotes: 'true'",
        ),
        ("vocabulary", ["Yes", "no"], "vocabulary: 'Yes': a label is lower-case letters a-z"),
        (
            "vocabulary",
            MISSING,
            "vocabulary: missing. Set it to digits, or a list of 2 to 60 words, for example "
            "[yes, no]",
        ),
        (
            "voices.language",
            "jp",
            'voices.language: "jp" is not allowed. Allowed: one of en, de, fr, es, it',
        ),
    ],
)
def test_a_vocabulary_that_is_none(change, key, value, message):
    assert error_of(change(key, value)).startswith(message)


@pytest.fixture
def vocabulary(tmp_path: Path) -> Callable[[str], Vocabulary]:
    """Return a function that reads the committed params.yaml with other text for vocabulary."""

    def read(text: str) -> Vocabulary:
        committed = COMMITTED.read_text(encoding="utf-8")
        found = re.findall(r"^vocabulary: digits.*\n(?: .*\n)*", committed, re.MULTILINE)
        assert len(found) == 1
        path = tmp_path / "params.yaml"
        path.write_text(committed.replace(found[0], f"vocabulary: {text}\n"), encoding="utf-8")
        return load_params(path).words

    return read


def test_the_committed_vocabulary_is_the_english_digits(vocabulary):
    assert load_params(COMMITTED).words == digits("en") == vocabulary("digits")


@pytest.mark.parametrize("text", ["[yes, no, on, off]", "['yes', no, \"on\", off]"])
def test_yes_and_no_are_words_without_quotes(vocabulary, text):
    """To YAML 1.1, which PyYAML reads, they are true and false; DVC writes 1.2."""
    assert vocabulary(text).labels == ("yes", "no", "on", "off")


def test_digits_need_no_quotes_either(vocabulary):
    assert vocabulary("[0, 1, two]").words == (
        Word("0", ("zero",)),
        Word("1", ("one",)),
        Word("two", ("two",)),
    )


def test_true_is_no_word_unless_it_is_quoted(vocabulary):
    with pytest.raises(ParamsError, match=r"true is no text in YAML\. Put it in quotes: 'true'"):
        vocabulary("[true, untrue]")
    assert vocabulary("['true', untrue]").labels == ("true", "untrue")


@pytest.mark.parametrize(
    ("override", "labels"),
    [
        ("vocabulary=[yes,no,stop]", ("yes", "no", "stop")),
        ("vocabulary=[on,off,up]", ("on", "off", "up")),
        ("vocabulary=[0,1,2]", ("0", "1", "2")),
        ("vocabulary=['lights-on=lights on|turn on the lights',off]", ("lights-on", "off")),
        ("vocabulary=['0=zero|oh','1=one']", ("0", "1")),
        ("vocabulary=digits", tuple("0123456789")),
    ],
)
def test_what_dvc_writes_for_an_experiment_is_read(tmp_path, override, labels):
    """dvc exp run -S changes params.yaml with this function."""
    path = tmp_path / "params.yaml"
    shutil.copy(COMMITTED, path)
    apply_overrides(path, [override])
    assert load_params(path).words.labels == labels


@pytest.mark.parametrize(
    ("written", "speakers"),
    [
        ("[02,16,34,36]", ("02", "16", "34", "36")),
        ("[2, 16]", ("02", "16")),
        ("['02', \"8\", 09]", ("02", "08", "09")),
        ("all", tuple(f"{number:02}" for number in range(1, 61))),
    ],
)
def test_audiomnist_speakers_with_and_without_a_zero(tmp_path, written, speakers):
    """As a person writes them into the file, and as dvc exp run -S does."""
    path = tmp_path / "params.yaml"
    committed = COMMITTED.read_text(encoding="utf-8")
    path.write_text(committed.replace("speakers: all ", f"speakers: {written} "), encoding="utf-8")
    assert load_params(path).download.audiomnist.speakers == speakers
    shutil.copy(COMMITTED, path)
    apply_overrides(path, [f"download.audiomnist.speakers={written}"])
    assert load_params(path).download.audiomnist.speakers == speakers


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("some", '"some" is not allowed.'),
        (16, "16 is not allowed."),
        ([], "[] is not allowed."),
        ([2, 61], "61 is no speaker."),
        ([0], "0 is no speaker."),
        (["all"], '"all" is no speaker.'),
        ([2.0], "2.0 is no speaker."),
        ([True], "true is no speaker."),
    ],
)
def test_audiomnist_speakers_that_are_none(change, value, message):
    assert error_of(change("download.audiomnist.speakers", value)) == (
        f"download.audiomnist.speakers: {message} Allowed: all, or a list of speakers from 1 to "
        "60, for example [2, 16, 34, 36]"
    )


def test_an_audiomnist_speaker_named_twice(change):
    assert error_of(change("download.audiomnist.speakers", [2, "02"])) == (
        "download.audiomnist.speakers: speaker 02 is named twice. Name it once"
    )


def test_all_errors_are_said_at_once(change):
    path = change("train.epochs", "abc")
    path.write_text(path.read_text(encoding="utf-8") + "live2: 1\n", encoding="utf-8")
    assert error_of(path).splitlines()[0].startswith("train.epochs: ")
    assert error_of(path).splitlines()[1].startswith("live2: no such key. Did you mean live?")


def test_an_empty_file_is_said_to_lack_its_sections(tmp_path):
    path = tmp_path / "params.yaml"
    path.touch()
    assert (
        "the file: null is not allowed. Allowed: a section with the keys vocabulary, voices"
        in error_of(path)
    )


@pytest.mark.parametrize(
    "content", [b"train: [", b"\xff\xfe\x80", b"a: b: c", b"a: " + b"[" * 2000]
)
def test_a_file_that_is_no_yaml_is_named(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ParamsError, match="not valid YAML"):
        load_params(path)


def test_a_missing_file_says_where_to_run(tmp_path):
    assert error_of(tmp_path / "params.yaml") == (
        "cannot be read (No such file or directory). Run from the project's top folder"
    )


@pytest.mark.parametrize("key", [key for key, _ in LEAVES])
def test_each_key_of_the_committed_file_is_commented(key):
    """Or shares the comment of the line above, as the archives do."""
    last = key.rpartition(".")[2]
    lines = [
        line for line in COMMITTED.read_text(encoding="utf-8").splitlines() if f"{last}:" in line
    ]
    assert any("#" in line for line in lines) or last == "archive"
