"""Text on a terminal, or in a file, whose encoding lacks some letters."""

import io
from typing import TextIO


def escape_what_has_no_letter(stream: TextIO) -> None:
    """Have a stream write ``\\xe9`` for an é that its encoding lacks, as standard error does.

    So it is with LC_ALL=C and PYTHONUTF8=0, or with a locale of ISO 8859-1. A stream that is no
    file stays as it is.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
