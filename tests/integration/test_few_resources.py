"""Little memory, few open files, no /dev/shm, nothing to write to: a sentence, or it works."""

import pytest
from machine import needs, shell, small_disk, tree

NAMESPACE = "unshare --mount sh -ec"


@pytest.mark.parametrize(
    "shm",
    ["mount -t tmpfs -o ro tmpfs /dev/shm",
     "mount -t tmpfs -o size=4k tmpfs /dev/shm; head -c 4096 /dev/zero > /dev/shm/full"],
    ids=["read-only", "full"],
)  # fmt: skip
@pytest.mark.parametrize("workers", ["", "--workers 1", "--workers 3"])
def test_without_shared_memory_one_process_does_the_work(work, shm, workers):
    """As in containers. No process, joblib's either, has a word of its own to say."""
    needs(f"{NAMESPACE} '{shm}'")
    before = tree(work)
    for stage in ("spectrogram", "validate"):
        done = shell(f"{NAMESPACE} '{shm}; python3 src/{stage}.py {workers}'", work)
        assert done.returncode == 0, done.stderr
        if workers == "--workers 1":
            assert done.stderr == ""
        else:
            said = f"{stage}: one process only; /dev/shm gives none to others: "
            assert done.stderr.startswith(said)
            assert len(done.stderr.splitlines()) == 1
    assert tree(work) == before


def test_without_shared_memory_recordings_are_synthesised(work):
    shm = "mount -t tmpfs -o ro tmpfs /dev/shm"
    needs(f"{NAMESPACE} '{shm}'")
    before = tree(work)
    done = shell(f"{NAMESPACE} '{shm}; python3 src/download.py'", work)
    assert (done.returncode, done.stderr) == (0, "espeak: collecting recordings\n")
    assert tree(work) == before


@pytest.mark.parametrize("stage", ["train", "evaluate", "export"])
@pytest.mark.parametrize("megabytes", [100, 300])
def test_too_little_memory(work, stage, megabytes):
    """It is said before libraries are imported, which would abort or wait forever."""
    before = tree(work)
    done = shell(f"ulimit -v {megabytes * 1024}; python3 src/{stage}.py", work)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: memory is limited to {megabytes} MB, and this stage begins with 1000. Raise the "
        "limit: ulimit -v unlimited\n"
    )
    assert tree(work) == before


@pytest.mark.parametrize("stage", ["download", "spectrogram", "train", "validate"])
@pytest.mark.parametrize("files", [6, 10])
def test_too_few_open_files(work, stage, files):
    before = tree(work)
    done = shell(f"ulimit -n {files}; python3 src/{stage}.py", work)
    assert "Traceback" not in done.stderr
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith(("error: too many files are open. Raise the limit: ulimit -n 4096",
                                "error: DVC's own notes cannot be kept: "))  # fmt: skip
        # A folder cannot be removed either then. The next run removes it.
        left = tree(work)
        assert {name: left.get(name) for name in before} == before
        shell(f"python3 src/{stage}.py", work)
    assert tree(work) == before


STAGES = ["download", "spectrogram", "split", "validate", "train", "evaluate", "export", "report"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_project_that_may_only_be_read(work, stage):
    """A file system that is read-only, also for root."""
    bind = f"mount --bind {work} {work}; mount -o remount,ro,bind {work}; cd {work}"
    needs(f"{NAMESPACE} '{bind}'")
    done = shell(f"{NAMESPACE} '{bind}; python3 src/{stage}.py'", work)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(("error: data/", "error: metrics/", "error: models/", "error: .check"))
    assert last.endswith("on a file system that is read-only. Work where files can be written")


@pytest.mark.slow
def test_a_cache_that_may_only_be_read(work):
    """DVC's own sentence; the stage's output is whole."""
    cache = work / ".dvc/cache"
    bind = f"mount --bind {cache} {cache}; mount -o remount,ro,bind {cache}"
    needs(f"{NAMESPACE} '{bind}'")
    done = shell(f"{NAMESPACE} '{bind}; python3 -m dvc repro --force split'", work)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize(
    "place",
    ["export HOME=/dev/null", "export TMPDIR=/proc", "export TMPDIR=/nowhere", "umask 077",
     "umask 000", "export LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0", "exec <&- >&- 2>&-"],
)  # fmt: skip
def test_an_odd_process_makes_the_same_files(work, place):
    """Homes and folders where nothing can be kept, file modes, ASCII alone, no streams."""
    before = tree(work)
    stages = "python3 src/split.py && python3 src/spectrogram.py --workers 2"
    done = shell(f"unset XDG_CACHE_HOME; {place}; {stages} && python3 src/report.py", work)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(work) == before


@pytest.mark.parametrize(
    "home",
    ["unset", *(pytest.param(home, marks=pytest.mark.slow) for home in ("/nowhere", "", "/proc"))],
)
def test_a_home_that_is_not_there(work, home):
    set_home = "unset HOME" if home == "unset" else f"export HOME='{home}'"
    before = tree(work)
    done = shell(f"unset XDG_CACHE_HOME; {set_home}; python3 src/report.py", work)
    assert (done.returncode, done.stderr) == (0, "")
    done = shell(f"unset XDG_CACHE_HOME; {set_home}; python3 src/evaluate.py", work)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert tree(work) == before


def test_a_temporary_directory_that_is_full(work, tmp_path):
    before = tree(work)
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "fill").write_bytes(bytes(2**20 - 4096 * 8))
        done = shell("python3 src/download.py", work, TMPDIR=str(disk))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr
    assert tree(work) == before
