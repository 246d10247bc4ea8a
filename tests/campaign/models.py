"""Model files that are damaged, of something else, or made to do harm."""

import io
import json
import os
import pickle
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from campaign import places, programs
from campaign.archives import cut, flipped
from campaign.rule import REFUSED, Done, Outcome, Try, judge
from live_support import METADATA, save_model
from machine import shell, tree
from projects import ROOT

BOTH = (0, *REFUSED)
NO_MODEL = (3,)
RELEASED = ROOT / "models/released"
TAKEN = "no curves of training"
Change = Callable[[Path], object]


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield ONNX files for the live program, weights for the stage evaluate."""
    good = (RELEASED / "digits.onnx").read_bytes()
    for size in sorted(chance.sample(range(len(good)), 50)):
        case = f"after {size} of {len(good)} bytes"
        yield Try(
            "an ONNX file cut short", case, partial(listen, top, writes(cut, good, size), BOTH)
        )
    for _ in range(200):
        place, bit = chance.randrange(chance.choice((2000, len(good)))), chance.randrange(8)
        change = writes(flipped, good, place, bit)
        yield Try(
            "a bit flipped in an ONNX file",
            f"bit {bit} of byte {place}",
            partial(listen, top, change, BOTH),
        )
    for case, change in strange_models(good):
        yield Try("no model of ours", case, partial(listen, top, change, NO_MODEL))
    weights = (RELEASED / "digits.safetensors").read_bytes()
    for case, content in strange_weights(chance, weights):
        yield Try("weights damaged", case, partial(evaluate, top, content))


def writes(make: Callable[..., bytes], *arguments: object) -> Change:
    """Return a function that writes ``make(*arguments)`` to a path."""

    def write(path: Path) -> None:
        path.write_bytes(make(*arguments))

    return write


def listen(top: Path, change: Change, codes: tuple[int, ...], folder: Path) -> Outcome:
    """Let the live program hear a recording with a model that a function has made."""
    project = places.copy(places.with_data(top), folder)
    change(project / "m.onnx")
    before = {name: content for name, content in tree(project).items() if name != "m.onnx"}
    done = programs.run(
        "predict_live.py", "--json", "--model", "m.onnx", "recordings/3_anna_0.wav", project=project
    )
    (project / "m.onnx").unlink() if not (project / "m.onnx").is_dir() else None
    outcome = judge(done, project, before, codes=codes, names=r"m\.onnx")
    if done.code == 0 and ("NaN" in done.out or not json.loads(done.out)):
        outcome.wrong.append(f"heard: {done.out}")
    if (project / "owned").exists():
        outcome.wrong.append("code in it was run")
    return outcome


def strange_models(good: bytes) -> Iterator[tuple[str, Change]]:
    """Yield what is not one of this project's models, and a function that writes it."""
    yield "0 bytes", lambda path: path.write_bytes(b"")
    yield "text", lambda path: path.write_bytes(b"a model\n" * 100)
    yield "zeros", lambda path: path.write_bytes(bytes(400_000))
    yield "a pickle that runs a command", lambda path: path.write_bytes(a_pickle())
    yield "a torch file that runs a command", lambda path: path.write_bytes(a_torch_file())
    yield "2 GB of nothing", huge
    yield "a folder", Path.mkdir
    yield "a named pipe", os.mkfifo
    yield "safetensors", lambda path: shutil.copy(RELEASED / "digits.safetensors", path)
    yield "data outside the file", partial(with_external_data, place="data.bin")
    yield "data outside its folder", partial(with_external_data, place="../../../etc/passwd")
    yield (
        "other labels than probabilities",
        partial(with_metadata, labels=json.dumps(["a", "b", "other"])),
    )
    yield (
        "labels of another vocabulary",
        partial(with_metadata, labels=json.dumps([*"abcdefghij", "other"])),
    )
    yield "labels that are no list", partial(with_metadata, labels="7")
    yield "no labels", partial(with_metadata, labels=None)
    yield "another version", partial(with_metadata, format="spoken-digits 99")
    yield "another rate", partial(with_metadata, sample_rate="8000")
    yield "a rate that is no number", partial(with_metadata, sample_rate="[")
    yield "probabilities of too many", lambda path: save_model(path, others=3)
    yield "another input", another_input
    yield "weights that are no numbers", not_a_number


class _Command:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch owned",)


def a_pickle() -> bytes:
    """Return a pickle that makes a file if anybody unpickles it."""
    return pickle.dumps(_Command())


def a_torch_file() -> bytes:
    """Return the same in the form in which torch saves."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", a_pickle())
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def huge(path: Path) -> None:
    """Write a file of 2 GB that takes no room."""
    with path.open("wb") as file:
        file.truncate(2**31)


def with_metadata(path: Path, **changes: str | None) -> None:
    """Write a model that says something else of itself."""
    said = {key: value for key, value in (METADATA | changes).items() if value is not None}
    save_model(path, said)


def with_external_data(path: Path, place: str) -> None:
    """Write a model whose weights are in another file."""
    model = onnx.load(save_model(path))
    for tensor in model.graph.initializer:
        if tensor.name == "waves":
            onnx.external_data_helper.set_external_data(tensor, location=place, length=100)
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
    path.write_bytes(model.SerializeToString())


def another_input(path: Path) -> None:
    """Write a model that takes something else than a waveform."""
    model = onnx.load(save_model(path))
    model.graph.input[0].name = "picture"
    for node in model.graph.node:
        node.input[:] = ["picture" if name == "waveform" else name for name in node.input]
    path.write_bytes(model.SerializeToString())


def not_a_number(path: Path) -> None:
    """Write a model one of whose weights is NaN."""
    model = onnx.load(save_model(path))
    for tensor in model.graph.initializer:
        if tensor.name == "eighty":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(np.nan, np.float32), "eighty"))
    path.write_bytes(model.SerializeToString())


def evaluate(top: Path, content: bytes, folder: Path) -> Outcome:
    """Let the stage evaluate read weights. It takes them if all that it lacks is training."""
    project = places.copy(places.with_data(top), folder)
    (project / "models/digits.safetensors").write_bytes(content)
    before = tree(project)
    done = shell("python3 src/evaluate.py", project)
    names = rf"models/digits\.safetensors|{TAKEN}"
    outcome = judge(Done(done.returncode, done.stdout, done.stderr), project, before, names=names)
    if (project / "owned").exists():
        outcome.wrong.append("code in it was run")
    return outcome._replace(how="worked") if TAKEN in done.stderr else outcome


def strange_weights(chance: random.Random, good: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is in place of weights."""
    header = int.from_bytes(good[:8], "little")
    yield "0 bytes", b""
    yield "a pickle that runs a command", a_pickle()
    yield "a torch file that runs a command", a_torch_file()
    yield "a header of 2**60 bytes", (2**60).to_bytes(8, "little") + good[8:]
    yield "other shapes", good.replace(b'"shape":[', b'"shape":[1,', 1)
    yield "other names", good.replace(b'.weight"', b'.weighs"', 1)
    yield "other words", good.replace(b'\\"other\\"', b'\\"rehto\\"', 1)
    yield "another version", good.replace(b"spoken-digits 1", b"spoken-digits 9", 1)
    for size in sorted(chance.sample(range(len(good)), 20)):
        yield f"after {size} of {len(good)} bytes", good[:size]
    for _ in range(40):
        place, bit = 8 + chance.randrange(header), chance.randrange(8)
        yield f"bit {bit} of byte {place}, in the header", flipped(good, place, bit)
