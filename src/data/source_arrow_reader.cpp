#include "data/source_arrow_reader.h"

namespace sluice::data {

const char* const arrowReader = R"python(
import sys
sys.path = [path for path in sys.path if path]  # nothing from the folder one happens to be in
import socket, struct, time

GOOD, BAD, BUSY = 0, 1, 2
ROWS = 16384           # of a block
MOST_LABELS = 1 << 20  # of a column
MOST_COLUMNS = 1 << 20
wire = socket.socket(fileno=3)


def send(kind, content=b""):
    wire.sendall(struct.pack("<BQ", kind, len(content)) + content)


class Refused(Exception):
    pass


class Parquet:
    def __init__(self, path):
        self.file = pq.ParquetFile(path)
        self.schema = self.file.schema_arrow
        self.groups = [self.file.metadata.row_group(i).num_rows for i in range(self.file.num_row_groups)]

    def pieces(self, group, columns):
        groups = range(group, len(self.groups))
        if groups:
            yield from self.file.iter_batches(ROWS, row_groups=groups, columns=columns, use_threads=False)


class Ipc:
    def __init__(self, path):
        self.file = pa.ipc.open_file(pa.memory_map(path), options=pa.ipc.IpcReadOptions(use_threads=False))
        self.schema = self.file.schema
        self.groups = [self.file.get_batch(i).num_rows for i in range(self.file.num_record_batches)]

    def pieces(self, group, columns):
        for i in range(group, len(self.groups)):
            batch = self.file.get_batch(i)
            yield batch if columns is None else batch.select(columns)


def pieces_from(file, first, columns=None):
    """Record batches from row `first` on."""
    group = 0
    while group < len(file.groups) and first >= file.groups[group]:
        first -= file.groups[group]
        group += 1
    for batch in file.pieces(group, columns):
        skipped = min(first, batch.num_rows)
        first -= skipped
        yield batch.slice(skipped)


class Rows:
    """Rows in order, in parts of any size."""

    def __init__(self, file, first):
        self.pieces, self.rest = pieces_from(file, first), None

    def take(self, count):
        parts = []
        while count > 0:
            if self.rest is None or self.rest.num_rows == 0:
                self.rest = next(self.pieces, None)
                if self.rest is None:
                    raise Refused("is damaged: it ends before its last row")
                continue
            parts.append(self.rest.slice(0, count))
            self.rest = self.rest.slice(count)
            count -= parts[-1].num_rows
        return parts


def plain(type):
    """The type of numbers that a column's values become, ours and Arrow's; None if there is none."""
    t = pa.types
    if t.is_boolean(type):
        return "u1", pa.uint8()
    if t.is_float16(type) or t.is_float32(type):
        return "f4", pa.float32()
    if t.is_float64(type):
        return "f8", pa.float64()
    if t.is_integer(type):
        return ("i" if t.is_signed_integer(type) else "u") + str(type.bit_width // 8), type
    if t.is_date32(type) or t.is_time32(type):
        return "i4", pa.int32()
    if t.is_date64(type) or t.is_time64(type) or t.is_timestamp(type) or t.is_duration(type):
        return "i8", pa.int64()
    return None


class Column:
    """A column of the file: one of ours, or several for lists that are all as long."""

    def __init__(self, position, field):
        self.position, self.name, self.labels, self.width = position, field.name, None, 1
        self.value = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        self.list = pa.types.is_fixed_size_list(field.type)
        if self.list:
            self.value, self.width = field.type.value_type, field.type.list_size
        self.text = not self.list and (pa.types.is_string(self.value) or pa.types.is_large_string(self.value))
        kind = ("label", pa.uint32()) if self.text else plain(self.value)
        if kind is None:
            raise Refused(f"column '{self.name}' is {field.type}; columns are numbers, texts, or lists of as many "
                          "numbers in every row. Write the file without it")
        self.kind, self.target = kind

    def names(self):
        return [f"{self.name}.{i}" for i in range(self.width)] if self.list else [self.name]

    def gaps(self, array, row):
        if array.null_count:
            row += pc.index(array.is_null(), True).as_py()
            raise Refused(f"column '{self.name}' has no value in row {row}; only columns of floats may have gaps "
                          "(they become NaN)")

    def find_labels(self, file):
        found, said, row = set(), time.monotonic(), 0
        for piece in pieces_from(file, 0, [self.name]):
            array = piece.column(0)
            self.gaps(array, row)
            row += len(array)
            found.update(array.unique().to_pylist())
            if len(found) > MOST_LABELS:
                raise Refused(f"column '{self.name}' has more than {MOST_LABELS} different texts")
            if time.monotonic() - said > 5:
                said = time.monotonic()
                send(BUSY)
        self.labels = sorted(found)
        self.known = pa.array(self.labels, pa.large_string())

    def read(self, parts, first):
        """Bytes of each column of ours."""
        done = []
        for part in parts:
            array = part.column(self.position)
            if pa.types.is_dictionary(array.type):
                array = array.dictionary_decode()
            if self.list:
                self.gaps(array, first)
                array = array.flatten()
                if len(array) != part.num_rows * self.width:
                    raise Refused(f"column '{self.name}' is damaged")
            if self.text:
                self.gaps(array, first)
                array = pc.index_in(array.cast(pa.large_string()), value_set=self.known)
                if array.null_count:
                    raise Refused("changed while it was read")
            if array.null_count and pa.types.is_floating(array.type):
                array = pc.fill_null(array.cast(self.target), float("nan"))
            self.gaps(array, first)
            array = array.cast(self.target)
            if len(array):
                bytes = self.target.bit_width // 8
                done.append(array.buffers()[1].slice(array.offset * bytes, len(array) * bytes).to_pybytes())
            first += part.num_rows
        content = b"".join(done)
        if not self.list:
            return [content]
        values = memoryview(content).cast({1: "B", 2: "H", 4: "I", 8: "Q"}[self.target.bit_width // 8])
        return [values[i::self.width].tobytes() for i in range(self.width)]


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def serve(path):
    with open(path, "rb") as start:
        file = (Parquet if start.read(4) == b"PAR1" else Ipc)(path)
    rows = sum(file.groups)
    columns = [Column(i, field) for i, field in enumerate(file.schema)]
    names = [name for column in columns for name in column.names()]
    if not names:
        raise Refused("has no columns")
    if len(names) > MOST_COLUMNS:
        raise Refused("has more than a million columns")
    if len(set(names)) < len(names):
        raise Refused("has two columns of one name")
    lines = [str(rows)]
    for column in columns:
        if column.text:
            column.find_labels(file)
        lines += [f"{column.kind} {escaped(name)}" for name in column.names()]
        lines += ["=" + escaped(label) for label in column.labels or []]
    send(GOOD, "\n".join(lines).encode())
    source, following = None, None
    while len(request := wire.recv(8, socket.MSG_WAITALL)) == 8:
        index, = struct.unpack("<Q", request)
        if index != following:
            source = Rows(file, index * ROWS)
        following = index + 1
        parts = source.take(min(ROWS, rows - index * ROWS))
        send(GOOD, b"".join(content for column in columns for content in column.read(parts, index * ROWS)))


try:
    import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
except ImportError:
    send(BAD, f"is a Parquet or Arrow file, which the Python package pyarrow reads, and {sys.executable} has none: pip "
              "install pyarrow (SLUICE_PYTHON names another Python), or write the table as CSV or .npy".encode())
    sys.exit()
pa.set_cpu_count(1)
try:
    serve(sys.argv[1])
except Refused as error:
    send(BAD, str(error).encode())
except BrokenPipeError:
    pass
except MemoryError:
    send(BAD, b"is damaged, or takes more memory than there is")
except Exception as error:
    said = " ".join(str(error).split())[:300]
    send(BAD, f"cannot be read: {said or type(error).__name__}".encode())
)python";

}  // namespace sluice::data
