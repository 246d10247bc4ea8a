"""The synthetic corpora: voices of espeak-ng and Pico, the same bytes wherever they are made."""

import ctypes
import hashlib
import os
import pty
import random
import shutil
import subprocess
import sys
import termios
from collections import Counter
from pathlib import Path

import espeakng_loader
import numpy as np
import py_nanotts
import pytest
from support import pronounce

from spoken_digits.corpora import espeak, espeak_process, pico, pico_process
from spoken_digits.corpora.pico import _trim
from spoken_digits.corpora.pronunciation import RESPELT, with_foreign_sounds
from spoken_digits.corpora.synthesis import SynthesisError, recorded
from spoken_digits.corpora.transcription import transcribe
from spoken_digits.errors import UserError
from spoken_digits.params import Voices
from spoken_digits.recording import parse_name
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav
from spoken_digits.vocabulary import digits, parse

SRC = Path(__file__).parents[3] / "src"
DIGITS = digits()
LABELS = DIGITS.labels
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
    synthesiser.collect(SETTINGS, DIGITS, target)
    return target


@pytest.fixture(scope="module")
def clips(corpus):
    """Every recording: {name: (samples, rate)}."""
    return {
        name: read_wav(content)
        for shard in sorted(corpus.iterdir())
        for name, content in read_shard(shard)
    }


DIGESTS = {
    espeak: "065f766c153229760f875744ba6653b8ed506cc1e9ba1ba1801aab23e3a0848e",
    pico: "b6358e314eaed30d308ce629c881b64930e077e4aedb011234a7f86f8f294902",
}


def test_the_digits_are_the_bytes_that_they_have_always_been(corpus, synthesiser):
    """A change here is another default data set."""
    shards = b"".join(path.read_bytes() for path in sorted(corpus.iterdir()))
    assert hashlib.sha256(shards).hexdigest() == DIGESTS[synthesiser]


COMMANDS = parse(
    ["yes", "no", "stop", "lights-on=lights on|turn on the lights", "lights-off=lights off"]
)


@pytest.fixture(scope="module")
def commands(tmp_path_factory, synthesiser):
    """Say COMMANDS with 10 voices: {name: (samples, rate)}."""
    target = tmp_path_factory.mktemp("commands")
    synthesiser.collect(Voices(speakers=10, takes=2, other_takes=4), COMMANDS, target)
    return {
        name: read_wav(content)
        for shard in sorted(target.iterdir())
        for name, content in read_shard(shard)
    }


def test_every_voice_says_the_vocabulary_and_words_outside_it(commands):
    labels = Counter(parse_name("espeak", name).label for name in commands)
    assert {labels.pop(label) for label in COMMANDS.labels} == {2 * 10}
    assert sum(labels.values()) == 4 * 10
    assert all(label.startswith("other-") for label in labels)
    assert labels.keys().isdisjoint({"other-yes", "other-no", "other-stop"})


def test_phrases_are_longer_than_words_and_none_is_silent(commands):
    seconds = {label: [] for label in COMMANDS.labels}
    for name, (samples, rate) in commands.items():
        label = parse_name("espeak", name).label
        if label in seconds:
            assert np.abs(samples.astype(int)).max() > 300, name
            assert 0.1 <= len(samples) / rate < 3, name
            seconds[label].append(len(samples) / rate)
    words, phrase = seconds["yes"] + seconds["no"], seconds["lights-off"]
    assert np.median(phrase) > 1.3 * np.median(words)


def test_a_word_with_alternatives_is_said_in_all_of_them(commands):
    lengths = [
        len(samples) / rate
        for name, (samples, rate) in commands.items()
        if name.startswith("lights-on_")
    ]
    assert max(lengths) > 2 * min(lengths)


@pytest.mark.parametrize("language", ["de", "fr", "es", "it"])
def test_digits_in_other_languages(tmp_path, synthesiser, language):
    synthesiser.collect(Voices(speakers=3, takes=1, other_takes=2), digits(language), tmp_path)
    for shard in tmp_path.iterdir():
        said = dict(read_shard(shard))
        others = [name for name in said if name.startswith("other-")]
        assert len(said) == 12
        assert len(others) == 2
        for name, content in said.items():
            samples, rate = read_wav(content)
            assert np.abs(samples.astype(int)).max() > 300, name
            assert 0.1 <= len(samples) / rate < 2.5, name


def test_a_pause_within_an_italian_word_does_not_end_it(tmp_path):
    pico.collect(Voices(speakers=6, takes=1, other_takes=0), digits("it"), tmp_path)
    for shard in tmp_path.iterdir():
        said = {name[0]: read_wav(content) for name, content in read_shard(shard)}
        seconds = {digit: len(samples) / rate for digit, (samples, rate) in said.items()}
        assert seconds["4"] > seconds["3"], shard  # quattro, whose tt is a pause, and tre


def test_a_word_that_cannot_be_spoken(tmp_path, synthesiser):
    target = tmp_path / "shards"
    with pytest.raises(UserError, match="vocabulary: 'tea': 'чай' cannot be spoken by the voices"):
        synthesiser.collect(SETTINGS, parse(["coffee", "tea=чай"]), target)
    assert_nothing_made(target)


def test_a_clip_that_is_very_short_is_followed_by_silence():
    samples, rate = read_wav(recorded(np.full(100, 500, np.int16), 16_000))
    assert (len(samples), rate) == (1600, 16_000)
    assert not samples[100:].any()
    longer = np.full(1700, 500, np.int16)
    assert np.array_equal(read_wav(recorded(longer, 16_000))[0], longer)


@pytest.mark.parametrize(
    ("phonemes", "markup"),
    [
        (("st", "'o", "p"), "<phoneme ph='\"stop'/>"),
        (("t", "e", "m", "'a", "t", "o"), "<phoneme ph='te\"mato'/>"),
        (("i", "'e", "s"), "<phoneme ph='\"ies'/>"),
        (("t", "u", "'e", "l", "b"), "<phoneme ph='\"tuelb'/>"),
        (("o", "n", " ", "'a", "f"), "<phoneme ph='on'/> <phoneme ph='\"af'/>"),
    ],
)
def test_picos_markup_puts_the_stress_before_the_syllable(phonemes, markup):
    assert pico._markup(phonemes, "es") == markup


def test_picos_german_and_french_r_is_another():
    assert pico._markup(("r", "'a"), "fr") == "<phoneme ph='\"Ra'/>"


@pytest.mark.parametrize("accent", espeak._FOREIGN)
def test_english_by_foreign_voices_lasts_about_as_long_as_by_english_ones(accent):
    """What espeak-ng does not know as a phoneme ends what it says."""
    words = ["yes", "right", "stop", "thing", "judge", "house", "forward", "water", "vision"]
    english = transcribe(words, ["gmw/en"])["gmw/en"]
    language = espeak._language(accent)
    texts = [
        f"[[{''.join(with_foreign_sounds(english[word], language, random.Random(0)))}]]"
        for word in words
    ]
    ours = [len(espeak._trim(clip)) for clip in pronounce(*words)[0]]
    theirs = [len(espeak._trim(clip)) for clip in pronounce(*texts, voice=accent)[0]]
    for word, one, other in zip(words, ours, theirs, strict=True):
        assert 0.35 < other / one < 1.8, word


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

    for accent in espeak._FOREIGN:
        assert library.espeak_SetVoiceByName(accent.encode()) == 0, accent
        for word in RESPELT[espeak._language(accent)].values():
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
    synthesiser.collect(SETTINGS.model_copy(update={"speakers": speakers}), DIGITS, tmp_path)
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
        digits = sorted((name.label, name.take) for name in names if name.label in LABELS)
        assert digits == [(digit, take) for digit in LABELS for take in range(2)]
        assert len(names) - len(digits) == 3
    assert len({name.label for names in said.values() for name in names}) > 10 + 12


def test_no_other_words(tmp_path, synthesiser, letter):
    synthesiser.collect(Voices(speakers=1, takes=1, other_takes=0), DIGITS, tmp_path)
    labels = [
        parse_name("espeak", name).label for name, _ in read_shard(tmp_path / f"{letter}000.zip")
    ]
    assert labels == list(LABELS)


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
    for digit in LABELS:
        spoken = [clips[f"{digit}_{letter}{voice:03d}_0.wav"][0].tobytes() for voice in range(12)]
        assert len(set(spoken)) == 12


def test_voices_are_high_and_low_slow_and_quick(clips, letter):
    """Voices differ in what a listener tells them by: brightness, and how long they take."""

    def centroid(samples, rate):
        power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / rate)
        low = hertz < 4000
        return (power[low] * hertz[low]).sum() / power[low].sum()

    voices = [[clips[f"{d}_{letter}{n:03d}_0.wav"] for d in LABELS] for n in range(12)]
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
        espeak.collect(Voices(speakers=2, takes=1, other_takes=0), DIGITS, target)
    assert "espeak-ng failed: " in str(caught.value)
    assert f"{missing}: cannot open shared object file" in str(caught.value)
    assert "Use recordings instead, e.g. corpora: [fsdd]" in str(caught.value)
    assert_nothing_made(target)


def test_a_library_that_is_another(tmp_path, monkeypatch):
    wrong = tmp_path / "libespeak-ng.so"
    wrong.write_bytes(b"no library at all" * 99)
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(wrong))
    with pytest.raises(SynthesisError, match=r"espeak-ng failed: OSError: .*Use recordings"):
        espeak.collect(Voices(speakers=1, takes=1, other_takes=0), DIGITS, tmp_path / "shards")


def test_voice_data_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path / "data"))
    target = tmp_path / "shards"
    words = r"espeak-ng failed: .*corpora: \[fsdd\]"
    with pytest.raises(SynthesisError, match=words):
        espeak.collect(Voices(speakers=1, takes=1, other_takes=0), DIGITS, target)
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
    with pytest.raises(SynthesisError, match=r"espeak-ng failed: .*Use recordings"):
        espeak.collect(Voices(speakers=1, takes=1, other_takes=0), DIGITS, target)
    assert_nothing_made(target)


def test_pico_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(py_nanotts, "__file__", str(tmp_path / "py_nanotts" / "__init__.py"))
    target = tmp_path / "shards"
    words = r"Pico failed for voice 0 \(.*\): ModuleNotFoundError: .*py_nanotts.*Use recordings"
    with pytest.raises(SynthesisError, match=words):
        pico.collect(Voices(speakers=2, takes=1, other_takes=0), DIGITS, target)
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
        pico.collect(Voices(speakers=1, takes=1, other_takes=0), DIGITS, target)
    assert_nothing_made(target)


def test_nothing_of_pico_is_clipped(tmp_path):
    pico.collect(Voices(speakers=4, takes=2, other_takes=8), DIGITS, tmp_path)
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
    pico.collect(Voices(speakers=12, takes=1, other_takes=0), DIGITS, tmp_path)
    rates = {read_wav(next(read_shard(shard))[1])[1] for shard in tmp_path.iterdir()}
    assert len(rates) > 5
    own = pico_process.SAMPLE_RATE
    assert 0.8 * own <= min(rates) < own < max(rates) <= 1.15 * own


def test_progress_on_a_terminal(tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    program = (
        "from pathlib import Path; from spoken_digits.corpora.espeak import collect; "
        "from spoken_digits.params import Voices; from spoken_digits.vocabulary import digits; "
        f"collect(Voices(speakers=3, takes=1, other_takes=0), digits(), Path({str(tmp_path)!r}))"
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
