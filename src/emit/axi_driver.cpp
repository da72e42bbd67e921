#include "emit/axi_package.h"

namespace sluice::emit {

/// One text for all designs: what differs stands in registers.json beside it.
std::string axiDriver() {
  return R"PY("""Drives a design in its AXI skin from Python, on a PYNQ board.

    import driver
    design = driver.Design("design_1.bit")        # registers.json beside this file says what the design is
    y = design.run(x)                             # codes in, codes out: one array per stream, frames first

Codes are the integers that the hardware works on: real value = scale * (code - zero_point), see `quantize` and
`dequantize`. Packing needs neither PYNQ nor a board, and no NumPy either:

    skin = driver.Skin("registers.json")
    data = skin.inputs[0].pack(codes)             # bytes of TDATA, beat after beat
    codes = skin.outputs[0].unpack(data)          # a list, or with NumPy an array of frames
"""

import array
import json
import os
import sys
import time

try:
    import numpy
except ImportError:  # packing works without
    numpy = None

_TYPECODES = {1: "bB", 2: "hH", 4: "iI", 8: "qQ"}


class Stream:
    """One stream: its interface, how many elements a frame has, and the bytes of an element."""

    def __init__(self, entry):
        self.name = entry["name"]
        self.interface = entry["interface"]
        self.is_input = entry["direction"] == "in"
        self.bits, self.signed = entry["bits"], entry["signed"]
        self.bytes_per_element = entry["bytes_per_element"]
        self.dtype = entry["dtype"]
        self.shape = tuple(entry["shape"])
        self.scale, self.zero_point = entry["scale"], entry["zero_point"]
        self.elements = entry["elements_per_beat"] * entry["beats_per_frame"]
        self.frame_bytes = self.elements * self.bytes_per_element
        self.lowest = -(1 << (self.bits - 1)) if self.signed else 0
        self.highest = (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    def _check(self, lowest, highest, count):
        if count % self.elements:
            raise ValueError(f"{self.name}: {count} codes are not whole frames of {self.elements}")
        if count and (lowest < self.lowest or highest > self.highest):
            raise ValueError(f"{self.name}: codes lie in {self.lowest} .. {self.highest}, not {lowest} .. {highest}")

    def pack(self, codes):
        """Codes of whole frames, in row-major order, as the bytes that go over TDATA."""
        if numpy is not None:
            codes = numpy.asarray(codes)
            self._check(codes.min(initial=self.highest), codes.max(initial=self.lowest), codes.size)
            return codes.astype("<" + _kind(self.dtype)).tobytes()
        codes = list(codes)
        self._check(min(codes, default=0), max(codes, default=0), len(codes))
        words = array.array(_TYPECODES[self.bytes_per_element][0 if self.signed else 1], codes)
        if sys.byteorder == "big":
            words.byteswap()
        return words.tobytes()

    def unpack(self, data):
        """The codes in the bytes of whole frames; with NumPy shaped (frames, *shape)."""
        data = bytes(data)
        if len(data) % self.frame_bytes:
            raise ValueError(f"{self.name}: {len(data)} bytes are not whole frames of {self.frame_bytes}")
        if numpy is not None:
            return numpy.frombuffer(data, dtype="<" + _kind(self.dtype)).reshape((-1,) + self.shape)
        words = array.array(_TYPECODES[self.bytes_per_element][0 if self.signed else 1])
        words.frombytes(data)
        if sys.byteorder == "big":
            words.byteswap()
        return words.tolist()

    def quantize(self, values):
        """Real values to codes: rounded half to even, clamped to the format. Needs NumPy."""
        scale = numpy.asarray(self.scale)
        codes = numpy.rint(numpy.asarray(values) / scale) + self.zero_point
        return numpy.clip(codes, self.lowest, self.highest).astype(self.dtype)

    def dequantize(self, codes):
        """Codes to real values. Needs NumPy."""
        return numpy.asarray(self.scale) * (numpy.asarray(codes, dtype=float) - self.zero_point)


def _kind(dtype):
    bits = int(dtype.lstrip("uint"))
    return ("u" if dtype.startswith("u") else "i") + str(bits // 8)


class Skin:
    """The table of registers and streams that the hardware was made from."""

    def __init__(self, path=None):
        with open(path or os.path.join(os.path.dirname(os.path.abspath(__file__)), "registers.json")) as file:
            description = json.load(file)
        if description["format"] != "sluice axi 1":
            raise ValueError(f"{path} is of format {description['format']!r}; this driver reads 'sluice axi 1'")
        self.design, self.digest = description["design"], description["digest"]
        self.registers = {entry["name"]: entry for entry in description["registers"]}
        self.streams = [Stream(entry) for entry in description["streams"]]
        self.inputs = [stream for stream in self.streams if stream.is_input]
        self.outputs = [stream for stream in self.streams if not stream.is_input]


class Registers:
    """Registers by name, over anything with read(offset) and write(offset, value): pynq.MMIO, or an IP of an overlay."""

    def __init__(self, skin, port):
        self._skin, self._port = skin, port

    def read(self, name):
        return self._port.read(self._skin.registers[name]["offset"])

    def write(self, name, value):
        self._port.write(self._skin.registers[name]["offset"], value)

    def field(self, register, field):
        for entry in self._skin.registers[register]["fields"]:
            if entry["name"] == field:
                return self.read(register) >> entry["lsb"] & (1 << entry["width"]) - 1
        raise KeyError(f"{register} has no field {field}")

    def check(self):
        """That the hardware is the design that this file was written with."""
        if self.read("ID") != self._skin.registers["ID"]["reset"]:
            raise RuntimeError("what answers is no design of Sluice's: wrong address or wrong bitstream")
        digest = "".join(f"{self.read(f'DIGEST_{word}'):08x}" for word in range(4))
        if digest != self._skin.digest:
            raise RuntimeError(f"the bitstream is of design {digest}, registers.json of {self._skin.digest}")

    def errors(self):
        """Sentences for what was wrong on the inputs since the last `reset`."""
        value = self.read("ERRORS")
        return [entry["says"] for entry in self._skin.registers["ERRORS"]["fields"] if value >> entry["lsb"] & 1]

    def reset(self):
        """All frames in flight are dropped, all counters start at 0."""
        self.write("CONTROL", 1)
        self.write("ERRORS", 0xFFFFFFFF)


class Design:
    """A design on a PYNQ board: the block design of project.tcl, with a DMA engine dma_<stream> per stream."""

    def __init__(self, bitfile, skin=None, ip="design_under_control"):
        from pynq import Overlay, allocate  # on the board alone

        self._allocate = allocate
        self.skin = skin or Skin()
        self.overlay = Overlay(bitfile)
        self.registers = Registers(self.skin, getattr(self.overlay, ip))
        self.registers.check()
        self._dma = {stream.name: getattr(self.overlay, "dma_" + stream.name) for stream in self.skin.streams}
        self.seconds = 0.0  # of the last run, between starting the transfers and having all

    def run(self, *inputs):
        """Codes of whole frames, one argument per input; returns the outputs' codes, a list if there are several."""
        if len(inputs) != len(self.skin.inputs):
            raise ValueError(f"{self.skin.design} has {len(self.skin.inputs)} inputs, not {len(inputs)}")
        packed = [stream.pack(codes) for stream, codes in zip(self.skin.inputs, inputs)]
        counts = {len(data) // stream.frame_bytes for stream, data in zip(self.skin.inputs, packed)}
        if len(counts) != 1 or 0 in counts:
            raise ValueError("all inputs need the same number of frames, at least one")
        frames = counts.pop()
        self.registers.reset()
        self.registers.write("FRAMES_PER_PACKET", frames)  # one transfer takes them all
        received, sent = [], []
        try:
            for stream in self.skin.outputs:
                received.append(self._allocate(shape=(frames * stream.frame_bytes,), dtype="u1"))
            for stream, data in zip(self.skin.inputs, packed):
                sent.append(self._allocate(shape=(len(data),), dtype="u1"))
                sent[-1][:] = numpy.frombuffer(data, dtype="u1")
            start = time.perf_counter()
            for stream, buffer in zip(self.skin.outputs, received):
                self._dma[stream.name].recvchannel.transfer(buffer)
            for stream, buffer in zip(self.skin.inputs, sent):
                self._dma[stream.name].sendchannel.transfer(buffer)
            for stream in self.skin.inputs:
                self._dma[stream.name].sendchannel.wait()
            for stream in self.skin.outputs:
                self._dma[stream.name].recvchannel.wait()
            self.seconds = time.perf_counter() - start
            outputs = [stream.unpack(buffer) for stream, buffer in zip(self.skin.outputs, received)]
        finally:
            for buffer in received + sent:
                buffer.freebuffer()
        for error in self.registers.errors():
            raise RuntimeError(error)
        return outputs[0] if len(outputs) == 1 else outputs

    def measured(self):
        """Cycles of the last frame: latency, and interval between frames (None where not measured)."""
        return {
            name: self.registers.read(name) if self.registers.field("STATUS", name + "_VALID") else None
            for name in ("LATENCY", "INTERVAL")
        }
)PY";
}

}  // namespace sluice::emit
