"""Write requirements.lock and requirements-torch.lock: each requirement with its files' hashes.

  pip install uv && python tools/lock.py

uv asks the package index that it is configured for. The hashes are of every file that the index
lists for a version: all systems, all Pythons from 3.11 on. Torch has a file of its own, with the
CUDA packages that its builds for Linux need, since its CPU builds come from another index.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OTHERS, TORCH = Path("requirements.lock"), Path("requirements-torch.lock")
_HEAD = """\
# {what}, with the hashes of every file that the package index lists for it.
# Written by: python tools/lock.py    Installed by: pip install --require-hashes -r {name}
"""
_OF_TORCH = re.compile(r"torch|triton|cuda-.*|nvidia-(?!ml-py$).*")


def main() -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    if shutil.which("uv") is None:
        sys.exit("error: uv is not installed. Install it: pip install uv")
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--no-annotate", "--no-header", "--no-emit-index-url", "--python-version", "3.11"]
    done = subprocess.run([*command, "requirements.txt"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: uv pip compile: {done.stderr.strip()}")
    for path, what, of_torch in (
        (OTHERS, "What requirements.txt needs but for torch", False),
        (TORCH, "Torch as the package index has it", True),
    ):
        chosen = [text for name, text in entries(done.stdout) if is_torch_s(name) == of_torch]
        head = _HEAD.format(what=what, name=path)
        path.write_text(head + "".join(chosen), encoding="utf-8", newline="\n")
        print(f"{path}: {len(chosen)} packages")
    return 0


def entries(lock: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the lines of each package in a lock file."""
    for text in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        if match := re.match(r"([\w.-]+)==", text):
            yield match[1], text


def is_torch_s(name: str) -> bool:
    """Tell whether a package is torch, or comes with a build of it alone."""
    return _OF_TORCH.fullmatch(name) is not None


if __name__ == "__main__":
    sys.exit(main())
