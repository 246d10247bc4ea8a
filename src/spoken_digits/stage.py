"""How every stage script begins: its command line, params.yaml, and pinned arithmetic.

A script calls ``start`` on its first line, before it imports what computes: ``--help`` and a
mistake in params.yaml are answered at once, and libraries choose their kernels when they are
imported.
"""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spoken_digits import arithmetic
from spoken_digits.errors import report_errors

if TYPE_CHECKING:
    from spoken_digits.params import Params


def start(
    doc: str,
    *,
    epilog: str = "",
    options: Mapping[str, Mapping[str, Any]] | None = None,
    trains: bool = False,
    predicts: bool = False,
) -> tuple[argparse.Namespace, "Params"]:
    """Read the command line and all of params.yaml; return both.

    ``doc`` and ``epilog`` are what --help says, ``options`` argparse's arguments by their flags.
    A stage that ``trains`` gets torch with the arithmetic that train.portable asks for; one that
    only ``predicts`` gets the portable one whatever it says, where the processor can. Ends the
    script with a message if params.yaml, or the processor, does not allow what it asks for.
    """
    parser = argparse.ArgumentParser(
        description=doc, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag, how in (options or {}).items():
        parser.add_argument(flag, **how)
    arguments = parser.parse_args()
    with report_errors():
        from spoken_digits.params import load_params  # --help need not wait for pydantic

        params = load_params()
        arithmetic.pin_numpy()
        if predicts or (trains and params.train.portable):
            arithmetic.pin_arithmetic(params.train.threads, params.train.portable)
    return arguments, params


def workers_option(what_they_do: str) -> dict[str, Any]:
    """Return the option by which a script's user says how many worker processes it has."""
    return {
        "type": int,
        "metavar": "N",
        "help": f"processes that {what_they_do} (default: one a core)",
    }
