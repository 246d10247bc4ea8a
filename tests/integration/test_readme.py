"""The README's commands run, so that it cannot rot."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from conftest import ROOT, use_this_environment

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:<!-- ([^>]*) -->\n)?```bash\n(.*?)```", re.DOTALL)
BLOCKS = [(match[1] or "", match[2]) for match in BLOCK.finditer(README)]
TOO_LONG = ["make lint"]  # .ci/run does


def commands(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.strip()]


def test_each_block_is_run_or_says_why_not():
    assert len(BLOCKS) > 10
    for note, block in BLOCKS:
        assert not note or note.startswith(("not run: ", "experiments: ")), block


def test_each_make_target_and_script_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\b(?:src|tools|tests|benchmarks)/[\w/.]+\.\w+", README):
        assert (ROOT / path).is_file(), path


def test_each_link_within_the_page_leads_somewhere():
    heads = {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-")
        for head in re.findall(r"^#+ (.*)", README, re.MULTILINE)
    }
    assert set(re.findall(r"\(#([\w-]+)\)", README)) <= heads


def test_the_picture_of_the_pipeline_is_the_pipelines(built, run):
    drawn = run("dvc", "dag", "--mermaid", cwd=built).stdout.strip()
    (shown,) = re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL)
    assert shown.strip() == drawn, "paste the output of: dvc dag --mermaid"


@pytest.mark.slow
def test_the_commands_run(work, run, tmp_path):
    """All of them in one project, in the README's order, with small params."""
    bash = shutil.which("bash")
    assert bash
    use_this_environment(work, ".installed", ".installed-dev")
    store, log = tmp_path / "store", tmp_path / "log.txt"
    for note, block in BLOCKS:
        if note.startswith("not run: "):
            continue
        script = block.replace("/tmp/spoken-digits-store", str(store))
        if note.startswith("experiments: "):
            script = script.replace("BEST", finished_experiment(work, run))
        for command in commands(script):
            if not command.startswith(tuple(TOO_LONG)):
                # Into a file: a queue's worker lives on, and would keep a pipe open.
                alone = f"unset ARGS MAKEFLAGS MAKEOVERRIDES; {{ {command}\n}} > '{log}' 2>&1"
                logged = f"{alone} || {{ cat '{log}'; exit 1; }}"
                run(bash, "-euc", logged, cwd=work)


def finished_experiment(project: Path, run) -> str:
    """Wait until the queue is empty; return the name of the best experiment."""
    deadline = time.monotonic() + 600
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
