"""make verify: HEAD rebuilt from nothing, and what it says of what is not the same."""

import json
import sys

import pytest
import yaml

pytestmark = pytest.mark.slow


def test_head_rebuilds_to_the_same_bytes_and_differences_are_named(work, run):
    def verify():
        tool = ["python", "tools/verify.py", "--venv", sys.prefix]
        return run(*tool, cwd=work, check=False)

    finished = verify()
    assert finished.stdout.endswith("OK: every output is the same bytes\n"), finished.stderr
    trained, rebuilt = finished.stdout.splitlines()[:2]
    machine = json.loads((work / "metrics/trained_on.json").read_text(encoding="utf-8"))
    assert trained.startswith(f"trained on   {machine['processor']} (")
    assert rebuilt == trained.replace("trained on", "rebuilt on")
    assert finished.returncode == 0

    # A committed metric that the code does not give, and a split of other bytes.
    metrics = json.loads((work / "metrics/evaluate.json").read_text(encoding="utf-8"))
    metrics["accuracy"] += 0.5
    (work / "metrics/evaluate.json").write_text(json.dumps(metrics), encoding="utf-8")
    lock = yaml.safe_load((work / "dvc.lock").read_text(encoding="utf-8"))
    for stage, path in [("split", "data/split.csv"), ("evaluate", "metrics/evaluate.json")]:
        (out,) = [out for out in lock["stages"][stage]["outs"] if out["path"] == path]
        out["md5"] = "0" * 32
    (work / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    run("git", "commit", "--quiet", "--all", "-m", "Untrue", cwd=work)

    finished = verify()
    assert "data/split.csv                    other bytes" in finished.stdout
    assert "DIFFERENT: accuracy " in finished.stdout
    assert "first difference: split: data/split.csv" in finished.stdout
    assert finished.stdout.endswith("FAILED\n")
    assert finished.returncode == 1
