"""Ask espeak-ng for the phonemes of texts: a program of its own, run once a corpus.

It reads its work as JSON on standard input and writes {voice: {text: phonemes}} as JSON to
standard output. It imports nothing but the standard library.
"""

import ctypes
import json
import sys

_SYNCHRONOUS, _UTF8 = 2, 1
_SEPARATOR_AT = 8  # bits 8-23 of the mode are a character to put between phonemes


def main() -> None:
    """Transcribe every text of the job on standard input with every voice."""
    job = json.load(sys.stdin)
    library = ctypes.CDLL(job["library"])
    if library.espeak_Initialize(_SYNCHRONOUS, 0, job["data"].encode(), 0) < 0:
        sys.exit(f"espeak-ng does not start from {job['data']}")
    to_phonemes = library.espeak_TextToPhonemes
    to_phonemes.restype = ctypes.c_char_p
    to_phonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    mode = ord(job["separator"]) << _SEPARATOR_AT
    found: dict[str, dict[str, str]] = {}
    for voice in job["voices"]:
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            sys.exit(f"espeak-ng has no voice {voice}")
        found[voice] = {}
        for text in job["texts"]:
            rest = ctypes.c_char_p(text.encode())
            clauses = []
            while rest.value is not None:  # what is left after a clause
                clauses.append(to_phonemes(ctypes.byref(rest), _UTF8, mode).decode())
            found[voice][text] = " ".join(clause for clause in clauses if clause)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
