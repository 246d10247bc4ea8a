"""The picture: what it shows, of what it is independent, and that it is the one defined."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from spoken_digits.params import Spectrogram, load_params
from spoken_digits.picture import mel
from spoken_digits.sound.one_second import one_second

ROOT = Path(__file__).parents[3]
SETTINGS = load_params(ROOT / "params.yaml").spectrogram
CHANCE = np.random.default_rng(0)


def plainly(second: NDArray[np.float64], settings: Spectrogram) -> NDArray[np.uint8]:
    """Take the picture by the letter of its definition, all frames, dense matrices."""
    window = scipy.signal.get_window("hann", settings.window_ms * 16)
    before = (len(window) - 160) // 2
    padded = np.pad(second, (before, len(window)))
    frames = np.stack([padded[160 * t : 160 * t + len(window)] * window for t in range(100)])
    time = (np.arange(len(window)) - (len(window) - 1) / 2) / 16_000
    slow = [np.ones_like(time), time]
    slow += [wave(2 * np.pi * hz * time) for hz in (50, 60) for wave in (np.cos, np.sin)]
    weighted = np.stack(slow, axis=1) * window[:, None]  # (w, 6)
    frames -= (weighted @ np.linalg.lstsq(weighted, frames.T, rcond=None)[0]).T
    power = np.abs(np.fft.rfft(frames, 512)) ** 2  # (100, 257)
    bands = power @ mel.mel_filters(settings).T  # (100, 100), frame by band
    levels = np.sort(bands.max(axis=1))
    white = max(levels[-6] * 4, levels[-1] / 1000)
    with np.errstate(divide="ignore"):
        decibels = 10 * np.log10(bands / white)
    shown = np.clip(decibels, -settings.depth_db, 0) / settings.depth_db + 1
    return np.rint(shown * 255).astype(np.uint8).T[::-1]


def tone(hertz: float, samples: int = 16_000) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hertz * np.arange(samples) / 16_000)


@pytest.mark.parametrize("samples", [2, 159, 160, 1_600, 7_999, 8_000, 15_999, 16_000])
@pytest.mark.parametrize("window_ms", [10, 25, 32])
def test_picture_is_what_its_definition_says(samples, window_ms):
    settings = SETTINGS.model_copy(update={"window_ms": window_ms})
    second = one_second(CHANCE.normal(size=samples))
    shown = mel.images(second[None], settings)[0].astype(int)
    difference = np.abs(shown - plainly(second, settings))
    assert difference.max() <= 1
    assert (difference > 0).sum() <= 3  # a level may round the other way


@pytest.mark.parametrize("depth_db", [20, 60, 120])
def test_depth_is_the_darkest_level_shown(depth_db):
    settings = SETTINGS.model_copy(update={"depth_db": depth_db})
    second = one_second(CHANCE.normal(size=16_000) * np.logspace(0, -4, 16_000))
    shown = mel.images(second[None], settings)[0].astype(int)
    assert np.abs(shown - plainly(second, settings)).max() <= 1


def test_picture_does_not_depend_on_its_neighbours():
    seconds = np.stack([one_second(CHANCE.normal(size=n)) for n in range(500, 16_000, 900)])
    seconds[3] = 0
    together = mel.images(seconds, SETTINGS)
    alone = np.stack([mel.images(second[None], SETTINGS)[0] for second in seconds])
    backwards = mel.images(seconds[::-1], SETTINGS)[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, backwards)


def test_silence_inside_and_around_a_sound_is_black():
    second = np.zeros(16_000)
    second[3_200:4_800] = second[9_600:11_200] = CHANCE.normal(size=1_600)
    picture = mel.images(second[None], SETTINGS)[0]
    columns = picture.any(axis=0)
    assert columns[21:29].all()
    assert columns[61:69].all()
    assert not columns[:18].any()
    assert not columns[32:58].any()
    assert not columns[72:].any()


@pytest.mark.parametrize("waveform", [np.zeros(16_000), np.zeros(0), np.full(100, np.inf)])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_has_no_loudest_pixel_is_black(waveform):
    assert not mel.image(waveform, SETTINGS).any()


def test_no_waveforms_give_no_pictures():
    assert mel.images(np.empty((0, 16_000)), SETTINGS).shape == (0, 100, 100)


def test_loudness_changes_nothing():
    waveform = CHANCE.normal(size=9_000)
    assert np.array_equal(mel.image(waveform, SETTINGS), mel.image(waveform / 2**10, SETTINGS))


@pytest.mark.parametrize("hertz", [200, 440, 1_000, 2_500, 6_000])
def test_a_tone_is_brightest_in_its_band(hertz):
    picture = mel.image(tone(hertz), SETTINGS)
    band = 99 - int(np.argmax(picture[:, 50]))
    weights = mel.mel_filters(SETTINGS)[band]
    assert weights[round(hertz / 31.25)] > 0


def test_low_is_at_the_bottom_and_time_goes_right():
    waveform = np.concatenate([tone(300, 8_000), tone(5_000, 8_000)])
    brightest = np.argmax(mel.image(waveform, SETTINGS), axis=0)  # row of each column
    assert brightest[25] > 70
    assert brightest[75] < 25


def test_a_delay_of_a_hop_moves_the_picture_by_a_pixel():
    waveform = np.zeros(16_000)
    waveform[4_000:9_000] = CHANCE.normal(size=5_000)
    here = mel.images(waveform[None], SETTINGS)[0]
    later = mel.images(np.roll(waveform, 160)[None], SETTINGS)[0]
    assert np.array_equal(here[:, :-1], later[:, 1:])


@pytest.mark.parametrize("samples", [0, 1, 999, 1_000, 15_999, 16_000])
def test_a_short_waveform_is_centred_without_its_mean(samples):
    waveform = CHANCE.normal(size=samples) + 0.3
    second = one_second(waveform)
    before = (16_000 - samples) // 2
    assert second.shape == (16_000,)
    if samples:
        assert np.array_equal(second[before : before + samples], waveform - waveform.mean())
    assert not second[:before].any()
    assert not second[before + samples :].any()


@pytest.mark.parametrize(
    ("name", "start"), [("nothing", None), ("click", 4_000), ("burst", 4_000), ("step", 0)]
)
def test_of_a_long_waveform_the_second_that_sounds_most_is_kept(name, start):
    """Not the one with the most energy, which a click or an offset has."""
    waveform = CHANCE.normal(size=48_000) * 1e-4
    word = slice(20_000, 30_000)
    waveform[word] += CHANCE.normal(size=10_000) * 0.01
    kept = waveform[word].copy()
    if name == "click":
        waveform[start : start + 5] = 1
    elif name == "burst":
        waveform[start : start + 480] = CHANCE.uniform(-1, 1, 480)
    elif name == "step":
        waveform[start : start + 4_800] += 0.3
    second = one_second(waveform)
    assert second.shape == (16_000,)
    assert np.correlate(second, kept, "valid").max() == pytest.approx(np.sum(kept**2), rel=1e-3)


def test_a_burst_does_not_outweigh_the_soft_end_of_a_word():
    waveform = CHANCE.normal(size=48_000) * 1e-4
    word = slice(19_200, 24_800)
    waveform[19_200:20_800] += CHANCE.normal(size=1_600) * 0.01
    waveform[20_800:24_800] += CHANCE.normal(size=4_000) * 5e-4
    kept = waveform[word].copy()
    waveform[4_800:5_280] += CHANCE.uniform(-1, 1, 480)
    assert np.correlate(one_second(waveform), kept, "valid").max() == pytest.approx(
        np.sum(kept**2), rel=1e-3
    )


def test_a_knock_alone_in_digital_silence_is_kept():
    waveform = np.zeros(48_000)
    waveform[30_000:30_300] = 0.5
    assert (one_second(waveform) > 0.4).sum() == 300


def disturbed(name: str) -> NDArray[np.float64]:
    """Return noise of 0.3 s in the middle of a second, beside what is no speech."""
    second = np.zeros(16_000)
    second[6_000:11_000] = np.random.default_rng(4).normal(size=5_000) * 0.01
    if name == "click":
        second[2_000:2_005] = 0.1
    elif name == "burst":
        second[2_000:2_480] = np.random.default_rng(5).uniform(-0.2, 0.2, 480)
    elif name == "offset":
        second[:] += 0.2
    elif name == "hum":
        second[:] += 0.01 * tone(50)
    return second


@pytest.mark.parametrize("name", ["click", "burst", "offset", "hum"])
def test_a_word_looks_the_same_beside_what_is_no_speech(name):
    clean, other = mel.images(np.stack([disturbed("nothing"), disturbed(name)]), SETTINGS)
    frames = slice(40, 66)  # the word's
    above_200_hz = slice(0, 93)
    assert clean[above_200_hz, frames].mean() > 150
    difference = np.abs(clean.astype(int) - other)[above_200_hz, frames]
    assert difference.mean() < 5  # levels, of 3 a dB
    assert difference.max() < 40


def test_a_word_is_white_6_db_above_its_sixth_loudest_frame():
    powers = np.zeros((100, 100))
    powers[40, :20] = np.arange(1, 21)
    assert mel.white_power(powers) == 4 * 15
    powers[40, 30] = 1e6  # 30 dB is the most that a click may be too bright
    assert mel.white_power(powers) == pytest.approx(1e3)
    assert mel.white_power(np.zeros((100, 3))) == 0


@pytest.mark.parametrize(("lowest", "highest"), [(0, 8_000), (20, 8_000), (1_000, 3_000)])
def test_each_band_sums_to_one_however_narrow(lowest, highest):
    settings = SETTINGS.model_copy(update={"lowest_hz": lowest, "highest_hz": highest})
    filters = mel.mel_filters(settings)
    assert filters.shape == (100, 257)
    assert (filters >= 0).all()
    np.testing.assert_allclose(filters.sum(axis=1), 1)
