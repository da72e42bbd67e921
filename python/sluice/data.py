"""Batches of a table for training, as NumPy arrays, without a copy.

    from sluice.data import Batches
    batches = Batches("prepared/train.sluice", 256, seed=1)
    for epoch in range(10):
        for batch in batches:                      # {"f0": array, ..., "label": array}
            train(batch["f0"], batch["label"])
            save(batches.state())                  # goes on from here: batches.resume(state)

Tables come from `sluice data import` and `sluice data split`; .npy, .npz, HDF5, CSV, Parquet and Arrow are read as well.
Batch k of epoch e is a function of (seed, e, k) alone, so workers that read every n-th batch see together what one would.
"""

from __future__ import annotations

import os
from typing import Any, Iterator, Optional, Sequence

import numpy as np

from . import _sluice
from .errors import InputError

__all__ = ["Batches", "import_table"]


def import_table(inputs: "Sequence[str | os.PathLike[str]]", output: "str | os.PathLike[str]", *,
                 labels: "Sequence[str]" = ()) -> None:
    """Writes files of as many rows, side by side, as one table. `labels`: CSV columns that hold names even where they look
    like numbers. As `sluice data import`."""
    _sluice.import_table([os.fspath(path) for path in inputs], os.fspath(output), list(labels))


class Batches:
    """Iterating gives the rest of the epoch, and then stands at the beginning of the next one.

    A batch is a dictionary of arrays by column. Shuffled rows are gathered once, into memory that the arrays own. Rows in
    order (`shuffle=False`) that lie within one block of 16,384 rows of a table are views of the mapped file, and read-only.
    `window` is how many blocks are mixed with one another, and in memory, at a time. `worker` of `workers` reads every
    `workers`-th batch.
    """

    def __init__(self, table: "str | os.PathLike[str]", batch_size: int = 256, seed: int = 0, *, shuffle: bool = True,
                 window: int = 8, columns: "Optional[list[str]]" = None, worker: int = 0, workers: int = 1):
        if not 0 <= worker < workers:
            raise InputError(f"there is no worker {worker} of {workers}")
        self._table = _sluice.TableBatches(os.fspath(table), batch_size, seed, shuffle, window)
        self._fixed = {"batch_size": batch_size, "seed": seed, "shuffle": shuffle, "window": window, "worker": worker,
                       "workers": workers, "rows": self._table.rows}
        names = [name for name, _ in self._table.columns]
        for name in columns or []:
            if name not in names:
                raise InputError(f"the table has no column '{name}'; it has: {', '.join(names)}")
        self._columns = [(i, name) for i, name in enumerate(names) if columns is None or name in columns]
        self.epoch = 0
        self._batch = worker

    @property
    def rows(self) -> int:
        return self._table.rows

    @property
    def columns(self) -> "list[str]":
        return [name for _, name in self._columns]

    @property
    def labels(self) -> "dict[str, list[str]]":
        """What the numbers of label columns mean."""
        return {name: labels for name, labels in self._table.columns if labels}

    def __len__(self) -> int:
        """Batches of an epoch, of this worker."""
        return len(range(self._fixed["worker"], self._table.count, self._fixed["workers"]))

    def __iter__(self) -> "Iterator[dict[str, np.ndarray]]":
        while self._batch < self._table.count:
            epoch, batch = self.epoch, self._batch
            self._batch += self._fixed["workers"]  # first, so that state() within the loop is behind this batch
            yield self.read(epoch, batch)
        self.epoch += 1
        self._batch = self._fixed["worker"]

    def read(self, epoch: int, batch: int) -> "dict[str, np.ndarray]":
        """Any batch of any epoch; where the iteration stands does not change."""
        arrays = self._table.read(epoch, batch)
        return {name: arrays[i] for i, name in self._columns}

    def rows_of(self, epoch: int, batch: int) -> "list[int]":
        """The numbers of the batch's rows in the table."""
        return self._table.rows_of(epoch, batch)

    def state(self) -> "dict[str, Any]":
        """Where the iteration stands, as plain numbers."""
        return {**self._fixed, "epoch": self.epoch, "batch": self._batch}

    def resume(self, state: "dict[str, Any]") -> "Batches":
        """Goes on where state() was taken, with a table and options that must be the same."""
        for name, value in self._fixed.items():
            if state.get(name) != value:
                raise InputError(f"the state was taken with {name} = {state.get(name)}, here it is {value}")
        epoch, batch = state.get("epoch"), state.get("batch")
        if not isinstance(epoch, int) or not isinstance(batch, int) or epoch < 0 or batch < 0:
            raise InputError("the state names no epoch and batch")
        self.epoch, self._batch = epoch, batch
        return self
