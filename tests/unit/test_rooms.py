"""Each room of spoken_digits imports only from the top of the package and from rooms before it."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "spoken_digits"
# As recordings go through them: from sound files, by way of a model, to the live program.
ROOMS = "sound corpora picture dataset model training export evaluation live".split()
# The Python interface lies at the top, where users look for it, and stands on all the rooms.
INTERFACE = "api"


def test_every_folder_has_its_place_in_the_order():
    assert {path.parent.name for path in PACKAGE.glob("*/*.py")} == set(ROOMS)


def test_no_room_imports_from_a_later_one():
    backward = [
        f"{path.relative_to(PACKAGE)}:{line} imports spoken_digits.{module}"
        for path, line, module in imports(PACKAGE)
        if room_of(path) in ROOMS and place(module) > ROOMS.index(room_of(path))
    ]
    assert backward == []


def test_the_top_imports_from_no_room():
    inward = [
        f"{path.name}:{line} imports spoken_digits.{module}"
        for path, line, module in imports(PACKAGE)
        if path.parent == PACKAGE
        and path.stem not in ("__init__", INTERFACE)
        and place(module) >= 0
    ]
    assert inward == []


def test_what_runs_backward_would_be_found(tmp_path):
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / "wrong.py").write_text(
        "import spoken_digits.live.cli\n"
        "from spoken_digits.model import network\n"
        "from spoken_digits import api, training\n"
        "def late():\n"
        "    from spoken_digits.export.graph import build\n"
        "from spoken_digits.sizes import HOP\n"
        "import numpy\n"
    )
    found = [(line, module, place(module)) for _, line, module in imports(tmp_path)]
    assert found == [
        (1, "live.cli", 8),
        (2, "model", 4),
        (3, "api", 9),
        (3, "training", 5),
        (5, "export.graph", 6),
        (6, "sizes", -1),
    ]


def imports(package: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield what a package's modules import from spoken_digits: module, line, and what."""
    for path in sorted(package.rglob("*.py")):
        statements = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        for statement in sorted(statements, key=lambda node: node.lineno):
            for module in imported(statement):
                if module.startswith("spoken_digits."):
                    yield path, statement.lineno, module.removeprefix("spoken_digits.")


def imported(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules of one statement; relative imports, which nobody uses here, are errors."""
    names = [alias.name for alias in statement.names]
    if isinstance(statement, ast.Import):
        return names
    assert statement.level == 0, f"line {statement.lineno}: a relative import"
    if statement.module == "spoken_digits":
        return [f"spoken_digits.{name}" for name in names]
    return [statement.module or ""]


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def place(module: str) -> int:
    """Return a module's place in the order: -1 for the top, after all rooms for the interface."""
    first = module.split(".")[0]
    if first == INTERFACE:
        return len(ROOMS)
    return ROOMS.index(first) if first in ROOMS else -1
