"""The page in web/: how it is served, what it is built of. `make test-web` tests what it does."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from live_support import save_model, save_number_model

WEB = ROOT / "web"
PACKAGES = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
PINNED: dict[str, str] = PACKAGES["dependencies"] | PACKAGES["devDependencies"]
SERVE = ["env", f"PYTHONPATH={ROOT / 'src'}", sys.executable, str(ROOT / "tools/serve.py")]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a folder with a page that was built, in a project's top folder."""
    dist = tmp_path / "web" / "dist"
    dist.mkdir(parents=True)
    (dist / "index.html").write_text("<title>Spoken digits</title>", encoding="utf-8")
    (dist / "runtime.wasm").write_bytes(b"\0asm")
    return tmp_path


@pytest.fixture
def server(page: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*SERVE, "--port", "0"], cwd=page, stdout=subprocess.PIPE, text=True
    ) as one:
        yield one
        one.kill()


def test_it_is_served_on_this_machine_alone_and_the_address_is_printed(server):
    said = server.stdout.readline()
    port = int(re.fullmatch(r"http://localhost:(\d+)/  \(Ctrl-C ends it\)\n", said)[1])
    with urllib.request.urlopen(f"http://localhost:{port}/runtime.wasm") as answer:
        assert answer.headers["Content-Type"] == "application/wasm"
    # It is bound to loopback: on another of this machine's addresses, the port is free.
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", port)) == errno.ECONNREFUSED
    server.send_signal(signal.SIGINT)
    assert server.wait(10) == 0


def test_without_a_page_it_says_how_to_make_one(tmp_path):
    done = subprocess.run(SERVE, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        f"error: {Path('web/dist')}: no page. Make it with: make web\n",
    )


def test_a_port_that_is_taken_is_named(page):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([*SERVE, "--port", port], cwd=page, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: port {port}: Address already in use. Choose another")


def copy_files(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    for name in ("params.yaml", "models"):
        if not (top / name).exists():
            (top / name).symlink_to(ROOT / name)
    return subprocess.run(
        [sys.executable, ROOT / "tools/web_files.py", *arguments],
        cwd=top,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )


def test_a_page_is_made_of_a_model_and_what_it_is_listened_to_with(tmp_path):
    done = copy_files(tmp_path)
    assert done.returncode == 0, done.stderr
    published = tmp_path / "web/public/models"
    same = {"digits.onnx": "models/released/digits.onnx", "listening.json": "models/listening.json"}
    for name, source in same.items():
        assert (published / name).read_bytes() == (ROOT / source).read_bytes()
    assert (published / "silero.onnx").stat().st_size > 1_000_000


def test_the_network_that_reads_numbers_is_published_if_it_lies_beside_the_model(tmp_path):
    model = save_model(tmp_path / "mine.onnx")
    published = tmp_path / "web/public/models/numbers.onnx"
    numbers = save_number_model(tmp_path / "numbers.onnx")
    assert copy_files(tmp_path, "--model", str(model)).returncode == 0
    assert published.read_bytes() == numbers.read_bytes()
    numbers.unlink()
    assert copy_files(tmp_path, "--model", str(model)).returncode == 0
    assert not published.exists()


def test_a_model_that_cannot_be_used_is_not_published(tmp_path):
    (tmp_path / "broken.onnx").write_text("no model", encoding="utf-8")
    done = copy_files(tmp_path, "--model", "broken.onnx")
    assert done.returncode == 3
    assert "broken.onnx: not an ONNX model that can be read" in done.stderr
    assert not (tmp_path / "web").exists()


def test_each_package_is_pinned_and_explained():
    explained = re.findall(r"^\| `([\w@/-]+)` \|", (WEB / "README.md").read_text(), re.MULTILINE)
    packages = [name for name in explained if not name.endswith("/")]
    assert {*packages} >= {*PINNED}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PINNED.values())


def test_the_lock_file_has_digests_and_no_address_to_fetch_from():
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    del lock[""]
    assert len(lock) > len(PINNED)
    assert all("integrity" in one and "resolved" not in one for one in lock.values())


def test_the_page_s_policy_allows_nothing_from_elsewhere():
    (policy,) = re.findall(r'content="(default-src[^"]+)"', (WEB / "index.html").read_text())
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("script-src") == "'self' 'wasm-unsafe-eval'"
    assert rules.pop("media-src") == "blob:"  # a clip is played
    assert set(rules.values()) == {"'self'", "'none'"}


def test_the_workflow_that_publishes_it_may_write_to_pages_alone():
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert {"run": "make web"} in steps
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps if "uses" in step)
