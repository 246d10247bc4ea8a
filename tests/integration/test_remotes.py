"""Two machines share one project through a DVC remote: a directory, SSH and S3.

SSH is openssh-server on loopback with a key made here; S3 is moto's server, the closest to a real
one that PyPI has.
"""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from conftest import commit_all, set_params
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.slow


class Remote(NamedTuple):
    """Where a remote is, how DVC gets there, and a look behind its back."""

    url: str
    settings: dict[str, str]
    names: Callable[[], list[str]]
    read: Callable[[str], bytes]
    write: Callable[[str, bytes], object]


def in_directory(store: Path, url: str, settings: dict[str, str]) -> Remote:
    def write(name: str, content: bytes) -> None:
        (store / name).chmod(0o644)
        (store / name).write_bytes(content)

    return Remote(
        url,
        settings,
        lambda: [str(p.relative_to(store)) for p in store.rglob("*") if p.is_file()],
        lambda name: (store / name).read_bytes(),
        write,
    )


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run an SSH server for the present user; yield what DVC must know to reach it."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if sshd is None:
        assert "SPOKEN_DIGITS_REQUIRE_SSH" not in os.environ, "no sshd here, and it is required"
        pytest.skip("no sshd here; on Debian: apt-get install openssh-server")
    folder = tmp_path_factory.mktemp("sshd")
    for key in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(command, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder / 'host'}\nPidFile none\n"
        f"AuthorizedKeysFile {folder / 'user.pub'}\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it
    log = (folder / "log").open("wb")
    server = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "config")], stderr=log)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "sshd does not answer"
                time.sleep(0.05)
        yield {"port": str(port), "keyfile": str(folder / "user"), "user": getpass.getuser()}
    finally:
        server.terminate()
        server.wait()
        log.close()


@pytest.fixture
def ssh(ssh_server: dict[str, str], tmp_path: Path) -> Remote:
    store = tmp_path / "ssh-store"
    store.mkdir()
    return in_directory(store, f"ssh://127.0.0.1{store}", ssh_server)


@pytest.fixture
def directory(tmp_path: Path) -> Remote:
    store = tmp_path / "shared store"
    store.mkdir()
    return in_directory(store, str(store), {})


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def s3(s3_server: str, tmp_path: Path) -> Remote:
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="anna",
        aws_secret_access_key="secret",
    )
    bucket = f"digits-{uuid.uuid4()}"
    client.create_bucket(Bucket=bucket)
    settings = {"endpointurl": s3_server, "region": "us-east-1"}
    settings |= {"access_key_id": "anna", "secret_access_key": "secret"}

    def names() -> list[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="store/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [key.removeprefix("store/") for key in keys]

    return Remote(
        f"s3://{bucket}/store",
        settings,
        names,
        lambda name: client.get_object(Bucket=bucket, Key=f"store/{name}")["Body"].read(),
        lambda name, content: client.put_object(Bucket=bucket, Key=f"store/{name}", Body=content),
    )


@pytest.fixture(params=["directory", "ssh", "s3"])
def remote(request: pytest.FixtureRequest) -> Remote:
    found: Remote = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def anna(work: Path, remote: Remote, run) -> Path:
    """Machine A: the built project, with the remote as its default, committed."""
    run("dvc", "remote", "add", "--default", "shared", remote.url, cwd=work)
    run("dvc", "remote", "modify", "shared", "verify", "true", cwd=work)
    settle(work, remote, run)
    run("git", "commit", "--quiet", "-m", "A remote", ".dvc/config", cwd=work)
    return work


def settle(project: Path, remote: Remote, run, user: str = "anna") -> None:
    """Tell DVC what stays on this machine: port, keys."""
    for key, value in remote.settings.items():
        run("dvc", "remote", "modify", "--local", "shared", key, value, cwd=project, user=user)


@pytest.fixture
def bela(anna: Path, remote: Remote, tmp_path: Path, run) -> Callable[[], Path]:
    """Return a function that makes machine B: another user's clone, with a cache of its own."""

    def clone() -> Path:
        project = tmp_path / "elsewhere" / "klón of béla"
        project.parent.mkdir()
        run("git", "clone", "--quiet", anna, project, cwd=tmp_path, user="bela")
        settle(project, remote, run, user="bela")
        return project

    return clone


def ran(output: str) -> list[str]:
    """Return the stages that a dvc repro ran, rather than skipped or restored."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def test_two_machines(anna, bela, run, tmp_path):
    run("dvc", "push", "--run-cache", cwd=anna)
    project = bela()

    def dvc(*arguments: str) -> str:
        finished = run("dvc", *arguments, cwd=project, user="bela")
        return finished.stdout + finished.stderr

    dvc("pull", "--run-cache")
    assert ran(dvc("repro")) == []
    assert json.loads(run("dvc", "status", "--json", cwd=project, user="bela").stdout) == {}

    shard = next((project / "data/raw/espeak").glob("*.zip"))
    with zipfile.ZipFile(shard) as archive:
        name = next(name for name in archive.namelist() if name[0].isdigit())
        archive.extract(name, tmp_path)
    spoken = run(
        "python", "src/predict_live.py", "--json", tmp_path / name, cwd=project, user="bela"
    )
    assert len(json.loads(spoken.stdout)["probabilities"]) == 11

    lock = (project / "dvc.lock").read_bytes()
    set_params(project, {"train.weight_decay": 0.3})
    again = ran(dvc("repro"))
    assert again[0] == "train"
    assert not {"download", "spectrogram", "split", "validate"} & set(again)
    assert (project / "dvc.lock").read_bytes() != lock

    run("git", "checkout", "--quiet", "params.yaml", cwd=project, user="bela")
    back = dvc("repro")
    assert "Stage 'train' is cached - skipping run, checking out outputs" in back
    assert "train" not in ran(back)
    assert (project / "dvc.lock").read_bytes() == lock
    changed = run("git", "status", "--porcelain", cwd=project, user="bela").stdout
    assert changed in ("", " M metrics/latency.json\n")  # a time is another one on every run


@pytest.fixture
def many(anna: Path, run) -> Path:
    """Machine A with hundreds of files more, so that a transfer can be interrupted."""
    (anna / "many").mkdir()
    for number in range(300):
        (anna / "many" / f"{number}.txt").write_text(f"{number}\n" * 2000)
    run("dvc", "add", "--quiet", "many", cwd=anna)
    commit_all(run, anna, "Many")
    return anna


def kill_when(
    started: Callable[[], bool], command: list[str], cwd: Path, env: dict[str, str]
) -> None:
    """Run a command and kill it, as a power cut would, as soon as it has started its work."""
    process = subprocess.Popen(
        command, cwd=cwd, env=env, start_new_session=True, stdout=subprocess.DEVNULL
    )
    while process.poll() is None and not started():
        time.sleep(0.002)
    assert process.poll() is None, f"{command} was over before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_interrupted_push_and_pull_resume(many, bela, remote, run, machine):
    objects = {path.name for path in (many / "many").iterdir()}
    kill_when(lambda: len(remote.names()) > 0, ["dvc", "push", "-j", "1"], many, machine("anna"))
    assert len(remote.names()) < len(objects)
    run("dvc", "push", cwd=many)
    assert "whole" in run("python", "tools/check_remote.py", cwd=many).stdout

    project = bela()
    cache = project / ".dvc" / "cache" / "files"
    kill_when(
        lambda: any(path.is_file() for path in cache.rglob("*")),
        ["dvc", "pull", "-j", "1"],
        project,
        machine("bela"),
    )
    assert not (project / "many").exists() or len(list((project / "many").iterdir())) < len(objects)
    run("dvc", "pull", cwd=project, user="bela")
    assert json.loads(run("dvc", "status", "--json", cwd=project, user="bela").stdout) == {}
    for name in objects:
        assert (project / "many" / name).read_bytes() == (many / "many" / name).read_bytes()


def test_damage_is_found_named_and_mended(anna, bela, remote, run):
    run("dvc", "push", cwd=anna)
    shard = sorted((anna / "data/raw/espeak").glob("*.zip"))[0].relative_to(anna)
    content = (anna / shard).read_bytes()
    (victim,) = [name for name in remote.names() if remote.read(name) == content]
    remote.write(victim, content[:1000] + b"\0" + content[1001:])

    project = bela()
    pulled = run("dvc", "pull", cwd=project, user="bela", check=False)
    assert pulled.returncode == 1
    assert "data/raw" in pulled.stderr  # DVC names the output
    assert not (project / shard).exists()

    checked = run("python", "tools/check_remote.py", cwd=project, user="bela", check=False)
    assert checked.stdout.startswith(f"{shard}: damaged (")  # we name the file
    assert victim in checked.stdout
    assert checked.returncode == 1

    run("python", "tools/check_remote.py", "--remove", cwd=anna, check=False)
    assert victim not in remote.names()
    run("dvc", "push", cwd=anna)
    assert "whole" in run("python", "tools/check_remote.py", cwd=anna).stdout
    run("dvc", "pull", cwd=project, user="bela")
    assert (project / shard).read_bytes() == content
