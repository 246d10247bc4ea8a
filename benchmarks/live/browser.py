"""What the page in web/ costs, and how fast it is, in Debian's chromium.

Usage:  make web
        CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/browser.py

The fake microphone of the browser plays half a minute of a quiet room, then FSDD's recordings with
0.7 s between them, then the same recordings joined to numbers of four. Says how many are found and
right, how many digits too many, the time from the end of a word to its digit on the screen, and
from that of a number, the time of an inference, what of a core all the browser's processes take,
and how much is loaded, compressed as a web server does it.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
from common.streams import (
    ROOT,
    corpus_mirror,
    count_right,
    fsdd,
    in_numbers,
    noise,
    numbers_right,
    stream,
    take_range,
)
from numpy.typing import NDArray

from spoken_digits.sizes import SAMPLE_RATE

PAGE = ROOT / "web" / "dist"
OTHERS = (".wasm", "silero.onnx")
"""Files that this project did not make."""
QUIET_S = 30
SETTLED_S = 5  # after the start, before the processor's time is taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--takes", default="0-4", help="first-last; 0-4 is the official test")
    parser.add_argument("--words", type=int, default=50)
    args = parser.parse_args()
    mirror = corpus_mirror("FSDD")
    if not PAGE.is_dir():
        sys.exit(f"{PAGE}: no page. Make it with: make web")
    recordings = [(label, s) for label, _, s in fsdd(mirror, take_range(args.takes))]
    rng = np.random.default_rng(0)
    words = [recordings[i] for i in rng.permutation(len(recordings))[: args.words]]
    sound, said = stream(words, (0.7, 0.7), "room", 40, rng, [])
    quiet = 1e-3 * noise("room", QUIET_S * SAMPLE_RATE, rng, [])
    serve = [sys.executable, "tools/serve.py", "--port", "0"]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().split()[0]
        idle = listen(address, quiet)
        busy = listen(address, sound)
        numbers = listen(address, in_numbers(words, "room", 40, rng, []), "numbers")
        server.terminate()
    heard = busy["words"]
    digits = [word for word in heard if word["digit"] is not None]
    right, extra = max(count_right(said, digits, delay) for delay in np.arange(-0.5, 0.5, 0.05))
    latency = [word["latency_ms"] for word in digits] or [float("nan")]
    inference = busy["inference_ms"]
    print(f"{right} of {len(said)} found and right, {extra} digits claimed besides")
    print(
        f"end of a word to the screen: median {np.median(latency):.0f} ms, "
        f"95% {np.percentile(latency, 95):.0f} ms"
    )
    middle, slow = np.percentile(inference, [50, 95])
    print(f"inference: median {middle:.1f} ms, 95% {slow:.1f} ms")
    print(f"CPU: {idle['cpu']:.1%} of a core in a quiet room, {busy['cpu']:.1%} with words")
    print(numbers_right(words, [one["string"] for one in numbers["words"]]))
    waited = [number["latency_ms"] for number in numbers["words"]] or [float("nan")]
    print(
        f"end of a number to the screen: median {np.median(waited):.0f} ms, "
        f"95% {np.percentile(waited, 95):.0f} ms, the pause that ends it included"
    )
    print(f"CPU: {numbers['cpu']:.1%} of a core while numbers are said")
    print(f"nobody spoke in the quiet room, and {len(idle['words'])} words were heard")
    for what, size in loaded().items():
        print(f"first load, {what}: {size / 1e6:.2f} MB compressed")


def listen(address: str, sound: NDArray[np.floating], mode: str = "words") -> dict[str, Any]:
    """Let the page listen to a sound, (n,); return words, times, and the processor's share."""
    seconds = len(sound) / SAMPLE_RATE
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        soundfile.write(wav, sound, SAMPLE_RATE, subtype="PCM_16")
        command = ["node", "web/tests/listen.mjs", address, str(wav), str(seconds), mode]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as driver:
            assert driver.stdout
            inference = json.loads(driver.stdout.readline())["inference_ms"]
            driver.stdout.readline()  # it listens
            time.sleep(SETTLED_S)
            used, at = used_s(driver.pid), time.monotonic()
            time.sleep(seconds - SETTLED_S - 2)
            share = (used_s(driver.pid) - used) / (time.monotonic() - at)
            heard = json.loads(driver.stdout.readline())
    return {**heard, "inference_ms": inference, "cpu": share}


def used_s(driver: int) -> float:
    """Return the processor time that all processes of the browser have taken, s."""
    return sum(sum(one.cpu_times()[:2]) for one in psutil.Process(driver).children(recursive=True))


def loaded() -> dict[str, int]:
    """Return how many bytes the first visit loads."""
    sizes = {
        path: len(gzip.compress(path.read_bytes(), 9)) for path in PAGE.rglob("*") if path.is_file()
    }
    ours = sum(size for path, size in sizes.items() if not path.name.endswith(OTHERS))
    return {"all": sum(sizes.values()), "of which ours": ours}


if __name__ == "__main__":
    main()
