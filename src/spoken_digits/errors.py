"""Errors that are the user's to mend, and how a script ends with one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


class UserError(Exception):
    """Something the user can mend; its text says what, where and how.

    A script prints the text and exits with ``exit_code``; it never shows a traceback for it.
    """

    exit_code = 1


@contextmanager
def report_errors() -> Iterator[None]:
    """End the script with a message for a UserError (its exit code) and for Ctrl-C (130)."""
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def run_script(main: Callable[[], int | None]) -> NoReturn:
    """Run a script's ``main`` and exit: 0 or what it returns, or as report_errors does."""
    with report_errors():
        sys.exit(main() or 0)
