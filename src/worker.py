"""A worker of a Dask cluster: takes pictures of shards, and looks at them, for stages elsewhere.

Its checkout and its libraries must be those of the host of the stage; else it refuses its tasks.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits import arithmetic
from spoken_digits.cluster import find_dask
from spoken_digits.errors import UserError, report_errors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="All other options are those of: dask worker --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scheduler", help="its address, for example tcp://192.0.2.1:8786")
    with report_errors():
        arguments, others = parser.parse_known_args()
        if find_dask() is None:
            raise UserError("a worker needs Dask. Type: pip install -r requirements-cluster.txt")
    arithmetic.pin_numpy()  # for the processes that it starts, too
    from distributed.cli.dask_worker import main as work

    work(["--nthreads", "1", arguments.scheduler, *others])


if __name__ == "__main__":  # those processes import this file
    main()
