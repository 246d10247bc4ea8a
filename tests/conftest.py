"""Fixtures that all tests share."""

import os
import signal
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer

import pytest
from support import Handler, Server, recordings, serving

# A shell lets what it starts in the background ignore Ctrl-C, and the programs that tests interrupt
# would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# What `make test ARGS=...` was given is not meant for the make that a test runs.
for _name in ("ARGS", "MAKEFLAGS"):
    os.environ.pop(_name, None)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Where tests run on several processes: a file on one; all quick ones of the built project too.

    Slow ones take longer than it takes to build it a second time.
    """
    slow = item.get_closest_marker("slow")
    built = "built" in getattr(item, "fixturenames", ()) and not slow
    item.add_marker(pytest.mark.xdist_group("built" if built else item.path.name))


@pytest.fixture(autouse=True)
def _own_surroundings(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test reads or fills the user's cache of archives, or goes through a proxy."""
    monkeypatch.setenv("SPOKEN_DIGITS_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("CORPUS_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(name="recordings")
def recordings_fixture() -> Callable[..., dict[str, bytes]]:
    """Make {name: WAV} of every digit by some speakers: recordings("anna", "ben", takes=2)."""
    return recordings


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve files over HTTP from a thread; see Server."""
    with serving() as spoken:
        yield spoken


@pytest.fixture
def no_server() -> str:
    """Return the address of a port on which nothing answers."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.server_close()
    return f"http://127.0.0.1:{httpd.server_port}"


@pytest.fixture(scope="module")
def one_torch_thread() -> Iterator[None]:
    """Small tensors: threads that wait for each other cost more than they gain."""
    import torch  # takes seconds: only tests that use it wait for it

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
