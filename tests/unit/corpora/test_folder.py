"""folder: recordings of the user's own, wherever and however they are kept."""

import io
import tarfile
import zipfile

import pytest
import soundfile
from support import speak

from spoken_digits.corpora import folder
from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.corpora.fetch import FetchError
from spoken_digits.errors import UserError
from spoken_digits.params import Folder
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav, wav_bytes
from spoken_digits.vocabulary import digits, parse

DIGITS = digits()


def collect(path, target, vocabulary=DIGITS):
    bad = folder.collect(Folder(path=str(path)), vocabulary, target)
    return {shard.name: dict(read_shard(shard)) for shard in target.iterdir()}, bad


def write_directory(directory, files):
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in reversed(files.items()):
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def encode(container):
    buffer = io.BytesIO()
    soundfile.write(buffer, speak(7, "anna", 0), 16_000, format=container)
    return buffer.getvalue()


def test_a_directory_a_zip_and_a_tar_give_the_same_shards(tmp_path, recordings):
    files = {f"deep/er/{name}": wav for name, wav in recordings("anna", "ben").items()}
    sources = [
        write_directory(tmp_path / "directory", files),
        write_zip(tmp_path / "a.zip", files),
        write_tar(tmp_path / "a.tgz", files),
    ]
    found = []
    for number, source in enumerate(sources):
        target = tmp_path / str(number)
        assert collect(source, target)[1] == []
        found.append({path.name: path.read_bytes() for path in target.iterdir()})
    assert set(found[0]) == {"anna.zip", "ben.zip"}
    assert found[0] == found[1] == found[2]


def test_an_archive_by_url(tmp_path, recordings, server):
    server.files["/mine.zip"] = write_zip(tmp_path / "a.zip", recordings("anna")).read_bytes()
    assert collect(f"{server.url}/mine.zip", tmp_path / "out") == (
        {"anna.zip": recordings("anna")},
        [],
    )


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_every_format_becomes_wav(tmp_path, container):
    name = f"7_anna_0.{container.lower()}"
    write_directory(tmp_path / "in", {name: encode(container)})
    found, _ = collect(tmp_path / "in", tmp_path / "out")
    samples, rate = read_wav(found["anna.zip"]["7_anna_0.wav"])
    assert rate == 16_000
    assert len(samples) > 7000


def test_suffixes_in_capitals_and_other_words(tmp_path):
    wav = wav_bytes(speak(1, "a", 0), 8000)
    write_directory(tmp_path / "in", {"7_anna_0.WAV": wav, "other-yes_anna_3.wav": wav})
    found, bad = collect(tmp_path / "in", tmp_path / "out")
    assert bad == []
    assert set(found["anna.zip"]) == {"7_anna_0.wav", "other-yes_anna_3.wav"}


def test_any_label_of_the_vocabulary(tmp_path):
    wav = wav_bytes(speak(1, "a", 0), 8000)
    files = {f"{label}_anna_0.wav": wav for label in ("lights-on", "clap", "other", "other-bark")}
    write_directory(tmp_path / "in", files)
    found, bad = collect(tmp_path / "in", tmp_path / "out", parse(["clap", "lights-on"]))
    assert bad == []
    assert set(found["anna.zip"]) == set(files)


def test_labels_outside_the_vocabulary_are_other_and_counted(tmp_path, capsys):
    wav = wav_bytes(speak(1, "a", 0), 8000)
    files = {f"{label}_anna_{take}.wav": wav for label in ("bark", "7") for take in range(2)}
    files |= {"clap_anna_0.wav": wav, "siren_anna_0.wav": wav, "bark_ben_0.wav": b"no sound"}
    write_directory(tmp_path / "in", files)
    found, _ = collect(tmp_path / "in", tmp_path / "out", parse(["clap", "siren"]))
    assert set(found["anna.zip"]) == {
        "clap_anna_0.wav",
        "siren_anna_0.wav",
        *(f"other-{label}_anna_{take}.wav" for label in ("bark", "7") for take in range(2)),
    }
    assert (
        "folder: 4 recordings of labels outside the vocabulary are packed as other: 7 (2), bark (2)"
        in capsys.readouterr().err
    )


def test_nothing_is_said_when_all_labels_are_in_the_vocabulary(tmp_path, recordings, capsys):
    write_directory(tmp_path / "in", recordings("anna"))
    collect(tmp_path / "in", tmp_path / "out")
    assert "outside the vocabulary" not in capsys.readouterr().err


def test_a_label_that_becomes_another_that_is_there_already(tmp_path):
    wav = wav_bytes(speak(1, "a", 0), 8000)
    files = {"bark_anna_0.wav": wav, "other-bark_anna_0.wav": wav}
    _, bad = collect(write_directory(tmp_path / "in", files), tmp_path / "out")
    assert bad == [("folder", "other-bark_anna_0.wav", "the same label, speaker and take as bark_anna_0.wav")]


def test_files_that_are_no_sound_are_nobodys_business(tmp_path, recordings):
    files = {**recordings("anna"), "README.md": b"mine", "._7_anna_0.wav": b"a Mac was here"}
    for source in (write_directory(tmp_path / "in", files), write_zip(tmp_path / "a.zip", files)):
        assert collect(source, tmp_path / "out") == ({"anna.zip": recordings("anna")}, [])


@pytest.mark.parametrize("make", [write_directory, write_zip, write_tar])
def test_bad_recordings_are_named_by_their_path(tmp_path, recordings, make):
    files = {**recordings("anna"), "x/7-anna-1.wav": encode("WAV"), "x/7_anna_2.mp3": b"no sound"}
    _, bad = collect(make(tmp_path / "in", files), tmp_path / "out")
    assert [item.name.removeprefix("./") for item in bad] == ["x/7-anna-1.wav", "x/7_anna_2.mp3"]
    assert "Name it <label>_<speaker>_<take>" in bad[0].reason
    assert "not a sound file that can be read" in bad[1].reason


def test_two_files_of_the_same_name(tmp_path):
    files = {"a/7_anna_0.wav": encode("WAV"), "b/7_anna_0.flac": encode("FLAC")}
    _, bad = collect(write_directory(tmp_path / "in", files), tmp_path / "out")
    assert bad == [("folder", "b/7_anna_0.flac", "the same label, speaker and take as a/7_anna_0.wav")]


def test_a_folder_without_recordings(tmp_path):
    write_directory(tmp_path / "in", {"README.md": b"none yet"})
    with pytest.raises(
        UserError, match=r"in holds no recordings\. Expected <label>_<speaker>_<take"
    ):
        collect(tmp_path / "in", tmp_path / "out")


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(FetchError, match=r"folder: could not reach .*mine\.zip \(not there\)"):
        collect(tmp_path / "mine.zip", tmp_path / "out")


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "notes.txt").write_text("seven")
    with pytest.raises(ArchiveError, match=r"notes\.txt: not a ZIP or tar archive, or damaged"):
        collect(tmp_path / "notes.txt", tmp_path / "out")
