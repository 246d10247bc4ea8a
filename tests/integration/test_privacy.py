"""Nothing is told to anybody: no program calls an address or leaves a file in the user's home."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from live_support import PROGRAM, ROOT, project, room, word

# A look-up of a name is a call too. urllib3 opens a socket to see whether there is IPv6: no call.
CALLED = re.compile(r"(?:connect|sendto|sendmsg|sendmmsg)\(.*AF_INET6?\b.*")
TRACE = ["strace", "--follow-forks", "--quiet=all", "-e", "trace=connect,sendto,sendmsg,sendmmsg"]

IMPORT_ONNXRUNTIME = f"""
import onnxruntime, time
onnxruntime.InferenceSession({str(ROOT / "models/released/digits.onnx")!r})
"""
LOAD_MODEL = f"""
from pathlib import Path
from spoken_digits.export.inference import load_model
load_model(Path({str(ROOT / "models/released/digits.onnx")!r}))
"""
THREE_LINES = """
import spoken_digits
model = spoken_digits.load()
print(model.predict("three.wav"))
"""
DETECT_SPEECH = """
import numpy
from spoken_digits.live.silero import SileroDetector
SileroDetector().score(numpy.zeros(512, numpy.float32))
"""
SPEAK = """
from spoken_digits.corpora.hibari_voice import synthesise
synthesise("sˈɛvən")
"""
EXPORT = """
from spoken_digits.export import graph
import torch
from spoken_digits.model.network import SpectrogramNet
from spoken_digits.params import load_params
graph.build(SpectrogramNet(11), load_params().spectrogram, {})
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture(scope="module")
def strace() -> list[str]:
    """Return the command that a command is traced with; skip where it cannot be had."""
    works = (
        shutil.which("strace")
        and not subprocess.run([*TRACE, "true"], capture_output=True).returncode
    )
    if not works:
        assert "SPOKEN_DIGITS_REQUIRE_STRACE" not in os.environ, "strace is required, and fails"
        pytest.skip("strace is not here, or may not trace (apt-get install strace)")
    return TRACE


def told(
    strace: list[str], home: Path, *command: str | Path, cwd: Path = ROOT, sound: bytes = b""
) -> list[str]:
    """Run a command as a user with a home of his own; return addresses called, files left."""
    log = home.parent / "strace.txt"
    # onnxruntime tells nobody where it thinks that it is tested.
    known = ("ORT_DISABLE_TELEMETRY", "CI", "GITHUB_ACTIONS", "TF_BUILD", "JENKINS_URL")
    environment = {key: value for key, value in os.environ.items() if key not in known}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
    environment.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        [*strace, "-o", log, sys.executable, *command],
        cwd=cwd,
        env=environment,
        input=sound,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    called = CALLED.findall(log.read_text(encoding="utf-8", errors="replace"))
    files = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]
    return called + [name for name in files if not name.startswith(".cache/matplotlib")]


def test_onnxruntime_does_tell_if_it_is_let(strace, home):
    """The tests below could fail: this is what they would find."""
    assert any("onnxruntime" in found for found in told(strace, home, "-c", IMPORT_ONNXRUNTIME))


@pytest.mark.parametrize(
    "code",
    [LOAD_MODEL, DETECT_SPEECH, SPEAK, pytest.param(EXPORT, marks=pytest.mark.slow)],
    ids=["model", "vad", "voice", "export"],
)
def test_parts_that_run_or_bring_onnxruntime(strace, home, code):
    assert told(strace, home, "-c", code) == []


def test_predict_live_on_files_and_on_a_stream(strace, home, tmp_path):
    folder = project(tmp_path)
    sound = room(0.3, word(3), 0.5)
    soundfile.write(folder / "three.wav", sound, 16_000)
    pcm = np.rint(sound * 32767).astype("<i2").tobytes()
    assert told(strace, home, PROGRAM, "three.wav", cwd=folder) == []
    assert told(strace, home, PROGRAM, "--string", "three.wav", cwd=folder) == []
    assert told(strace, home, PROGRAM, "-", cwd=folder, sound=pcm) == []


def test_the_three_lines_of_python(strace, home, tmp_path):
    soundfile.write(tmp_path / "three.wav", room(0.3, word(3), 0.5), 16_000)
    assert told(strace, home, "-c", THREE_LINES, cwd=tmp_path) == []


def test_every_package_that_is_imported(strace, home):
    """Some report to their makers when they are imported: each of requirements.txt, alone."""
    names = {"pillow": "PIL", "pyyaml": "yaml", "hibari-tts": "hibari"}
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    packages = [line.partition("==")[0] for line in text.splitlines() if "==" in line]
    modules = [names.get(name, name.replace("-", "_")) for name in packages]
    assert len(modules) > 20
    code = "import spoken_digits\n" + "\n".join(f"import {name}" for name in modules)
    code = code.replace("import sounddevice", "")  # needs PortAudio
    assert told(strace, home, "-c", code) == []


def test_record(strace, home, tmp_path):
    """There is nothing left to record, so that it needs no microphone."""
    folder = project(tmp_path)
    (folder / "recordings").mkdir()
    for digit in range(10):
        (folder / "recordings" / f"{digit}_anna_0.wav").touch()
    shutil.copytree(ROOT / "models/released", folder / "models/released", dirs_exist_ok=True)
    record = ROOT / "src" / "record.py"
    assert told(strace, home, record, "--speaker", "anna", "--takes", "1", cwd=folder) == []


@pytest.mark.parametrize("tool", sorted(path.stem for path in (ROOT / "tools").glob("*.py")))
def test_tools(strace, home, tool):
    assert told(strace, home, ROOT / "tools" / f"{tool}.py", "--help") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    ["src/compare.py HEAD", "tools/under_git.py", "tools/check_lock.py --staged",
     "tools/summary.py", "tools/folds.py --speakers nobody", "tools/apply.py nothing"],
)  # fmt: skip
def test_tools_at_work(strace, home, work, command):
    """Some of them end with an error, which is not told to anybody either."""
    script, *arguments = command.split()
    code = f"""
import runpy, sys
sys.argv = {[script, *arguments]!r}
sys.path.insert(0, "tools")
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    assert end.code in (0, 1, None), end.code
"""
    assert told(strace, home, "-c", code, cwd=work) == []


@pytest.mark.slow
def test_without_any_network_everything_works(strace, home, work):
    """In a network namespace of its own, loopback included, that has nothing."""
    alone = ["unshare", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("network namespaces cannot be made here")
    environment = os.environ | {"HOME": str(home)}
    for command in ([sys.executable, "-m", "dvc", "repro", "--force"],
                    [sys.executable, "src/predict_live.py", "--help"]):  # fmt: skip
        done = subprocess.run([*alone, *command], cwd=work, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
def test_the_whole_pipeline(strace, home, work):
    """Its recordings are synthesised: nothing is fetched."""
    dvc = ["-m", "dvc", "repro", "--force"]
    assert told(strace, home, *dvc, cwd=work) == []


def test_dvc_reports_nothing_either():
    shown = subprocess.run(
        [sys.executable, "-m", "dvc", "config", "--list"], cwd=ROOT, capture_output=True, text=True
    )
    assert "core.analytics=false" in shown.stdout
    assert "core.check_update=false" in shown.stdout


def test_tests_are_silent_too():
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
