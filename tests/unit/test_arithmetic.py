"""The same weights whatever the machine's cores, and whatever the caller's environment says."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from spoken_digits.arithmetic import pin_arithmetic
from spoken_digits.errors import UserError

ROOT = Path(__file__).parents[2]
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
X86 = pytest.mark.skipif(
    platform.machine() != "x86_64" or not CORES, reason="pins the kernels of x86-64, on Linux"
)

TRAIN = """
import hashlib, os, sys
from pathlib import Path
cores, pin = int(sys.argv[1]), sys.argv[2] == "pinned"
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from spoken_digits.arithmetic import pin_arithmetic
if pin:
    pin_arithmetic(2)
import numpy as np
from spoken_digits.training.loop import fit
from spoken_digits.params import load_params
settings = load_params(Path(sys.argv[3])).train.model_copy(
    update={"epochs": 2, "epoch_size": 64, "batch_size": 32}
)
chance = np.random.default_rng(0)
data = chance.integers(0, 256, (64, 100, 100), np.uint8), np.arange(64) % 11
corpora, checkpoint = np.zeros(64, np.int64), Path(sys.argv[4])
network = fit(data, data, corpora, 11, settings, checkpoint, lambda metrics: None)
import torch
digest = hashlib.sha256()
for value in network.state_dict().values():
    digest.update(value.numpy().tobytes())
print(digest.hexdigest(), torch.get_num_threads(), len(os.sched_getaffinity(0)))
"""
OTHER_KERNELS = {
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "SSE4_1",
    "OMP_NUM_THREADS": "1",
    "OMP_DYNAMIC": "TRUE",
}


def train(checkpoint: Path, cores: int, how: str, environment: dict[str, str]) -> list[str]:
    """Train for a moment in a process of its own; return weights' digest, threads, cores."""
    finished = subprocess.run(
        [sys.executable, "-c", TRAIN, str(cores), how, ROOT / "params.yaml", checkpoint],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | environment,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


@X86
@pytest.mark.slow
def test_the_same_weights_from_any_cores_and_surroundings(tmp_path):
    everywhere = train(tmp_path / "all.pt", 2, "pinned", {})
    on_one = train(tmp_path / "one.pt", 1, "pinned", OTHER_KERNELS)
    assert on_one[2] == "1"
    assert everywhere[2] == str(min(2, len(CORES)))
    assert everywhere[1] == on_one[1] == "2"
    assert everywhere[0] == on_one[0]


@X86
@pytest.mark.slow
def test_without_pinning_the_surroundings_decide(tmp_path):
    """The test above could fail: the same variables do change weights that are not pinned."""
    plain = train(tmp_path / "plain.pt", 1, "not pinned", {})
    other = train(tmp_path / "other.pt", 1, "not pinned", OTHER_KERNELS)
    assert plain[0] != other[0]


def test_too_late_once_torch_is_there():
    import torch  # noqa: F401

    before = dict(os.environ)
    with pytest.raises(UserError, match="torch was imported before its arithmetic was pinned"):
        pin_arithmetic(2)
    assert dict(os.environ) == before
