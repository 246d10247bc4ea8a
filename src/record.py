"""Collects a speaker's own recordings of the vocabulary's words, for corpora: [folder].

Usage:  python src/record.py --speaker NAME
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.errors import explain_uncaught, report_errors, run_script

_EPILOG = """\
A word is shown, you say it, and hear it again. Then: Enter keeps it, r records it again, q stops.
What is there already is not asked for again, so a second session goes on where the first stopped.
At the end the program says what to type next.
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Record yourself saying the words of params.yaml's vocabulary in random order.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--speaker", required=True, type=_speaker, help="your name: letters, digits, hyphens"
    )
    parser.add_argument("--takes", type=int, default=5, help="times you say each word (5)")
    parser.add_argument(
        "--output", type=Path, default=Path("recordings"), help="where they go (recordings/)"
    )
    parser.add_argument("--device", help="the microphone, by its number or part of its name")
    parser.add_argument("--silent", action="store_true", help="do not play recordings back")
    args = parser.parse_args()
    if not 1 <= args.takes <= 1000:
        parser.error(f"--takes {args.takes}: 1 to 1000")
    return args


def _speaker(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r}: letters, digits and hyphens only")
    return text


if __name__ == "__main__":
    explain_uncaught()
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

import numpy as np
from numpy.typing import NDArray

from spoken_digits import installed
from spoken_digits.export.inference import load_model
from spoken_digits.live.decision import LONGEST_WORD_S
from spoken_digits.live.letters import escape_what_has_no_letter
from spoken_digits.live.loop import notice_of_zeros
from spoken_digits.live.microphone import Microphone, portaudio, quiet_drivers
from spoken_digits.live.prompting import hear_word, problem, wanted, word_of
from spoken_digits.live.saving import write_wav
from spoken_digits.params import Live, Params, load_params
from spoken_digits.recording import Recording
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import print_notice
from spoken_digits.vocabulary import Vocabulary

_PATIENCE_S = 8.0


def main() -> int:
    args = _arguments()
    escape_what_has_no_letter(sys.stdout)
    params = load_params()
    live, words = params.live, params.words
    # A sound that is not speech may be as long as a recording may.
    longest_s = LONGEST_WORD_S if live.detector == "speech" else params.validate_.max_seconds
    lacking = wanted(args.output, args.speaker, args.takes, words.labels)
    if not lacking:
        print(
            f"{args.output}: {args.speaker} has said every {words.noun} {args.takes} times already"
        )
        print(next_step(params, args.output))
        return 0
    kept = 0
    with quiet_drivers(), Microphone(args.device) as microphone:
        print(f"listening to {microphone.device.name}; {len(lacking)} recordings to make")
        for recording in lacking:
            prompt = f"{kept + 1} of {len(lacking)}   say   {to_say(recording, words)}"
            sound = _take(microphone, prompt, live, longest_s, args)
            if sound is None:
                break
            write_wav(args.output / recording.name, sound)
            print(f"kept {args.output / recording.name}", flush=True)
            kept += 1
    print(f"{kept} recordings kept in {args.output}, {len(lacking) - kept} still to make")
    if kept == len(lacking):
        print(next_step(params, args.output))
    else:
        print("To go on, run the same command again")
    return 0


def to_say(recording: Recording, words: Vocabulary) -> str:
    """Return what is said for a recording, and its label if that is something else.

    Of several ways to say a word each has its turn, take by take.
    """
    said = next(word.said for word in words.words if word.label == recording.label)
    chosen = said[recording.take % len(said)]
    return chosen if chosen == recording.label else f"{chosen}   ({recording.label})"


def next_step(params: Params, folder: Path) -> str:
    """Say what to type once everything is recorded."""
    if load_model(installed.MODEL).labels == params.words.labels:
        return (
            "To adapt the released model to your voice, type: make personal "
            f"ARGS='--recordings {folder}'"
        )
    corpora = "espeak,pico,folder" if params.live.detector == "speech" else "folder"
    return (
        f"To train on your recordings, type: dvc exp run -S download.folder.path={folder} "
        f"-S 'corpora=[{corpora}]'"
    )


def _take(
    microphone: Microphone,
    prompt: str,
    live: Live,
    longest_s: float,
    args: argparse.Namespace,
) -> NDArray[np.float32] | None:
    """Prompt for a word until a recording of it is kept; None if the user stops."""
    while True:
        print(f"\n{prompt}", flush=True)
        microphone.forget()
        blocks = notice_of_zeros(microphone.blocks(), print_notice)
        utterance = hear_word(blocks, live.hangover_ms, _PATIENCE_S, live.detector)
        if utterance is None:
            print("nothing heard", flush=True)
            answer = _answer("Enter: again, q: stop  ")
            if answer == "q":
                return None
            continue
        sound = word_of(utterance)
        wrong = problem(sound, longest_s)
        if wrong:
            print(wrong, flush=True)
            continue
        if not args.silent:
            _play(sound)
        answer = _answer("Enter: keep, r: again, q: stop  ")
        if answer == "q":
            return None
        if answer != "r":
            return sound


def _answer(question: str) -> str:
    print(question, end="", flush=True)
    line = sys.stdin.readline()
    if not line:  # nobody is there to answer any more
        return "q"
    return line.strip().lower()[:1]


def _play(sound: NDArray[np.float32]) -> None:
    sounddevice = portaudio()
    try:
        sounddevice.play(sound, SAMPLE_RATE, blocking=True)
    except sounddevice.PortAudioError as error:
        print(f"cannot be played back ({error}); --silent does without", flush=True)


if __name__ == "__main__":
    run_script(main)
