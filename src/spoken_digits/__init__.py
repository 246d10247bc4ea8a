"""Recognition of spoken digits: what the stage scripts, the live program and Python users share.

In Python::

    import spoken_digits

    model = spoken_digits.load()
    print(model.predict("seven.wav"))

spoken_digits/api.py holds what is listed in ``__all__``. It is imported when it is first used.
"""

import os
from typing import TYPE_CHECKING, Any

# onnxruntime reports to its maker from the moment it is imported unless it finds this. It is set
# here, not where onnxruntime is imported: torch and the speech detector import it too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from spoken_digits.api import (
        ModelError,
        Recogniser,
        RecordingError,
        Result,
        UserError,
        load,
    )

__all__ = ["ModelError", "Recogniser", "RecordingError", "Result", "UserError", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import spoken_digits.api

    return getattr(spoken_digits.api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
