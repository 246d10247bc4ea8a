"""predict_live.py on files and on standard input, as a user runs it."""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from live_support import (
    METADATA,
    OF_WORDS,
    PROGRAM,
    ROOT,
    murmur,
    project,
    recognise_words,
    room,
    save_model,
    word,
)

from spoken_digits.vocabulary import digits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path)


def _run(folder: Path, *arguments: str, sound: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=folder,
        input=sound,
        capture_output=True,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def _pcm(sound: np.ndarray) -> bytes:
    return np.rint(sound * 32767).astype("<i2").tobytes()


def test_a_line_a_file_whatever_its_format(folder):
    for digit, (suffix, rate, subtype) in enumerate(
        [("wav", 16_000, "PCM_16"), ("wav", 48_000, "PCM_24"), ("wav", 22_050, "FLOAT"),
         ("wav", 16_000, "PCM_U8"), ("flac", 44_100, "PCM_16"), ("ogg", 48_000, "VORBIS"),
         ("mp3", 32_000, "MPEG_LAYER_III")]
    ):  # fmt: skip
        sound = room(0.2, word(digit), 0.2)
        wide = np.interp(np.arange(0, len(sound), 16_000 / rate), np.arange(len(sound)), sound)
        stereo = np.stack([wide, wide * 0.9], axis=1)
        soundfile.write(folder / f"{digit}_anna_0.{suffix}", stereo, rate, subtype=subtype)
    files = sorted(path.name for path in folder.glob("?_anna_0.*"))
    done = _run(folder, *files)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[:-1]] == [f"{f}: {f[0]}" for f in files]
    assert lines[-1].startswith("digits: 7 of 7 right, 100.00% (95% interval 64.57% to 100.00%)")


def test_json_has_a_line_a_file_and_null_for_no_digit(folder):
    soundfile.write(folder / "a.wav", room(word(4)), 16_000)
    soundfile.write(folder / "b.wav", room(murmur(0.5)), 16_000)
    (folder / "c.wav").write_bytes(b"")
    done = _run(folder, "--json", "a.wav", "b.wav", "c.wav")
    four, none, bad = map(json.loads, done.stdout.splitlines())
    assert (four["file"], four["digit"]) == ("a.wav", "4")
    assert four["confidence"] > 0.9
    assert list(four["probabilities"]) == list(digits().classes)
    assert none["digit"] is None
    assert none["reason"] == "sounds like something else"
    assert bad == {"file": "c.wav", "error": "c.wav: an empty file"}
    assert done.returncode == 1


def test_a_directory_is_searched_and_summed_up(folder):
    for name, sound in {
        "x/1_anna_0.wav": word(1), "x/2_anna_0.wav": word(3), "x/y/5_anna_0.wav": murmur(0.4),
        "other-tree_anna_0.wav": murmur(0.4), "other-dog_anna_0.wav": word(9),
        "unnamed.wav": word(1),
    }.items():  # fmt: skip
        (folder / "sounds" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "sounds" / name, room(0.1, sound, 0.1), 16_000)
    (folder / "sounds" / "notes.txt").write_text("no sound")
    done = _run(folder, "sounds")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 6 + 2
    assert lines[-2].startswith("digits: 1 of 3 right, 33.33%")
    assert lines[-2].endswith("1 taken for another digit, 1 for none")
    assert lines[-1] == "other words: 1 of 2 taken for a digit"


def test_bad_files_are_named_and_the_others_still_heard(folder):
    soundfile.write(folder / "good.wav", room(word(4)), 16_000)
    soundfile.write(folder / "nan.wav", np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    soundfile.write(folder / "long.wav", np.zeros(60 * 16_000), 16_000)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("not a sound")
    names = ["nan.wav", "long.wav", "empty.wav", "text.wav", "missing.wav", "good.wav"]
    done = _run(folder, *names)
    assert done.returncode == 1
    assert done.stdout.startswith("good.wav: 4")
    for words in [
        "nan.wav: holds samples that are not finite numbers",
        "long.wav: more than 10 s long, so not one word. To hear all the words in it: --string",
        "empty.wav: an empty file",
        "text.wav: not a sound file that can be read",
        "missing.wav: cannot be read (No such file or directory)",
        "5 of 6 files could not be heard",
    ]:
        assert words in done.stderr


def test_three_hours_are_no_word(folder):
    with soundfile.SoundFile(folder / "long.wav", "w", 16_000, 1) as file:
        file.write(np.zeros(160, np.float32))
    size = 3 * 3600 * 16_000 * 2
    header = bytearray((folder / "long.wav").read_bytes()[:44])
    header[4:8], header[40:44] = struct.pack("<I", size + 36), struct.pack("<I", size)
    with (folder / "long.wav").open("wb") as file:
        file.write(header)
        file.truncate(size + 44)  # its silence takes no room on the disk
    done = _run(folder, "long.wav")
    assert done.returncode == 1
    assert "long.wav: more than 10 s long, so not one word" in done.stderr


def test_files_without_sound_have_no_number(folder):
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "none.wav", np.zeros(0), 16_000)
    (folder / "text.wav").write_text("not a sound")
    done = _run(folder, "--string", "empty.wav", "none.wav", "text.wav")
    assert (done.returncode, done.stdout) == (1, "")
    for words in [
        "empty.wav: an empty file",
        "none.wav: holds no sound, 0 samples",
        "text.wav: not a sound file that can be read",
        "3 of 3 files could not be heard",
    ]:
        assert words in done.stderr


def test_all_the_digits_of_a_file(folder):
    number = [part for digit in (5, 5, 1) for part in (word(digit), 0.15)]
    long = room(0.5, *number, 2.0, word(7), word(8), 0.5, murmur(0.6), 1.0)
    soundfile.write(folder / "number.wav", np.repeat(long, 3), 48_000)
    soundfile.write(folder / "nan.wav", np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    done = _run(folder, "--string", "number.wav")
    assert (done.returncode, done.stdout) == (0, "number.wav: 551 78\n")
    done = _run(folder, "--string", "--json", "nan.wav", "number.wav")
    assert done.returncode == 1
    heard = json.loads(done.stdout.splitlines()[1])
    assert (heard["file"], heard["string"]) == ("number.wav", "551 78")
    assert [number["string"] for number in heard["numbers"]] == ["551", "78"]
    assert "nan.wav: holds samples that are not finite numbers" in done.stderr


def test_standard_input_is_a_stream(folder):
    sound = _pcm(room(word(6), 0.8, word(0), 0.8, murmur(0.5), 0.5))
    done = _run(folder, "--json", "-", sound=sound + b"x")  # half a sample at its end
    heard = [json.loads(line) for line in done.stdout.splitlines()]
    assert [word["digit"] for word in heard] == ["6", "0", None]
    assert heard[1]["start"] == pytest.approx(1.2, abs=0.05)
    assert heard[1]["latency_ms"] is None
    assert done.returncode == 0


def test_standard_input_stops_after_some_seconds_or_one_word(folder):
    sound = _pcm(room(0.5, word(6), 0.8, word(0), 0.8, noise=0.0))
    assert len(_run(folder, "--seconds", "1", "-", sound=sound).stdout.splitlines()) == 1
    assert len(_run(folder, "--once", "-", sound=sound).stdout.splitlines()) == 1
    assert _run(folder, "--string", "-", sound=sound).stdout == "60\n"


def _shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run the program, written as predict_live, in bash."""
    program = f"{sys.executable} {PROGRAM}"
    done = subprocess.run(
        ["bash", "-c", command.replace("predict_live", program)],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("command", "heard"),
    [
        ("predict_live <(cat w.wav)", ": 7  "),
        ("cat w.wav | predict_live /dev/stdin", "/dev/stdin: 7  "),
        ("predict_live /dev/stdin < w.wav", "/dev/stdin: 7  "),
        ("cat w.wav | predict_live --string /dev/stdin", "/dev/stdin: 7\n"),
        ("cat w.wav | predict_live -", " s  7  "),
        ("cat w.flac | predict_live -", " s  7  "),
    ],
)
def test_files_that_can_be_read_only_once(folder, command, heard):
    sound = np.repeat(room(0.3, word(7), 0.3), 3)
    soundfile.write(folder / "w.wav", np.stack([sound, -sound], axis=1), 48_000)
    soundfile.write(folder / "w.flac", sound, 48_000)
    done = _shell(folder, command)
    assert (done.returncode, heard in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("bytes_", [30, 44, 40_001])
def test_a_wav_whose_writer_ended_half_way(folder, bytes_):
    soundfile.write(folder / "w.wav", room(0.5, word(3), 2.0), 16_000)
    done = _run(folder, "-", sound=(folder / "w.wav").read_bytes()[:bytes_])
    assert done.returncode == 1
    said = {30: "not a sound file that can be read (", 44: "cut short, 0 of 46400 samples",
            40_001: "cut short, 19978 of 46400 samples"}  # fmt: skip
    assert done.stderr.splitlines()[-1].startswith(f"error: standard input: {said[bytes_]}")
    assert ("  3  " in done.stdout) == (bytes_ == 40_001)  # what was heard before is not lost


@pytest.mark.parametrize(
    "encoding", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
                 {"PYTHONIOENCODING": "ascii"}], ids=["locale", "stream"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["drei é.wav", "none é.wav"])
def test_a_name_that_the_terminal_s_encoding_lacks(folder, encoding, name):
    """It is escaped, as on standard error."""
    soundfile.write(folder / "drei é.wav", room(0.2, word(3), 0.2), 16_000)
    done = subprocess.run(
        [sys.executable, PROGRAM, name, "drei é.wav"],
        cwd=folder, env=os.environ | encoding, capture_output=True, encoding="ascii",
    )  # fmt: skip
    assert "drei \\xe9.wav: 3" in done.stdout
    assert done.returncode == (name == "none é.wav")
    if done.returncode:
        assert "error: none \\xe9.wav: cannot be read (No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_digital_silence_on_standard_input_is_told(folder):
    done = _run(folder, "-", sound=bytes(2 * 16_000 * 10))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("nothing but digital silence for 3 s") == 1


def test_two_words_in_a_file_are_a_hint_at_string(folder):
    both = room(0.05, word(7, 0.4), 0.1, word(3, 0.35), 0.05)
    soundfile.write(folder / "two.wav", both, 16_000)
    soundfile.write(folder / "one.wav", room(0.2, word(7), 0.2), 16_000)
    done = _run(folder, "two.wav", "one.wav")
    assert (
        "notice: two.wav: there may be several words in it: 73. To hear all of them: --string"
        in done.stderr
    )
    assert "one.wav" not in done.stderr


def test_a_directory_from_a_mac_with_a_name_of_another_age(folder):
    sounds = folder / "sounds"
    sounds.mkdir()
    soundfile.write(sounds / "7_a_0.wav", room(0.1, word(7), 0.1), 16_000)
    content = (sounds / "7_a_0.wav").read_bytes()
    (sounds / "7_jos\udce9_0.wav").write_bytes(content)
    (sounds / "._7_a_0.wav").write_bytes(b"a Mac was here")
    (sounds / "8_a_0.m4a").write_bytes(b"AAC")
    done = _run(folder, "sounds")
    assert done.returncode == 0
    assert "sounds/7_a_0.wav: 7  " in done.stdout
    assert r"sounds/7_jos\xe9_0.wav: 7  " in done.stdout
    assert "._7_a_0.wav" not in done.stdout + done.stderr
    assert "notice: sounds: 1 that may be sound are not heard:" in done.stderr
    assert "8_a_0.m4a: .m4a cannot be read. Convert it to WAV" in done.stderr
    read = _run(folder, "--string", "--json", "sounds").stdout.splitlines()
    assert [json.loads(line)["string"] for line in read] == ["7", "7"]


def test_nothing_on_standard_input(folder):
    done = _run(folder, "-")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-", "a.wav"], 2, "cannot be mixed with files"),
        (["a.wav", "--device", "1"], 2, "about the microphone; no FILE then"),
        (["a.wav", "--once"], 2, "are for listening; no FILE then"),
        (["--seconds", "-1"], 2, "more than 0"),
        (["--seconds", "soon"], 2, "argument --seconds: soon: not a number of seconds"),
        (["--seconds", "nan"], 2, "nan: more than 0, at most a day"),
        ([""], 2, "argument FILE: an empty name"),
        (["--model", ""], 2, "argument --model: an empty name"),
        (["--save", ""], 2, "argument --save: an empty name"),
        (["--string", "--save", "kept"], 2, "--save keeps single words; --string reads whole"),
        (["--model", "none.onnx"], 3, "none.onnx: no such file. Make it with: dvc repro"),
        (["--model", "params.yaml"], 3, "params.yaml: not an ONNX model that can be read"),
        (["models"], 1, "models: no sound file in it (.wav, .flac, .ogg, .mp3, "),
    ],
)
def test_what_cannot_be_asked(folder, arguments, code, words):
    done = _run(folder, *arguments)
    assert done.returncode == code
    assert words in done.stderr


def test_a_model_of_another_version(folder):
    save_model(folder / "old.onnx", {"format": "spoken-digits 0"})
    done = _run(folder, "--model", "old.onnx", "a.wav")
    assert done.returncode == 3
    assert "old.onnx: a model of another version ('spoken-digits 0'" in done.stderr


def test_no_model_at_all(folder):
    (folder / "models/released/digits.onnx").unlink()
    done = _run(folder, "a.wav")
    assert done.returncode == 3
    assert done.stderr == (
        "error: models/released/digits.onnx: no such file (params.yaml has live.model: released). "
        "Name another there, or with --model\n"
    )


@pytest.mark.slow
def test_which_model_it_is_and_that_another_was_trained_since(folder):
    soundfile.write(folder / "a.wav", room(word(4)), 16_000)
    released, trained = folder / "models/released/digits.onnx", folder / "models/digits.onnx"
    told = {
        "corpora": json.dumps(["espeak", "pico"]),
        "accuracy": json.dumps({"accuracy": 0.95897, "n": 1560}),
    }
    save_model(trained, METADATA | told)
    which = "model: models/released/digits.onnx, which does not say what it was trained on\n"
    newer = (
        "a newer model is models/digits.onnx. "
        "To use it: --model models/digits.onnx, or live.model: trained\n"
    )
    done = _run(folder, "--json", "a.wav")
    assert done.stderr == which  # as old as the other: a clone
    assert json.loads(done.stdout)["digit"] == "4"

    os.utime(released, (time.time() - 3600,) * 2)
    assert _run(folder, "--json", "a.wav").stderr == which + newer
    assert _run(folder, "--string", "a.wav").stderr == which + newer
    assert _run(folder, "-").stderr == which + newer

    theirs = (
        "model: models/digits.onnx, trained on espeak + pico, 95.90% of 1,560 test digits right\n"
    )
    assert _run(folder, "--model", "models/digits.onnx", "a.wav").stderr == theirs
    text = (folder / "params.yaml").read_text().replace("model: released", "model: trained")
    (folder / "params.yaml").write_text(text)
    assert _run(folder, "a.wav").stderr == theirs
    assert _run(folder, "--model", str(released), "a.wav").stderr.startswith(f"model: {released}")


def test_a_vocabulary_of_words(folder):
    recognise_words(folder)
    for name, sound in {
        "yes_anna_0.wav": word(0), "lights-on_anna_0.wav": word(2), "no_anna_0.wav": word(0),
        "other-go_anna_0.wav": murmur(0.4), "stop_anna_0.wav": word(1),
    }.items():  # fmt: skip
        (folder / "sounds").mkdir(exist_ok=True)
        soundfile.write(folder / "sounds" / name, room(0.1, sound, 0.1), 16_000)
    done = _run(folder, "sounds")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("sounds/lights-on_anna_0.wav: lights-on  ")
    assert "other-go_anna_0.wav: no word of the vocabulary (sounds like something else" in lines[2]
    assert lines[-2].startswith("words: 2 of 3 right, 66.67%")
    assert lines[-2].endswith("1 taken for another word, 0 for none")
    assert lines[-1] == "other words: 1 of 2 taken for a word"

    done = _run(folder, "--json", "sounds/lights-on_anna_0.wav", "sounds/other-go_anna_0.wav")
    on, none = map(json.loads, done.stdout.splitlines())
    assert (on["word"], none["word"]) == ("lights-on", None)
    assert list(on["probabilities"]) == ["yes", "no", "lights-on", "other"]
    assert "digit" not in on

    sound = _pcm(room(0.5, word(2), 0.8, word(0), 3.0, word(1), 0.8))
    assert _run(folder, "--string", "-", sound=sound).stdout == "lights-on yes\nno\n"


def test_a_model_of_another_vocabulary_than_params_yaml_has(folder):
    """Whichever of the two is wrong, nothing is recognised as something else."""
    save_model(folder / "models/digits.onnx", OF_WORDS, words=3)
    ten = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    done = _run(folder, "--model", "models/digits.onnx", "a.wav")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "error: models/digits.onnx: recognises yes, no, lights-on, and the vocabulary in "
        f"params.yaml is {ten}. Name another model, or set there vocabulary: [yes, no, lights-on]\n"
    )
    params = folder / "params.yaml"
    text = params.read_text()
    params.write_text(text.replace("vocabulary: digits ", "vocabulary: [yes, no, up] "))
    done = _run(folder, "a.wav")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"error: models/released/digits.onnx: recognises {ten}, and the vocabulary in params.yaml "
        "is yes, no, up. Set live.model: trained there, or set there vocabulary: digits\n"
    )
    params.write_text(params.read_text().replace("model: released", "model: trained"))
    done = _run(folder, "a.wav")
    assert done.returncode == 3
    assert "is yes, no, up. Train it anew with: dvc repro, or set there vocabulary:" in done.stderr


def test_words_in_another_order_are_another_vocabulary(folder):
    recognise_words(folder)
    params = folder / "params.yaml"
    text = params.read_text().replace("[yes, no, lights-on]", "[no, yes, lights-on]")
    params.write_text(text)
    assert _run(folder, "a.wav").returncode == 3


def test_a_wrong_parameter(folder):
    text = (folder / "params.yaml").read_text().replace("reject:", "rejct:")
    (folder / "params.yaml").write_text(text)
    done = _run(folder, "a.wav")
    assert done.returncode == 2
    assert "live.rejct: no such key. Did you mean reject?" in done.stderr


def test_no_portaudio(folder):
    """A Python whose sounddevice finds no library says what to install."""
    (folder / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    code = f"import runpy, sys; sys.path.insert(0, {str(folder)!r}); sys.argv = ['x']; " + (
        f"sys.path.insert(1, {str(ROOT / 'src')!r}); "
        f"runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 4
    assert "PortAudio is not installed" in done.stderr
    assert "apt install libportaudio2" in done.stderr


def test_listening_imports_neither_torch_nor_scipy(folder):
    code = (
        f"import runpy, sys; sys.path.insert(0, {str(ROOT / 'src')!r}); sys.argv = ['x', '-']\n"
        f"try: runpy.run_path({str(PROGRAM)!r}, run_name='__main__')\n"
        "except SystemExit: print(sorted({'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, input=_pcm(room(0.3, word(3), 0.8)), capture_output=True,
    )  # fmt: skip
    assert done.stdout.decode().splitlines()[-1] == "['numpy']", done.stderr.decode()
    assert "3  " in done.stdout.decode()


def test_a_reader_that_has_enough(folder):
    """A closed pipe ends the program quietly."""
    sound = _pcm(room(*[part for _ in range(9) for part in (word(1), 0.6)]))
    program = subprocess.Popen(
        [sys.executable, str(PROGRAM), "-"],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdin
    assert program.stdout
    assert program.stderr
    program.stdin.write(sound[:96_000])
    program.stdin.flush()
    program.stdout.readline()
    program.stdout.close()
    try:
        program.stdin.write(sound * 3)
        program.stdin.close()
    except BrokenPipeError:
        pass
    assert program.wait(20) == 0
    assert b"Traceback" not in program.stderr.read()
