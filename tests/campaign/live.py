"""The live program: odd input, output that nobody takes, no time to compute, no microphone."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from campaign import places, programs
from campaign.rule import REFUSED, Done, Outcome, Try, judge
from live_support import PROGRAM, ROOT, room, save_model, save_number_model, word
from machine import shell, tree
from sound_server import Program, running_server

OUTPUTS = ("> /dev/full", ">&-", "| head -c 0", "| head -c 20", "2>&-", "> /dev/full 2>&1")
WAYS = (
    "w.wav",
    "--json w.wav",
    "--string w.wav",
    "- < words.pcm",
    "--json - < words.pcm",
    "--help",
)
INPUTS = ("<&-", "< /dev/null", "0> out")  # at "< /" Python itself ends; of zeros there is no end
DIGITS = (3, 1, 4, 1, 5)


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield ways in and out of the program."""
    for way in WAYS:
        for output in OUTPUTS:
            case = f"predict_live.py {way} {output}"
            yield Try("an output that nobody takes", case, partial(piped, top, way, output))
    for script in ("record.py", "compare.py", "train.py"):
        for output in OUTPUTS:
            case = f"{script} --help {output}"
            yield Try("an output that nobody takes", case, partial(helped, top, script, output))
    for given in INPUTS:
        yield Try("an odd standard input", given, partial(piped, top, "--json -", f"{given} > out"))
    for _ in range(40):
        content = chance.randbytes(chance.randrange(1, 100_000))
        start = chance.choice(
            (b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt ", b"fLaC", b"OggS", b"ID3", b"\xff\xfb")
        )
        case = f"{start!r} and {len(content)} random bytes"
        yield Try("an odd standard input", case, partial(given_bytes, top, start + content))
    for _ in range(20):
        pauses = [(chance.uniform(0, 0.5), chance.uniform(0.05, 1)) for _ in range(5)]
        yield Try("stopped for a while", str(pauses), partial(starved, top, pauses))
    yield Try("the microphone is unplugged", "20 times", partial(unplugged, top, 20))


def place(top: Path, folder: Path) -> Path:
    """Make a project with words to hear, and a model that hears them."""
    project = places.copy(places.with_data(top), folder)
    save_model(project / "models/released/digits.onnx")
    save_number_model(project / "models/released/numbers.onnx")
    words = room(0.5, *(part for digit in DIGITS for part in (word(digit), 0.7)))
    (project / "words.pcm").write_bytes(np.rint(words * 32767).astype("<i2").tobytes())
    (project / "w.wav").write_bytes((project / "recordings/3_anna_0.wav").read_bytes())
    (project / "out").touch()
    return project


def piped(top: Path, way: str, redirection: str, folder: Path) -> Outcome:
    """Run the program in a shell, with its input or output led elsewhere."""
    project = place(top, folder)
    before = {name: content for name, content in tree(project).items() if name != "out"}
    command = f"set -o pipefail; timeout 60 {sys.executable} {PROGRAM} {way} {redirection}"
    done = shell(command, project, PYTHONUNBUFFERED="")
    quiet = "2>" in redirection
    result = Done(done.returncode, done.stdout, "error: (closed)" if quiet else done.stderr)
    (project / "out").unlink()
    return judge(result, project, before, codes=(0, 141, *REFUSED))


def helped(top: Path, script: str, redirection: str, folder: Path) -> Outcome:
    """Ask another program for help."""
    project = place(top, folder)
    before = tree(project)
    command = f"set -o pipefail; {sys.executable} {ROOT / 'src' / script} --help {redirection}"
    done = shell(command, project, PYTHONUNBUFFERED="")
    quiet = "2>" in redirection
    result = Done(done.returncode, done.stdout, "error: (closed)" if quiet else done.stderr)
    return judge(result, project, before, codes=(0, 141, *REFUSED))


def given_bytes(top: Path, content: bytes, folder: Path) -> Outcome:
    """Give bytes to the program's standard input."""
    project = place(top, folder)
    before = tree(project)
    done = programs.run("predict_live.py", "--json", "-", project=project, stdin=content)
    return judge(done, project, before, names="standard input|-")


def starved(top: Path, pauses: list[tuple[float, float]], folder: Path) -> Outcome:
    """Stop and continue the program while it hears: it hears the same."""
    project = place(top, folder)
    before = tree(project)
    process = subprocess.Popen(
        [sys.executable, PROGRAM, "--string", "-"],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    disturbing = threading.Thread(target=stop_and_go, args=(process, pauses))
    disturbing.start()
    out, err = process.communicate((project / "words.pcm").read_bytes())
    disturbing.join()
    outcome = judge(
        Done(process.returncode, out.decode(), err.decode()), project, before, codes=(0,)
    )
    if out.decode().split() != ["".join(map(str, DIGITS))]:
        outcome.wrong.append(f"heard {out.decode()!r}")
    return outcome


def stop_and_go(process: subprocess.Popen[bytes], pauses: list[tuple[float, float]]) -> None:
    """Let a process run for some time, stop it for some time, and again."""
    for working, stopped in pauses:
        time.sleep(working)
        for how in (signal.SIGSTOP, signal.SIGCONT):
            if process.poll() is not None:
                return
            os.kill(process.pid, how)
            time.sleep(stopped if how is signal.SIGSTOP else 0)


def unplugged(top: Path, times: int, folder: Path) -> Outcome:
    """Take the microphone away and bring it back, again and again; then say a word."""
    project = place(top, folder)
    before = tree(project)
    (folder / "sound").mkdir()
    with running_server(folder / "sound") as server:
        program = Program(server, project, "--json")
        program.wait_for("listening to")
        for _ in range(times):
            server.unplug()
            program.wait_for("waiting for it")
            server.plug_in()
            program.wait_for("back")
        server.play(room(1.0, word(7, 0.5), 1.0))
        heard = program.wait_for("digit")
        code = program.stop()
    outcome = judge(Done(code, heard, ""), project, before, codes=(0, 130))
    if '"digit": "7"' not in heard:
        outcome.wrong.append(f"heard {heard}")
    return outcome
