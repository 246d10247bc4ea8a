"""Record every PyTorch operation that a stage does, and do them again on another processor.

    python tools/operations.py record FILE src/train.py     run a stage, keep its operations
    python tools/operations.py replay FILE                  do each again; a line of JSON each

A recorded operation has its name, its arguments, the random state before it, and the digest of
what came out. Replayed elsewhere each starts from the recorded arguments, so an operation that
differs does not hide the ones after it. Of calls with the same name and the same shapes the first
is kept. tools/processors.py compares processors with it, in a project's folder.
"""

import argparse
import hashlib
import json
import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import report_errors


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    recording = actions.add_parser("record", help="run a stage's script, keep its operations")
    recording.add_argument("file", type=Path, metavar="FILE")
    recording.add_argument("script", metavar="SCRIPT")
    replaying = actions.add_parser("replay", help="do each again; a line of JSON each")
    replaying.add_argument("file", type=Path, metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

from spoken_digits.arithmetic import pin_arithmetic
from spoken_digits.params import load_params

_train = load_params().train
pin_arithmetic(_train.threads, _train.portable)  # before torch is imported

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

_SHAPES_OR_MEMORY = {
    "aten::" + name
    for name in (
        "empty empty_like empty_strided new_empty new_empty_strided view _unsafe_view slice "
        "select expand permute transpose t unsqueeze squeeze detach alias as_strided split unbind "
        "lift_fresh set_ _to_copy clone copy_ zero_ zeros zeros_like ones ones_like fill_ full "
        "arange"
    ).split()
}
"""What moves, makes or converts numbers without computing any."""

_STATE = "state of a generator"


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps the first call of each operation for each set of shapes while it is active."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: dict[str, dict[str, Any]] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Do the operation, and keep it if it is new."""
        kwargs = dict(kwargs or {})
        name = function._schema.name
        key = f"{name}.{function._overloadname} {_shapes((args, kwargs))}"
        if not name.startswith("aten::") or name in _SHAPES_OR_MEMORY or key in self.calls:
            return function(*args, **kwargs)
        call = {
            "name": f"{name}.{function._overloadname}",
            "args": _frozen(args),
            "kwargs": _frozen(kwargs),
            "random": torch.get_rng_state(),
        }
        result = function(*args, **kwargs)
        self.calls[key] = call | {"digest": digest((result, _changed(function, args, kwargs)))}
        return result


def replay(calls: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Do every recorded operation again; yield its key, the recorded digest, the one of today."""
    for key, call in calls.items():
        name, overload = call["name"].removeprefix("aten::").split(".", 1)
        function = getattr(getattr(torch.ops.aten, name), overload or "default")
        args, kwargs = _thawed(call["args"]), _thawed(call["kwargs"])
        torch.set_rng_state(call["random"])
        result = function(*args, **kwargs)
        yield key, call["digest"], digest((result, _changed(function, args, kwargs)))


def digest(values: Any) -> str:
    """Return a digest of the bytes of all tensors and numbers in a nest of values."""
    found = hashlib.sha256()
    for value in tree_flatten(values)[0]:
        if isinstance(value, torch.Tensor):
            found.update(value.detach().contiguous().cpu().numpy().tobytes())
        elif isinstance(value, bool | int | float):
            found.update(repr(value).encode())
    return found.hexdigest()[:16]


def _changed(function: Any, args: Any, kwargs: Any) -> Any:
    """Return the arguments that an operation writes to."""
    named = dict(
        zip((argument.name for argument in function._schema.arguments), args, strict=False)
    )
    named |= kwargs
    return [
        named[argument.name]
        for argument in function._schema.arguments
        if argument.alias_info and argument.alias_info.is_write and argument.name in named
    ]


def _shapes(values: Any) -> str:
    def shape(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            # However many pictures there are at once, the arithmetic of each is the same.
            sizes = [
                "n" if dim == 0 and value.dim() > 2 else n for dim, n in enumerate(value.shape)
            ]
            return f"{str(value.dtype).removeprefix('torch.')}{sizes}".replace("'", "")
        if isinstance(value, torch.Generator | float):
            return type(value).__name__.lower()
        return repr(value)

    return " ".join(shape(value) for value in tree_flatten(values)[0])


def _frozen(values: Any) -> Any:
    """Copy arguments, strides and all, into what torch.save can hold."""

    def freeze(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.detach().clone(memory_format=torch.preserve_format)
        if isinstance(value, torch.Generator):
            return {_STATE: value.get_state()}
        return value

    return tree_map(freeze, values)


def _thawed(values: Any) -> Any:
    def is_generator(value: Any) -> bool:
        return isinstance(value, dict) and set(value) == {_STATE}

    def thaw(value: Any) -> Any:
        if is_generator(value):
            return torch.Generator().set_state(value[_STATE])
        if isinstance(value, torch.Tensor):
            # An operation that writes must not spoil what another one is given.
            return value.clone(memory_format=torch.preserve_format)
        return value

    return tree_map(thaw, values, is_leaf=is_generator)


def record(path: Path, script: str) -> None:
    """Run a stage's script in this process and save its operations."""
    with Recorder() as recorder:
        try:
            sys.argv = [script]
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            if end.code:
                raise
    torch.save(recorder.calls, path)


def main() -> None:
    arguments = _arguments()
    if arguments.action == "record":
        record(arguments.file, arguments.script)
        return
    for key, before, now in replay(torch.load(arguments.file, weights_only=False)):
        print(json.dumps([key, before, now]), flush=True)


if __name__ == "__main__":
    main()
