"""The stage download, end to end: over HTTP, into data/raw, whole or not at all."""

import csv
import os
import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from support import Drop

from spoken_digits.corpora import fetch
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav

ROOT = Path(__file__).parents[2]
COMMIT = "6c5eb77d8e9242d6ce31af807f0409d36a246f51"
ADDRESS = f"/soerenab/AudioMNIST/archive/{COMMIT}.zip"


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory) -> Path:
    """Make 600 recordings in AudioMNIST's layout: the archive, and its speakers' digests."""
    directory = tmp_path_factory.mktemp("audiomnist")
    subprocess.run(
        [sys.executable, ROOT / "benchmarks/speed/make_audiomnist.py", directory, "--takes", "1"],
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    return directory


@pytest.fixture
def download(tmp_path, monkeypatch, capsys):
    """Run the stage in an empty directory: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["download.py"])
    monkeypatch.setattr(fetch, "FIRST_WAIT_S", 0.01)

    def run(*corpora, **settings):
        params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        params["corpora"] = list(corpora)
        params["vocabulary"] = settings.pop("vocabulary", "digits")
        params["voices"]["language"] = settings.pop("language", "en")
        for key, value in settings.items():
            section = params["download"]
            *parents, last = key.split("__")
            for parent in parents:
                section = section[parent]
            section[last] = value
        Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(ROOT / "src/download.py"), run_name="__main__")
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def files(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in Path(directory).rglob("*")
        if path.is_file()
    }


def write_folder(directory, recordings):
    Path(directory).mkdir(exist_ok=True)
    for name, content in recordings.items():
        (Path(directory) / name).write_bytes(content)
    return str(directory)


def change_one_byte(source, target, member):
    """Copy an archive with one bit of one recording changed, and its CRC right."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            content = bytearray(old.read(info))
            if info.filename.endswith(member):
                content[10_000] ^= 1
            new.writestr(info.filename, bytes(content))


@pytest.mark.slow
def test_a_stand_in_for_audiomnist_over_http(download, server, stand_in):
    """In its layout, through a connection that breaks, verified and kept byte for byte."""
    archive = stand_in / f"AudioMNIST-{COMMIT}.zip"
    server.files[ADDRESS] = archive.read_bytes()
    server.plan = [Drop(10_000_000), 503]
    code, out, err = download(
        "audiomnist",
        audiomnist__archive=server.url + ADDRESS,
        audiomnist__digests=str(stand_in / "audiomnist-speakers.csv"),
    )
    assert code == 0, err
    assert out == "data/raw: 600 recordings from audiomnist; 0 skipped\n"
    assert "503 Service Unavailable; trying again" in err
    assert server.requests[-1][1].startswith("bytes=")
    shards = sorted(Path("data/raw/audiomnist").iterdir())
    assert [path.name for path in shards] == [f"{speaker:02d}.zip" for speaker in range(1, 61)]
    with zipfile.ZipFile(archive) as original:
        for name, wav in read_shard(shards[22]):
            assert wav == original.read(f"AudioMNIST-{COMMIT}/data/23/{name}")
            assert read_wav(wav)[1] == 48_000


def test_one_changed_byte_names_the_speaker_and_stops(download, server, stand_in, tmp_path):
    member = "/data/23/7_23_0.wav"
    change_one_byte(stand_in / f"AudioMNIST-{COMMIT}.zip", tmp_path / "changed.zip", member)
    server.files[ADDRESS] = (tmp_path / "changed.zip").read_bytes()
    write_folder("mine", {})
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/before").write_text("still here")
    code, out, err = download(
        "audiomnist",
        audiomnist__archive=server.url + ADDRESS,
        audiomnist__digests=str(stand_in / "audiomnist-speakers.csv"),
    )
    assert code == 1
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith("error: audiomnist: ")
    assert "the recordings of speaker 23 are not the expected ones: 10 recordings, " in last
    assert len(server.requests) == 2  # thrown away, and fetched once more
    assert files("data") == {"raw/before": b"still here"}


def test_audiomnist_is_compared_with_the_real_one_by_default(download, monkeypatch, stand_in):
    monkeypatch.setenv("CORPUS_MIRROR", str(stand_in))
    digests = ROOT / "src" / "spoken_digits" / "corpora" / "audiomnist-speakers.csv"
    code, _, err = download("audiomnist", audiomnist__digests=str(digests))
    assert code == 1
    assert "recordings of speaker 01 are not the expected ones: 10 recordings" in err
    assert "expected 500 recordings, 29861014 bytes, SHA-256 5bb6c4583b93" in err


def write_without(source, target, left_out):
    """Copy an archive without the members whose name has a match of a pattern."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            if not re.search(left_out, info.filename):
                new.writestr(info.filename, old.read(info))


@pytest.mark.parametrize(
    ("left_out", "speakers", "words"),
    [
        (
            "/data/07/3_07_0.wav",
            "all",
            "the recordings of speaker 07 are not the expected ones: 9 recordings",
        ),
        (
            "/data/(?!(02|16)/)../",
            "all",
            "no recordings of 58 of 60 speakers: 01, 03, 04, 05, 06, 07, 08, 09, 10, 11, 12, 13, "
            "14, 15, 17, ",
        ),
        (
            "/data/(?!(02|16)/)../",
            "all",
            "58, 59, 60. For the others: -S 'download.audiomnist.speakers=[02,16]'\n",
        ),
        (
            "/data/(?!(02|16)/)../",
            [2, 16, 34, 36],
            "no recordings of 2 of 4 speakers: 34, 36. For the others: "
            "-S 'download.audiomnist.speakers=[02,16]'\n",
        ),
        (
            "/data/07/",
            ["07"],
            "no recordings of 1 of 1 speakers: 07. It holds none of those that "
            "download.audiomnist.speakers asks for\n",
        ),
    ],
)
def test_missing_recordings_name_the_speaker(
    download, stand_in, tmp_path, left_out, speakers, words
):
    write_without(stand_in / f"AudioMNIST-{COMMIT}.zip", tmp_path / "less.zip", left_out)
    code, _, err = download(
        "audiomnist",
        audiomnist__archive="less.zip",
        audiomnist__digests=str(stand_in / "audiomnist-speakers.csv"),
        audiomnist__speakers=speakers,
    )
    assert code == 1
    assert words in err


def test_some_audiomnist_speakers(download, stand_in, tmp_path):
    """The archive may lack the others, and a damaged one of them is not even looked at."""
    whole = stand_in / f"AudioMNIST-{COMMIT}.zip"
    write_without(whole, tmp_path / "less.zip", "/data/(?!(02|16|23)/)../|/data/23/7")
    code, out, err = download(
        "audiomnist",
        audiomnist__archive="less.zip",
        audiomnist__digests=str(stand_in / "audiomnist-speakers.csv"),
        audiomnist__speakers=[16, "02"],
    )
    assert code == 0, err
    assert out == "data/raw: 20 recordings from audiomnist; 0 skipped\n"
    assert [path.name for path in sorted(Path("data/raw/audiomnist").iterdir())] == [
        "02.zip",
        "16.zip",
    ]


def test_a_speaker_nobody_expects(download, stand_in, tmp_path):
    table = (stand_in / "audiomnist-speakers.csv").read_text().splitlines(keepends=True)
    (tmp_path / "fewer.csv").write_text("".join(table[:-1]))
    code, _, err = download(
        "audiomnist",
        audiomnist__archive=str(stand_in / f"AudioMNIST-{COMMIT}.zip"),
        audiomnist__digests="fewer.csv",
    )
    assert code == 1
    assert (
        "download.audiomnist.digests: fewer.csv: no line for speaker 60, whom "
        "download.audiomnist.speakers asks for" in err
    )
    code, _, err = download(
        "audiomnist",
        audiomnist__archive=str(stand_in / f"AudioMNIST-{COMMIT}.zip"),
        audiomnist__digests="fewer.csv",
        audiomnist__speakers=[1],
    )
    assert code == 1
    assert "/data/60/0_60_0.wav is of a speaker nobody expects" in err


@pytest.mark.parametrize(
    "table", [None, "speaker,bytes\n01,5\n", "speaker,recordings,bytes,sha256\na,b"]
)
def test_a_table_of_digests_that_is_none(download, table):
    if table is not None:
        Path("digests.csv").write_text(table)
    code, _, err = download("audiomnist", audiomnist__digests="digests.csv")
    assert code == 1
    assert "download.audiomnist.digests: digests.csv: not a table with columns speaker,rec" in err


def test_several_corpora_and_nothing_stale(download, recordings):
    write_folder("mine", recordings("anna", "ben"))
    small = {"espeak__speakers": 2, "espeak__takes": 1, "espeak__other_takes": 1}
    code, out, err = download("espeak", "folder", folder__path="mine", **small)
    assert code == 0, err
    assert out == "data/raw: 42 recordings from espeak, folder; 0 skipped\n"
    assert {path.name for path in Path("data/raw").iterdir()} == {"espeak", "folder", "skipped.csv"}
    code, out, _ = download("folder", folder__path="mine")
    assert code == 0
    assert set(files("data")) == {
        "raw/folder/anna.zip",
        "raw/folder/ben.zip",
        "raw/skipped.csv",
    }
    assert Path("data/raw/skipped.csv").read_text() == "corpus,name,reason\n"


def test_bad_recordings_stop_the_stage_with_a_list(download, recordings):
    bad = {f"{number}_seven.wav": b"" for number in range(25)}
    write_folder("mine", {**recordings("anna"), **bad})
    code, out, err = download("folder", folder__path="mine")
    assert code == 1
    assert out == ""
    assert "error: 25 bad recordings:\n" in err
    assert (
        "\n  folder: 0_seven.wav: not a recording's name: one underscore in it, and two separate "
        "label, speaker and take. Name it <label>_<speaker>_<take>" in err
    )
    assert err.count("  folder: ") == 20
    assert "\n  ... and 5 more\n" in err
    assert "leave them out with -S download.on_bad_recording=skip" in err
    assert not Path("data/raw").exists()


def test_bad_recordings_are_skipped_and_reported(download, recordings):
    bad = {"7_ben_0.wav": b"", "seven.wav": b"", "8_ben_0.mp3": b"hello"}
    write_folder("mine", {**recordings("anna"), **bad})
    code, out, _ = download("folder", folder__path="mine", on_bad_recording="skip")
    assert code == 0
    assert out == "data/raw: 10 recordings from folder; 3 skipped\n"
    with Path("data/raw/skipped.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["corpus"], row["name"]) for row in rows] == [
        ("folder", "7_ben_0.wav"),
        ("folder", "8_ben_0.mp3"),
        ("folder", "seven.wav"),
    ]
    assert rows[0]["reason"] == "an empty file"
    assert "not a sound file that can be read" in rows[1]["reason"]


def test_a_corpus_of_which_nothing_is_left(download):
    write_folder("mine", {"7_ben_0.wav": b""})
    code, _, err = download("folder", folder__path="mine", on_bad_recording="skip")
    assert code == 1
    assert "folder: no recording is left, 1 skipped" in err
    assert not Path("data").joinpath("raw").exists()


VOICES = {"espeak__speakers": 2, "espeak__takes": 1, "espeak__other_takes": 1}


def labels_in(shard):
    return {name.split("_")[0] for name, _ in read_shard(Path(shard))}


def test_another_vocabulary(download, recordings):
    write_folder("mine", recordings("anna"))
    vocabulary = ["go", "0=zero|oh", "lights-on=lights on"]
    code, out, err = download(
        "espeak", "folder", vocabulary=vocabulary, folder__path="mine", **VOICES
    )
    assert code == 0, err
    assert out == "data/raw: 18 recordings from espeak, folder; 0 skipped\n"
    assert labels_in("data/raw/espeak/v000.zip") > {"go", "0", "lights-on"}
    assert labels_in("data/raw/folder/anna.zip") == {"0", *(f"other-{n}" for n in range(1, 10))}
    assert "9 recordings of labels outside the vocabulary are packed as other: 1 (1), 2 (1)" in err


def test_another_language(download):
    code, out, _ = download("espeak", language="de", **VOICES)
    assert code == 0
    assert out == "data/raw: 22 recordings from espeak; 0 skipped\n"


def test_the_corpora_of_digits_under_other_labels(download, stand_in):
    code, _, err = download(
        "audiomnist",
        vocabulary=["null=zero", "eins=one"],
        audiomnist__archive=str(stand_in / f"AudioMNIST-{COMMIT}.zip"),
        audiomnist__digests=str(stand_in / "audiomnist-speakers.csv"),
    )
    assert code == 0, err
    others = "two three four five six seven eight nine".split()
    assert labels_in("data/raw/audiomnist/23.zip") == {
        "null",
        "eins",
        *(f"other-{word}" for word in others),
    }


def test_the_corpora_of_digits_say_what_they_hold(download):
    code, _, err = download("fsdd", vocabulary=["yes", "no"])
    assert code == 1
    assert "error: fsdd holds the ten English digits, and the vocabulary has none of them: " in err
    assert not Path("data/raw").exists()


def test_words_without_a_recording_name_the_corpora_that_can_give_them(download, recordings):
    write_folder("mine", recordings("anna"))
    vocabulary = ["0", "7=seven", "go", "lights-on"]
    code, out, err = download("folder", vocabulary=vocabulary, folder__path="mine")
    assert code == 1
    assert out == ""
    assert err.strip().splitlines()[-1] == (
        "error: params.yaml: vocabulary: no recording of go, lights-on in folder. Corpora that can "
        "give them: espeak, pico, hibari (all of them), speech_commands (go), an4 (go)"
    )
    assert not Path("data/raw").exists()


def test_a_word_that_cannot_be_spoken(download):
    code, _, err = download("espeak", vocabulary=["coffee", "tea=чай"], **VOICES)
    assert code == 1
    assert "error: params.yaml: vocabulary: 'tea': 'чай' cannot be spoken by the voices" in err


def test_the_same_params_give_the_same_bytes(download, recordings):
    write_folder("mine", recordings("anna"))
    download("folder", folder__path="mine")
    first = files("data/raw")
    download("folder", folder__path="mine")
    assert files("data/raw") == first


def test_without_a_network_one_line_says_what_to_do(download, no_server):
    code, out, err = download("fsdd", fsdd__archive=f"{no_server}/owner/fsdd/archive/1.zip")
    assert code == 1
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith(f"error: fsdd: could not reach {no_server}/owner/fsdd/archive/1.zip")
    assert "set CORPUS_MIRROR to a directory or URL that holds fsdd-1.zip" in last
    assert "-S 'corpora=[espeak,pico]'" in last
    assert not Path("data/raw").exists()
    assert not any(Path("data").glob(".*"))


def test_wrong_bytes_from_the_server(download, server):
    server.files["/fsdd.zip"] = b"<html>Please log in to this airport's network</html>"
    code, _, err = download("fsdd", fsdd__archive=f"{server.url}/fsdd.zip")
    assert code == 1
    assert "not a ZIP or tar archive, or damaged" in err.strip().splitlines()[-1]


def test_params_come_first(download):
    code, _, err = download("fsd")
    assert code == 2
    assert err.startswith("error: params.yaml: corpora: ")
    assert "Did you mean fsdd?" in err


def test_it_runs_as_a_script_and_its_help_teaches(tmp_path):
    script = [sys.executable, ROOT / "src" / "download.py"]
    told = subprocess.run([*script, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 0
    for word in ("CORPUS_MIRROR", "SPOKEN_DIGITS_CACHE", "dvc exp run -S 'corpora=[audiomnist]'"):
        assert word in told.stdout
    lost = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert lost.returncode == 2
    assert lost.stderr.startswith("error: params.yaml: cannot be read")
    assert "Run from the project's top folder" in lost.stderr


def test_a_place_that_cannot_be_written(download, recordings):
    write_folder("mine", recordings("anna"))
    Path("data").write_text("a file where a directory should be")
    code, _, err = download("folder", folder__path="mine")
    assert code == 1
    assert err.strip().splitlines()[-1] == "error: data/raw: Not a directory"
