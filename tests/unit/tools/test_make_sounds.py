"""The data set of sounds: named as a folder's recordings are, and the same every time."""

import sys

import make_sounds
import numpy as np
import pytest

from spoken_digits.errors import UserError, explain
from spoken_digits.recording import Recording, parse_name
from spoken_digits.sound.decode import read_wav

LABELS = [*make_sounds.KINDS, *make_sounds.OTHERS]


@pytest.fixture
def run(monkeypatch, tmp_path):
    def make(*arguments: str):
        monkeypatch.setattr(sys, "argv", ["make_sounds.py", str(tmp_path / "sounds"), *arguments])
        make_sounds.main()
        return tmp_path / "sounds"

    return make


def of(label: str, source: str = "source00", take: int = 0) -> np.ndarray:
    return make_sounds.make(Recording("folder", label, source, take))


def test_each_source_makes_each_sound(run, capsys):
    folder = run("--sources", "3", "--takes", "2")
    made = [parse_name("folder", path.name) for path in sorted(folder.iterdir())]
    assert len(made) == 3 * (5 * 2 + 8)
    assert {one.class_name for one in made} == {
        "clap", "bark", "siren", "bell", "whistle", "other",
    }  # fmt: skip
    assert {one.speaker for one in made} == {"source00", "source01", "source02"}
    assert capsys.readouterr().out == f"{folder}: 54 sounds of 3 sources\n"
    samples, rate = read_wav((folder / "bell_source01_1.wav").read_bytes())
    assert rate == 16_000
    assert np.array_equal(samples, of("bell", "source01", 1))
    assert [path.name for path in folder.parent.iterdir()] == ["sounds"]


@pytest.mark.parametrize("label", LABELS)
def test_sounds_are_short_and_neither_silent_nor_clipped(label):
    for take in range(5):
        sound = of(label, "source07", take)
        assert 0.1 <= len(sound) / 16_000 <= 2.8
        assert 1_500 < np.abs(sound.astype(int)).max() < 32_767


@pytest.mark.parametrize("label", LABELS)
def test_names_alone_decide(label):
    assert np.array_equal(of(label), of(label))
    for another in (of(label, "source01"), of(label, take=1)):
        assert not np.array_equal(another[:1600], of(label)[:1600])


def test_what_is_there_is_left_alone(run, tmp_path):
    (tmp_path / "sounds").mkdir()
    with pytest.raises(UserError, match="sounds: is there already"):
        run()
    assert list((tmp_path / "sounds").iterdir()) == []


def test_a_folder_that_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["make_sounds.py", str(tmp_path / "file" / "sounds")])
    with pytest.raises(NotADirectoryError) as raised:
        make_sounds.main()
    assert explain(raised.value) == f"{tmp_path / 'file' / 'sounds'}: Not a directory"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sources", "2"], "--sources 2: 3 to 1000"),
        (["--takes", "0"], "--takes 0: 1 to 100"),
        (["--takes", "many"], "invalid int value: 'many'"),
    ],
)
def test_wrong_numbers(run, capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err
