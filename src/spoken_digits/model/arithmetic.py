"""The same arithmetic on every x86-64 machine with AVX2, so the same weights, byte for byte."""

import os
import sys

from spoken_digits.errors import UserError

# PyTorch and its libraries choose their kernels by what the processor has, and kernels add in
# different orders. These make every machine choose as one with AVX2 and no more would.
_ENVIRONMENT = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Haswell",
    "OMP_DYNAMIC": "FALSE",
}


def pin_arithmetic(threads: int) -> None:
    """Pin the kernels and the number of threads; call before torch is imported.

    The number of threads decides how sums are cut, so it is pinned too, whatever the number of
    cores. What the caller's environment says of these is overridden. Raises UserError if torch
    has been imported already, when the processor's own kernels are already chosen.
    """
    if "torch" in sys.modules:
        raise UserError("torch was imported before its arithmetic was pinned; nothing is portable")
    os.environ.update(_ENVIRONMENT)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"):
        os.environ[variable] = str(threads)

    import torch

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Else it also fills all new memory, 4% of training's time, in case somebody reads it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
