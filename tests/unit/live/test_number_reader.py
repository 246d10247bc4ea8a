"""Numbers are read from a stream as they are said, whatever its blocks, in constant memory."""

import numpy as np
import pytest
from live_support import ROOT, murmur, room, save_number_model, word
from support import pronounce

from spoken_digits.export import released
from spoken_digits.export.sequence_inference import NumberModel, load_number_model
from spoken_digits.live.number_output import described, written
from spoken_digits.live.number_reader import Number, NumberReader, Read
from spoken_digits.sound.decode import waveform

RATE = 16_000
REJECT = 0.5


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> NumberModel:
    return load_number_model(save_number_model(tmp_path_factory.mktemp("model") / "numbers.onnx"))


def read(model: NumberModel, sound: np.ndarray, block: int = 1600) -> list[str]:
    reader = NumberReader(model, REJECT)
    numbers = []
    for start in range(0, len(sound), block):
        numbers += reader.feed(sound[start : start + block])
    return [written(number.words, "digit", REJECT) for number in numbers + reader.finish()]


def said(digits: str, pause: float = 0.0) -> list:
    return [part for digit in digits for part in (word(int(digit)), pause)]


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.6])
@pytest.mark.parametrize("number", ["7", "12", "5551234"])
def test_a_number_with_or_without_pauses(model, number, pause):
    assert read(model, room(0.5, *said(number, pause), 0.5)) == [number]


@pytest.mark.parametrize("block", [160, 1234, 16_000, 1_000_000])
def test_blocks_of_any_size_give_the_same(model, block):
    sound = room(0.3, *said("31415"), 2.0, *said("926"), 0.2)
    assert read(model, sound, block) == ["31415", "926"]


@pytest.mark.parametrize("quiet", [0.3, 2.7, 6.0])
def test_the_released_network_reads_a_number_after_any_quiet(quiet):
    model = load_number_model(ROOT / released.NUMBERS)
    clips, rate = pronounce("three six eight", "seven four five")
    first, second = (waveform(clip, rate).astype(np.float32) / 2 for clip in clips)
    assert read(model, room(quiet, first, 0.6, second, 3.0)) == ["368745"]


def test_a_longer_pause_ends_a_number(model):
    assert read(model, room(0.5, *said("12"), 1.2, *said("34"), 0.5)) == ["1234"]
    assert read(model, room(0.5, *said("12"), 1.9, *said("34"), 0.5)) == ["12", "34"]


def test_no_number_in_silence_nor_in_other_sound(model):
    assert read(model, room(3.0)) == []
    assert read(model, room(0.5, murmur(1.0), 0.5)) == []
    assert read(model, np.empty(0, np.float32)) == []


def test_a_stream_that_is_shorter_than_the_network_takes(model):
    assert read(model, room(0.03)) == []


def test_digits_appear_while_one_speaks(model):
    sound = room(0.5, *said("2468"))
    reader = NumberReader(model, REJECT)
    seen = []
    for start in range(0, len(sound), 4000):
        assert reader.feed(sound[start : start + 4000]) == []
        seen.append(written(reader.so_far(), "digit", REJECT))
    assert seen[-1] == "2468"
    assert "2" in seen
    assert "24" in seen


def test_each_digit_says_when_and_how_sure(model):
    reader = NumberReader(model, REJECT)
    reader.feed(room(10.0))
    reader.feed(room(*said("42"), 0.5))
    (number,) = reader.finish()
    four, two = described(number, "digit", REJECT)["digits"]
    assert (four["digit"], two["digit"]) == ("4", "2")
    assert four["start"] == pytest.approx(10.0, abs=0.05)
    assert two["start"] == pytest.approx(10.4, abs=0.05)
    assert four["confidence"] > 0.9
    assert 0.5 < number.confidence <= 1


def test_a_digit_below_reject_is_a_question_mark():
    words = [Read(label, 0.0, 0.1, sure) for label, sure in (("7", 0.9), ("1", 0.6), ("8", 0.8))]
    assert written(words, "digit", 0.65) == "7?8"
    assert written(words, "digit", 0.5) == "718"
    assert written(words, "word", 0.5) == "7 1 8"


def test_what_has_no_sure_digit_is_no_number(model):
    sound = room(0.5, *said("12"), 0.5)
    (number,) = _heard(NumberReader(model, REJECT), sound)
    surest = max(word.confidence for word in number.words)
    assert _heard(NumberReader(model, surest), sound) == [number]
    assert _heard(NumberReader(model, surest + 1e-6), sound) == []


def test_talk_in_which_a_word_sounds_like_a_digit_is_no_number():
    model = load_number_model(ROOT / released.NUMBERS)
    clips, rate = pronounce(
        "my brother bought a green umbrella because the weather had been so unpleasant since "
        "morning",
        "the teacher asked why nobody had finished the homework that was given last week",
    )
    for clip in clips:
        talk = room(0.5, waveform(clip, rate).astype(np.float32) / 2, 2.0)
        (claimed,) = _heard(NumberReader(model, reject=0.0), talk)
        assert max(word.confidence for word in claimed.words) > REJECT
        assert _heard(NumberReader(model, REJECT), talk) == []


def test_words_that_are_unlikely_on_average_are_no_number(model):
    """Of long talk the network may be sure of one word, and of nothing that was said with it."""

    class Doubtful:
        labels, ahead = model.labels, model.ahead

        def __init__(self, sure: float) -> None:
            self.sure = sure

        def read(self, sound):
            outputs = model.read(sound)
            even = (1 - self.sure) / outputs.shape[1]
            return np.logaddexp(outputs + np.log(self.sure), np.log(even))

    sound = room(0.5, *said("1"), 0.5)
    assert len(_heard(NumberReader(Doubtful(0.99), REJECT), sound)) == 1
    assert _heard(NumberReader(Doubtful(0.8), REJECT), sound) == []


def _heard(reader: NumberReader, sound: np.ndarray) -> list[Number]:
    return reader.feed(sound) + reader.finish()


def test_an_hour_needs_no_more_memory_than_a_minute(model):
    reader = NumberReader(model, REJECT)
    block = room(0.5, *said("12345"), 0.5)
    for _ in range(100):  # no pause that would end the number
        reader.feed(block)
    assert len(reader._endpointer._frames) <= 2000  # 20 s
