"""tools/install.py: which torch is installed, by real pip from indexes on loopback."""

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import install
import pytest

ROOT = Path(__file__).parents[3]
PIN, CPU = "2.13.0", "2.13.0+cpu"


def wheel(folder: Path, name: str, version: str, needs: str = "", origin: str = "") -> None:
    """Write a wheel of one module, that says where it comes from."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": f"ORIGIN = {origin!r}\n",
        f"{info}/METADATA": metadata + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}\n"
        for path, text in files.items()
    )
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


class Indexes(NamedTuple):
    """A web server with two indexes, PyTorch's and the ordinary one, and what was asked of it."""

    url: str
    folder: Path
    asked: list[str]

    @property
    def cpu(self) -> str:
        return f"{self.url}/cpu"


@pytest.fixture
def indexes(tmp_path: Path) -> Iterator[Indexes]:
    """Serve torch with and without +cpu, and what it needs; the latter in both indexes."""
    folder = tmp_path / "indexes"
    for index, version in [("cpu", CPU), ("ordinary", PIN)]:
        wheel(folder / index / "torch", "torch", version, "needed==1.0", origin=index)
        wheel(folder / index / "needed", "needed", "1.0", origin=index)
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    yield Indexes(f"http://127.0.0.1:{httpd.server_port}", folder, asked)
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture(scope="module")
def an_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def environment(an_environment: Path) -> Path:
    """An environment of its own, in which neither torch nor what it needs is installed."""
    (packages,) = an_environment.glob("lib/*/site-packages")
    for path in [*packages.glob("torch*"), *packages.glob("needed*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return an_environment


def surroundings(**pip: str) -> dict[str, str]:
    """Return the environment of a user whose pip is configured by these variables alone."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "TORCH"))
    }
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"} | pip


def run(
    environment: Path, indexes: Indexes, *arguments: str, **pip: str
) -> subprocess.CompletedProcess[str]:
    requirements = indexes.folder.parent / "requirements.txt"
    requirements.write_text(f"torch=={PIN}  # the network\nneeded==1.0\n")
    return subprocess.run(
        [environment / "bin/python", ROOT / "tools/install.py", "--requirements", requirements,
         *arguments],
        env=surroundings(**({"PIP_INDEX_URL": f"{indexes.url}/ordinary"} | pip)),
        capture_output=True,
        text=True,
    )  # fmt: skip


def installed(environment: Path) -> tuple[str, str]:
    """Return the version of torch, and which index what it needs is from."""
    code = "import importlib.metadata as m, needed; print(m.version('torch'), needed.ORIGIN)"
    command = [environment / "bin/python", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    version, origin = done.stdout.split()
    return version, origin


@pytest.mark.slow
def test_torch_alone_comes_from_the_index_of_builds_for_cpus(environment, indexes):
    done = run(environment, indexes, "--torch", "cpu", "--cpu-index", indexes.cpu)
    assert done.returncode == 0, done.stderr
    assert installed(environment) == (CPU, "ordinary")
    indexes.asked.clear()
    again = run(environment, indexes, "--torch", "cpu", "--cpu-index", indexes.cpu)
    assert (again.returncode, indexes.asked) == (0, [])


@pytest.mark.slow
def test_detection_decides_where_nothing_is_said(environment, indexes):
    assert run(environment, indexes, "--cpu-index", indexes.cpu).returncode == 0
    assert installed(environment) == (CPU if install.without_card() else PIN, "ordinary")


@pytest.mark.slow
def test_an_index_that_does_not_answer_costs_a_line_and_seconds(environment, indexes, no_server):
    start = time.monotonic()
    done = run(environment, indexes, "--torch", "cpu", "--cpu-index", no_server)
    assert time.monotonic() - start < 30
    assert done.returncode == 0
    assert installed(environment) == (PIN, "ordinary")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{no_server} does not answer (")
    assert line.endswith("): torch comes from where pip is configured to look")


@pytest.mark.slow
def test_an_index_without_this_version(environment, indexes):
    shutil.rmtree(indexes.folder / "cpu/torch")
    wheel(indexes.folder / "cpu/torch", "torch", "1.0+cpu")
    done = run(environment, indexes, "--torch", "cpu", "--cpu-index", indexes.cpu)
    assert done.returncode == 0
    assert installed(environment) == (PIN, "ordinary")
    assert f"{indexes.cpu} has no torch {PIN} for this machine: torch comes from" in done.stderr


@pytest.mark.slow
def test_cuda_and_back(environment, indexes):
    for kind, version in [("cpu", CPU), ("default", CPU), ("cuda", PIN), ("cpu", CPU)]:
        done = run(environment, indexes, "--torch", kind, "--cpu-index", indexes.cpu)
        assert done.returncode == 0, done.stderr
        assert installed(environment) == (version, "ordinary")


@pytest.mark.slow
def test_cuda_where_no_build_with_it_can_be_had(environment, indexes):
    only_cpu = {"PIP_INDEX_URL": indexes.cpu}
    done = run(environment, indexes, "--torch", "cuda", **only_cpu)
    assert done.returncode == 1
    assert f"error: torch {CPU} is a build without CUDA, and pip finds no other" in done.stderr


@pytest.mark.slow
def test_a_folder_instead_of_an_index(environment, indexes):
    """PIP_NO_INDEX: nothing is asked for over the network."""
    folders = f"{indexes.folder}/ordinary/torch {indexes.folder}/ordinary/needed"
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": folders}
    done = run(environment, indexes, "--torch", "cpu", "--cpu-index", indexes.cpu, **offline)
    assert done.returncode == 0, done.stderr
    assert installed(environment) == (PIN, "ordinary")
    assert indexes.asked == []
    assert f"{indexes.cpu} is not asked, as PIP_NO_INDEX has it" in done.stderr


@pytest.mark.slow
def test_make_installs_once_and_again_only_for_another_torch(indexes, tmp_path):
    project = tmp_path / "project"
    for name in ("Makefile", "tools/install.py", "src/spoken_digits/__init__.py",
                 "src/spoken_digits/errors.py"):  # fmt: skip
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    (project / "constraints.txt").touch()
    (project / "requirements.txt").write_text(f"torch=={PIN}\n")

    def make(*variables: str) -> str:
        done = subprocess.run(
            ["make", "install", f"PYTHON={sys.executable}", *variables],
            cwd=project,
            env=surroundings(PIP_INDEX_URL=f"{indexes.url}/ordinary"),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "tools/install.py" in make("TORCH=cpu", f"TORCH_CPU_INDEX={indexes.cpu}")
    assert installed(project / ".venv") == (CPU, "ordinary")
    assert "Nothing to be done" in make("TORCH=cpu")
    assert "Nothing to be done" in make()
    assert "tools/install.py" in make("TORCH=cuda")
    assert installed(project / ".venv") == (PIN, "ordinary")
    assert "Nothing to be done" in make()


def test_an_index_that_stalls_is_given_up(monkeypatch):
    monkeypatch.setattr(install, "PATIENCE_S", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        start = time.monotonic()
        problem = install.silence(f"http://127.0.0.1:{listening.getsockname()[1]}/whl")
        assert time.monotonic() - start < 2
    assert problem.startswith("does not answer")


@pytest.mark.parametrize("address", ["nonsense", "https://[", "file:///nowhere"])
def test_addresses_that_are_none(address):
    assert install.silence(address).startswith("does not answer (")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="CUDA comes on Linux alone")
def test_a_card_is_what_its_driver_makes(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "CARD", (str(tmp_path / "nvidiactl"),))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert install.without_card()
    (tmp_path / "nvidiactl").touch()
    assert not install.without_card()
    (tmp_path / "nvidiactl").unlink()
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert not install.without_card()


def test_the_pin_is_read_from_the_requirements():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert f"torch=={install.torch_pin(text)} " in text
    with pytest.raises(SystemExit, match="does not pin torch"):
        install.torch_pin("numpy==2.0\n# torch==1.0\n")
