"""The networks that are compared are networks for the same pictures and classes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'benchmarks'}"}
    env.pop("CORPUS_MIRROR", None)
    return subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True)


def test_each_gives_eleven_logits_within_the_size_allowed():
    code = """
import numpy as np
from accuracy.networks import NETWORKS, logits

for name, kind in NETWORKS.items():
    network = kind(11)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 100, 100), np.uint8)
    scores = logits(network, pictures)
    assert scores.shape == (3, 11) and scores.isfinite().all(), name
    assert sum(weights.numel() for weights in network.parameters()) <= 250_000, name
print(len(NETWORKS))
"""
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 1, "set CORPUS_MIRROR to the directory that holds FSDD"),
        (["--epochs", "0"], 2, "--epochs 0: 1 or more"),
    ],
)
def test_what_it_needs(arguments, status, message):
    done = run("benchmarks/accuracy/networks.py", *arguments)
    assert done.returncode == status
    assert message in done.stderr
