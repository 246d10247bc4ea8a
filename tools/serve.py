"""Serve web/dist on this machine alone, and print the address. Ctrl-C ends it."""

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import run_script

PAGE = Path("web/dist")
TYPES = {".wasm": "application/wasm", ".webmanifest": "application/manifest+json"}


class Handler(SimpleHTTPRequestHandler):
    """Serves files under the types that browsers want, and prints nothing about requests."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    port = parser.parse_args().port
    if not (PAGE / "index.html").is_file():
        print(f"error: {PAGE}: no page. Make it with: make web", file=sys.stderr)
        return 1
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(PAGE)))
    except OSError as error:
        advice = "Choose another with --port, for example: make serve ARGS='--port 8001'"
        print(f"error: port {port}: {error.strerror}. {advice}", file=sys.stderr)
        return 1
    print(f"http://localhost:{server.server_port}/  (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    run_script(main)
