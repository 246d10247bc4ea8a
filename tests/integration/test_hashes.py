"""The lock files: what pip installs with --require-hashes is what is pinned, with its hashes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from lock import entries, is_torch_s

LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-torch.lock"]
ENTRIES = {name: text for path in LOCKS for name, text in entries(path.read_text(encoding="utf-8"))}


def pins(path: Path) -> dict[str, str]:
    """Return {name, as an index writes it: version} of a requirements file."""
    found = re.findall(r"^([\w.-]+)==([^\s#;]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def locked() -> dict[str, str]:
    return {version: value for path in LOCKS for version, value in pins(path).items()}


def test_each_requirement_is_locked_in_its_version():
    required = pins(ROOT / "requirements.txt")
    assert len(required) > 20
    assert {name: locked().get(name) for name in required} == required


def test_what_they_bring_along_is_locked_in_the_version_of_the_constraints():
    constraints = pins(ROOT / "constraints.txt")
    beside = {name: version for name, version in locked().items() if name in constraints}
    assert len(beside) > 80
    assert beside == {name: constraints[name] for name in beside}


def test_nothing_that_is_locked_is_pinned_nowhere():
    """But for torch's CUDA packages, which torch pins itself, and those of other systems."""
    known = pins(ROOT / "constraints.txt") | pins(ROOT / "requirements.txt")
    of_other_systems = {name for name, text in ENTRIES.items() if "sys_platform == 'win32'" in text}
    assert {name for name in locked() if name not in known and not is_torch_s(name)} <= (
        of_other_systems
    )


@pytest.mark.parametrize("name", ENTRIES)
def test_each_package_has_hashes_of_its_files(name):
    first, *hashes = ENTRIES[name].rstrip().split(" \\\n")
    assert re.fullmatch(r"[\w.-]+==[\w.+]+( ; .*)?", first)
    assert hashes
    for line in hashes:
        assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line), line


def test_no_index_is_named():
    for path in LOCKS:
        assert "://" not in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_pip_installs_what_the_hashes_say_and_nothing_else(tmp_path):
    """A small one, since all of them take minutes: as it is, and with another hash."""
    text = ENTRIES["shortuuid"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    for number, content in enumerate((text, re.sub(r":[0-9a-f]{8}", ":00000000", text))):
        lock = tmp_path / f"{number}.lock"
        lock.write_text(content, encoding="utf-8")
        done = subprocess.run(
            [*pip, "--no-cache-dir", "--target", str(tmp_path / str(number)), "-r", str(lock)],
            capture_output=True,
            text=True,
        )
        if "No matching distribution" in done.stderr or "Could not fetch" in done.stderr:
            pytest.skip("no package index answers")
        assert done.returncode == number, done.stderr
    assert "DO NOT MATCH THE HASHES" in done.stderr
