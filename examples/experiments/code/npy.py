"""Reads what NumPy writes, without NumPy: rows of numbers."""
import ast
import struct


def rows(path):
    data = path.read_bytes()
    length, = struct.unpack_from("<H", data, 8)
    head = ast.literal_eval(data[10:10 + length].decode())
    kind = {"<f4": "f", "<f8": "d", "<i8": "q"}[head["descr"]]
    shape = head["shape"]
    columns = shape[1] if len(shape) > 1 else 1
    values = struct.unpack_from(f"<{shape[0] * columns}{kind}", data, 10 + length)
    return [values[i:i + columns] for i in range(0, len(values), columns)]
