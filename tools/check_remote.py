"""Read every object that dvc.lock names from a DVC remote; name those that are missing or damaged.

DVC itself believes what a remote sends, unless the remote is set to verify (README.md), and what
it remembers of having sent. Exits 0 if all is there and whole, 1 if not, 2 if it cannot be read.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--remote", help="which remote (default: DVC's default remote)")
    parser.add_argument(
        "--remove",
        action="store_true",
        help="remove what is damaged, so that a dvc push from where it is whole sends it again",
    )
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

from dvc.exceptions import DvcException
from dvc.repo import Repo
from tqdm import tqdm


class RemoteError(UserError):
    """A remote that cannot be read."""

    exit_code = 2


class Problem(NamedTuple):
    """An object that is not what it should be, and the directory object that lists it, if any."""

    path: str
    what: str
    place: str
    listed_in: str | None


def main() -> int:
    options = _arguments()
    try:
        with Repo() as repo:
            store = repo.cloud.get_remote_odb(options.remote)
            problems = list(check(repo, store))
            if options.remove:
                # With its listing: as long as that is there, DVC believes that all in it is.
                remove(store, [place for p in problems for place in (p.place, p.listed_in)])
    except (DvcException, OSError) as error:
        raise RemoteError(str(error)) from None
    for problem in problems:
        print(f"{problem.path}: {problem.what} ({problem.place})")
    if problems and options.remove:
        print("removed; now, on a machine where the data is whole: dvc push")
    elif problems:
        print("Remove them with: python tools/check_remote.py --remove")
    else:
        print("every object that dvc.lock names is in the remote, and whole")
    return int(bool(problems))


def check(repo: Any, store: Any) -> Iterator[Problem]:
    """Yield each object of the pipeline that a remote lacks, or that is not what its name says."""
    outs = [out for out in repo.index.outs if out.use_cache and out.hash_info]
    waiting = [(str(out), str(out.hash_info.value), None) for out in outs]
    bar = tqdm(desc="reading", unit=" objects", disable=None)
    while waiting:
        path, digest, listed_in = waiting.pop(0)
        place = store.oid_to_path(digest)
        bar.update()
        try:
            with store.fs.open(place, "rb") as file:
                md5, listing = hashlib.md5(usedforsecurity=False), b""
                while chunk := file.read(2**20):  # an SSH file is too little of a file for more
                    md5.update(chunk)
                    listing += chunk if digest.endswith(".dir") else b""
        except FileNotFoundError:
            yield Problem(path, "missing", place, listed_in)
            continue
        if md5.hexdigest() != digest.removesuffix(".dir"):
            yield Problem(path, "damaged", place, listed_in)
        elif listing:
            waiting += [
                (f"{path}/{file['relpath']}", file["md5"], place) for file in json.loads(listing)
            ]
    bar.close()


def remove(store: Any, places: list[str | None]) -> None:
    for place in filter(None, places):
        if store.fs.exists(place):
            store.fs.remove(place)


if __name__ == "__main__":
    run_script(main)
