"""Synthesise one voice's clips with espeak-ng: a program of its own, run once a shard.

espeak-ng carries state from one clip to the next: the same word gives other samples the second
time, and nothing but a fresh process undoes it. So a shard is one process that says its clips in
a fixed order. It reads its work as JSON on standard input, writes each clip to standard output
as a 32-bit length in samples followed by 16-bit samples, and imports nothing but the standard
library, so that starting it costs little.
"""

import ctypes
import json
import struct
import sys

SAMPLE_RATE = 22_050
_SYNCHRONOUS = 2
_UTF8, _PHONEMES = 1, 0x100  # text between [[ and ]] is phonemes
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4  # espeak_PARAMETER
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def main() -> None:
    """Say every clip of the job on standard input."""
    job = json.load(sys.stdin)
    library = ctypes.CDLL(job["library"])
    if library.espeak_Initialize(_SYNCHRONOUS, 500, job["data"].encode(), 0) != SAMPLE_RATE:
        sys.exit(f"espeak-ng does not start from {job['data']}")
    if library.espeak_SetVoiceByName(job["voice"].encode()) != 0:
        sys.exit(f"espeak-ng has no voice {job['voice']}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # breath is noise, seeded with the time
    samples = bytearray()

    def receive(wave: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if wave and count > 0:
            samples.extend(ctypes.string_at(wave, 2 * count))
        return 0

    callback = _CALLBACK(receive)  # named: espeak-ng keeps no reference of its own
    library.espeak_SetSynthCallback(callback)
    for clip in job["clips"]:
        samples.clear()
        for parameter, value in (
            (_RATE, clip["rate"]),
            (_VOLUME, clip["volume"]),
            (_PITCH, clip["pitch"]),
            (_RANGE, clip["range"]),
        ):
            library.espeak_SetParameter(parameter, value, 0)
        text = clip["text"].encode()
        library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8 | _PHONEMES, None, None)
        sys.stdout.buffer.write(struct.pack("<I", len(samples) // 2) + samples)


if __name__ == "__main__":
    main()
