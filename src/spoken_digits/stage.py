"""How every stage script begins and ends.

A script calls ``start`` on its first line, before it imports what computes: ``--help`` and a
mistake in params.yaml are answered at once, and libraries choose their kernels when they are
imported. On its last line it calls ``run``, which makes sure that what the stage was made of is
still what DVC is going to note: DVC takes the hashes of inputs when a stage has ended.
"""

import argparse
import hashlib
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

from spoken_digits import arithmetic
from spoken_digits.errors import UserError, explain_uncaught, report_errors, run_script
from spoken_digits.files import check_not_shallow, experiment_of, remove_abandoned

if TYPE_CHECKING:
    from spoken_digits.params import Params

_PIPELINES = (Path("dvc.yaml"), Path("numbers/dvc.yaml"))
_WRITTEN_IN = (Path("data"), Path("models"), Path("metrics"), Path(".checkpoints"))
_SMALL = 2**20  # bytes; Git and editors touch such files without changing them
_inputs_at_start: dict[str, object] = {}


def start(
    doc: str,
    *,
    epilog: str = "",
    options: Mapping[str, Mapping[str, Any]] | None = None,
    trains: bool = False,
    predicts: bool = False,
) -> tuple[argparse.Namespace, "Params"]:
    """Read the command line and all of params.yaml; return both.

    ``doc`` and ``epilog`` are what --help says, ``options`` argparse's arguments by their flags.
    A stage that ``trains`` gets torch with the arithmetic that train.portable asks for; one that
    only ``predicts`` gets the portable one whatever it says, where the processor can. Ends the
    script with a message if params.yaml, or the processor, does not allow what it asks for.
    """
    explain_uncaught()
    # Without /dev/shm. workers.py says it in our words.
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")
    parser = argparse.ArgumentParser(
        description=doc, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag, how in (options or {}).items():
        parser.add_argument(flag, **how)
    with report_errors():
        arguments = parser.parse_args()
        from spoken_digits.params import load_params  # --help need not wait for pydantic

        _refuse_little_memory(1000 if trains or predicts else 500)
        _refuse_shallow_clone()
        _sweep()
        params = load_params()
        _inputs_at_start.update(_inputs())
        arithmetic.pin_numpy()
        if predicts or (trains and params.train.portable):
            arithmetic.pin_arithmetic(params.train.threads, params.train.portable)
    return arguments, params


def run(main: Callable[[], None]) -> NoReturn:
    """Run a stage's ``main`` and exit as run_script does.

    If an input that DVC knows of was changed meanwhile, the stage fails: its outputs are of the old
    one, and DVC would note that they are of the new one.
    """

    def watched() -> None:
        try:
            main()
        finally:
            _sweep()  # Ctrl-C may have come while one was removed
        after = dict(_inputs())
        changed = [
            name
            for name in sorted(_inputs_at_start | after)
            if _inputs_at_start.get(name) != after.get(name)
        ]
        if changed:
            raise UserError(
                f"{', '.join(changed)} changed while this stage ran, so its outputs are not made "
                "of what is there now. Run it again: dvc repro"
            )

    run_script(watched)


def _inputs() -> Iterator[tuple[str, object]]:
    """Yield the stage's dependencies and parameters as dvc.yaml lists them, and their state.

    That is a hash of a file, and the value of a parameter; of a large file, and of one that is
    named by a parameter (the user's recordings, of which there may be many), size and time. Nothing
    if the script was not started by DVC, which then notes nothing. No two pipelines have a stage of
    the same name.
    """
    from spoken_digits.params import PARAMS_FILE, parse_yaml

    name = os.environ.get("DVC_STAGE", "").rpartition(":")[2]  # numbers/dvc.yaml:train_sequence
    stages: dict[str, dict[str, Any]] = {}
    for pipeline in _PIPELINES if name else ():
        if pipeline.exists():  # a project of somebody's own need not have both
            stages |= parse_yaml(pipeline.read_text(encoding="utf-8"))["stages"]
    stage = stages.get(name, {})
    content = parse_yaml(PARAMS_FILE.read_text(encoding="utf-8")) if stage else {}
    for dep in stage.get("deps", []):
        path = Path(re.sub(r"\$\{(.+)\}", lambda found: str(_value(content, found[1])), dep))
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.as_posix(), _state(file, small=_SMALL if path.as_posix() == dep else 0)
    for key in stage.get("params", []):
        yield f"{PARAMS_FILE}: {key}", _value(content, key)


def _value(content: object, key: str) -> object:
    """Return what params.yaml, ``content``, says of a key such as train.epochs."""
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content


def _state(file: Path, small: int) -> object:
    found = file.stat()
    if found.st_size > small:
        return found.st_size, found.st_mtime_ns
    return hashlib.sha256(file.read_bytes()).digest()


def _sweep() -> None:
    """Remove what killed stages, whichever they were, left: DVC need not run those again."""
    for folder in _WRITTEN_IN:
        remove_abandoned(folder)


def _refuse_little_memory(least: int) -> None:
    """Refuse a limit below so many MB: libraries that start with less may abort, or wait forever.

    PyTorch was seen to need 760 MB of addresses before any work, NumPy and its friends 400.
    """
    if resource is None:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < least * 2**20:
        raise UserError(
            f"memory is limited to {limit // 2**20} MB, and this stage begins with {least}. Raise "
            "the limit: ulimit -v unlimited"
        )


def _refuse_shallow_clone() -> None:
    """End an experiment that DVC would lose: one that runs elsewhere, with --temp or --queue."""
    project = experiment_of(Path.cwd())
    if project is not None:
        check_not_shallow(project)


def workers_option(what_they_do: str) -> dict[str, Any]:
    """Return the option by which a script's user says how many worker processes it has."""
    return {
        "type": int,
        "metavar": "N",
        "help": f"processes that {what_they_do} (default: one a core)",
    }
