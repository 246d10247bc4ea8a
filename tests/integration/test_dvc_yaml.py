"""dvc.yaml tells the truth: what a stage imports and reads is what it depends on."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES: dict[str, dict[str, Any]] = PIPELINE["stages"]
NUMBERS = yaml.safe_load((ROOT / "numbers" / "stages.yaml").read_text(encoding="utf-8"))
"""The pipeline of the network that reads numbers, which dvc repro alone leaves out."""
ALL: dict[str, dict[str, Any]] = STAGES | NUMBERS["stages"]
PARAMS: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
NOT_OF_A_STAGE = {"live", "compute"}
"""Sections of params.yaml of which no stage need list all: the live program reads live."""
CHANGES_NOTHING = {"compute.scheduler"}
"""What a stage reads without its outputs depending on it: where it works."""

IN_GIT_ALONE = {"metrics/latency.json"}
"""Metrics that no stage lists as an output: a time is another number on every run."""


def script(stage: str) -> Path:
    (path,) = re.findall(r"src/\w+\.py", ALL[stage]["cmd"])
    return ROOT / path


def module_file(name: str) -> Path | None:
    """Return the file of spoken_digits or a module in it; None if there is none."""
    path = SRC.joinpath(*name.split("."))
    candidates = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in candidates if file.is_file()), None)


def has_code(file: Path) -> bool:
    """Tell whether a module holds anything but its docstring."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return any(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body
    )


CORPORA = SRC / "spoken_digits" / "corpora"
REGISTRY = CORPORA / "registry.py"
"""It imports the corpus of a name by importlib: any module of its room, none elsewhere."""


class Imports(ast.NodeVisitor):
    """The modules that run when a file does, wherever in it they are imported.

    A package's __init__ is run for the sake of its modules, without its functions being called:
    what these import (spoken_digits.load and the like) is left out, unless it is asked for.
    """

    def __init__(self, file: Path) -> None:
        self.of_a_package = file.name == "__init__.py"
        self.names: set[str] = set()
        self.file = file
        self.package = ".".join(file.relative_to(SRC).parent.parts)
        self.visit(ast.parse(file.read_text(encoding="utf-8")))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if not self.of_a_package:
            self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                self.visit(other)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        package = self.package.split(".")[: len(self.package.split(".")) - node.level + 1]
        base = ".".join([*package, *filter(None, [node.module])]) if node.level else node.module
        assert base is not None
        self.names |= {base} | {f"{base}.{alias.name}" for alias in node.names}

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            assert (self.file, ast.unparse(node)) == (
                REGISTRY,
                "importlib.import_module(f'spoken_digits.corpora.{corpus}')",
            ), f"{self.file}: an import that nobody can follow: {ast.unparse(node)}"
            self.names |= {f"spoken_digits.corpora.{path.stem}" for path in CORPORA.glob("*.py")}
        self.generic_visit(node)


def imported_files(file: Path) -> set[Path]:
    """Return the files of spoken_digits that a script imports, directly or through others."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        for name in Imports(waiting.pop()).names:
            parts = name.split(".")
            if parts[0] != "spoken_digits":
                continue
            for end in range(1, len(parts) + 1):  # a package's __init__ runs before its modules
                module = module_file(".".join(parts[:end]))
                if module and module not in found:
                    found.add(module)
                    waiting.append(module)
    return {module for module in found if has_code(module)}


def sources(stage: str) -> set[str]:
    """Return the files and folders of code that a stage depends on."""
    return {dep for dep in ALL[stage]["deps"] if dep.startswith("src/")}


def needed(stage: str) -> set[str]:
    """Return the files of code that a stage runs: its script and all that this imports."""
    files = {script(stage)} | imported_files(script(stage))
    return {file.relative_to(ROOT).as_posix() for file in files}


def within(path: str, place: str) -> bool:
    """Tell whether a path is a file or a folder, or lies in it."""
    return path == place or path.startswith(f"{place}/")


def stale_after(path: str) -> set[str]:
    """Return the stages that a change to a file makes DVC run again for its own sake."""
    return {stage for stage in ALL if any(within(path, dep) for dep in sources(stage))}


def params_of(stage: str) -> set[str]:
    return set(ALL[stage].get("params", []))


def leaves(section: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in section.items():
        found += leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return found


def covered(key: str, listed: set[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in listed)


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_depends_on_its_script_and_on_all_it_imports(stage):
    missing = [path for path in sorted(needed(stage)) if stage not in stale_after(path)]
    assert not missing, f"add to the deps of {stage} in dvc.yaml: {missing}"


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_depends_on_no_code_that_it_does_not_import(stage):
    files = needed(stage)
    idle = [dep for dep in sources(stage) if not any(within(path, dep) for path in files)]
    assert not idle, f"remove from the deps of {stage} in dvc.yaml: {sorted(idle)}"


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        ("corpora/fsdd.py", {"download"}),
        ("corpora/audiomnist-speakers.csv", {"download"}),
        ("sound/decode.py", {*STAGES} - {"split", "train"}),
        ("picture/mel.py", {"spectrogram", "train", "evaluate", "export", "report"}),
        ("picture/contact_sheet.py", {"spectrogram", "evaluate", "export", "report"}),
        ("dataset/images.py", {*STAGES} - {"download", "spectrogram"}),
        ("model/network.py", {"train", "evaluate", "export"}),
        ("arithmetic.py", set(STAGES)),
        ("training/loop.py", {"train"}),
        ("training/augment.py", {"train"}),
        ("export/graph.py", {"export"}),
        ("export/released.py", {"export"}),
        ("evaluation/plots.py", {"evaluate", "report"}),
        ("evaluation/degrade.py", {"evaluate", "report"}),
        ("evaluation/report.html.j2", {"evaluate", "report"}),
        ("live/endpointer.py", {"export"}),
        ("live/screen.py", set()),
        ("sizes.py", {*STAGES} - {"split"}),
        ("recording.py", {*STAGES}),
    ],
)
def test_a_change_makes_no_other_stages_stale(path, stages):
    assert (SRC / "spoken_digits" / path).is_file()
    assert stale_after(f"src/spoken_digits/{path}") & set(STAGES) == stages


@pytest.mark.parametrize("room", ["evaluation", "export", "live"])
def test_what_comes_after_training_makes_nothing_before_it_stale(room):
    files = [file for file in (SRC / "spoken_digits" / room).rglob("*") if file.is_file()]
    assert len(files) > 3
    for file in files:
        stale = stale_after(file.relative_to(ROOT).as_posix())
        assert not stale & {"download", "spectrogram", "split", "validate", "train"}, file


def test_a_change_to_anything_that_training_imports_makes_train_stale():
    files = needed("train")
    assert len(files) > 10
    assert {path for path in files if "train" not in stale_after(path)} == set()


def test_the_pipeline_can_be_read_in_one_go():
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 180


@pytest.mark.parametrize("stage", ALL)
def test_params_that_a_stage_lists_exist(stage):
    keys = leaves(PARAMS)
    unknown = [name for name in params_of(stage) if not any(covered(key, {name}) for key in keys)]
    assert not unknown


def test_each_param_changes_some_stage():
    listed = set().union(*(params_of(stage) for stage in ALL))
    idle = [
        key
        for key in leaves(PARAMS)
        if not covered(key, listed) and key.partition(".")[0] not in NOT_OF_A_STAGE
    ]
    assert not idle, f"no stage lists {idle}"


@pytest.mark.parametrize("stage", ALL)
def test_a_script_reads_only_the_params_that_its_stage_lists(stage):
    """Follows the name ``params`` through the script, as in params.train.epochs.

    ``params.words`` is the key vocabulary; what is said for its words is of voices too.
    """
    listed = params_of(stage) | CHANGES_NOTHING
    for node in ast.walk(ast.parse(script(stage).read_text(encoding="utf-8"))):
        text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if re.fullmatch(r"params\.\w+(\.\w+)?", text):
            key = text.removeprefix("params.").replace("validate_", "validate")
            key = key.replace("named_corpora", "corpora")
            key = re.sub(r"^words\b.*", "vocabulary", key)
            known = covered(key, listed) or any(name.startswith(f"{key}.") for name in listed)
            assert known, f"{stage} reads {key}; add it to its params in dvc.yaml"


@pytest.mark.parametrize("stage", ALL)
def test_no_url_is_a_dependency(stage):
    """With one, dvc repro fails without a network although the data is there."""
    assert not [dep for dep in ALL[stage]["deps"] if "://" in dep]


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_has_a_description(stage):
    assert ALL[stage].get("desc"), f"say in a line what {stage} does (desc:)"


@pytest.mark.parametrize("stage", ALL)
def test_no_stage_is_frozen_or_always_run(stage):
    assert not {"frozen", "always_changed"} & set(ALL[stage])
    for out in ALL[stage].get("outs", []):
        assert not isinstance(out, dict) or "persist" not in next(iter(out.values()))


def test_data_goes_one_way():
    """A stage comes after those whose outputs it reads, so dvc.yaml reads from top to bottom."""
    made: set[str] = set()
    everything = {out for stage in ALL for out in out_paths(stage)}
    for stage in ALL:
        inputs = {dep for dep in ALL[stage]["deps"] if not dep.startswith("src/")}
        needed = {out for out in everything for dep in inputs if related(out, dep)}
        assert needed <= made, f"{stage} reads {needed - made}, which a later stage writes"
        made |= out_paths(stage)


def test_what_a_stage_reads_is_in_git_or_written_by_a_stage():
    everything = {out for stage in ALL for out in out_paths(stage)}
    for stage in ALL:
        for dep in ALL[stage]["deps"]:
            dep = dep.replace("${download.folder.path}", PARAMS["download"]["folder"]["path"])
            in_git = (ROOT / dep).is_file() or ((ROOT / dep).is_dir() and dep.startswith("src/"))
            assert in_git or any(related(out, dep) for out in everything), dep


def test_metrics_and_plots_are_outputs():
    everything = {out for stage in ALL for out in out_paths(stage)}
    declared = [*PIPELINE.get("metrics", [])]
    for plot in PIPELINE.get("plots", []):
        declared += [plot] if isinstance(plot, str) else plot_files(plot)
    for path in set(declared) - IN_GIT_ALONE:
        assert any(related(out, path) for out in everything), path


def plot_files(plot: dict[str, Any]) -> list[str]:
    ((name, options),) = plot.items()
    y = (options or {}).get("y")
    return list(y) if isinstance(y, dict) else [name]


def out_paths(stage: str) -> set[str]:
    outs = ALL[stage].get("outs", []) + ALL[stage].get("metrics", [])
    return {out if isinstance(out, str) else next(iter(out)) for out in outs}


def related(out: str, path: str) -> bool:
    """Tell whether one is the other, or in it."""
    return out == path or path.startswith(f"{out}/") or out.startswith(f"{path}/")
