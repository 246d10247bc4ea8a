"""Noise is as loud as it says, telephones and rooms do what their names say."""

import numpy as np
import pytest

from spoken_digits.evaluation import degrade
from spoken_digits.sizes import SAMPLE_RATE, SECOND

TIME = np.arange(SECOND) / SAMPLE_RATE


def tone(hz: float, amplitude: float = 0.5, seconds: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * TIME) * (seconds > TIME)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def decibels(power: float, reference: float) -> float:
    return 10 * np.log10(power / reference)


def voices(n: int) -> list[np.ndarray]:
    return [tone(100 * (index + 2), 0.1 * (index + 1), 0.5) for index in range(n)]


NOISES = {
    "white": degrade.white_noise,
    "pink": degrade.pink_noise,
    "babble": lambda chance: degrade.babble_noise(chance, voices(8)),
}


def test_active_power_is_that_of_the_speech_whatever_the_padding():
    # A sine of amplitude a has power a^2/2, over the part where it sounds.
    assert degrade.active_power(tone(500)) == pytest.approx(0.125)
    assert degrade.active_power(tone(500, seconds=0.3)) == pytest.approx(0.125)


def test_a_soft_hum_is_a_pause():
    hum = tone(100, 0.5 * 10 ** (-40 / 20))
    assert degrade.active_power(tone(500, seconds=0.3) + hum) == pytest.approx(0.125, rel=0.01)


@pytest.mark.parametrize("snr", [20, 10, 5, 0])
@pytest.mark.parametrize("name", NOISES)
def test_the_mixed_noise_has_its_signal_to_noise_ratio(name, snr):
    second = tone(500, seconds=0.4)
    noisy = degrade.add_noise(second, NOISES[name](rng()), snr)
    noise = noisy - second
    assert decibels(0.125, float(np.mean(noise**2))) == pytest.approx(snr, abs=1e-6)


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_there_before_and_after_the_word(name):
    second = np.roll(tone(500, seconds=0.2), SECOND // 2)
    noisy = degrade.add_noise(second, NOISES[name](rng()), 10)
    tenths = np.square(noisy).reshape(10, -1).mean(axis=1)
    assert (tenths > 0).all()


@pytest.mark.parametrize("name", NOISES)
def test_the_same_seed_gives_the_same_noise(name):
    assert np.array_equal(NOISES[name](rng()), NOISES[name](rng()))
    assert not np.array_equal(NOISES[name](rng()), NOISES[name](np.random.default_rng(4)))


@pytest.mark.parametrize(
    ("noise", "slope"), [(degrade.white_noise, 3.01), (degrade.pink_noise, 0.0)]
)
def test_power_by_octave(noise, slope):
    """White noise gains 3 dB an octave, pink noise is the same in every octave."""
    chance = rng()
    power = np.mean([np.abs(np.fft.rfft(noise(chance))) ** 2 for _ in range(30)], axis=0)
    hz = np.fft.rfftfreq(SECOND, 1 / SAMPLE_RATE)
    octaves = [power[(hz >= low) & (hz < 2 * low)].sum() for low in (125, 250, 500, 1000, 2000)]
    steps = np.diff(10 * np.log10(octaves))
    assert steps == pytest.approx([slope] * 4, abs=0.6)


def test_babble_is_six_voices_equally_loud():
    spectrum = np.abs(np.fft.rfft(degrade.babble_noise(rng(), voices(8))))
    heard = spectrum[[100 * (index + 2) for index in range(8)]]
    talking = heard > 1000
    assert talking.sum() == degrade.BABBLE_VOICES
    assert heard[talking].max() / heard[talking].min() < 1.2


def test_babble_of_fewer_voices_repeats_them_and_of_silence_is_silent():
    assert np.square(degrade.babble_noise(rng(), voices(2))).mean() > 0
    silence = degrade.babble_noise(rng(), [np.zeros(SECOND)])
    assert np.array_equal(degrade.add_noise(tone(500), silence, 0), tone(500))


@pytest.mark.parametrize(
    ("hz", "lowest", "highest"), [(1000, -1, 0.1), (100, -200, -20), (6000, -200, -20)]
)
def test_the_telephone_keeps_300_to_3400_hz(hz, lowest, highest):
    heard = degrade.telephone(tone(hz))[SECOND // 2 :]
    assert lowest <= decibels(np.mean(heard**2), 0.125) <= highest


def test_louder_clips_at_16_bit_full_scale():
    heard = degrade.gain(tone(500, 0.5), 20)
    assert (heard.max(), heard.min()) == (32767 / 32768, -1.0)
    assert np.mean(np.abs(heard) > 0.99) > 0.8


def test_softer_is_softer_and_rounded_to_16_bits():
    heard = degrade.gain(tone(500, 0.5), -20)
    assert decibels(np.mean(heard**2), 0.125) == pytest.approx(-20, abs=0.01)
    assert np.array_equal(heard * 32768, np.rint(heard * 32768))
    assert not degrade.gain(tone(500, 0.0001), -20).any()


@pytest.mark.parametrize(("milliseconds", "peak"), [(150, 0.65), (-150, 0.35), (0, 0.5)])
def test_shift_moves_and_fills_with_zeros(milliseconds, peak):
    click = np.zeros(SECOND)
    click[SECOND // 2] = 1
    moved = degrade.shift(click, milliseconds)
    assert np.flatnonzero(moved).tolist() == [round(peak * SAMPLE_RATE)]


def test_what_leaves_the_second_is_lost():
    click = np.zeros(SECOND)
    click[-1] = 1
    assert not degrade.shift(click, 150).any()


def test_reverberation_of_a_click():
    click = np.zeros(SECOND)
    click[0] = 1
    heard = degrade.reverberate(click, rng(), rt60=0.3, direct_db=6)
    assert heard[0] == pytest.approx(1)
    tail = np.square(heard[1:])
    assert decibels(1, tail.sum()) == pytest.approx(6, abs=1e-6)
    # Over 0.2 s of its 0.3 s the tail falls by 40 of its 60 dB.
    early, late = tail[:800].mean(), tail[3200:4000].mean()
    assert decibels(early, late) == pytest.approx(40, abs=2)


@pytest.mark.parametrize("second", [np.zeros(SECOND), tone(500)])
def test_everything_is_a_finite_second(second):
    heard = [
        *(degrade.add_noise(second, noise(rng()), 0) for noise in NOISES.values()),
        degrade.telephone(second),
        degrade.gain(second, 20),
        degrade.shift(second, -150),
        degrade.reverberate(second, rng()),
    ]
    for waveform in heard:
        assert waveform.shape == (SECOND,)
        assert np.isfinite(waveform).all()
