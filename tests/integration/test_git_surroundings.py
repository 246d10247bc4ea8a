"""Where a project may lie: without Git, in a larger repository, in one that Git does not trust."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import commit_all, init_git, set_params
from machine import shell

NOT_UNDER_GIT = (
    "error: this folder is not under Git, and experiments and comparisons are made of commits. "
    "Use a clone instead of a downloaded archive; or make it a repository: git init && git add . "
    "&& git commit -m start\n"
)
TOOLS = {"PYTHONPATH": "src:tools"}


def tell_dvc(run, project: Path) -> str:
    """Do what make repro does first; return what DVC's local settings are then."""
    run("python", "tools/under_git.py", "--tell-dvc", cwd=project, env=TOOLS)
    config = project / ".dvc/config.local"
    return config.read_text(encoding="utf-8").strip() if config.exists() else ""


WITHOUT_GIT = "[core]\n    no_scm = true"


@pytest.fixture
def archive(work):
    """The project as a downloaded ZIP has it."""
    shutil.rmtree(work / ".git")
    return work


@pytest.fixture
def inner(work, tmp_path, run):
    """The project in a folder of a larger repository."""
    project = tmp_path / "larger" / "sub" / "project"
    ignored = shutil.ignore_patterns(".git", "tmp")
    shutil.copytree(work, project, symlinks=True, ignore=ignored)
    init_git(run, tmp_path / "larger")
    commit_all(run, tmp_path / "larger", "all")
    return project


@pytest.mark.parametrize(
    "command",
    ["src/compare.py HEAD", "tools/folds.py", "tools/release.py", "tools/apply.py one",
     "tools/under_git.py"],
)  # fmt: skip
def test_without_git_one_sentence(archive, run, command):
    done = run("python", *command.split(), cwd=archive, env=TOOLS, check=False)
    assert (done.returncode, done.stderr) == (1, NOT_UNDER_GIT)


@pytest.mark.parametrize(
    "target", ["exps", "verify", "folds", "compare BASE=HEAD", "apply EXP=one"]
)
def test_without_git_make_says_so(archive, run, target):
    (archive / "env").mkdir()
    (archive / "env/.installed").touch()
    make = ["make", "--no-print-directory", "--old-file=env/.installed", "VENV=env"]
    done = run(*make, *target.split(), cwd=archive, check=False)
    assert done.returncode != 0
    assert NOT_UNDER_GIT in done.stderr
    assert "Traceback" not in done.stderr
    assert "usage" not in done.stderr


def test_without_git_the_pipeline_and_the_check_of_the_lock_file_run(archive, run):
    assert tell_dvc(run, archive) == WITHOUT_GIT
    run("dvc", "repro", cwd=archive)
    done = run("python", "tools/check_lock.py", cwd=archive)
    assert done.stdout == "dvc.lock matches code and params: 8 stages\n"


def test_what_is_put_under_git_later_has_experiments(archive, run):
    assert tell_dvc(run, archive) == WITHOUT_GIT
    init_git(run, archive)
    assert tell_dvc(run, archive) == ""


def test_a_folder_that_a_larger_repository_ignores_is_not_under_git(archive, run):
    init_git(run, archive.parent)
    (archive.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    assert tell_dvc(run, archive) == WITHOUT_GIT
    assert "up to date" in run("dvc", "repro", cwd=archive).stdout


def test_a_project_in_a_larger_repository_is_under_git(inner, run):
    assert tell_dvc(run, inner) == ""


@pytest.mark.slow
def test_a_project_in_a_larger_repository_has_experiments_and_can_be_verified(inner, run):
    run("dvc", "exp", "run", "--temp", "-n", "one", "-S", "evaluate.seed=3", cwd=inner)
    compared = run("python", "src/compare.py", "HEAD", "one", cwd=inner)
    assert "no difference" in compared.stdout
    place = inner.parent / "fetched"
    fetch = f"""
from pathlib import Path
from spoken_digits.evaluation import experiments
commit = experiments.resolve("one")
assert b"seed: 3" in experiments.read(commit, "params.yaml")
experiments.fetch(commit, Path({str(place)!r}), ["data/raw", "data/split.csv"])
"""
    run(sys.executable, "-c", fetch, cwd=inner, env=TOOLS)
    assert (place / "data/split.csv").read_bytes() == (inner / "data/split.csv").read_bytes()
    assert any((place / "data/raw/espeak").iterdir())
    verified = run("python", "tools/verify.py", "--venv", sys.prefix, cwd=inner, check=False)
    assert verified.stdout.endswith("OK: every output is the same bytes\n"), verified.stderr


@pytest.mark.parametrize("command", ["src/compare.py HEAD", "tools/folds.py", "tools/apply.py one"])
def test_a_repository_of_somebody_else(work, run, command):
    if os.getuid() != 0:
        pytest.skip("only root can give a folder to another user")
    for path in (work, work / ".git"):
        os.chown(path, 65534, 65534)
    done = run("python", *command.split(), cwd=work, env=TOOLS, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"git config --global --add safe.directory {work}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert tell_dvc(run, work) == ""


def shallow(built: Path, tmp_path: Path, run) -> Path:
    run("git", "clone", "--quiet", "--depth=1", built.as_uri(), tmp_path / "clone", cwd=tmp_path)
    shutil.copytree(built / ".dvc/cache", tmp_path / "clone/.dvc/cache")
    return tmp_path / "clone"


@pytest.mark.slow
def test_an_experiment_that_a_shallow_clone_would_lose_is_refused(built, tmp_path, run):
    clone = shallow(built, tmp_path, run)
    done = run("dvc", "exp", "run", "--temp", "-S", "evaluate.seed=3", cwd=clone, check=False)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"error: {clone} is a shallow clone, and DVC would lose this experiment." in said
    assert "git fetch --unshallow" in said
    tool = run("python", "tools/folds.py", cwd=clone, env=TOOLS, check=False)
    assert tool.stderr.splitlines()[-1] == (
        f"error: {clone} is a shallow clone, and DVC would lose this experiment. Get the rest of "
        "the history first: git fetch --unshallow; or run it without --temp and --queue"
    )
    run("git", "fetch", "--quiet", "--unshallow", cwd=clone)
    run("dvc", "exp", "run", "--temp", "-n", "kept", "-S", "evaluate.seed=3", cwd=clone)
    assert "kept" in run("dvc", "exp", "list", cwd=clone).stdout


@pytest.mark.slow
def test_experiments_in_the_working_tree_of_a_shallow_clone_are_kept(built, tmp_path, run):
    clone = shallow(built, tmp_path, run)
    run("dvc", "checkout", cwd=clone)
    run("dvc", "exp", "run", "-n", "kept", "-S", "evaluate.seed=3", cwd=clone)
    assert "kept" in run("dvc", "exp", "list", cwd=clone).stdout


def test_git_that_knows_no_name(work):
    nobody = {"HOME": str(work), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = shell(
        "git config user.useConfigOnly true; python3 tools/folds.py", work, **TOOLS, **nobody
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: an experiment is a commit, and Git does not know whose. Tell it: git config "
        "--global user.name NAME && git config --global user.email NAME@example.org"
    )


@pytest.mark.parametrize("state", ["detached", "worktree", "merging", "locked"])
def test_states_of_a_repository(work, run, state, tmp_path):
    """None of them is in the way of comparing, or shows a traceback."""
    project = work
    if state == "detached":
        run("git", "checkout", "--quiet", "--detach", cwd=work)
    elif state == "worktree":
        project = tmp_path / "worktree"
        run("git", "worktree", "add", "--quiet", project, "HEAD", "--detach", cwd=work)
        cache = work / ".dvc/cache"
        run("dvc", "cache", "dir", "--local", cache, cwd=project)
        run("dvc", "checkout", "--quiet", cwd=project)
    elif state == "merging":
        (work / ".git/MERGE_HEAD").write_text(
            run("git", "rev-parse", "HEAD", cwd=work).stdout, encoding="utf-8"
        )
    else:
        (work / ".git/index.lock").touch()
    for command in ("src/compare.py HEAD", "tools/check_lock.py --staged"):
        done = run("python", *command.split(), cwd=project, env=TOOLS)
        assert "Traceback" not in done.stderr


def test_a_clone_with_line_ends_of_windows_has_the_same_bytes(built, tmp_path, run):
    """.gitattributes is stronger than core.autocrlf."""
    clone = tmp_path / "clone"
    run("git", "-c", "core.autocrlf=true", "clone", "--quiet", built, clone, cwd=tmp_path)
    run("git", "config", "core.autocrlf", "true", cwd=clone)
    for name in run("git", "ls-files", cwd=clone).stdout.splitlines():
        assert (clone / name).read_bytes() == (built / name).read_bytes(), name
    run("dvc", "cache", "dir", "--local", built / ".dvc/cache", cwd=clone)
    run("dvc", "checkout", "--quiet", cwd=clone)
    assert "up to date" in run("dvc", "status", cwd=clone).stdout
    assert run("git", "status", "--porcelain", cwd=clone).stdout == ""


def test_hooks_of_the_user_that_fail_are_in_no_experiment_s_way(work, tmp_path, run):
    """As core.hooksPath in the user's own settings has them, for every repository."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "commit-msg", "post-commit", "post-checkout"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    run("git", "config", "core.hooksPath", hooks, cwd=work)
    refused = run("git", "commit", "--allow-empty", "-m", "none", cwd=work, check=False)
    assert refused.returncode != 0
    overrides = ["-S", "evaluate.seed=3", "split"]
    run("dvc", "exp", "run", "--temp", "-n", "one", *overrides, cwd=work)
    assert "one" in run("dvc", "exp", "list", cwd=work).stdout


def test_a_path_that_is_long_and_odd(work, tmp_path, run):
    """Blanks, quotes, a dollar, letters that are no ASCII, 700 bytes."""
    folder = tmp_path.joinpath("""ein "Pfad" mit 'é ü$x%20#""", *["lang" * 30] * 5)
    folder.mkdir(parents=True)
    project = Path(shutil.move(work, folder / "project"))
    run("dvc", "repro", "--force", "--single-item", "split", cwd=project)
    run("python", "src/spectrogram.py", "--workers", "2", cwd=project)
    assert "up to date" in run("dvc", "status", cwd=project).stdout
    checked = run("python", "tools/check_lock.py", "--staged", cwd=project)
    assert checked.stdout == "dvc.lock matches code and params: 8 stages\n"


def test_an_experiment_takes_a_folder_by_its_absolute_path(work, run, recordings, tmp_path):
    """Or by a relative one with --copy-paths: where it runs there are Git's files alone."""
    (work / "Anna, at home").mkdir()
    for name, content in recordings("anna", "ben", "cleo", takes=2).items():
        (work / "Anna, at home" / name).write_bytes(content)
    set_params(work, {"split.validation_percent": 34, "split.test_percent": 33})
    (work / ".git/info/exclude").write_text("Anna*\n", encoding="utf-8")
    commit_all(run, work, "other shares")
    for path, options in (
        (work / "Anna, at home", []),
        ("Anna, at home", ["--copy-paths", "Anna, at home"]),
    ):
        overrides = ["-S", "corpora=[folder]", "-S", f"download.folder.path='{path}'"]
        done = run("dvc", "exp", "run", "--temp", *options, *overrides, "download", cwd=work)
        assert "data/raw: 60 recordings from folder; 0 skipped" in done.stdout + done.stderr


def test_a_relative_path_that_is_nowhere_is_said(work, run):
    overrides = ["-S", "corpora=[folder]", "-S", "download.folder.path=nowhere"]
    done = run("dvc", "exp", "run", "--temp", *overrides, "download", cwd=work, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert re.search(r"ERROR: .*'download': .*No such file or directory: '.*/nowhere'", said)
    assert "Traceback" not in said


# make apply


def experiment(project: Path, run, name: str, seed: int) -> None:
    run("dvc", "exp", "run", "--temp", "-n", name, "-S", f"evaluate.seed={seed}", cwd=project)


@pytest.fixture(scope="module")
def tried_once(built, tmp_path_factory, run):
    """A project with an experiment, and a clean tree. Copy it; do not change it."""
    project = tmp_path_factory.mktemp("tried") / "project"
    shutil.copytree(built, project, symlinks=True)
    experiment(project, run, "one", 3)
    run("git", "checkout", "--quiet", "--force", ".", cwd=project)
    run("dvc", "checkout", "--quiet", "--force", cwd=project)
    return project


@pytest.fixture
def tried(tried_once, tmp_path):
    """A copy of it, to do things to."""
    return shutil.copytree(tried_once, tmp_path / "project", symlinks=True)


def apply(run, project: Path, name: str = "one") -> subprocess.CompletedProcess[str]:
    return run("python", "tools/apply.py", name, cwd=project, env=TOOLS, check=False)


@pytest.mark.slow
def test_apply_brings_an_experiment_to_a_clean_tree(tried, run):
    done = apply(run, tried)
    assert done.returncode == 0, done.stderr
    assert "one (" in done.stdout
    assert "seed: 3" in (tried / "params.yaml").read_text(encoding="utf-8")
    assert apply(run, tried).returncode == 0  # what is there is the experiment's


@pytest.mark.slow
@pytest.mark.parametrize("how", ["edited", "staged", "data"])
def test_apply_refuses_what_it_would_discard(tried, run, how):
    file = tried / ("data/split.csv" if how == "data" else "README.md")
    if how == "data":
        file.chmod(0o644)
    else:
        file.write_text("first\n", encoding="utf-8")
        commit_all(run, tried, "a readme")
        experiment(tried, run, "one-more", 4)
    file.write_text("of mine\n", encoding="utf-8")
    if how == "staged":
        run("git", "add", ".", cwd=tried)
    done = apply(run, tried, "one" if how == "data" else "one-more")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {file.relative_to(tried)}: in no commit and no experim")
    assert "dvc exp apply would discard it. Keep it first, with git commit" in done.stderr
    assert file.read_text(encoding="utf-8") == "of mine\n"


@pytest.mark.slow
def test_apply_of_what_is_not_there(tried, run):
    done = apply(run, tried, "nothing")
    assert done.stderr.startswith("error: nothing: no such revision or experiment. See: git branch")
