"""Synthesise one voice's clips with SVOX Pico: a program of its own, run once a shard.

Like espeak-ng, Pico carries state from one clip to the next. This reads its work as JSON on
standard input and writes each clip to standard output as a 32-bit length in samples followed by
16-bit samples.
"""

import json
import struct
import sys

SAMPLE_RATE = 16_000


def main() -> None:
    """Say every clip of the job on standard input."""
    job = json.load(sys.stdin)
    sys.path.append(job["package"])
    from py_nanotts import NanoTTS

    pico = NanoTTS()
    # What is said first has no volume yet.
    pico.speak("one", voice=job["voice"], volume=job["volume"])
    for clip in job["clips"]:
        samples = pico.speak(
            clip["text"],
            voice=job["voice"],
            speed=clip["speed"],
            pitch=clip["pitch"],
            volume=job["volume"],
        )
        sys.stdout.buffer.write(struct.pack("<I", len(samples) // 2) + samples)


if __name__ == "__main__":
    main()
