"""What tests build on: sounds that they make themselves, and a real HTTP server."""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from spoken_digits.corpora import espeak_process, synthesis
from spoken_digits.dataset.table import SUBSETS, Recordings, SplitTable
from spoken_digits.recording import Recording
from spoken_digits.sound.decode import wav_bytes


def speak(digit: int, speaker: str, take: int, rate: int = 16_000) -> NDArray[np.int16]:
    """Make half a second of sound, (rate/2,): a chord whose pitch is the digit's, in noise.

    Another digit, speaker or take gives other samples; the same ones give the same.
    """
    seed = hashlib.sha256(f"{digit} {speaker} {take}".encode()).digest()
    chance = np.random.default_rng(list(seed))
    seconds = np.arange(rate // 2) / rate
    pitch = 200 * 1.25**digit * chance.uniform(0.97, 1.03)
    chord = np.sin(2 * np.pi * pitch * seconds) + np.sin(2 * np.pi * 3 * pitch * seconds) / 2
    sound = chord * np.sin(2 * np.pi * seconds) + 0.05 * chance.standard_normal(len(seconds))
    return np.rint(sound * 8000).astype(np.int16)


def recordings(*speakers: str, takes: int = 1, rate: int = 16_000) -> dict[str, bytes]:
    """Make {name: WAV} of every digit by some speakers: recordings("anna", "ben", takes=2)."""
    return {
        f"{digit}_{speaker}_{take}.wav": wav_bytes(speak(digit, speaker, take, rate), rate)
        for speaker in speakers
        for digit in range(10)
        for take in range(takes)
    }


def split_of(subsets: Mapping[Recording, str]) -> SplitTable:
    """Return a split as stages hold it: split_of({Recording("fsdd", "7", "anna", 0): "test"})."""
    codes = [SUBSETS.index(subset) for subset in subsets.values()]
    return SplitTable(Recordings.of(subsets), np.array(codes, np.uint8))


def flip_a_bit(path: Path, position: int) -> None:
    """Damage a file: change the lowest bit of the byte at ``position``."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


class Drop(NamedTuple):
    """Answer a request, but close the connection after so many bytes of the file."""

    after: int


class Stall(NamedTuple):
    """Answer a request, but after so many bytes of the file send nothing for a second."""

    after: int


class Server:
    """A web server on loopback. Each request takes the first of ``plan``, if any is left:

    a status to answer with, a Drop, a Stall, bytes to serve instead of the file, or a function that
    answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes] = {}
        self.plan: list[int | Drop | Stall | bytes | Callable[[BaseHTTPRequestHandler], None]] = []
        self.requests: list[tuple[str, str | None]] = []  # path, Range header
        self.ranges = True
        self.longest_range = 2**60  # bytes; some servers send less than was asked for
        self.tag: str | None = None  # None: of the file's content
        self.claims: int | None = None  # the file's length, if not the true one


class Handler(BaseHTTPRequestHandler):
    spoken: Server

    def do_GET(self) -> None:
        server = self.spoken
        wish = self.headers.get("Range")
        server.requests.append((self.path, wish))
        step = server.plan.pop(0) if server.plan else None
        if callable(step):
            self.close_connection = True
            step(self)
            return
        content = server.files.get(self.path)
        if isinstance(step, bytes):
            content = step
        if isinstance(step, int) or content is None:
            self.send_error(step if isinstance(step, int) else 404)
            return
        start, end, total = 0, len(content), len(content)
        tag = server.tag if server.tag is not None else f'"{hashlib.md5(content).hexdigest()}"'
        match = re.fullmatch(r"bytes=(\d+)-", wish or "")
        if match and server.ranges and self.headers.get("If-Range") == tag:
            start = int(match[1])
            if start >= total:
                self.send_error(416)
                return
            end = min(total, start + server.longest_range)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(server.claims or end - start))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        if isinstance(step, Drop | Stall):
            end = start + step.after
        with suppress(ConnectionError):  # a client may have seen enough
            self.wfile.write(content[start:end])
        if isinstance(step, Stall):
            time.sleep(1)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve files over HTTP from a thread; see Server."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    spoken = Server(f"http://127.0.0.1:{httpd.server_port}")
    httpd.RequestHandlerClass = type("OneServer", (Handler,), {"spoken": spoken})
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield spoken
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def pronounce(*words: str, voice: str = "en") -> tuple[list[NDArray[np.int16]], int]:
    """Let a plain voice of espeak-ng say words: a clip (n,) each, and their rate in Hz."""
    job = {
        "library": espeakng_loader.get_library_path(),
        "data": str(espeakng_loader.get_data_path()),
        "voice": voice,
        "clips": [
            {"text": word, "rate": 150, "volume": 50, "pitch": 50, "range": 50} for word in words
        ],
    }
    clips = synthesis.say(espeak_process.__file__, job, "espeak-ng failed")
    return clips, espeak_process.SAMPLE_RATE
