"""Papers of the project agree with what they describe."""

import json
import re
import shutil
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from conftest import ROOT, set_params, use_this_environment
from support import speak

from spoken_digits.evaluation.metrics import wilson
from spoken_digits.export.inference import load_model

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
CARD = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
RELEASED = json.loads((ROOT / "models/released/digits.json").read_text(encoding="utf-8"))
EVALUATED = RELEASED["metrics"]["evaluate"]
PATH = re.compile(
    r"`((?:\.?[\w-]+/)*[\w.-]+\.(?:py|md|yaml|json|cff|toml|lock)|(?:\.?[\w-]+/)+[\w-]*)`"
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def row_of(accuracy: float, n: int) -> str:
    low, high = wilson(round(accuracy * n), n)
    return f"{accuracy:.2%} | {n:,} | {100 * low:.2f}-{100 * high:.2f}%"


def front_matter() -> dict[str, object]:
    return dict(yaml.safe_load(CARD.split("---\n")[1]))


# CITATION.cff, CHANGELOG.md, LICENSE


def test_the_citation_has_what_the_format_requires_and_this_version():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == VERSION
    assert citation["license"] == "MIT"
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])


def test_the_changelog_s_newest_version_is_this_one():
    heads = re.findall(r"^## \[([^]]+)\](?: - (.*))?$", text("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == ("Unreleased", "")
    assert heads[1][0] == VERSION
    days = [date.fromisoformat(day) for _, day in heads[1:]]
    assert days == sorted(days, reverse=True)


def test_the_changelog_groups_changes_as_the_form_does():
    groups = set(re.findall(r"^### (.*)$", text("CHANGELOG.md"), re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_licence_is_mit():
    assert text("LICENSE").startswith(
        "MIT License\n\nCopyright (c) 2026 The spoken-digits authors\n"
    )


# MODEL_CARD.md


def test_the_card_s_front_matter_has_what_hubs_read():
    found = front_matter()
    assert {"license", "language", "tags", "library_name", "datasets", "metrics"} <= set(found)
    assert found["license"] == "mit"


def test_the_card_s_front_matter_has_the_released_accuracies():
    (model,) = front_matter()["model-index"]
    for name, result in zip(("fsdd", "speech_commands"), model["results"], strict=True):
        accuracy, n = EVALUATED["corpus"][name]["accuracy"], EVALUATED["corpus"][name]["n"]
        interval = row_of(accuracy, n).rpartition("| ")[2]
        (metric,) = result["metrics"]
        assert metric["value"] == accuracy
        assert metric["name"] == f"accuracy, n = {n}, 95% interval {interval}"


def test_the_card_s_table_of_corpora_is_the_released_model_s():
    rows = re.findall(r"^\| (\w+): [^|]*\| (.* \| .* \| .*%) \|$", CARD, re.MULTILINE)
    assert dict(rows) == {
        name: row_of(corpus["accuracy"], corpus["n"])
        for name, corpus in EVALUATED["corpus"].items()
    }
    assert f"| all six | {row_of(EVALUATED['accuracy'], EVALUATED['n'])} |" in CARD
    trained_on = CARD.split("## Training data")[1].split("## Evaluation")[0]
    assert set(re.findall(r"^\| (\w+) \| (?!what)", trained_on, re.MULTILINE)) == set(
        RELEASED["corpora"]
    )


def test_the_card_s_table_of_conditions_is_the_released_model_s():
    measured = dict(EVALUATED["robustness"])
    n = measured.pop("n")
    del measured["mean"]
    assert f"On {n} of the test recordings" in CARD
    section = CARD.split("| condition |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| ([a-z]\w*) \| (.*) \|$", section, re.MULTILINE))
    assert rows == {
        name: row_of(accuracy, n).replace(f" {n} |", "") for name, accuracy in measured.items()
    }


def test_the_card_s_other_numbers_are_the_released_model_s():
    rejection, speaker, cost = (EVALUATED[key] for key in ("rejection", "speaker", "cost"))
    n, passed = rejection["n"], rejection["accepted_at_5"]
    low, high = wilson(round(passed * n), n)
    assert f"{passed:.2%} of other words still pass (n = {n}, interval {100 * low:.2f}-" in CARD
    assert f"-{100 * high:.2f}%)" in CARD
    assert f"{speaker['worst_name']}: {speaker['worst']:.2%} of {speaker['worst_n']} " in CARD
    assert f"{cost['parameters']:,} parameters" in CARD
    assert f"{cost['multiply_adds']:,} multiply-adds" in CARD
    assert f"{RELEASED['metrics']['export']['bytes']:,} bytes as ONNX" in CARD
    assert (
        f"commit {RELEASED['commit'][:7]} with {RELEASED['params']['train']['epochs']} ep" in CARD
    )


def test_the_card_s_python_gives_what_this_project_s_inference_gives(tmp_path, monkeypatch, capsys):
    sound = speak(7, "anna", 0)
    soundfile.write(tmp_path / "recording.wav", sound, 16_000, subtype="PCM_16")
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", CARD, re.DOTALL)[0], found)
    second = np.zeros((1, 16_000), np.float32)
    second[0, 4000:12_000] = sound / 32768
    expected = load_model(ROOT / "models/released/digits.onnx").probabilities(second)
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-6)
    assert capsys.readouterr().out.startswith(tuple("0123456789-"))


# CONTRIBUTING.md, docs/log.md, the READMEs of folders


def test_each_file_that_contributing_names_exists():
    page = text("CONTRIBUTING.md")
    section = page.split("## Where things are")[1].split("## Recipes")[0]
    folders = re.findall(r"^\| `(\w+/)`", section, re.MULTILINE)
    made = (ROOT / "src/spoken_digits").glob("*/__init__.py")
    assert sorted(folders) == sorted(f"{init.parent.name}/" for init in made)
    named = {name for name in PATH.findall(page) if "/NAME." not in name} - set(folders)
    assert len(named) > 15
    for name in named:
        beside = ROOT / "src/spoken_digits" / name
        assert (ROOT / name).exists() or beside.exists(), name


def test_each_make_target_that_contributing_names_exists():
    page = text("CONTRIBUTING.md")
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", page, re.MULTILINE))
    assert targets >= {"test", "lint", "compare", "release"}
    for target in targets:
        assert re.search(rf"^{target}:", text("Makefile"), re.MULTILINE), target


def test_each_accuracy_of_the_log_has_its_interval():
    """Recomputed from the percentage and the n of its row."""
    checked = 0
    for line in text("docs/log.md").splitlines():
        rates = re.findall(r"([\d.]+)% \(([\d.]+)-([\d.]+)\)", line)
        n = re.findall(r", ([\d,]+) \|", line)
        for rate, *ends in rates:
            total = int(n[-1].replace(",", ""))
            interval = wilson(round(float(rate) / 100 * total), total)
            assert [float(end) for end in ends] == pytest.approx(
                [100 * interval.low, 100 * interval.high], abs=0.011
            ), line
            checked += 1
    assert checked > 30


@pytest.mark.parametrize("folder", ["data", "models", "metrics"])
def test_a_folder_s_readme_names_each_output_and_who_keeps_it(folder):
    page = text(f"{folder}/README.md")
    rows = dict(re.findall(r"^\| `([^`]+)` \|.*\| (Git|DVC) \|$", page, re.MULTILINE))
    expected = {}
    for stage in yaml.safe_load(text("dvc.yaml"))["stages"].values():
        for out in [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]:
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            if path.startswith(f"{folder}/"):
                keeper = "DVC" if options.get("cache", True) else "Git"
                expected[path.removeprefix(f"{folder}/")] = keeper
    assert expected
    assert expected.items() <= {name.rstrip("/"): by for name, by in rows.items()}.items()


def test_git_does_not_ignore_the_folders_readmes_and_no_stage_owns_them(run):
    pages = [f"{folder}/README.md" for folder in ("data", "models", "metrics")]
    ignored = run("git", "check-ignore", "--no-index", *pages, cwd=ROOT, check=False)
    assert ignored.stdout == ""
    outs = re.findall(r"\b(?:data|models|metrics)/[\w./-]+", text("dvc.yaml"))
    assert not [page for page in pages if any(page.startswith(f"{out}/") for out in outs)]


# The workflow, the hooks' settings, the container


def test_the_workflow_calls_what_a_machine_can_run_without_it():
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    commands = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert "bash .ci/run" in commands
    assert 'bash .ci/compare "$BASE" >> "$GITHUB_STEP_SUMMARY"' in commands
    for script in re.findall(r"bash (\S+)", " ".join(commands)):
        assert (ROOT / script).is_file(), script


def test_the_workflow_may_only_read_and_names_versions_of_actions():
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert "uses" not in step or re.search(r"@(v\d+|[0-9a-f]{40})$", step["uses"]), step
            assert "${{" not in step.get("run", ""), "values reach a shell through env"


def test_the_hooks_are_programs_of_this_repository():
    (repo,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repo["repo"] == "local"
    for hook in repo["hooks"]:
        program = ROOT / hook["entry"].split()[0]
        assert program.stat().st_mode & 0o111, hook["entry"]
        assert hook["language"] == "system"  # pre-commit builds nothing for it


def test_the_container_ends_in_make_repro_and_not_as_root():
    lines = text("Dockerfile").splitlines()
    assert lines[-1] == 'CMD ["make", "repro"]'
    assert any(line.startswith("USER ") for line in lines)
    assert not any(Path(line).name == ".git" for line in text(".dockerignore").splitlines())


@pytest.mark.slow
def test_the_comparison_of_a_pull_request_is_of_what_ran_on_both_sides(unbuilt, run, tmp_path):
    """From a clone with an empty cache, as a runner has it."""
    project = tmp_path / "project"
    run("git", "clone", "--quiet", unbuilt, project, cwd=tmp_path)
    set_params(project, {"evaluate.seed": 1})
    run("git", "commit", "--quiet", "--all", "-m", "Other noise", cwd=project)
    use_this_environment(project, ".installed")
    script = shutil.copy(ROOT / ".ci/compare", tmp_path)
    finished = run("bash", script, "HEAD~1", cwd=project)
    head, *lines = finished.stdout.splitlines()
    base = run("git", "rev-parse", "HEAD~1", cwd=project).stdout[:7]
    assert head == f"### Accuracy, this pull request against its base {base}"
    assert lines[:2] == ["", "```text"]
    assert re.fullmatch(r" +accuracy on \d+ words", lines[2])
    assert lines[3].startswith("base-run-here ")
    assert lines[4].startswith("workspace ")
    assert lines[-1] == "```"
    assert len(run("git", "worktree", "list", cwd=project).stdout.splitlines()) == 1
    assert run("git", "branch", "--list", "base-run-here", cwd=project).stdout == ""


def test_the_comparison_wants_a_commit_that_is_there(unbuilt, run, tmp_path):
    script = shutil.copy(ROOT / ".ci/compare", tmp_path)
    finished = run("bash", script, "no-such-branch", cwd=unbuilt, check=False)
    assert finished.returncode == 128
    assert "fatal: Needed a single revision" in finished.stderr
    assert finished.stdout == ""
