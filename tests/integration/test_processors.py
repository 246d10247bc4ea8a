"""No result depends on who made the processor; one without AVX2 gets a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import processors
import pytest
from processors import QEMU, by_operation, compare, differing, qemu_version

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

SRC = str(ROOT / "src")
CODE = """
from spoken_digits.arithmetic import pin_arithmetic
pin_arithmetic(1)
import hashlib, torch
values = torch.rand(1_000_000, generator=torch.Generator().manual_seed(0))
print(hashlib.sha256(values.{operation}().numpy().tobytes()).hexdigest())
"""

STEP_OF_NUMBERS = """
from spoken_digits.arithmetic import pin_arithmetic
pin_arithmetic(1)
import hashlib, sys
from pathlib import Path
import numpy as np
from spoken_digits.params import load_params
from spoken_digits.training.clips import Clip
from spoken_digits.training.sequence_loop import fit_sequences
from spoken_digits.training.stretches import bank

random = np.random.default_rng(0)
def clip(labels, frames):
    return Clip(random.integers(60, 230, (100, frames), np.uint8), labels, "espeak", "v000")
words = [clip((digit,), 50) for digit in range(10)] + [clip((), 50)]
phrases = [clip((1, 2, 3), 150)]
params = load_params(Path("params.yaml"))
few = params.sequence.model_copy(update={"epochs": 1, "epoch_size": 2, "batch_size": 2})
state = Path(sys.argv[1], "state")
network = fit_sequences(bank(words, phrases), phrases, 10, few, params.train, state, print)
weights = b"".join(value.numpy().tobytes() for value in network.state_dict().values())
print(hashlib.sha256(weights).hexdigest())
"""


@pytest.fixture(scope="module")
def qemu() -> tuple[int, ...]:
    """Return the emulator's version; skip where there is none."""
    try:
        return qemu_version()
    except processors.ProcessorsError as error:
        if "SPOKEN_DIGITS_REQUIRE_QEMU" in os.environ:
            raise
        pytest.skip(str(error))


def python(
    *arguments: str, processor: str | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run Python on this processor, or on one that is emulated."""
    emulator = [QEMU, "-cpu", processor] if processor else []
    return subprocess.run(
        [*emulator, sys.executable, *arguments],
        cwd=cwd,
        env=processors.environment() | {"PYTHONPATH": SRC},
        capture_output=True,
        text=True,
    )


@pytest.fixture(autouse=True)
def kernels_named(monkeypatch):
    """Name OpenBLAS's kernels in the caller's environment, as some machines' owners do."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")


def test_every_operation_and_the_data_stages_give_the_same_bytes(qemu):
    found = compare()
    assert differing(found) == []
    operations = found["operations"]
    # What would be noticed: the forward and the backward pass, augmentation, the optimizer.
    for name in ("convolution_backward", "native_batch_norm", "_fused_adamw_", "log", "rsqrt"):
        assert operations[f"aten::{name}"] == {"EPYC": "same", "Haswell": "same"}
    assert list(found["stages"]) == list(processors.BEFORE_TRAINING)
    if qemu >= (8, 0):
        assert operations["aten::grid_sampler_2d"] == {"EPYC": "same", "Haswell": "same"}


@pytest.mark.parametrize(
    ("operation", "portable"), [("sqrt", False), ("log10", False), ("log", True)]
)
def test_what_depends_on_the_maker_would_be_found(qemu, operation, portable):
    """MKL's vector square root starts from rsqrtps, which QEMU, AMD and Intel each compute."""
    code = CODE.format(operation=operation)
    here = python("-c", code)
    there = python("-c", code, processor="Haswell")
    assert here.returncode == 0, here.stderr
    assert there.returncode == 0, there.stderr
    assert len(there.stdout) == len(here.stdout) == 65
    assert (here.stdout == there.stdout) is portable


def test_a_step_of_the_network_that_reads_numbers_gives_the_same_bytes(qemu, tmp_path):
    """Its CTC loss takes exponentials and logarithms of the C library, unlike all else."""

    def said(processor: str | None) -> list[str]:
        folder = tmp_path / str(processor)
        folder.mkdir()
        done = python("-c", STEP_OF_NUMBERS, str(folder), processor=processor)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    here = said(None)
    assert len(here[-1]) == 64
    assert [said(name) for name in processors.PROCESSORS] == [here, here]


def test_a_difference_is_named():
    calls = [
        ("aten::sqrt. float32[n 3]", "a", "b"),
        ("aten::sqrt. float32[n 4]", "a", "a"),
        ("aten::add.Tensor float32[n 3] float32[n 3]", "c", "c"),
    ]
    verdicts = by_operation(calls)
    assert verdicts == {"aten::sqrt": "DIFFERS for 1: float32[n 3]", "aten::add": "same"}
    found = {"operations": {name: {"EPYC": verdict} for name, verdict in verdicts.items()}}
    assert differing(found) == ["aten::sqrt on EPYC: DIFFERS for 1: float32[n 3]"]


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_a_processor_without_avx2_gets_a_sentence(qemu, stage, tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    done = python(str(ROOT / "src" / f"{stage}.py"), processor="Nehalem", cwd=tmp_path)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if "TCG" not in line]
    assert len(said) == 1
    assert said[0].startswith("error: this processor (Intel Core i7 9xx) has no AVX2 instructions")
    assert said[0].endswith("Set train.portable: false; the results are then this machine's own")


def test_it_can_train_without_portable_arithmetic(qemu, tmp_path, monkeypatch):
    monkeypatch.setitem(processors.PARAMS, "train.portable", False)
    project = tmp_path / "project"
    processors.make_project(project, steps=0, batch=32)
    done = python("src/train.py", processor="Nehalem", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("models/digits.safetensors\n")
