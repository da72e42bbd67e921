"""Batches against NumPy reading the same file, and that none of them is a copy."""

import numpy as np
import pytest

from sluice.data import Batches, import_table
from sluice.errors import InputError, SluiceError

ROWS = 40_000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The same numbers as .npz and as a table of ours."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(3)
    arrays = {"x": rng.normal(size=ROWS).astype(np.float32), "y": rng.integers(-9, 9, ROWS, dtype=np.int16),
              "row": np.arange(ROWS, dtype=np.int64)}
    np.savez(folder / "t.npz", **arrays)
    import_table([folder / "t.npz"], folder / "t.sluice")
    return folder, arrays


@pytest.mark.parametrize("name", ["t.npz", "t.sluice"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_holds_every_row_once_with_its_own_values(table, name, shuffle):
    folder, arrays = table
    batches = Batches(folder / name, 1000, seed=5, shuffle=shuffle)
    assert len(batches) == 40 and sorted(batches.columns) == ["row", "x", "y"]
    seen = []
    for number, batch in enumerate(batches):
        rows = batch["row"]
        assert rows.tolist() == batches.rows_of(0, number)
        for column, values in arrays.items():
            assert batch[column].dtype == values.dtype
            np.testing.assert_array_equal(batch[column], values[rows])
        seen.append(rows)
    seen = np.concatenate(seen)
    assert (np.sort(seen) == np.arange(ROWS)).all()
    assert (seen == np.arange(ROWS)).all() == (not shuffle)
    assert batches.epoch == 1


def test_rows_in_order_are_the_file_and_shuffled_ones_memory_of_their_own(table):
    folder, _ = table
    in_order = Batches(folder / "t.sluice", 4096, shuffle=False)
    batches = list(in_order)[:4]  # of the first block
    address = [batch["x"].__array_interface__["data"][0] for batch in batches]
    assert np.diff(address).tolist() == [4096 * 4] * 3, "one behind the other, as in the file"
    with open("/proc/self/maps") as maps:
        mapped = [line.split() for line in maps if line.rstrip().endswith("t.sluice")]
    spans = [[int(end, 16) for end in line[0].split("-")] for line in mapped]
    assert all(any(low <= a < high for low, high in spans) for a in address)
    assert not any(batch["x"].flags.owndata or batch["x"].flags.writeable for batch in batches)
    shuffled = Batches(folder / "t.sluice", 4096, seed=1).read(0, 0)
    x, y = shuffled["x"], shuffled["y"]
    assert not x.flags.owndata and x.flags.writeable and x.base is not None
    gap = abs(x.__array_interface__["data"][0] - y.__array_interface__["data"][0])
    assert gap < 64 * 1024, "gathered side by side by C++, not copied into arrays of NumPy's"


def test_batches_stay_when_what_read_them_is_gone(table):
    folder, arrays = table
    kept = [Batches(folder / "t.sluice", 4096, shuffle=False).read(0, 1)["x"] for _ in range(3)]
    for x in kept:
        np.testing.assert_array_equal(x, arrays["x"][4096:8192])


def test_an_epoch_goes_on_in_its_middle(table):
    folder, _ = table
    whole = [batch["row"].tolist() for batch in Batches(folder / "t.sluice", 777, seed=2)]
    first = Batches(folder / "t.sluice", 777, seed=2)
    before, state = [], None
    for batch in first:
        before.append(batch["row"].tolist())
        if len(before) == 20:
            state = first.state()
            break
    again = Batches(folder / "t.sluice", 777, seed=2).resume(state)
    after = [batch["row"].tolist() for batch in again]
    assert before + after == whole
    with pytest.raises(InputError, match="seed = 2, here it is 3"):
        Batches(folder / "t.sluice", 777, seed=3).resume(state)


def test_workers_together_see_what_one_sees(table):
    folder, _ = table
    one = [batch["row"].tolist() for batch in Batches(folder / "t.sluice", 512, seed=2)]
    parts = [Batches(folder / "t.sluice", 512, seed=2, worker=w, workers=3) for w in range(3)]
    three = [[batch["row"].tolist() for batch in part] for part in parts]
    assert [three[k % 3][k // 3] for k in range(len(one))] == one


def test_mistakes_say_what_is_wrong(table):
    folder, _ = table
    with pytest.raises(InputError, match="no column 'z'"):
        Batches(folder / "t.sluice", columns=["z"])
    with pytest.raises(SluiceError, match="cannot be opened"):
        Batches(folder / "none.sluice")
    with pytest.raises(InputError):
        Batches(folder / "t.sluice", 0)
