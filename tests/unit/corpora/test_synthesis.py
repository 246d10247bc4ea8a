"""The synthetic corpora: voices of espeak-ng and Pico, the same bytes wherever they are made."""

import ctypes
import os
import pty
import shutil
import subprocess
import sys
import termios
from pathlib import Path

import espeakng_loader
import numpy as np
import py_nanotts
import pytest

from spoken_digits.corpora import espeak, espeak_process, pico, pico_process
from spoken_digits.corpora.pico import _trim
from spoken_digits.corpora.synthesis import DIGIT_WORDS, SynthesisError
from spoken_digits.params import Voices
from spoken_digits.recording import DIGITS, parse_name
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav

SRC = Path(__file__).parents[3] / "src"
SETTINGS = Voices(speakers=12, takes=2, other_takes=3)


@pytest.fixture(scope="module", params=[espeak, pico], ids=["espeak", "pico"])
def synthesiser(request):
    return request.param


@pytest.fixture(scope="module")
def letter(synthesiser):
    """What the names of a corpus's voices start with."""
    return {espeak: "v", pico: "p"}[synthesiser]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, synthesiser):
    target = tmp_path_factory.mktemp("voices")
    synthesiser.collect(SETTINGS, target)
    return target


@pytest.fixture(scope="module")
def clips(corpus):
    """Every recording: {name: (samples, rate)}."""
    return {
        name: read_wav(content)
        for shard in sorted(corpus.iterdir())
        for name, content in read_shard(shard)
    }


def test_no_accent_spells_a_digit_out():
    """espeak-ng reads a word letter by letter where its language has none like it."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(espeak_process._SYNCHRONOUS, 0, data, 0)
    assert rate == espeak_process.SAMPLE_RATE
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    as_ipa = 2

    def stresses(word):
        text = ctypes.c_char_p(word.encode())
        ipa = library.espeak_TextToPhonemes(
            ctypes.byref(text), espeak_process._UTF8, as_ipa
        ).decode()
        return sum(
            mark in "\N{MODIFIER LETTER VERTICAL LINE}\N{MODIFIER LETTER LOW VERTICAL LINE}"
            for mark in ipa
        )

    for accent in (*espeak._ENGLISH, *espeak._FOREIGN):
        assert library.espeak_SetVoiceByName(accent.encode()) == 0, accent
        for word in DIGIT_WORDS[espeak._language(accent)].split():
            assert stresses(word) <= 2, f"{word} of {accent}"
    library.espeak_SetVoiceByName(b"roa/es")
    assert stresses("zri") == 3  # how three was once spelt: zeta, ere, i


def test_one_shard_a_voice_and_nothing_else(corpus, letter):
    made = sorted(path.name for path in corpus.iterdir())
    assert made == [f"{letter}{n:03d}.zip" for n in range(12)]


@pytest.mark.parametrize("speakers", [1, 5])
def test_the_same_bytes_again_whatever_the_number_of_speakers(
    corpus, synthesiser, tmp_path, speakers
):
    synthesiser.collect(SETTINGS.model_copy(update={"speakers": speakers}), tmp_path)
    made = sorted(tmp_path.iterdir())
    assert len(made) == speakers
    for shard in made:
        assert shard.read_bytes() == (corpus / shard.name).read_bytes(), shard.name


def test_every_voice_says_every_digit_and_other_words(clips, letter):
    said = {}
    for name in clips:
        parsed = parse_name("espeak", name)
        said.setdefault(parsed.speaker, []).append(parsed)
    assert sorted(said) == [f"{letter}{n:03d}" for n in range(12)]
    for names in said.values():
        digits = sorted((name.label, name.take) for name in names if name.label in DIGITS)
        assert digits == [(digit, take) for digit in DIGITS for take in range(2)]
        assert len(names) - len(digits) == 3
    assert len({name.label for names in said.values() for name in names}) > 10 + 12


def test_no_other_words(tmp_path, synthesiser, letter):
    synthesiser.collect(Voices(speakers=1, takes=1, other_takes=0), tmp_path)
    labels = [
        parse_name("espeak", name).label for name, _ in read_shard(tmp_path / f"{letter}000.zip")
    ]
    assert labels == list(DIGITS)


def test_every_recording_sounds_and_is_as_long_as_a_word(clips):
    for name, (samples, rate) in clips.items():
        loud = np.abs(samples.astype(int))
        assert loud.max() > 1000, f"{name} is silent"
        assert 0.05 < len(samples) / rate < 2.5, f"{name} lasts {len(samples) / rate} s"
        # Its silence is cut: a pause at the end would move the word in its picture.
        for end in (loud[: rate // 100], loud[-rate // 100 :]):
            assert end.max() > 0, name


def test_takes_of_a_digit_differ(clips):
    same = [
        name
        for name in clips
        if parse_name("espeak", name).take == 0
        and (other := name.replace("_0.wav", "_1.wav")) in clips
        and np.array_equal(clips[name][0], clips[other][0])
    ]
    assert same == []


def test_no_two_voices_say_a_digit_alike(clips, letter):
    for digit in DIGITS:
        spoken = [clips[f"{digit}_{letter}{voice:03d}_0.wav"][0].tobytes() for voice in range(12)]
        assert len(set(spoken)) == 12


def test_voices_are_high_and_low_slow_and_quick(clips, letter):
    """Voices differ in what a listener tells them by: brightness, and how long they take."""

    def centroid(samples, rate):
        power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / rate)
        low = hertz < 4000
        return (power[low] * hertz[low]).sum() / power[low].sum()

    voices = [[clips[f"{d}_{letter}{n:03d}_0.wav"] for d in DIGITS] for n in range(12)]
    brightness = [np.mean([centroid(*clip) for clip in clips]) for clips in voices]
    lengths = [np.mean([len(samples) / rate for samples, rate in clips]) for clips in voices]
    assert max(brightness) > 1.25 * min(brightness)
    assert max(lengths) > 1.25 * min(lengths)


def assert_nothing_made(target):
    assert list(target.glob("*")) == []


def test_a_library_that_is_not_there(tmp_path, monkeypatch):
    missing = str(tmp_path / "libespeak-ng.so")
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: missing)
    target = tmp_path / "shards"
    with pytest.raises(SynthesisError) as caught:
        espeak.collect(Voices(speakers=2, takes=1, other_takes=0), target)
    assert "espeak-ng failed for voice 0" in str(caught.value)
    assert f"{missing}: cannot open shared object file" in str(caught.value)
    assert "Use recordings instead, e.g. corpora: [fsdd]" in str(caught.value)
    assert_nothing_made(target)


def test_a_library_that_is_another(tmp_path, monkeypatch):
    wrong = tmp_path / "libespeak-ng.so"
    wrong.write_bytes(b"no library at all" * 99)
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(wrong))
    with pytest.raises(SynthesisError, match=r"failed for voice 0 .*: OSError: .*Use recordings"):
        espeak.collect(Voices(speakers=1, takes=1, other_takes=0), tmp_path / "shards")


def test_voice_data_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path / "data"))
    target = tmp_path / "shards"
    words = r"espeak-ng's data cannot be read: .*/data/[a-z_]+.*corpora: \[fsdd\]"
    with pytest.raises(SynthesisError, match=words):
        espeak.collect(Voices(speakers=1, takes=1, other_takes=0), target)
    assert_nothing_made(target)


def test_voice_data_that_are_damaged(tmp_path, monkeypatch):
    """Links to the real data, but for one file of phonemes that is cut to nothing."""
    data = tmp_path / "data"
    data.mkdir()
    for path in Path(espeakng_loader.get_data_path()).iterdir():
        (data / path.name).symlink_to(path)
    (data / "phontab").unlink()
    (data / "phontab").write_bytes(b"")
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(data))
    target = tmp_path / "shards"
    with pytest.raises(SynthesisError, match=r"espeak-ng failed for voice 0 .*Use recordings"):
        espeak.collect(Voices(speakers=1, takes=1, other_takes=0), target)
    assert_nothing_made(target)


def test_pico_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(py_nanotts, "__file__", str(tmp_path / "py_nanotts" / "__init__.py"))
    target = tmp_path / "shards"
    words = r"Pico failed for voice 0 \(.*\): ModuleNotFoundError: .*py_nanotts.*Use recordings"
    with pytest.raises(SynthesisError, match=words):
        pico.collect(Voices(speakers=2, takes=1, other_takes=0), target)
    assert_nothing_made(target)


@pytest.mark.parametrize("content", [None, b"", b"no voice at all" * 99])
def test_pico_voices_that_are_missing_or_damaged(tmp_path, monkeypatch, content):
    package = tmp_path / "py_nanotts"
    shutil.copytree(Path(py_nanotts.__file__).parent, package)
    for voice in (package / "lang").iterdir():
        voice.unlink()
        if content is not None:
            voice.write_bytes(content)
    monkeypatch.setattr(py_nanotts, "__file__", str(package / "__init__.py"))
    target = tmp_path / "shards"
    with pytest.raises(SynthesisError, match=r"Pico failed for voice 0 \(.*\): .*Use recordings"):
        pico.collect(Voices(speakers=1, takes=1, other_takes=0), target)
    assert_nothing_made(target)


def test_nothing_of_pico_is_clipped(tmp_path):
    pico.collect(Voices(speakers=4, takes=2, other_takes=8), tmp_path)
    for shard in tmp_path.iterdir():
        for name, content in read_shard(shard):
            samples, _ = read_wav(content)
            assert np.abs(samples.astype(int)).max() < 32767, name


def test_pico_clicks_after_a_full_stop_are_cut():
    word = np.full(3000, 5000, np.int16)
    silence, click = np.zeros(4000, np.int16), np.full(300, 200, np.int16)
    assert np.array_equal(_trim(np.concatenate([silence, word, silence, click, silence])), word)
    t = np.full(100, 30, np.int16)  # a plosive, 0.1 s after its vowel
    plosive = np.concatenate([word, np.zeros(1600, np.int16), t])
    assert np.array_equal(_trim(np.concatenate([plosive, silence])), plosive)


def test_what_pico_hardly_says_is_kept_as_it_is():
    for samples in (np.zeros(0, np.int16), np.full(500, 50, np.int16)):
        assert np.array_equal(_trim(samples), samples)


def test_vocal_tracts_differ_between_voices_of_pico(tmp_path):
    pico.collect(Voices(speakers=12, takes=1, other_takes=0), tmp_path)
    rates = {read_wav(next(read_shard(shard))[1])[1] for shard in tmp_path.iterdir()}
    assert len(rates) > 5
    own = pico_process.SAMPLE_RATE
    assert 0.8 * own <= min(rates) < own < max(rates) <= 1.15 * own


def test_progress_on_a_terminal(tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    program = (
        "from pathlib import Path; from spoken_digits.corpora.espeak import collect; "
        "from spoken_digits.params import Voices; "
        f"collect(Voices(speakers=3, takes=1, other_takes=0), Path({str(tmp_path)!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        stderr=theirs,
        env=os.environ | {"PYTHONPATH": str(SRC)},
        check=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # how Linux says that all has been read
        pass
    finally:
        os.close(ours)
    assert "espeak: 100%" in shown.decode()
    assert "3/3" in shown.decode()
