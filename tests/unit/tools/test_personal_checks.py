"""make personal: which recordings it takes, which model it keeps, and what it says of both."""

import shutil
import sys
from pathlib import Path

import personal
import pytest
import yaml

from spoken_digits.errors import UserError
from spoken_digits.export import released

ROOT = Path(__file__).parents[3]
OTHERS = personal.Score(n=1000, right=980, claimed=950, wrong=5)  # lower end 96.93%
OWN = personal.Score(n=30, right=24, claimed=20, wrong=3)


@pytest.fixture
def adapt(tmp_path, monkeypatch):
    """Return a function that runs personal.py on {name: content} in a project of its own."""
    shutil.copytree(ROOT / released.FOLDER, tmp_path / released.FOLDER)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)

    def adapt(files: dict[str, bytes]) -> None:
        mine = Path("mine")
        mine.mkdir()
        for name, content in files.items():
            (mine / name).write_bytes(content)
        monkeypatch.setattr(sys, "argv", ["personal.py", "--recordings", "mine"])
        personal.main()

    return adapt


def refused(adapt, files, words):
    with pytest.raises(UserError, match=words):
        adapt(files)
    assert sorted(path.name for path in Path("models").iterdir()) == ["released"]


def without(files, *beginnings):
    return {name: wav for name, wav in files.items() if not name.startswith(beginnings)}


def test_a_folder_that_is_not_there(adapt, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["personal.py", "--recordings", "nowhere"])
    words = r"nowhere: no such folder. .*record.py --speaker NAME --takes 10 --output nowhere"
    with pytest.raises(UserError, match=words):
        personal.main()


def test_no_recordings(adapt):
    refused(adapt, {}, "mine holds no recordings. Expected <label>_<speaker>_<take>")


def test_words_that_are_never_said(adapt, recordings):
    files = without(recordings("anna", takes=2), "3", "7")
    refused(
        adapt, files, r"anna never says 3, 7, and every digit of the vocabulary is needed. .*py"
    )


def test_each_speaker_says_every_word(adapt, recordings):
    files = recordings("anna", takes=2) | without(recordings("ben", takes=2), "9")
    refused(adapt, files, "ben never says 9")


def test_a_word_that_is_said_once_leaves_nothing_to_measure_with(adapt, recordings):
    files = without(recordings("anna", takes=2), "4_anna_1")
    refused(adapt, files, r"anna says 4 once only: .*held out.*--speaker anna --takes 10")


def test_names_that_say_nothing(adapt, recordings):
    files = recordings("anna", takes=2) | {"seven.wav": b"", "7_anna_b.wav": b""}
    refused(adapt, files, r"mine: bad recordings: 7_anna_b.wav: .*; seven.wav: .*not a recording's")


def test_a_file_that_is_no_sound(adapt, recordings):
    files = recordings("anna", takes=2) | {"7_anna_5.wav": b"no sound"}
    refused(adapt, files, r"mine: bad recordings: 7_anna_5.wav: .*\. Mend or remove them")


def test_another_vocabulary_than_the_released_model_s(adapt, recordings):
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    params["vocabulary"] = ["stop", "go"]
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    words = r"released/digits.safetensors: its words are 0, 1, .*; those of vocabulary .* stop, go"
    refused(adapt, recordings("anna"), words)


def test_a_corpus_that_the_released_model_does_not_know(monkeypatch, capsys):
    arguments = ["personal.py", "--recordings", "mine", "--corpora", "espeak,folder"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit):
        personal.main()
    words = "was not trained on folder, but on espeak, pico, fsdd, audiomnist, speech_commands, an4"
    assert words in capsys.readouterr().err


def test_weights_that_are_not_the_released_ones(adapt, recordings):
    released.WEIGHTS.write_bytes(b"others")
    refused(adapt, recordings("anna"), r"describes another file than .*digits.safetensors")


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_any_sample_rate_is_taken(tmp_path, recordings, rate):
    for name, content in recordings("anna", takes=2, rate=rate).items():
        (tmp_path / name).write_bytes(content)
    words = personal.load_params(ROOT / "params.yaml").words
    found = personal.read_own(tmp_path, words)
    assert len(found) == 20
    personal.check(tmp_path, found, words)


def test_what_is_held_out_is_said(tmp_path, recordings, capsys):
    for name, content in recordings("anna", takes=5).items():
        (tmp_path / name).write_bytes(content)
    words = personal.load_params(ROOT / "params.yaml").words
    personal.check(tmp_path, personal.read_own(tmp_path, words), words)
    said = (
        "anna: 50 recordings, of which 20 are held out, the last third of the takes of each digit"
    )
    assert said in capsys.readouterr().err


def test_the_experiment_trains_the_released_weights_on_some_of_their_corpora_and_these(tmp_path):
    overrides = personal.overrides(tmp_path / "my voice", ["espeak", "fsdd"])
    found = dict(one.split("=", 1) for one in overrides)
    assert found["corpora"] == "[espeak,fsdd,folder]"
    assert found["download.folder.path"] == f"'{tmp_path}/my voice'"
    assert found["train.start_from"].startswith("models/released/digits.safetensors@")
    assert found["split.scheme"] == "takes"
    assert int(found["train.epochs"]) < 20


@pytest.mark.parametrize(
    ("own", "others", "words"),
    [
        (30, 980, ""),
        (24, 970, ""),  # no better, and within the interval
        (30, 969, "it recognises 96.90% of the others' 1000 words, less than 96.93%"),
        (23, 1000, "it recognises 23 of your 30 held-out words, the released model 24"),
    ],
)
def test_a_model_that_recognises_anybody_worse_is_not_kept(own, others, words):
    after = [OWN._replace(right=own), OTHERS._replace(right=others)]
    refusal = personal.refusal([OWN, OTHERS], after)
    assert refusal.startswith(words) if words else refusal == ""


def test_the_table_has_n_and_intervals():
    lines = personal.table([OWN, OTHERS], [OWN._replace(right=30), OTHERS], 0.65).splitlines()
    assert "likeliest word right" in lines[0]
    assert "as the program decides (0.65)" in lines[0]
    columns = ["30", "80.00% (62.69%-90.49%)", "66.67% (48.78%-80.77%)", "10.00%"]
    assert lines[1].split("   ")[0] == "you, released model"
    assert all(column in lines[1] for column in columns)
    assert "100.00% (88.65%-100.00%)" in lines[2]
    assert lines[3].startswith("everybody else, released model")
    assert "1,000" in lines[3]
