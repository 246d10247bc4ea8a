"""make real on the real corpora: models of the shrunk pipeline, and one that knows the corpora."""

import json
import shutil
import sys
from pathlib import Path

import onnx
import pytest

from spoken_digits.export.released import sha256

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="needs the corpora's archives"),
]


def release(project: Path, held_out: dict[str, list[str]]) -> None:
    """Put the project's model beside it as if it had been trained on real corpora."""
    model = onnx.load(project / "models/digits.onnx")
    for entry in model.metadata_props:
        if entry.key == "corpora":
            entry.value = json.dumps(["espeak", "fsdd", "speech_commands"])
    (project / "models/released").mkdir()
    content = model.SerializeToString()
    (project / "models/released/digits.onnx").write_bytes(content)
    weights = (project / "models/digits.safetensors").read_bytes()
    (project / "models/released/digits.safetensors").write_bytes(weights)
    digests = {"models/digits.onnx": sha256(content), "models/digits.safetensors": sha256(weights)}
    about = {"sha256": digests, "held_out": held_out}
    (project / "models/released/digits.json").write_text(json.dumps(about))


def test_each_model_is_tested_on_what_it_never_heard(work, run, tmp_path):
    held_out = {
        # Three of FSDD's official test, and one take that is not of it.
        "fsdd": ["0_theo_0.wav", "7_george_4.wav", "3_lucas_2.wav", "3_lucas_7.wav"],
        "speech_commands": [],
    }
    environment = {
        "CORPUS_MIRROR": str(shutil.copytree(CORPORA, tmp_path / "mirror")),
        "SPOKEN_DIGITS_CACHE": str(tmp_path / "cache"),
    }
    release(work, held_out)
    finished = run(sys.executable, "tools/real.py", cwd=work, env=environment)
    measured = json.loads((work / "metrics/real.json").read_text(encoding="utf-8"))
    ours = measured["models/digits.onnx"]
    assert ours["trained_on"] == ["espeak"]
    n = {name: one["n"] for name, one in ours["corpora"].items()}
    assert n["fsdd"] == 3000
    assert n["fsdd_test"] == 300
    assert n["an4"] == 1643
    assert set(n) == {"fsdd", "fsdd_test", "speech_commands", "an4"}
    words = ours["corpora"]["speech_commands"]
    assert words["n"] + words["rejection"]["n"] == 3406
    assert 0 <= words["rejection"]["accepted_at_5"] <= 1
    noise = ours["corpora"]["fsdd_test"]["degraded"]
    assert noise["brown_0"]["n"] == 300
    assert noise["noise_10"]["n"] == 1200
    colours = [noise[f"{name}_10"]["accuracy"] for name in ("white", "pink", "brown", "blue")]
    assert noise["noise_10"]["accuracy"] == pytest.approx(sum(colours) / 4, abs=1e-5)
    assert noise["telephone"]["accuracy_low"] <= noise["telephone"]["accuracy"]

    theirs = measured["models/released/digits.onnx"]["corpora"]
    assert set(theirs) == {"fsdd_test", "an4"}
    assert (theirs["fsdd_test"]["n"], theirs["fsdd_test"]["seen_and_left_out"]) == (3, 297)
    assert "fsdd_test" in finished.stdout
    assert not list((work / "data").glob("raw/fsdd"))
