"""What a start reads from the store before any port opens: the business day and the open holds.

Owns the reading only, as jobs of the writer; unfinished transactions are events and go to the core.
"""

from __future__ import annotations

from switch.core.cutover import HOUSE
from switch.core.holds import timer
from switch.model.effects import SetTimer
from switch.model.records import Day, Hold, Key
from switch.store.port import Store


def hold_timers(store: Store, now_us: int) -> list[SetTimer]:
    """A timer for all that is set aside (INV-43): timers die with a process, holds do not. Raises
    StoreUnavailable.
    """
    holds = store.scan(Hold.TABLE, state="open")
    return [timer(hold, now_us) for hold in holds if isinstance(hold, Hold)]


def business_day(store: Store) -> str:
    """The date that the house has cut over to, YYYYMMDD; empty where nobody ever has. Raises
    StoreUnavailable.
    """
    key = Key(Day.TABLE, HOUSE)
    day = store.load([key])[key]
    return day.date if isinstance(day, Day) else ""
