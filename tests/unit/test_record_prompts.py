"""What record.py says: the word to say, and what to type in the end."""

from pathlib import Path

import record
from spoken_digits import vocabulary
from spoken_digits.params import load_params
from spoken_digits.recording import Recording

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")
LIGHTS = vocabulary.parse(["stop", "lights-on=lights on|turn on the lights"])


def prompted(label: str, take: int) -> str:
    return record.to_say(Recording("folder", label, "anna", take), LIGHTS)


def test_what_is_said_for_a_label():
    assert prompted("stop", 0) == "stop"
    assert prompted("lights-on", 0) == "lights on   (lights-on)"


def test_each_way_to_say_it_has_its_turn():
    said = [prompted("lights-on", take).partition("   ")[0] for take in range(4)]
    assert said == ["lights on", "turn on the lights"] * 2


def test_a_recorded_voice_of_the_released_vocabulary_can_be_adapted_to():
    assert "make personal ARGS='--recordings mine'" in record.next_step(PARAMS, Path("mine"))


def test_other_words_are_trained_on_with_synthetic_voices():
    lights = PARAMS.model_copy(update={"vocabulary": ("stop", "go")})
    said = record.next_step(lights, Path("mine"))
    assert "dvc exp run -S download.folder.path=mine -S 'corpora=[espeak,pico,folder]'" in said


def test_sounds_that_nobody_says_are_trained_on_alone():
    live = PARAMS.live.model_copy(update={"detector": "level"})
    claps = PARAMS.model_copy(update={"vocabulary": ("clap", "bark"), "live": live})
    assert "-S 'corpora=[folder]'" in record.next_step(claps, Path("mine"))
