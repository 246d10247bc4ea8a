"""What README.md and docs/ say is so: their commands run, and what they name is there."""

import importlib
import json
import re
import shutil
import time
from pathlib import Path

import pytest
from conftest import ROOT, use_this_environment

README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*sorted(ROOT.glob("*.md")), *PAGES[1:], ROOT / "benchmarks" / "README.md"]
BLOCK = re.compile(r"(?:<!-- ([^>]*) -->\n)?```bash\n(.*?)```", re.DOTALL)
TOO_LONG = ("make lint", "make test")  # .ci/run runs them

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
each_linked = pytest.mark.parametrize(
    "page", LINKED, ids=lambda page: page.relative_to(ROOT).as_posix()
)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the note above each bash block, "" if there is none, and the block."""
    return [(match[1] or "", match[2]) for match in BLOCK.finditer(read(page))]


def commands(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.strip()]


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    text = re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)
    return {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-")
        for head in re.findall(r"^#+ (.*)", text, re.MULTILINE)
    }


def test_the_readme_is_short():
    assert len(read(README).splitlines()) <= 200


def test_each_block_is_run_or_says_why_not():
    found = [block for page in PAGES for block in blocks(page)]
    assert len(found) > 20
    for note, block in found:
        assert not note or note.startswith(("not run: ", "experiments: ")), block


@each_page
def test_each_make_target_and_file_that_is_named_exists(page):
    makefile = read(ROOT / "Makefile")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", read(page), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\b(?:src|tools|tests|benchmarks)/[\w/.]*\w", read(page)):
        assert (ROOT / path).exists(), path


@each_page
def test_each_module_that_is_named_exists(page):
    for path in re.findall(r"`(\w+/\w+\.py)`", read(page)):
        assert (ROOT / path).exists() or (ROOT / "src/spoken_digits" / path).exists(), path
    for name in re.findall(r"\bspoken_digits(?:\.\w+)+", read(page)):
        module, _, last = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), last), name


@each_linked
def test_each_link_leads_to_a_file_and_a_heading(page):
    text = re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        to = page.parent / path if path else page
        assert to.exists(), link
        assert not anchor or anchor in anchors(to), link


def test_each_page_of_docs_is_linked_from_the_readme():
    for page in PAGES[1:]:
        assert f"(docs/{page.name}" in read(README), page.name


def test_the_picture_of_the_pipeline_is_the_pipelines(built, run):
    drawn = run("dvc", "dag", "--mermaid", cwd=built).stdout.strip()
    (shown,) = re.findall(r"```mermaid\n(.*?)```", read(README), re.DOTALL)
    assert shown.strip() == drawn, "paste the output of: dvc dag --mermaid"


def to_run(page: Path) -> list[tuple[str, str]]:
    return [(note, block) for note, block in blocks(page) if not note.startswith("not run: ")]


@pytest.mark.slow
@pytest.mark.parametrize("page", list(filter(to_run, PAGES)), ids=lambda page: page.name)
def test_the_commands_run(page, work, run, tmp_path):
    """All of a page in one built project, in the page's order, with small params."""
    bash = shutil.which("bash")
    assert bash
    use_this_environment(work, ".installed", ".installed-dev")
    store, log = tmp_path / "store", tmp_path / "log.txt"
    for note, block in to_run(page):
        script = block.replace("/tmp/spoken-digits-store", str(store))
        if note.startswith("experiments: "):
            script = script.replace("BEST", finished_experiment(work, run))
        for command in commands(script):
            if not command.startswith(TOO_LONG):
                # Into a file: a queue's worker lives on, and would keep a pipe open.
                alone = f"unset ARGS MAKEFLAGS MAKEOVERRIDES; {{ {command}\n}} > '{log}' 2>&1"
                logged = f"{alone} || {{ cat '{log}'; exit 1; }}"
                run(bash, "-euc", logged, cwd=work)


def finished_experiment(project: Path, run) -> str:
    """Wait until the queue is empty; return the name of the best experiment."""
    deadline = time.monotonic() + 1800  # four pipelines, beside whatever else runs
    while True:
        status = run("dvc", "queue", "status", cwd=project).stdout
        assert "Failed" not in status, status
        if "Queued" not in status and "Running" not in status:
            break
        assert time.monotonic() < deadline, status
        time.sleep(2)
    run("dvc", "queue", "stop", cwd=project)
    shown = json.loads(run("dvc", "exp", "show", "--json", cwd=project).stdout)
    found: dict[str, float] = {}
    for commit in shown:
        for experiment in commit.get("experiments") or []:
            for revision in experiment["revs"]:
                metrics = revision["data"]["metrics"]["metrics/evaluate.json"]["data"]
                found[revision["name"]] = metrics["accuracy"]
    assert len(found) == 4, status
    return max(found, key=lambda name: found[name])
