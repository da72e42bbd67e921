"""Sluice: trained neural networks to streaming FPGA firmware, on open tools, with proof.

    import sluice
    model = sluice.load("model.onnx")
    y = model.predict(x)                       # what the hardware computes, bit for bit
    build = model.build("out", board="pynq-z2")
    print(build)
"""

from ._sluice import __version__
from .build import Build
from .errors import (
    FileError,
    GaveUpError,
    InfeasibleError,
    InputError,
    SluiceError,
    UnsupportedError,
    UsageError,
)
from .frameworks import from_keras, from_onnx, from_torch, load
from .model import Model, Port

__all__ = [
    "Build",
    "FileError",
    "GaveUpError",
    "InfeasibleError",
    "InputError",
    "Model",
    "Port",
    "SluiceError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "from_keras",
    "from_onnx",
    "from_torch",
    "load",
]
