"""Arrow arrays from numpy, without a Python object per row.

The contents of the columns are made in `rows` and `simulated_date`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)
_DIGITS = np.array([place for place in range(36) if place not in _DASHES])


def decimals(units: Ints, kind: pa.DataType, null: Bools | None = None) -> pa.Array:
    """Exact decimals from whole units of the type's scale: two little-endian words each, the second is the sign."""
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = units
    words[:, 1] = units >> 63
    validity = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
    return pa.Array.from_buffers(kind, len(units), [validity, pa.py_buffer(words)])


def strings(values: Sequence[str], codes: Ints, null: Bools | None = None) -> pa.Array:
    """The values at the positions that the codes give."""
    return pa.array(values, pa.string()).take(pa.array(codes, mask=null))


def dates(date: dt.date, count: int) -> pa.Array:
    """One date, repeated."""
    days = (date - dt.date(1970, 1, 1)).days
    return pa.array(np.full(count, days, np.int32)).view(pa.date32())


def times(micros: Ints) -> pa.Array:
    """Moments, from microseconds since 1970."""
    return pa.array(micros).view(pa.timestamp("us", tz="UTC"))


def micros_of(moment: dt.datetime) -> int:
    """Microseconds since 1970."""
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def uuids(count: int, random: np.random.Generator) -> pa.Array:
    """Random ids, as text."""
    text = np.full((count, 36), ord("-"), np.uint8)
    text[:, _DIGITS] = _HEX[random.integers(0, 16, (count, 32), np.uint8)]
    text[:, 14] = ord("4")
    offsets = 36 * np.arange(count + 1, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
