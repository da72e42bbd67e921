"""Models out of the frameworks' own objects and files."""

from __future__ import annotations

import inspect
import os
import tempfile
from pathlib import Path
from typing import Any

from . import _sluice, errors
from .model import Model


def load(path: str | os.PathLike[str], weights: str | os.PathLike[str] | None = None) -> Model:
    """Reads a model file: ONNX, QONNX, Keras 2 or 3, QKeras, HGQ (`sluice --help` lists them).

    weights : of a Keras model given as JSON; without it, NAME_weights.h5 beside it

    Raises InputError for a damaged file, UnsupportedError with every node that cannot be taken.
    """
    path = Path(path)
    return Model(_sluice.Network.read(path, None if weights is None else Path(weights)), path.name)


def from_onnx(model: Any) -> Model:
    """A model from an ONNX or QONNX file, from its bytes, or from an `onnx.ModelProto` (or qonnx `ModelWrapper`)."""
    if isinstance(model, (str, os.PathLike)):
        return load(model)
    proto = getattr(model, "model", model)  # qonnx.core.modelwrapper.ModelWrapper
    data = proto if isinstance(proto, (bytes, bytearray)) else None
    name = "model"
    if data is None:
        if not hasattr(proto, "SerializeToString"):
            raise errors.InputError(f"from_onnx takes a path, bytes or an onnx.ModelProto, not {type(model).__name__}")
        data = proto.SerializeToString()
        name = proto.graph.name or name
    return _through_file(f"{_file_stem(name)}.onnx", lambda path: path.write_bytes(data))


def from_keras(model: Any, weights: str | os.PathLike[str] | None = None) -> Model:
    """A model from a Keras, QKeras or HGQ model object, or from its file (.keras, .h5, JSON with weights)."""
    if isinstance(model, (str, os.PathLike)):
        return load(model, weights)
    if not hasattr(model, "save") or not hasattr(model, "layers"):
        raise errors.InputError(f"from_keras takes a Keras model or a path, not {type(model).__name__}")
    suffix = ".keras" if type(model).__module__.startswith(("keras.src.models", "keras.models")) else ".h5"
    return _through_file(f"{_file_stem(model.name)}{suffix}", lambda path: model.save(str(path)))


def from_torch(module: Any, example: Any, **export_options: Any) -> Model:
    """A model from a `torch.nn.Module`, exported as ONNX with an example input (a tensor or a tuple of them, batch 1).

    A module with Brevitas layers is exported as QONNX. Needs torch and onnx, and brevitas for such modules;
    `export_options` go to the exporter.
    """
    try:
        import torch
    except ImportError as missing:
        raise errors.FileError("from_torch needs PyTorch: pip install torch onnx") from missing
    arguments = example if isinstance(example, tuple) else (example,)
    module = module.eval()
    quantized = any(type(part).__module__.split(".")[0] == "brevitas" for part in module.modules())

    def export(path: Path) -> None:
        with torch.no_grad():
            if quantized:
                from brevitas.export import export_qonnx

                export_qonnx(module, arguments, export_path=str(path), **export_options)
            else:
                if "dynamo" in inspect.signature(torch.onnx.export).parameters:  # the newer exporter needs onnxscript
                    export_options.setdefault("dynamo", False)
                torch.onnx.export(module, arguments, str(path), **export_options)

    return _through_file(f"{_file_stem(type(module).__name__)}.onnx", export)


def _file_stem(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in name) or "model"


def _through_file(name: str, write: Any) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return load(path)
