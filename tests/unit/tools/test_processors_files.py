"""What tools/processors.py compares of a stage; tests/integration/test_processors.py runs it."""

from pathlib import Path

import pytest
from processors import ProcessorsError, compared, epoch_size, parse_version, written


def write(project: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return project


EXPORTED = {
    "models/digits.onnx": "graph",
    "models/listening.json": "{}",
    "metrics/export.json": "{}",
}


def test_the_outputs_that_dvc_yaml_lists_are_compared(tmp_path):
    files = EXPORTED | {"models/digits.safetensors": "weights", "metrics/latency.json": "1.5"}
    project = write(tmp_path, files)
    assert list(written(project, "export")) == list(EXPORTED)


def test_a_folder_is_compared_file_by_file(tmp_path):
    files = {"data/raw/espeak/v000.zip": "a", "data/raw/skipped.csv": "b"}
    assert sorted(written(write(tmp_path, files), "download")) == sorted(files)


def test_a_stage_that_wrote_nothing_is_an_error(tmp_path):
    written_so_far = {name: text for name, text in EXPORTED.items() if "models" in name}
    project = write(tmp_path / "EPYC", written_so_far)
    with pytest.raises(ProcessorsError, match=r"did not write metrics/export\.json in EPYC"):
        written(project, "export")


@pytest.mark.parametrize(
    ("got", "verdict"),
    [
        ({"a": "1", "b": "2"}, "same"),
        ({"a": "1", "b": "3"}, "DIFFERS: b"),
        ({"a": "1"}, "DIFFERS: b"),
        ({"a": "1", "b": "2", "c": "3"}, "DIFFERS: c"),
    ],
)
def test_another_a_missing_and_an_extra_file_differ(got, verdict):
    assert compared({"a": "1", "b": "2"}, got) == verdict


def test_the_emulator_says_which_version_it_is():
    """The digits of x86_64, which it names first, are none."""
    assert parse_version("qemu-x86_64 version 7.2.19 (Debian 1:7.2+dfsg-7)\n") == (7, 2)
    assert parse_version("qemu-x86_64 version 10.0.2\nCopyright (c) 2003-2025") == (10, 0)
    with pytest.raises(ProcessorsError, match="does not say which it is: QEMU"):
        parse_version("QEMU\n")


def test_an_epoch_has_the_steps_that_are_asked_for_or_64_pictures():
    assert epoch_size(steps=10, batch=8) == 80
    assert epoch_size(steps=2, batch=8) == 64
