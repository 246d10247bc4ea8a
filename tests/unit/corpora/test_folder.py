"""folder: recordings of the user's own, wherever and however they are kept."""

import io
import os
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
    assert bad == [
        ("folder", "other-bark_anna_0.wav", "the same label, speaker and take as bark_anna_0.wav")
    ]


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
    assert bad == [
        ("folder", "b/7_anna_0.flac", "the same label, speaker and take as a/7_anna_0.wav")
    ]


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


MAKERS = [write_directory, write_zip, write_tar]


@pytest.mark.parametrize("make", MAKERS)
def test_what_looks_like_sound_and_is_not_taken_is_a_bad_recording(tmp_path, recordings, make):
    files = {
        **recordings("anna"),
        "8_anna_0.m4a": b"AAC",
        "x/9_anna_0.WMA": b"WMA",
        ".7_ben_0.wav": encode("WAV"),
        "__MACOSX/._7_anna_0.wav": b"a Mac was here",
        "Thumbs.db": b"Windows was",
    }
    found, bad = collect(make(tmp_path / "in", files), tmp_path / "out")
    assert found == {"anna.zip": recordings("anna")}
    assert [(item.name.removeprefix("./"), item.reason) for item in bad] == [
        (".7_ben_0.wav", "hidden, as a name that begins with a dot says"),
        ("8_anna_0.m4a", ".m4a cannot be read. Convert it to WAV, for example with ffmpeg"),
        ("x/9_anna_0.WMA", ".wma cannot be read. Convert it to WAV, for example with ffmpeg"),
    ]


@pytest.mark.parametrize("suffix", ["opus", "oga", "aiff"])
def test_formats_that_are_heard_by_name_are_found_too(tmp_path, suffix):
    container = {"aiff": "AIFF"}.get(suffix, "OGG")
    write_directory(tmp_path / "in", {f"7_anna_0.{suffix}": encode(container)})
    found, bad = collect(tmp_path / "in", tmp_path / "out")
    assert (list(found["anna.zip"]), bad) == (["7_anna_0.wav"], [])


@pytest.mark.parametrize("make", [write_directory, write_tar])
def test_a_name_with_a_byte_that_is_no_utf_8(tmp_path, recordings, make):
    files = {**recordings("anna"), "7_jos\udce9_0.wav": encode("WAV")}
    found, bad = collect(make(tmp_path / "in", files), tmp_path / "out")
    assert found == {"anna.zip": recordings("anna")}
    assert bad[0].name.removeprefix("./") == r"7_jos\xe9_0.wav"
    assert r"the speaker 'jos\xe9' is not letters a-z, digits and hyphens" in bad[0].reason


def test_a_zip_of_an_old_windows_says_which_part_is_wrong(tmp_path, recordings):
    """Its names are in code page 437 (or another: nothing says so)."""
    files = {**recordings("anna"), "7_jose_0.wav": encode("WAV")}
    archive = write_zip(tmp_path / "in.zip", files)
    archive.write_bytes(archive.read_bytes().replace(b"7_jose_0.wav", b"7_jos\x82_0.wav"))
    _, bad = collect(archive, tmp_path / "out")
    assert bad[0].name == "7_josé_0.wav"
    assert "the speaker 'josé' is not letters" in bad[0].reason


def test_a_name_with_a_line_end_stays_on_its_line(tmp_path, recordings):
    files = {**recordings("anna"), "7_an\nna_0.wav": encode("WAV")}
    _, bad = collect(write_directory(tmp_path / "in", files), tmp_path / "out")
    assert bad[0].name == r"7_an\nna_0.wav"
    assert "\n" not in bad[0].reason


def test_files_that_cannot_be_read_do_not_stop_the_others(tmp_path, recordings, monkeypatch):
    monkeypatch.setattr(folder, "MAX_MEMBER_BYTES", 20_000)
    source = write_directory(
        tmp_path / "in", {**recordings("anna"), "7_ben_0.wav": bytes(20_001), "x.wav/y": b""}
    )
    (source / "7_carl_0.wav").symlink_to("nowhere")
    os.mkfifo(source / "7_dora_0.wav")
    found, bad = collect(source, tmp_path / "out")
    assert found == {"anna.zip": recordings("anna")}
    assert [(item.name, item.reason) for item in bad] == [
        ("7_ben_0.wav", "more than 20000 bytes; no recording of a word is that long"),
        ("7_carl_0.wav", "cannot be read (No such file or directory)"),
        ("7_dora_0.wav", "no regular file"),
    ]


def test_a_recording_whose_header_is_wrong_is_taken_and_told(tmp_path, recordings, capsys):
    wav = recordings("anna")["7_anna_0.wav"]
    killed = wav[:40] + bytes(4) + wav[44:]
    source = write_directory(tmp_path / "in", {**recordings("anna"), "7_anna_0.wav": killed})
    assert collect(source, tmp_path / "out") == ({"anna.zip": recordings("anna")}, [])
    assert (
        "folder: 7_anna_0.wav: its header says that there is no sound, as a recorder leaves it"
        in capsys.readouterr().err
    )
