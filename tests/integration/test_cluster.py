"""Shards on a Dask cluster, and training across hosts: the bytes of one machine, whatever dies."""

import itertools
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml

from spoken_digits import cluster, kept
from spoken_digits.dataset.checks import Look, shard_facts
from spoken_digits.params import load_params
from spoken_digits.picture.convert import Conversion, convert_shard, png
from spoken_digits.shards import read_shard, write_shard
from spoken_digits.workers import run_tasks

ROOT = Path(__file__).parents[2]
SHARDS = 12

needs_dask = pytest.mark.skipif(
    cluster.find_dask() is None, reason="needs Dask: pip install -r requirements-cluster.txt"
)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    """Start a program whose standard error goes to a file; at the end none of them is left."""
    started: list[subprocess.Popen[str]] = []

    def begin(*command: object, where: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        log = (tmp_path / f"{len(started)}.log").open("w")
        process = subprocess.Popen(
            [*where, sys.executable, *map(str, command)],
            cwd=tmp_path / "project",
            env=os.environ
            | {"SPOKEN_DIGITS_KEPT": str(tmp_path / "kept"), "OMP_NUM_THREADS": "1"}
            | {"PYTHONPATH": str(ROOT / "src")},  # a scheduler looks at the tasks that it passes on
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        process.log = Path(log.name)  # type: ignore[attr-defined]
        started.append(process)
        return process

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def project(tmp_path, recordings):
    """A project with twelve shards of 200 recordings."""
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(ROOT / "params.yaml", project)
    spoken = recordings("anna", rate=16_000)
    for number in range(SHARDS):
        copies = [
            (f"{name[0]}_v{number}_{take}.wav", content)
            for take, (name, content) in zip(range(200), itertools.cycle(spoken.items()))
        ]
        write_shard(project / f"data/raw/fsdd/v{number}.zip", copies)
    return project


def scheduler(start: Start, project: Path, host: str = "127.0.0.1", **options: object):
    """Start a scheduler, on a port that is free; return its process and its address."""
    notes = project / "scheduler.json"
    notes.unlink(missing_ok=True)
    process = start(
        *("-m", "distributed.cli.dask_scheduler", "--host", host, "--port", 0, "--no-dashboard"),
        *("--no-show", "--scheduler-file", notes),
        **options,
    )
    until(lambda: notes.exists() and notes.read_text().endswith("}"), process)
    return process, json.loads(notes.read_text())["address"]


def worker(start: Start, address: str, **options: object) -> subprocess.Popen[str]:
    return start(ROOT / "src/worker.py", address, "--no-nanny", "--no-dashboard", **options)


def spectrogram(start: Start, project: Path, address: str | None, **options: object):
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    if address:
        params = params.replace("scheduler: null", f"scheduler: {address}")
    (project / "params.yaml").write_text(params, encoding="utf-8")
    return start(ROOT / "src/spectrogram.py", **options)


def until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    while not happened():
        assert process.poll() is None, process.log.read_text()
        time.sleep(0.005)


def ends(process: subprocess.Popen[str]) -> str:
    process.communicate()
    assert process.returncode == 0, process.log.read_text()
    return process.log.read_text()


def pictures(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "kept").glob("pictures/*"))


@pytest.fixture
def expected(project, tmp_path) -> dict[str, bytes]:
    """What shards of pictures are in this process."""
    settings = load_params(ROOT / "params.yaml").spectrogram
    shards = sorted((project / "data/raw").glob("*/*.zip"))
    targets = [tmp_path / "expected" / shard.name for shard in shards]
    for shard, target in zip(shards, targets, strict=True):
        convert_shard(Conversion(shard, target, settings))
    return {target.name: target.read_bytes() for target in targets}


def made(project: Path) -> dict[str, bytes]:
    shards = (project / "data/spectrograms").glob("*/*.zip")
    return {shard.name: shard.read_bytes() for shard in shards}


@needs_dask
@pytest.mark.slow
def test_a_lost_worker_costs_its_shard_and_a_lost_scheduler_what_was_not_done(
    start, project, expected, tmp_path
):
    master, address = scheduler(start, project)
    first = worker(start, address)
    stage = spectrogram(start, project, address)
    until(lambda: pictures(tmp_path), stage)
    first.kill()
    worker(start, address)
    ends(stage)
    assert made(project) == expected

    shutil.rmtree(tmp_path / "kept")
    shutil.rmtree(project / "data/spectrograms")
    stage = spectrogram(start, project, address)
    until(lambda: pictures(tmp_path), stage)
    master.kill()
    stage.communicate()
    assert stage.returncode == 1
    (line,) = [line for line in stage.log.read_text().splitlines() if line.startswith("error")]
    assert f"the Dask scheduler at {address} is gone. Start it, and its workers, and run" in line
    assert "Traceback" not in stage.log.read_text()
    assert [path.name for path in (project / "data").iterdir()] == ["raw"]

    before = {path: path.stat().st_ino for path in pictures(tmp_path)}
    assert 0 < len(before) < SHARDS
    ends(spectrogram(start, project, None))
    assert made(project) == expected
    assert {path: path.stat().st_ino for path in before} == before
    assert len(pictures(tmp_path)) == SHARDS


FACTS = """
import pickle, sys
from spoken_digits.arithmetic import pin_numpy
pin_numpy()
from spoken_digits.dataset.checks import shard_facts
looks = pickle.load(sys.stdin.buffer)
pickle.dump([shard_facts(look) for look in looks], sys.stdout.buffer)
"""
"""Looks at shards with the stages' arithmetic: with AVX-512, NumPy's logarithm has other bits."""


@needs_dask
@pytest.mark.slow
def test_what_is_found_out_on_a_cluster_is_what_is_found_out_here(
    start, project, expected, tmp_path, monkeypatch
):
    shards = sorted((project / "data/raw").glob("*/*.zip"))
    looks = [Look(shard, tmp_path / "expected" / shard.name) for shard in shards]
    done = subprocess.run(
        [sys.executable, "-c", FACTS],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        input=pickle.dumps(looks),
        capture_output=True,
        check=True,
    )
    here = pickle.loads(done.stdout)
    _, address = scheduler(start, project)
    worker(start, address)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    there = run_tasks(shard_facts, looks, workers=1, label="validate", unit="shard")
    assert [[*one.recordings] for one in there] == [[*one.recordings] for one in here]
    assert [one.columns.tobytes() for one in there] == [one.columns.tobytes() for one in here]

    members = dict(read_shard(shards[3])) | {"3_v3_0.wav": b"RIFF"}
    write_shard(shards[3], members.items())
    with pytest.raises(cluster.UserError, match="not a mono PCM 16-bit WAV") as caught:
        run_tasks(shard_facts, looks, workers=1, label="validate", unit="shard")
    assert str(caught.value).startswith(f"{shards[3]}: 3_v3_0.wav: ")


@needs_dask
def test_a_scheduler_that_does_not_answer_is_named(start, project, monkeypatch):
    monkeypatch.setattr(cluster, "_ANSWERS", 1)
    task = Look(Path("a.zip"), Path("b.zip"))
    with pytest.raises(cluster.ClusterError, match="no Dask scheduler answers at tcp://127"):
        list(cluster.on_cluster(shard_facts, [task], "tcp://127.0.0.1:1", "validate", None))


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cluster, "find_dask", lambda: None)
    with pytest.raises(cluster.ClusterError, match=r"pip install -r requirements-cluster\.txt"):
        list(cluster.on_cluster(shard_facts, [], "tcp://127.0.0.1:1", "validate", None))


def test_a_worker_of_other_code_does_nothing(tmp_path):
    task = Look(tmp_path / "a.zip", tmp_path / "b.zip")
    with pytest.raises(cluster.ClusterError, match="other code, or another version of a library"):
        cluster.work(shard_facts, task, [b"", b""], "the code of yesterday")


def test_a_task_needs_none_of_the_callers_files(project, expected, tmp_path):
    settings = load_params(ROOT / "params.yaml").spectrogram
    shard = project / "data/raw/fsdd/v3.zip"
    content = shard.read_bytes()
    shutil.rmtree(project)
    code = kept.code_digest("dataset", "picture", "sound")
    task = Conversion(shard, tmp_path / "out" / "v3.zip", settings)
    names, files = cluster.work(convert_shard, task, [content], code)
    assert len(names) == 200
    assert files == [expected["v3.zip"]]
    assert not (tmp_path / "out").exists()
    with pytest.raises(cluster.UserError, match="damaged") as caught:
        cluster.work(convert_shard, task, [content[:5000]], code)
    assert str(caught.value).startswith(f"{shard}: damaged")


# Hosts: network namespaces, joined by a bridge


@pytest.fixture
def hosts() -> Iterator[list[tuple[str, str]]]:
    """Three hosts as (namespace, address); they share the disk, and nothing else."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root, and ip of iproute2: apt-get install iproute2")
    names = [f"digits-{os.getpid()}-{number}" for number in range(3)]

    def ip(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["ip", *words], capture_output=True, text=True)

    found = ip("netns", "add", names[0])
    if found.returncode:
        pytest.skip(f"network namespaces are not allowed here: {found.stderr.strip()}")
    try:
        hub = names[0]
        steps = [["netns", "add", name] for name in names[1:]]
        steps += [["-n", hub, "link", "add", "br0", "type", "bridge"]]
        steps += [["-n", hub, "addr", "add", "10.77.0.1/24", "dev", "br0"]]
        steps += [["-n", hub, "link", "set", "br0", "up"]]
        for number, name in enumerate(names[1:], 2):
            to = f"to{number}"
            steps += [
                [
                    "-n",
                    hub,
                    "link",
                    "add",
                    to,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    name,
                ],
                ["-n", hub, "link", "set", to, "master", "br0", "up"],
                ["-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0"],
                ["-n", name, "link", "set", "eth0", "up"],
            ]
        steps += [["-n", name, "link", "set", "lo", "up"] for name in names]
        for step in steps:
            done = ip(*step)
            assert done.returncode == 0, f"ip {' '.join(step)}: {done.stderr}"
        yield [(name, f"10.77.0.{number}") for number, name in enumerate(names, 1)]
    finally:
        for name in names:
            ip("netns", "delete", name)


def on(host: tuple[str, str]) -> tuple[str, ...]:
    return ("ip", "netns", "exec", host[0])


@needs_dask
@pytest.mark.slow
def test_workers_on_two_other_hosts_of_which_one_is_lost(start, project, expected, hosts, tmp_path):
    _, address = scheduler(start, project, host=hosts[0][1], where=on(hosts[0]))
    assert address.startswith("tcp://10.77.0.1:")
    workers = [worker(start, address, where=on(host)) for host in hosts[1:]]
    stage = spectrogram(start, project, address, where=on(hosts[0]))
    until(lambda: pictures(tmp_path), stage)
    os.killpg(workers[0].pid, signal.SIGKILL)
    ends(stage)
    assert made(project) == expected


def torchrun(start: Start, *options: str, **where: object) -> subprocess.Popen[str]:
    command = ["-m", "torch.distributed.run", "--nproc-per-node", "1", *options]
    return start(*command, ROOT / "src/train.py", **where)


@pytest.mark.slow
def test_training_on_two_hosts_gives_the_weights_of_two_processes_on_one(
    start, project, hosts, monkeypatch
):
    chance = np.random.default_rng(0)
    lines = ["corpus,speaker,name,label,subset"]
    for speaker, subset in [("anna", "train"), ("ben", "train"), ("cleo", "validation")]:
        names = [f"{digit}_{speaker}_0" for digit in range(10)]
        pictures = chance.integers(0, 256, (10, 100, 100), np.uint8)
        members = [(f"{name}.png", png(it)) for name, it in zip(names, pictures, strict=True)]
        write_shard(project / f"data/spectrograms/fsdd/{speaker}.zip", members)
        lines += [f"fsdd,{speaker},{name}.wav,{name[0]},{subset}" for name in names]
    (project / "data/split.csv").write_text("\n".join(lines) + "\n")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["train"] |= {"epochs": 2, "epoch_size": 64, "batch_size": 16, "threads": 1}
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    model = project / "models/digits.safetensors"

    local = ["--standalone", "--local-addr", "localhost", "--nproc-per-node", "2"]
    ends(torchrun(start, *local))
    expected = model.read_bytes()
    model.unlink()

    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth0")
    meet = ["--nnodes", "2", "--rdzv-backend", "c10d", "--rdzv-id", "digits"]
    meet += ["--rdzv-endpoint", f"{hosts[1][1]}:29400"]  # a port of that host's own
    both = [  # whose the store is, said outright: a host's own name says nothing here
        torchrun(
            start,
            *(*meet, "--rdzv-conf", f"is_host={int(host == hosts[1])}", "--local-addr", host[1]),
            where=on(host),
        )
        for host in hosts[1:]
    ]
    for process in both:
        ends(process)
    assert model.read_bytes() == expected
