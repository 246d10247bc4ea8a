"""The live program: which word is spoken, from a microphone as one speaks, or in files.

In a checkout it is src/predict_live.py, and params.yaml there has its settings. Installed by pip
it is the command spoken-digits, with the model and the settings that it came with.
"""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from spoken_digits.errors import UserError, run_script
from spoken_digits.live.letters import escape_what_has_no_letter

if TYPE_CHECKING:  # imported where they are used: --help and a wrong option need none of it
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from spoken_digits.export.inference import Model
    from spoken_digits.params import Live

_LOOKED_INTO = 20
"""Of more files than this nobody waits to learn which may hold several words: 0.2 s each."""
_EXAMPLES = [
    ("{program}", "listen, until q or Ctrl-C"),
    ("{program} --string", "write spoken numbers down, one a line, while they are said"),
    ("{program} --once --seconds 0.5", "record half a second and say what it was"),
    ("{program} 7_anna_0.wav talk.mp3", "one line a file"),
    (
        "{program} --json recordings/",
        "a directory, with a summary if names say what is spoken (<label>_<speaker>_<take>.wav)",
    ),
    ("{program} --string number.wav", "all the numbers in a file of any length"),
    ("arecord -f S16_LE -r 16000 | {program} -", "sound from another program"),
]
_EPILOG = """\
settings:
  {settings}

examples:
{examples}

exit codes: 0 done; 1 some file could not be heard; 2 wrong usage or params.yaml; 3 no model, or
one that cannot be used; 4 no microphone, or one that cannot be used
"""
_FROM_PARAMS = "the live section of params.yaml in the current folder, the project's top folder"
_AS_INSTALLED = """\
The model is the released one, and how sure it must be and what silence ends a word is as in
  params.yaml of the version installed. A params.yaml in the current folder is not read."""


def main(installed: bool = False) -> int:
    """Run the program and return its exit code.

    ``installed``: take the settings and the model that came with the code, rather than those of
    the project whose top folder is the current one.
    """
    args = _arguments(installed)
    if sys.__stdout__ is None:
        raise UserError("standard output is closed, and what is heard goes there")
    escape_what_has_no_letter(sys.stdout)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the terminal is restored
    try:
        code = _run(args, installed)
        sys.stdout.flush()  # what is refused is refused here
        return code
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(args: argparse.Namespace, installed: bool) -> int:
    if args.list_devices:
        return _list_devices()
    live, model = _settings_and_model(args.model, installed)
    piped = args.files == [Path("-")]
    if piped or not args.files:
        return (_listen_for_numbers if args.string else _listen)(args, model, live, piped)
    for line in _about(model):
        print(line, file=sys.stderr)
    return (_read_numbers if args.string else _hear_files)(args, model, live)


def console() -> NoReturn:
    """Run the program as the command that pip installs."""
    run_script(lambda: main(installed=True))


def _arguments(installed: bool) -> argparse.Namespace:
    program = "spoken-digits" if installed else "python src/predict_live.py"
    examples = "\n".join(
        f"  {line.format(program=program)}\n      {what}" for line, what in _EXAMPLES
    )
    parser = argparse.ArgumentParser(
        prog=program,
        description="Say which word, a digit unless told otherwise, is spoken: to the microphone, "
        "or in files.",
        epilog=_EPILOG.format(
            settings=_AS_INSTALLED if installed else _FROM_PARAMS, examples=examples
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=_path,
        metavar="FILE",
        help="WAV, FLAC, OGG, MP3 and other sound files of one word each, or directories of them; "
        "- for a sound file or raw PCM (16 kHz mono signed 16-bit little-endian) on standard "
        "input. None: the microphone",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--string",
        action="store_true",
        help="read numbers, said with pauses or without: one a line, or all of a file; of other "
        "words those in a row",
    )
    parser.add_argument(
        "--model",
        type=_path,
        help="an exported model (default: the released one)"
        if installed
        else "an exported model (default: live.model in params.yaml)",
    )
    parser.add_argument("--device", help="the microphone, by its number or part of its name")
    parser.add_argument("--list-devices", action="store_true", help="list the microphones")
    parser.add_argument("--once", action="store_true", help="stop after the first thing said")
    parser.add_argument(
        "--seconds", type=_seconds, help="stop after so long; with --once take it as one word"
    )
    parser.add_argument(
        "--save", type=_path, metavar="DIR", help="keep what was heard as <label>_live_<take>.wav"
    )
    args = parser.parse_args()
    if Path("-") in args.files and len(args.files) > 1:
        parser.error("- (standard input) cannot be mixed with files")
    if args.files and (args.device or args.list_devices):
        parser.error("--device and --list-devices are about the microphone; no FILE then")
    if args.files and args.files != [Path("-")] and (args.once or args.seconds or args.save):
        parser.error("--once, --seconds and --save are for listening; no FILE then")
    if args.string and args.save:
        parser.error("--save keeps single words; --string reads whole numbers")
    return args


def _settings_and_model(named: Path | None, installed: bool) -> "tuple[Live, Model]":
    from spoken_digits.export.inference import ModelError, load_model
    from spoken_digits.installed import MODEL, PARAMS
    from spoken_digits.live.choice import chosen
    from spoken_digits.params import load_params
    from spoken_digits.vocabulary import digits

    if installed:
        return load_params(PARAMS).live, load_model(named or MODEL)
    params = load_params()
    model = load_model(named or chosen(params.live.model))
    if model.labels != params.words.labels:
        advice = "Set live.model: trained there"
        if named or params.live.model == "trained":
            advice = "Name another model" if named else "Train it anew with: dvc repro"
        theirs = "digits" if model.labels == digits().labels else f"[{', '.join(model.labels)}]"
        raise ModelError(
            f"{model.path}: recognises {', '.join(model.labels)}, and the vocabulary in "
            f"params.yaml is {', '.join(params.words.labels)}. {advice}, or set there "
            f"vocabulary: {theirs}"
        )
    return params.live, model


def _about(model: "Model") -> list[str]:
    """Return which model it is, and whether there is a newer one, in lines of text."""
    from spoken_digits.live.choice import newer_model

    return [f"model: {model.description}", *filter(None, [newer_model(model.path)])]


def _list_devices() -> int:
    from spoken_digits.live.microphone import DeviceError, list_devices, quiet_drivers

    with quiet_drivers():
        devices = list_devices()
    for device in devices:
        mark = "*" if device.is_default else " "
        print(f"{mark} {device.number:3}  {device.name}  ({device.rate} Hz)")
    if not devices:
        raise DeviceError("no microphone found")
    return 0


def _listen(args: argparse.Namespace, model: "Model", live: "Live", piped: bool) -> int:
    from spoken_digits.live.listener import Listener
    from spoken_digits.live.loop import listen, microphone_blocks, notice_of_zeros, record_once
    from spoken_digits.live.microphone import Microphone, quiet_drivers
    from spoken_digits.live.output import JsonLines, Lines, Outlet

    outlet: Outlet = (JsonLines if args.json else Lines)(model)
    listener = Listener(model, live.reject, live.hangover_ms, live.detector)
    options = (args.seconds, args.once, args.save)
    which, *newer = _about(model)
    if piped:
        from spoken_digits.live import standard_input

        for line in (which, *newer):
            outlet.notice(line)
        blocks = standard_input.blocks(sys.stdin.buffer, outlet.notice)
        listen(blocks, listener, outlet, *options)
        return 0
    screen = sys.stdout.isatty() and not args.json and not args.once
    with quiet_drivers(), Microphone(args.device) as microphone:
        if screen:
            from spoken_digits.live.screen import Screen

            outlet = Screen(microphone.device.name, model)
        else:
            for line in (which, *newer):
                outlet.notice(line)
            outlet.notice(f"listening to {microphone.device.name}; Ctrl-C ends it")
        with outlet:
            for line in newer if screen else []:  # its header has the rest
                outlet.notice(line)
            blocks = notice_of_zeros(microphone_blocks(microphone, outlet.notice), outlet.notice)
            try:
                if args.once and args.seconds:
                    record_once(blocks, listener, outlet, args.seconds, args.save)
                else:
                    listen(blocks, listener, outlet, *options)
            except KeyboardInterrupt:
                pass  # how one ends it
    return 0


def _listen_for_numbers(args: argparse.Namespace, model: "Model", live: "Live", piped: bool) -> int:
    from spoken_digits.live import standard_input
    from spoken_digits.live.choice import number_model
    from spoken_digits.live.loop import microphone_blocks, notice_of_zeros
    from spoken_digits.live.microphone import Microphone, quiet_drivers
    from spoken_digits.live.number_loop import listen_for_numbers
    from spoken_digits.live.number_output import NumberLines
    from spoken_digits.live.number_reader import NumberReader

    reader = NumberReader(number_model(model), live.reject)
    lines = NumberLines(model.noun, live.reject, args.json)
    for line in _about(model):
        lines.notice(line)
    if piped:
        blocks = standard_input.blocks(sys.stdin.buffer, lines.notice)
        listen_for_numbers(blocks, reader, lines, args.seconds, args.once)
        return 0
    with quiet_drivers(), Microphone(args.device) as microphone:
        lines.notice(f"listening to {microphone.device.name}; Ctrl-C ends it")
        blocks = notice_of_zeros(microphone_blocks(microphone, lines.notice), lines.notice)
        with contextlib.suppress(KeyboardInterrupt):  # how one ends it
            listen_for_numbers(blocks, reader, lines, args.seconds, args.once)
    return 0


def _hear_files(args: argparse.Namespace, model: "Model", live: "Live") -> int:
    from spoken_digits.files import shown
    from spoken_digits.live.messages import as_json, say
    from spoken_digits.live.sound_files import find_files, recognise_files, summary
    from spoken_digits.sound.decode import print_notice

    files = find_files(args.files, print_notice)
    several = _several_words(model, live) if len(files) <= _LOOKED_INTO else None
    results = []
    for heard in recognise_files(model, files, live.reject, several):
        results.append(heard)
        if heard.several:
            print_notice(
                f"{shown(heard.path)}: there may be several words in it: {heard.several}. To hear "
                "all of them: --string"
            )
        if heard.verdict is None:
            print(f"error: {heard.error}", file=sys.stderr)
            if args.json:
                print(as_json(model, file=str(heard.path), error=heard.error))
        elif args.json:
            print(as_json(model, file=str(heard.path), verdict=heard.verdict), flush=True)
        else:
            print(f"{shown(heard.path)}: {say(heard.verdict, model.noun)}", flush=True)
    for line in summary(results, model) if len(results) > 1 else []:
        print(line, file=sys.stderr if args.json else sys.stdout)
    failed = sum(heard.verdict is None for heard in results)
    return _exit_code(failed, len(files))


def _several_words(model: "Model", live: "Live") -> "Callable[[NDArray[np.float32]], str] | None":
    """Return what says which words a waveform holds if it holds several; None if nothing can."""
    from spoken_digits.export.inference import ModelError
    from spoken_digits.live.choice import number_model
    from spoken_digits.live.number_loop import numbers_in
    from spoken_digits.live.number_output import written
    from spoken_digits.live.number_reader import NumberReader

    try:
        reads = number_model(model)
    except ModelError:  # whoever asks for --string hears of it
        return None

    def several(waveform: "NDArray[np.float32]") -> str:
        found = list(numbers_in(NumberReader(reads, live.reject), [waveform]))
        if sum(word.confidence >= live.reject for number in found for word in number.words) < 2:
            return ""
        return " ".join(written(number.words, model.noun, live.reject) for number in found)

    return several


def _read_numbers(args: argparse.Namespace, model: "Model", live: "Live") -> int:
    from spoken_digits.files import shown
    from spoken_digits.live.choice import number_model
    from spoken_digits.live.long_files import read_blocks
    from spoken_digits.live.messages import as_json
    from spoken_digits.live.number_loop import numbers_in
    from spoken_digits.live.number_output import described, written
    from spoken_digits.live.number_reader import NumberReader
    from spoken_digits.live.sound_files import find_files
    from spoken_digits.sound.decode import RecordingError, print_notice

    reads = number_model(model)
    files = find_files(args.files, print_notice)
    failed = 0
    for path in files:
        reader = NumberReader(reads, live.reject)
        try:
            found = list(numbers_in(reader, read_blocks(path)))
        except RecordingError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            if args.json:
                print(as_json(model, file=str(path), error=str(error)))
            continue
        text = " ".join(written(number.words, model.noun, live.reject) for number in found)
        line = f"{shown(path)}: {text}"
        if args.json:
            each = [described(number, model.noun, live.reject) for number in found]
            line = as_json(model, file=str(path), string=text, numbers=each)
        print(line, flush=True)
    return _exit_code(failed, len(files))


def _exit_code(failed: int, files: int) -> int:
    if failed and files > 1:
        raise UserError(f"{failed} of {files} files could not be heard")
    return 1 if failed else 0


def _path(text: str) -> Path:
    """Return a path. An empty one, of a variable that is not set, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name")
    return Path(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not a number of seconds") from None
    if not 0 < seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"{text}: more than 0, at most a day (86400)")
    return seconds
