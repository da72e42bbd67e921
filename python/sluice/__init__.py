"""Sluice: trained neural networks to streaming FPGA firmware, on open tools, with proof.

    import sluice
    model = sluice.load("model.onnx")
    model = model.quantize(x)                  # if it is not quantized yet
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
from .model import Model, Port, config_from_hls4ml


def quantize(model: Model, x, **options) -> Model:
    """`model.quantize(x, ...)`: a quantized model from a float one, on samples of its input."""
    return model.quantize(x, **options)


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
    "config_from_hls4ml",
    "from_keras",
    "from_onnx",
    "from_torch",
    "load",
    "quantize",
]
