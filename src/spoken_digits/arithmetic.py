"""The same arithmetic on every x86-64 machine with AVX2, so the same weights, byte for byte.

Libraries choose their kernels by what the processor has, and kernels add in different orders. The
variables below make every machine choose as one with AVX2 and no more would. They do not reach
MKL's vector square root and log10, which start from an estimate (rsqrtps) whose bits AMD and Intel
choose for themselves: nothing between params.yaml and the outputs uses those, which
tools/processors.py proves on emulated processors.
"""

import os
import platform
import sys
from typing import Any

from spoken_digits.errors import UserError

_NUMPY = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
_TORCH = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "COMPATIBLE"}
_X86 = platform.machine().lower() in ("x86_64", "amd64")

_pinned: tuple[int, bool] | None = None


def pin_numpy() -> None:
    """Pin NumPy's kernels; call before NumPy is imported."""
    if _X86:
        os.environ.update(_NUMPY)


def pin_arithmetic(threads: int, portable: bool = True) -> None:
    """Pin the kernels of NumPy and torch, and the number of threads; call before either is there.

    The number of threads decides how sums are cut, so it is pinned too, whatever the number of
    cores. What the caller's environment says of these is overridden. With ``portable`` false, an
    x86-64 processor without AVX2 computes as it can; with it true, UserError is raised there. So it
    is if torch was imported already, when the processor's own kernels may be chosen.
    """
    global _pinned
    if _pinned == (threads, portable):
        return
    if "torch" in sys.modules:
        raise UserError("torch was imported before its arithmetic was pinned; nothing is portable")
    pin_numpy()
    if _X86:  # elsewhere torch warns of them
        os.environ.update(_TORCH)
    os.environ["OMP_DYNAMIC"] = "FALSE"
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"):
        os.environ[variable] = str(threads)

    import torch

    if _X86 and not torch.cpu.get_capabilities()["avx2"]:
        if portable:
            raise UserError(
                f"this processor ({processor()['processor']}) has no AVX2 instructions, and "
                "train.portable: true in params.yaml promises the results of one that has. Set "
                "train.portable: false; the results are then this machine's own"
            )
        for variable in _TORCH:  # read when the first operation is done, which is later
            del os.environ[variable]
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Else it also fills all new memory, 4% of training's time, in case somebody reads it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    _pinned = threads, portable


def processor() -> dict[str, Any]:
    """Return what this machine computes with: processor, instruction sets, system, versions."""
    import torch

    has = torch.cpu.get_capabilities()
    return {
        "processor": has.get("cpu_name") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "avx2": bool(has.get("avx2")),
        "avx512": bool(has.get("avx512_f")),
        "system": " ".join(filter(None, [platform.system(), *platform.libc_ver()])),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
