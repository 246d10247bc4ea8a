"""The files that come with the code: the released model, and params.yaml with the settings.

A wheel holds copies of them beside the modules (pyproject.toml); a checkout has them in its top
folder. Neither depends on the folder that a program is started in.
"""

from pathlib import Path

_WHEEL = Path(__file__).parent / "released"
_CHECKOUT = Path(__file__).parents[2]

MODEL = _WHEEL / "digits.onnx" if _WHEEL.is_dir() else _CHECKOUT / "models/released/digits.onnx"
PARAMS = _WHEEL / "params.yaml" if _WHEEL.is_dir() else _CHECKOUT / "params.yaml"
