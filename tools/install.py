"""Install the requirements into the environment that runs this, without CUDA where it is no use.

On Linux x86-64 the torch of the Python Package Index brings some GB of NVIDIA's CUDA libraries.
Without an NVIDIA card torch alone is taken from PyTorch's own index of builds for CPUs, if that
answers within seconds; everything else, and torch if it does not, comes from where pip is
configured to look.

Usage:  python tools/install.py [--torch auto|cpu|cuda|default] [--cpu-index URL]
"""

import argparse
import importlib.metadata
import os
import platform
import re
import ssl
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import run_script

CARD = ("/dev/nvidiactl", "/proc/driver/nvidia/version")
"""What NVIDIA's driver makes on Linux, where it finds a card or is loaded."""
PATIENCE_S = 4.0  # for the index to answer


def main() -> int:
    arguments = _arguments()
    pin = torch_pin(arguments.requirements.read_text(encoding="utf-8"))
    kind = arguments.torch
    if kind == "auto":
        kind = "cpu" if without_card() else "default"
    if kind == "cpu" and not (installed_torch() or "").startswith(f"{pin}+cpu"):
        install_cpu_torch(pin, arguments.cpu_index)
    if kind == "cuda" and "+cpu" in (installed_torch() or ""):
        pip("--force-reinstall", "--no-deps", f"torch=={pin}")
    code = pip("--requirement", str(arguments.requirements))
    if not code and kind == "cuda" and "+cpu" in (installed_torch() or ""):
        print(
            f"error: torch {installed_torch()} is a build without CUDA, and pip finds no other. "
            "Name an index that has one, for example: make install TORCH=cuda PIP_INDEX_URL=...",
            file=sys.stderr,
        )
        return 1
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--torch",
        choices=["auto", "cpu", "cuda", "default"],
        default="auto",
        help="auto: cpu on Linux x86-64 without an NVIDIA card, else default; cpu: from the index "
        "of builds for CPUs; cuda: a build with CUDA, or an error; default: whatever pip finds",
    )
    parser.add_argument(
        "--cpu-index",
        metavar="URL",
        default="https://download.pytorch.org/whl/cpu",
        help="the index of builds for CPUs (default: %(default)s)",
    )
    parser.add_argument(
        "--requirements", type=Path, default=Path("requirements.txt"), help="(requirements.txt)"
    )
    return parser.parse_args()


def without_card() -> bool:
    """Tell whether this is Linux x86-64, for which torch would bring CUDA, without its use."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return sys.platform == "linux" and x86 and not any(Path(path).exists() for path in CARD)


def torch_pin(requirements: str) -> str:
    """Return the version of torch that a requirements file pins."""
    pin = re.search(r"^torch==([\w.]+)", requirements, re.MULTILINE)
    if pin is None:
        sys.exit("error: requirements.txt does not pin torch (torch==<version>)")
    return pin[1]


def installed_torch() -> str | None:
    """Return the version of the torch that is installed, such as 2.13.0+cpu; None if none is."""
    importlib.invalidate_caches()
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def install_cpu_torch(pin: str, index: str) -> None:
    """Install torch, alone, from an index of builds for CPUs; else say so in a line."""
    problem = silence(index)
    if not problem:
        # +cpu: an index beside it, from pip's configuration, has other builds under the version.
        # Its dependencies come with the requirements, from where pip is configured to look.
        options = ("--index-url", index, "--no-deps", "--retries", "1")
        if not pip(*options, f"torch=={pin}+cpu"):
            return
        problem = f"has no torch {pin} for this machine"
    print(f"{index} {problem}: torch comes from where pip is configured to look", file=sys.stderr)


def silence(index: str) -> str:
    """Say why an index cannot be used, "" if it answers. Takes PATIENCE_S at the most."""
    if os.environ.get("PIP_NO_INDEX", "").lower() not in ("", "0", "false", "no", "off"):
        return "is not asked, as PIP_NO_INDEX has it"
    answers = [f"does not answer within {PATIENCE_S:.0f} s"]

    def ask() -> None:
        try:
            context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
            address = f"{index.rstrip('/')}/torch/"
            with urllib.request.urlopen(address, timeout=PATIENCE_S, context=context):
                answers.append("")
        except (OSError, ValueError) as error:
            answers.append(f"does not answer ({getattr(error, 'reason', error)})")

    # In a thread, since looking up a name has no time limit of its own.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE_S)
    return answers[-1]


def pip(*arguments: str) -> int:
    """Run pip install in this environment, with the user's configuration; return its exit code."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    return subprocess.run(command).returncode


if __name__ == "__main__":
    run_script(main)
