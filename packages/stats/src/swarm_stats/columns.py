"""Many numbers as few bytes: a column is one typecode and then the numbers, each in as few bytes as the widest needs.

The rule: a column is what travels and is kept, so its bytes are little-endian whatever the machine.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_RANGES = tuple((typecode, 1 << (8 * array(typecode).itemsize - 1)) for typecode in "bhiq")
_SWAP = sys.byteorder == "big"


def pack_ints(numbers: Sequence[int]) -> bytes:
    """Return whole numbers as a column. Raises OverflowError for one that 64 bits do not hold."""
    if not numbers:
        return b"b"
    low, high = min(numbers), max(numbers)
    for typecode, limit in _RANGES:
        if -limit <= low and high < limit:
            return _packed(array(typecode, numbers))
    raise OverflowError(f"a column holds 64-bit numbers, not {low if low < 0 else high}")


def pack_floats(numbers: Sequence[float]) -> bytes:
    """Return numbers as a column, exactly."""
    return _packed(array("d", numbers))


def unpack_ints(column: Any) -> array[int]:
    """Return what `pack_ints` was given. Raises ValueError for what is no such column."""
    return _unpacked(column, "bhiq")


def unpack_floats(column: Any) -> array[float]:
    """Return what `pack_floats` was given. Raises ValueError for what is no such column."""
    return _unpacked(column, "d")


def _packed(numbers: array[Any]) -> bytes:
    if _SWAP:
        numbers.byteswap()
    return numbers.typecode.encode() + numbers.tobytes()


def _unpacked(column: Any, typecodes: str) -> array[Any]:
    if (
        type(column) is not bytes
        or (typecode := chr(column[0]) if column else "") not in typecodes
        or not typecode
    ):
        raise ValueError(f"a column of numbers is bytes that begin with one of {typecodes!r}")
    numbers: array[Any] = array(typecode)
    try:
        numbers.frombytes(memoryview(column)[1:])
    except ValueError as error:
        raise ValueError("a column of numbers ends in the middle of one") from error
    if _SWAP:
        numbers.byteswap()
    return numbers
