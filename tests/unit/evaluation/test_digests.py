"""Digests are those that DVC writes into dvc.lock."""

import subprocess
import sys

import yaml

from spoken_digits.evaluation.digests import digest


def test_files_and_folders_have_dvcs_digests(tmp_path):
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "b.zip").write_bytes(b"two")
    (tmp_path / "data" / "sub" / "ä.zip").write_bytes(b"one")
    (tmp_path / "file.csv").write_bytes(b"text\n")
    for command in (["init", "--no-scm", "-q"], ["add", "-q", "data", "file.csv"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, check=True)
    for name in ("data", "file.csv"):
        (out,) = yaml.safe_load((tmp_path / f"{name}.dvc").read_text())["outs"]
        assert digest(tmp_path / name) == out["md5"]
