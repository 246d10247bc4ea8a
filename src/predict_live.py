"""Says which digit it hears: from a microphone as you speak, or in files.

Usage:  python src/predict_live.py [FILE or DIRECTORY ...]
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from spoken_digits.errors import UserError, run_script
from spoken_digits.export.inference import Model, find_model, load_model
from spoken_digits.params import Live, load_params

_EPILOG = """\
examples:
  python src/predict_live.py                          listen, until q or Ctrl-C
  python src/predict_live.py --string                 write spoken numbers down, one a line
  python src/predict_live.py --once --seconds 0.5     record half a second and say what it was
  python src/predict_live.py 7_anna_0.wav talk.mp3    one line a file
  python src/predict_live.py --json recordings/       a directory, with a summary if names say what
                                                      is spoken (<digit>_<speaker>_<take>.wav)
  python src/predict_live.py --string number.wav      all the digits in a file of any length
  arecord -t raw -f S16_LE -r 16000 | python src/predict_live.py -

exit codes: 0 done; 1 some file could not be heard; 2 wrong usage or params.yaml; 3 no model, or
one that cannot be used; 4 no microphone, or one that cannot be used
"""


def main() -> int:
    args = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the terminal is restored
    try:
        if args.list_devices:
            return _list_devices()
        live = load_params().live
        model = load_model(args.model or find_model())
        if args.files == [Path("-")]:
            return _listen(args, model, live, piped=True)
        if args.files and args.string:
            return _read_numbers(args, model, live)
        if args.files:
            return _hear_files(args, model, live)
        return _listen(args, model, live, piped=False)
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Say which digit is spoken: to the microphone, or in files.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="WAV, FLAC, OGG or MP3 files of one word each, or directories of them; - for raw PCM "
        "(16 kHz mono signed 16-bit little-endian) on standard input. None: the microphone",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--string", action="store_true", help="put digits together: a number a line, or a file"
    )
    parser.add_argument(
        "--model", type=Path, help="an exported model (default: the released one, or the latest)"
    )
    parser.add_argument("--device", help="the microphone, by its number or part of its name")
    parser.add_argument("--list-devices", action="store_true", help="list the microphones")
    parser.add_argument("--once", action="store_true", help="stop after the first thing said")
    parser.add_argument(
        "--seconds", type=_seconds, help="stop after so long; with --once take it as one word"
    )
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="keep what was heard as <digit>_live_<take>.wav"
    )
    args = parser.parse_args()
    if Path("-") in args.files and len(args.files) > 1:
        parser.error("- (standard input) cannot be mixed with files")
    if args.files and (args.device or args.list_devices):
        parser.error("--device and --list-devices are about the microphone; no FILE then")
    if args.files and args.files != [Path("-")] and (args.once or args.seconds or args.save):
        parser.error("--once, --seconds and --save are for listening; no FILE then")
    return args


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


def _listen(args: argparse.Namespace, model: Model, live: Live, piped: bool) -> int:
    from spoken_digits.live.listener import Listener
    from spoken_digits.live.loop import listen, microphone_blocks, pcm_blocks, record_once
    from spoken_digits.live.microphone import Microphone, quiet_drivers
    from spoken_digits.live.output import JsonLines, Lines, Outlet

    outlet: Outlet = JsonLines(args.string) if args.json else Lines(args.string)
    listener = Listener(model, live.reject, live.hangover_ms)
    options = (args.seconds, args.once, args.save)
    if piped:
        listen(pcm_blocks(sys.stdin.buffer), listener, outlet, *options)
        return 0
    screen = sys.stdout.isatty() and not args.json and not args.once
    with quiet_drivers(), Microphone(args.device) as microphone:
        if screen:
            from spoken_digits.live.screen import Screen

            outlet = Screen(microphone.device.name, model.path.name)
        else:
            outlet.notice(f"listening to {microphone.device.name}; Ctrl-C ends it")
        with outlet:
            blocks = microphone_blocks(microphone, outlet)
            try:
                if args.once and args.seconds:
                    record_once(blocks, listener, outlet, args.seconds, args.save)
                else:
                    listen(blocks, listener, outlet, *options)
            except KeyboardInterrupt:
                pass  # how one ends it
    return 0


def _hear_files(args: argparse.Namespace, model: Model, live: Live) -> int:
    from spoken_digits.live.messages import as_json, say
    from spoken_digits.live.sound_files import find_files, recognise_files, summary

    files = find_files(args.files)
    results = []
    for heard in recognise_files(model, files, live.reject):
        results.append(heard)
        if heard.verdict is None:
            print(f"error: {heard.error}", file=sys.stderr)
            if args.json:
                print(as_json(file=str(heard.path), error=heard.error))
        elif args.json:
            print(as_json(file=str(heard.path), verdict=heard.verdict), flush=True)
        else:
            print(f"{heard.path}: {say(heard.verdict)}", flush=True)
    for line in summary(results) if len(results) > 1 else []:
        print(line, file=sys.stderr if args.json else sys.stdout)
    failed = sum(heard.verdict is None for heard in results)
    return _exit_code(failed, len(files))


def _read_numbers(args: argparse.Namespace, model: Model, live: Live) -> int:
    from spoken_digits.live.listener import Listener
    from spoken_digits.live.long_files import LongFileError, numbers, read_blocks, words_in
    from spoken_digits.live.messages import as_json
    from spoken_digits.live.sound_files import find_files

    files = find_files(args.files)
    failed = 0
    for path in files:
        listener = Listener(model, live.reject, live.hangover_ms)
        try:
            number = numbers(words_in(listener, read_blocks(path)))
        except LongFileError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            if args.json:
                print(as_json(file=str(path), error=str(error)))
            continue
        line = as_json(file=str(path), string=number) if args.json else f"{path}: {number}"
        print(line, flush=True)
    return _exit_code(failed, len(files))


def _exit_code(failed: int, files: int) -> int:
    if failed and files > 1:
        raise UserError(f"{failed} of {files} files could not be heard")
    return 1 if failed else 0


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"{text}: more than 0, at most a day (86400)")
    return seconds


if __name__ == "__main__":
    run_script(main)
