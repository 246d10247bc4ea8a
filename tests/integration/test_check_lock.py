"""make check-lock says which stage dvc.lock is out of date for, without data or cache."""

import sys
from pathlib import Path

import pytest
from conftest import commit_all, init_git

ROOT = Path(__file__).parents[2]
UP_TO_DATE = "dvc.lock matches code and params: 2 stages\n"
SOURCES = {
    "dvc.yaml": """
stages:
  record:
    cmd: python record.py
    deps: [record.py]
    params: [voices]
    outs: [data]
  count:
    cmd: python count.py
    deps: [count.py, data]
    params: [count.from]
    outs:
      - counted
      - metrics.json: {cache: false}
metrics: [metrics.json]
""",
    "params.yaml": "voices: 3\ncount: {from: 1, unused: 2}\n",
    "record.py": "from pathlib import Path\nPath('data').mkdir()\nPath('data/a').write_text('a')\n",
    "count.py": "from pathlib import Path\nPath('counted').write_text('1')\n"
    "Path('metrics.json').write_text('{\"n\": 1}')\n",
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory, run):
    project = tmp_path_factory.mktemp("origin")
    for name, text in SOURCES.items():
        (project / name).write_text(text, encoding="utf-8")
    init_git(run, project)
    run("dvc", "init", "--quiet", cwd=project)
    run("dvc", "repro", "--quiet", cwd=project)
    commit_all(run, project, "all")
    return project


@pytest.fixture
def clone(origin, tmp_path, run):
    run("git", "clone", "--quiet", origin, tmp_path / "clone", cwd=tmp_path)
    return tmp_path / "clone"


@pytest.fixture
def check(run, clone):
    def execute():
        tool = ROOT / "tools" / "check_lock.py"
        finished = run(sys.executable, tool, cwd=clone, check=False)
        assert finished.stderr == "" or finished.returncode == 1
        return finished

    return execute


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_clone_without_data_is_up_to_date(check, clone):
    assert not (clone / "data").exists()
    finished = check()
    assert (finished.stdout, finished.returncode) == (UP_TO_DATE, 0)


def test_the_stages_and_what_changed_are_named(check, clone):
    edit(clone / "record.py", "mkdir()", "mkdir(0o700)")
    edit(clone / "params.yaml", "voices: 3", "voices: 4")
    edit(clone / "params.yaml", "from: 1", "from: 2")
    edit(clone / "dvc.yaml", "python count.py", "python ./count.py")
    edit(clone / "metrics.json", "1", "2")
    finished = check()
    assert finished.stdout.splitlines() == [
        "record: record.py is modified",
        "record: params.yaml: voices is modified",
        "count: params.yaml: count.from is modified",
        "count: metrics.json, which it writes, is modified",
        "count: the command was python count.py",
        "dvc.lock is out of date for 2 of 2 stages. Mend it: dvc repro",
    ]
    assert finished.returncode == 1


def test_stages_of_one_file_alone_are_named(check, clone):
    edit(clone / "dvc.lock", "  count:", "  counted:")
    assert check().stdout.startswith(
        "count: not in dvc.lock: it has never run to its end\n"
        "counted: in dvc.lock, but no longer in dvc.yaml\n"
    )


def test_a_param_that_no_stage_uses_changes_nothing(check, clone):
    edit(clone / "params.yaml", "unused: 2", "unused: 3")
    assert check().stdout == UP_TO_DATE


def test_a_stage_that_ran_on_other_data_is_named(check, clone):
    lock = (clone / "dvc.lock").read_text(encoding="utf-8")
    first, second = [line for line in lock.splitlines() if line.endswith(".dir")]
    assert first == second
    at = lock.index(first)
    (clone / "dvc.lock").write_text(
        lock[:at] + lock[at:].replace(first, "      md5: " + "0" * 32 + ".dir", 1), encoding="utf-8"
    )
    finished = check()
    assert "ran with another data than record writes now" in finished.stdout
    assert finished.returncode == 1


def test_what_is_deleted_from_git_is_named(check, clone):
    (clone / "count.py").unlink()
    (clone / "metrics.json").unlink()
    assert check().stdout.splitlines()[:2] == [
        "count: count.py is deleted",
        "count: metrics.json, which it writes, is deleted",
    ]


def test_a_broken_dvc_yaml_is_dvcs_to_explain(check, clone):
    (clone / "dvc.yaml").write_text("stages: [", encoding="utf-8")
    finished = check()
    assert "'./dvc.yaml' is invalid" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.returncode == 1
