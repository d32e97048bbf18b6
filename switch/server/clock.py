"""Time, dates and fresh names for decisions: the only place of the server that asks a clock or a
zone.

Owns wall and monotonic readings, the business date, the month that card expiry is judged in, and
reference numbers. Refuses to know what they are used for: the core gets them as plain facts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from switch.model.events import Moment
from switch.model.facts import Fresh
from switch.model.scripts import LOTS

MINUTE_US: Final = 60_000_000
LOT_SHIFT: Final = 20  # the lot is drawn from other bits than the last digits of the rrn
STEP_US: Final = (
    2_000_000  # a wall clock that strays further from the monotonic one was stepped (P-05)
)


class Clock(Protocol):
    """Where moments come from; a simulated world brings its own."""

    def now(self) -> Moment:
        """The present moment."""


class SystemClock:
    """The clocks of the operating system."""

    def now(self) -> Moment:
        """Wall clock and monotonic clock, read one after the other."""
        return Moment(time.time_ns() // 1000, time.monotonic_ns())


class Calendar:
    """Business date and expiry month in the house zone, and the time of day in any, looked up once
    a minute.

    ``cutover`` (hhmm) is the wall time at which the next business date begins. From noon on it is
    the evening's, and what follows belongs to tomorrow; before noon it is the small hours', and
    what comes before it still belongs to yesterday. Midnight is the calendar's own.

    >>> Calendar("UTC").dates(0)
    ('19700101', '7001')
    >>> Calendar("UTC", "2300").dates(23 * 3600 * 1_000_000)[0]
    '19700102'
    """

    def __init__(self, zone: str, cutover: str = "0000") -> None:
        self._zone = ZoneInfo(zone)
        past_midnight = timedelta(hours=int(cutover[:2]), minutes=int(cutover[2:]))
        evening = past_midnight >= timedelta(hours=12)
        self._ahead = timedelta(days=1) - past_midnight if evening else -past_midnight
        self._minute = -1
        self._dates = ("", "")
        self.minutes = LocalMinutes(0)  # by zone, at the wall time that was asked about last

    def dates(self, wall_us: int) -> tuple[str, str]:
        """Business date as YYYYMMDD and the month as YYMM at that wall time."""
        minute = wall_us // MINUTE_US
        if minute != self._minute:
            local = datetime.fromtimestamp(wall_us / 1e6, UTC).astimezone(self._zone)
            # The local clock's own hours, so that a day of 23 or 25 cuts over at its hour too.
            business = local.replace(tzinfo=None) + self._ahead
            self._dates = (business.strftime("%Y%m%d"), local.strftime("%y%m"))
            self.minutes = LocalMinutes(wall_us)
            self._minute = minute
        return self._dates


class LocalMinutes(Mapping[str, int]):
    """Minute of the day by time zone at one wall time: a zone is looked up when somebody asks.

    >>> LocalMinutes(0)["UTC"], LocalMinutes(0)["Asia/Tokyo"], LocalMinutes(0).get("Mars/Olympus")
    (0, 540, None)
    """

    def __init__(self, wall_us: int) -> None:
        self._at = datetime.fromtimestamp(wall_us / 1e6, UTC)
        self._known: dict[str, int] = {}

    def __getitem__(self, zone: str) -> int:
        known = self._known
        if zone not in known:
            try:
                local = self._at.astimezone(ZoneInfo(zone))
            except (KeyError, ValueError, OSError):
                raise KeyError(zone) from None
            known[zone] = local.hour * 60 + local.minute
        return known[zone]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class FreshNames:
    """Reference numbers, approval codes and lots, derived from the seed and the request key alone.

    A seeded run therefore does not depend on the order in which sockets become ready. The reference
    number is the usual twelve digits: last digit of the year, day of the year, eight more; the
    approval code has six digits.
    """

    def __init__(self, seed: bytes) -> None:
        self._keyed = blake2b(key=seed[:64], digest_size=8)

    def draw(self, request_key: str, business_date: str) -> Fresh:
        """Names for the request with that key on that business date (YYYYMMDD)."""
        digest = self._keyed.copy()
        digest.update(request_key.encode())
        number = int.from_bytes(digest.digest(), "big")
        rest, tail = divmod(number, 100_000_000)
        rrn = f"{_year_and_day(business_date)}{tail:08d}"
        return Fresh(rrn, f"{rest % 1_000_000:06d}", (number >> LOT_SHIFT) % LOTS)


@lru_cache(maxsize=4)
def _year_and_day(date: str) -> str:
    day = datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC)
    return f"{day.year % 10}{day.timetuple().tm_yday:03d}"


class StepWatch:
    """Notices that the wall clock was stepped: durations never follow it, but people want to know
    (P-05)."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._offset_us: int | None = None

    def look(self, moment: Moment) -> None:
        """Compare the two clocks; calls ``tell`` with the step in microseconds when there was
        one."""
        offset = moment.wall_us - moment.mono_ns // 1000
        known = self._offset_us
        self._offset_us = offset
        if known is not None and abs(offset - known) > STEP_US:
            self._tell(offset - known)
