"""A terminal's batches: their names, which one is current, and what belongs to one.

Owns the naming rule and nothing that moves money. A batch is the number in its terminal's record
until somebody first tries to close it; only then is there a record of its own.
"""

from __future__ import annotations

from typing import Final

from switch.model.facts import ScanNeed
from switch.model.records import Batch, Key, Terminal, key_of

LAST_NUMBER: Final = 999_999
NO_BATCH: Final = ""


def batch_name(terminal_id: str, number: int) -> str:
    """The id of a terminal's batch of that number.

    >>> batch_name("DEMO0001", 7)
    'DEMO0001|000007'
    """
    return f"{terminal_id}|{number:06d}"


def batch_id(terminal: Terminal) -> str:
    """The id of the batch that collects what the terminal captures now."""
    return f"{terminal.id}|{terminal.batch_number:06d}"


def following(number: int) -> int:
    """The number of the batch after that one; six digits wrap to 1.

    >>> following(1), following(999_999)
    (2, 1)
    """
    return 1 if number >= LAST_NUMBER else number + 1


def preceding(number: int) -> int:
    """The number of the batch before that one.

    >>> preceding(2), preceding(1)
    (1, 999999)
    """
    return LAST_NUMBER if number <= 1 else number - 1


def batch_key(name: str) -> Key:
    """Where the record of a batch lives."""
    return key_of(Batch.TABLE, name)


def items_of(terminal_id: str, name: str) -> ScanNeed:
    """The scan that finds all transactions of a batch."""
    return ScanNeed("transaction", (("terminal_id", terminal_id), ("batch", name)))
