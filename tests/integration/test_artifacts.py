"""The exported model, as another project gets it: by its name and version, or by its path."""

import yaml

MODEL = "models/digits.onnx"


def test_a_registered_model_is_got_from_another_repository(work, run, tmp_path):
    artifacts = yaml.safe_load((work / "dvc.yaml").read_text(encoding="utf-8"))["artifacts"]
    (name,) = [name for name, entry in artifacts.items() if entry["path"] == MODEL]
    run("gto", "register", name, cwd=work)
    content = (work / MODEL).read_bytes()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run("dvc", "artifacts", "get", work, name, "--out", "by-name.onnx", cwd=elsewhere, user="bela")
    assert (elsewhere / "by-name.onnx").read_bytes() == content
    tag = f"{name}@v0.0.1"
    assert tag in run("git", "tag", cwd=work).stdout
    run("dvc", "get", "--rev", tag, work, MODEL, "--out", "b.onnx", cwd=elsewhere, user="bela")
    assert (elsewhere / "b.onnx").read_bytes() == content
