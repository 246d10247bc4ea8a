"""A server that breaks every promise, asked by the stage download for an archive."""

import os
import random
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from campaign import places, programs
from campaign.archives import a_zip
from campaign.rule import REFUSED, Outcome, Try, judge
from machine import tree
from projects import set_params
from support import Drop, Server, Stall, recordings, serving

from spoken_digits.corpora import fetch

WORKS = (0,)
PATH = "/corpus.zip"
Plan = Callable[[Server], None]


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield servers: what they do, and whether the archive comes in the end."""
    archive = a_zip(recordings("anna").items())
    for size in sorted(chance.sample(range(len(archive)), 20)):
        for how, step in (("closed", Drop(size)), ("reset", partial(reset, archive, size))):
            yield Try(
                "a connection that breaks",
                f"{how} after {size} of {len(archive)} bytes, once",
                partial(fetched, top, archive, partial(plan, [step]), WORKS),
            )
        case = f"closed after {size} of {len(archive)} bytes, each time, without ranges"
        breaks = partial(plan, [Drop(size)] * 20, ranges=False)
        yield Try(
            "a connection that always breaks", case, partial(fetched, top, archive, breaks, REFUSED)
        )
    for case, setup, codes in servers(archive):
        yield Try("a server that fails", case, partial(fetched, top, archive, setup, codes))
    yield Try("no server", "connection refused", partial(unreachable, top, ""))
    yield Try("no server", "no such host", partial(unreachable, top, "http://host.invalid"))
    yield Try("no server", "a name that is no URL", partial(unreachable, top, "http://[::1"))
    yield Try("no server", "a port that is none", partial(unreachable, top, "http://h:99999999"))
    yield Try("a TLS error", "no TLS on the other side", partial(without_tls, top))
    yield Try("a TLS error", "a certificate of nobody", partial(with_strange_certificate, top))


def servers(archive: bytes) -> Iterator[tuple[str, Plan, tuple[int, ...]]]:
    """Yield what a server does wrong."""
    html = b"<!DOCTYPE html><html>Log in first</html>"
    yield "wrong bytes once", partial(plan, [bytes(len(archive))]), WORKS
    yield "wrong bytes always", partial(plan, [bytes(len(archive))] * 9), REFUSED
    yield "HTML instead of a ZIP", partial(plan, [html] * 9), REFUSED
    yield "nothing instead of a ZIP", partial(plan, [b""] * 9), REFUSED
    yield "more bytes promised than come", partial(plan, [], claims=len(archive) + 10), REFUSED
    yield "fewer bytes promised than come", partial(plan, [], claims=len(archive) - 10), REFUSED
    yield "silence in the middle", partial(plan, [Stall(len(archive) // 2)]), WORKS
    yield "a slow drip", partial(plan, [partial(drip, archive)]), WORKS
    yield "a redirect", partial(plan, [partial(redirect, PATH)]), WORKS
    yield "a redirect loop", partial(plan, [partial(redirect, PATH)] * 100), REFUSED
    yield "a redirect to a file", partial(plan, [partial(redirect, "file:///etc/passwd")]), REFUSED
    yield "a redirect nowhere", partial(plan, [partial(redirect, "")] * 9), REFUSED
    yield "no HTTP at all", partial(plan, [partial(raw, b"220 smtp ready\r\n")] * 9), REFUSED
    yield "headers without end", partial(plan, [partial(raw, long_header())] * 9), REFUSED
    yield "a length that is no number", partial(plan, [partial(odd_length, archive)]), WORKS
    yield (
        "another range than asked for",
        partial(plan, [Drop(len(archive) // 2), partial(wrong_range, archive)]),
        WORKS,
    )
    for status in (401, 403, 404, 410, 451):
        yield f"{status}", partial(plan, [status] * 9), REFUSED
    for status in (408, 425, 429, 500, 502, 503, 504):
        yield f"{status}, then fine", partial(plan, [status]), WORKS
        yield f"{status} for ever", partial(plan, [status] * 20), REFUSED
    yield "429 with Retry-After, then fine", partial(plan, [partial(wait, "1")]), WORKS
    yield "429 with Retry-After of a day", partial(plan, [partial(wait, "86400")] * 20), REFUSED


def fetched(
    top: Path, archive: bytes, setup: Plan, codes: tuple[int, ...], folder: Path
) -> Outcome:
    """Let the stage download fetch the archive from a server."""
    with serving() as server:
        server.files[PATH] = archive
        setup(server)
        return ask(top, server.url + PATH, codes, folder)


def ask(top: Path, address: str, codes: tuple[int, ...], folder: Path) -> Outcome:
    """Let the stage download fetch from an address; a part may stay in the cache, to go on from."""
    project = places.copy(places.with_data(top), folder)
    set_params(project, {"download.folder.path": address})
    before = tree(project)

    def short_waits() -> None:
        fetch.FIRST_WAIT_S, fetch.TIMEOUT_S = 0.01, (1, 1)
        os.environ["SPOKEN_DIGITS_CACHE"] = str(folder / "cache")
        os.environ["NO_PROXY"] = "*"
        os.environ.pop("CORPUS_MIRROR", None)

    done = programs.run("download.py", project=project, first=short_waits)
    outcome = judge(done, project, before, codes=codes, names="corpus|http")
    kept = [path for path in (folder / "cache").rglob("corpus.zip") if done.code]
    if kept:
        outcome.wrong.append("a bad archive stays in the cache")
    return outcome


def unreachable(top: Path, address: str, folder: Path) -> Outcome:
    """Ask where nobody answers."""
    if not address:
        with serving() as server:
            address = server.url
    return ask(top, address + PATH, REFUSED, folder)


def without_tls(top: Path, folder: Path) -> Outcome:
    """Ask a plain server for TLS."""
    with serving() as server:
        return ask(top, server.url.replace("http:", "https:") + PATH, REFUSED, folder)


def with_strange_certificate(top: Path, folder: Path) -> Outcome:
    """Ask a server whose certificate nobody has signed but itself."""
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 "
        "-keyout key.pem -out certificate.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()
        thread = threading.Thread(target=greet, args=(listening, context, ended))
        thread.start()
        try:
            port = listening.getsockname()[1]
            return ask(top, f"https://127.0.0.1:{port}{PATH}", REFUSED, folder)
        finally:
            ended.set()
            thread.join()


def greet(listening: socket.socket, context: ssl.SSLContext, ended: threading.Event) -> None:
    """Accept connections and begin TLS in each."""
    listening.settimeout(0.1)
    while not ended.is_set():
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        connection.settimeout(1)
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


# What a server can do


def plan(
    steps: list[object], server: Server, ranges: bool = True, claims: int | None = None
) -> None:
    """Let a server take these steps."""
    server.plan, server.ranges, server.claims = [*steps], ranges, claims  # type: ignore[list-item]


def reset(archive: bytes, size: int, handler: BaseHTTPRequestHandler) -> None:
    """Send a part, then a TCP reset."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(archive)))
    handler.send_header("ETag", '"1"')
    handler.end_headers()
    handler.wfile.write(archive[:size])
    handler.wfile.flush()
    time.sleep(0.02)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def drip(archive: bytes, handler: BaseHTTPRequestHandler) -> None:
    """Send the archive in twenty pieces with pauses."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(archive)))
    handler.end_headers()
    step = len(archive) // 20 + 1
    for start in range(0, len(archive), step):
        handler.wfile.write(archive[start : start + step])
        time.sleep(0.1)


def redirect(where: str, handler: BaseHTTPRequestHandler) -> None:
    """Send the client elsewhere."""
    handler.send_response(302)
    handler.send_header("Location", where)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def wait(seconds: str, handler: BaseHTTPRequestHandler) -> None:
    """Ask the client to come back later."""
    handler.send_response(429)
    handler.send_header("Retry-After", seconds)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def raw(answer: bytes, handler: BaseHTTPRequestHandler) -> None:
    """Send some bytes."""
    handler.wfile.write(answer)


def long_header() -> bytes:
    """Return an answer with a million bytes of headers."""
    return b"HTTP/1.1 200 OK\r\n" + b"X-More: and more of it\r\n" * 50_000


def odd_length(archive: bytes, handler: BaseHTTPRequestHandler) -> None:
    """Send the archive, and say that it is "many" bytes long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "many")
    handler.end_headers()
    handler.wfile.write(archive)


def wrong_range(archive: bytes, handler: BaseHTTPRequestHandler) -> None:
    """Answer a request for the rest with the beginning."""
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes 0-9/{len(archive)}")
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.write(archive[:10])
