"""check_lock says which stage dvc.lock is out of date for, without data or cache.

The pre-commit hook asks it about what is staged, in seconds, and touches nothing else.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from conftest import commit_all, init_git

ROOT = Path(__file__).parents[2]
UP_TO_DATE = "dvc.lock matches code and params: 2 stages\n"
SPY = """
import os, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        os.write(log, f"{event} {arguments!r}\\n".encode())

log = os.open(os.environ["SEEN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(note)
"""
"""Makes every Python process note which addresses and programs it calls."""
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
    def execute(*arguments):
        tool = ROOT / "tools" / "check_lock.py"
        finished = run(sys.executable, tool, *arguments, cwd=clone, check=False)
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


@pytest.mark.slow
def test_an_edit_that_is_not_staged_is_not_judged(check, clone):
    edit(clone / "record.py", "mkdir()", "mkdir(0o700)")
    assert check().returncode == 1
    finished = check("--staged")
    assert (finished.stdout, finished.returncode) == (UP_TO_DATE, 0)


def test_an_edit_that_is_staged_is_judged_though_the_file_is_back(check, clone, run):
    before = (clone / "record.py").read_text(encoding="utf-8")
    edit(clone / "record.py", "mkdir()", "mkdir(0o700)")
    run("git", "add", "record.py", cwd=clone)
    (clone / "record.py").write_text(before, encoding="utf-8")
    assert (check().stdout, check().returncode) == (UP_TO_DATE, 0)
    finished = check("--staged")
    assert finished.stdout.startswith("record: record.py is modified\n")
    assert finished.returncode == 1


@pytest.mark.slow
def test_data_in_the_working_tree_is_not_judged_with_what_is_staged(check, clone):
    (clone / "data").mkdir()
    (clone / "data/a").write_text("another", encoding="utf-8")
    assert "count: data is modified" in check().stdout
    assert check("--staged").stdout == UP_TO_DATE


def test_staged_outside_git_says_so(run, tmp_path):
    tool = ROOT / "tools" / "check_lock.py"
    finished = run(sys.executable, tool, "--staged", cwd=tmp_path, check=False)
    assert finished.stderr.startswith("error: git rev-parse failed: fatal: not a git repository")
    assert finished.returncode == 1


def test_a_folder_without_a_pipeline_is_not_up_to_date(check, clone):
    (clone / "dvc.yaml").unlink()
    finished = check()
    assert finished.stderr == (
        "error: no dvc.yaml in this folder. Run it in the project's top folder\n"
    )
    assert finished.returncode == 1


# The hook


@pytest.fixture
def hooked(origin, tmp_path, run):
    """Return a function that makes a repository with the hook on, the project in a folder of it.

    It has an environment that must not be touched: this one, under the name .venv.
    """

    def make(folder="."):
        repository = tmp_path / "repository"
        repository.mkdir()
        project = repository / folder
        for name in (".dvc/config", ".dvcignore", "dvc.lock", "metrics.json", *SOURCES):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin / name, project / name)
        for name in ("tools/check_lock.py", "tools/with_env", "tools/hooks/pre-commit", "Makefile",
                     "src/spoken_digits/__init__.py", "src/spoken_digits/errors.py"):  # fmt: skip
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project / name)
        (project / "requirements.txt").write_text("dvc\n", encoding="utf-8")
        (project / "constraints.txt").touch()
        (project / ".gitignore").write_text("/.venv\n/data\n/counted\n__pycache__/\n")
        (project / ".venv").symlink_to(sys.prefix)
        run("git", "init", "--quiet", cwd=repository)
        run("git", "add", ".", cwd=repository)
        run("git", "commit", "--quiet", "-m", "all", cwd=repository)
        hooks = os.path.normpath(f"{folder}/tools/hooks")
        run("git", "config", "core.hooksPath", hooks, cwd=repository)
        return repository

    return make


@pytest.fixture
def commit(run):
    def execute(repository, *arguments, env=None):
        command = ("git", "commit", *(arguments or ("--allow-empty",)), "-m", "a commit")
        return run(*command, cwd=repository, env=env, check=False)

    return execute


def test_the_hook_lets_a_commit_pass_whose_lock_matches(hooked, commit):
    finished = commit(hooked())
    assert UP_TO_DATE in finished.stdout + finished.stderr
    assert finished.returncode == 0


def test_the_hook_refuses_a_commit_whose_lock_does_not_match(hooked, commit, run):
    repository = hooked()
    edit(repository / "record.py", "mkdir()", "mkdir(0o700)")
    run("git", "add", "record.py", cwd=repository)
    finished = commit(repository)
    assert "record: record.py is modified" in finished.stdout + finished.stderr
    assert finished.returncode == 1
    assert run("git", "rev-list", "--count", "HEAD", cwd=repository).stdout == "1\n"


@pytest.mark.slow
def test_the_hook_judges_what_commit_all_takes_and_not_what_it_leaves(hooked, commit):
    repository = hooked()
    edit(repository / "record.py", "mkdir()", "mkdir(0o700)")
    (repository / "notes.txt").write_text("a new file", encoding="utf-8")
    assert commit(repository, "--all").returncode == 1
    edit(repository / "params.yaml", "unused: 2", "unused: 3")
    assert commit(repository, "params.yaml").returncode == 0


@pytest.mark.slow
def test_the_hook_works_where_the_project_is_a_folder_of_the_repository(hooked, commit, run):
    repository = hooked("part")
    assert commit(repository).returncode == 0
    edit(repository / "part/record.py", "mkdir()", "mkdir(0o700)")
    run("git", "add", "part/record.py", cwd=repository)
    finished = commit(repository)
    assert "record: record.py is modified" in finished.stdout + finished.stderr
    assert finished.returncode == 1


@pytest.mark.slow
def test_the_hook_works_in_a_worktree_where_the_project_is_a_folder(hooked, commit, run, tmp_path):
    worktree = tmp_path / "worktree"
    run("git", "worktree", "add", "--quiet", worktree, cwd=hooked("part"))
    edit(worktree / "part/record.py", "mkdir()", "mkdir(0o700)")
    # Git finds the hook, but the environment is not at the top of the main checkout.
    env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    assert commit(worktree, env=env).returncode == 0
    finished = commit(worktree, "--all", env=env)
    assert "record: record.py is modified" in finished.stdout + finished.stderr
    assert finished.returncode == 1


def test_in_a_worktree_the_hook_takes_seconds_calls_nobody_and_builds_nothing(
    hooked, commit, run, tmp_path
):
    repository, worktree = hooked(), tmp_path / "worktree"
    later = time.time() + 60
    os.utime(repository / "requirements.txt", (later, later))  # make would install again
    run("git", "worktree", "add", "--quiet", worktree, cwd=repository)
    os.utime(worktree / "requirements.txt", (later, later))
    spy, seen = tmp_path / "spy", tmp_path / "seen.txt"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    entries = os.environ["PATH"].split(os.pathsep)  # of which the hook's must not come
    path = os.pathsep.join(entry for entry in entries if not (Path(entry) / "dvc").exists())
    env = {"PATH": path, "PYTHONPATH": str(spy), "SEEN": str(seen), "TMPDIR": str(tmp_path)}
    before = {path.name for path in tmp_path.iterdir()}
    began = time.monotonic()
    finished = commit(worktree, env=env)
    assert time.monotonic() - began < 30  # 2 s; pip and torch take minutes
    assert UP_TO_DATE in finished.stdout + finished.stderr
    assert finished.returncode == 0
    calls = seen.read_text(encoding="utf-8")
    assert "'dvc', 'status'" in calls
    assert "'pip'" not in calls
    assert not [call for call in calls.splitlines() if call.startswith("socket.")]
    assert not (worktree / ".venv").exists()
    assert {path.name for path in tmp_path.iterdir()} == before | {"seen.txt"}
    assert run("git", "status", "--short", cwd=worktree).stdout == ""


def test_a_tool_that_is_not_installed_is_named(run):
    finished = run(ROOT / "tools/with_env", "no-such-linter", cwd=ROOT, check=False)
    assert finished.stderr == (
        "error: no-such-linter is not in the environment. Install it: make install-dev\n"
    )
    assert finished.returncode == 1


def test_the_hook_says_what_is_missing_where_there_is_no_environment(hooked, commit, tmp_path):
    repository = hooked()
    (repository / ".venv").unlink()
    (tmp_path / "bin").mkdir()
    for name in ("sh", "git", "dirname"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    finished = commit(repository, env={"PATH": str(tmp_path / "bin")})
    assert finished.stderr == (
        "error: no environment with DVC, neither in .venv nor on the PATH. "
        "Make one: make install-dev\n"
    )
    assert finished.returncode == 1
