"""What tells the live program that there is something to recognise."""

from spoken_digits.live.endpointer import Detector
from spoken_digits.live.level import LevelDetector
from spoken_digits.live.silero import SileroDetector
from spoken_digits.params import DetectorName


def chosen_detector(name: DetectorName) -> Detector:
    """Return a new detector, of the kind that live.detector in params.yaml names."""
    return LevelDetector() if name == "level" else SileroDetector()
