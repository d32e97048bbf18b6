"""Cutover: the house's business date moves on (INV-54).

Owns the operator's command and the answer to a terminal that asks for one. By itself the date
follows the calendar and the configured hour (``switch.server.clock.Calendar``); the command moves
it earlier, by a record that says "never before this date". Nothing else moves: batches close when
their terminals say so, and what a closed day holds is never touched.

Repeating the command is safe (S-02): with a date it names where to go, and going there twice is
going there once; without one, a second command within twelve hours of the first moves nothing.
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, conclude, decline
from switch.core.ladder import SIGN, climb
from switch.core.needs import Needs, missing
from switch.model.effects import Tell, Told
from switch.model.events import OperatorCommand, RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Day, key_of
from switch.model.request import Answer
from switch.model.words import Reason, State

HOUSE: Final = "house"
COMMAND: Final = "cutover"
ONCE_US: Final = 12 * 3600 * 1_000_000
_MONTHS, _FEBRUARY = 12, 2
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def of_cutover(_event: OperatorCommand, facts: Facts) -> Needs:
    """The date that an earlier command has set."""
    return missing(facts.rows, [key_of(Day.TABLE, HOUSE)])


def cutover(event: OperatorCommand, facts: Facts) -> Decision:
    """Move the business date to the next one, or to the one that ``arguments["date"]`` names
    (YYYYMMDD), which must be the next one.
    """
    today = facts.business_date
    known = facts.find(Day, HOUSE)
    wanted = event.arguments.get("date", "")
    if wanted == today:
        return _told(event, True, f"the business date is {today} already", today)
    if not wanted and known is not None and known.date == today:
        since_us = event.moment.wall_us - known.moved_us
        if 0 <= since_us < ONCE_US:
            said = f"cut over to {today} not twelve hours ago: to go on, name the date"
            return _told(event, True, said, today)
    following = next_day(today)
    if wanted and wanted != following:
        said = f"the business date is {today}: it can only move to {following}, not to {wanted}"
        return _told(event, False, said, today)
    day = Day(
        id=HOUSE,
        version=1 if known is None else known.version + 1,
        date=following,
        moved_us=event.moment.wall_us,
    )
    told = _told(event, True, f"the business date is {following} now", following)
    noted = Tell("cutover", "info", {"who": event.who, "from": today, "to": following})
    return Decision((day,), (*told.effects, noted))


def asked(event: RequestArrived, facts: Facts) -> Decision:
    """A terminal's own cutover message: it is told the date, and moves nothing."""
    case = Case(event, facts)
    objection = climb(case, SIGN)
    if objection is not None:
        return decline(case, objection)
    case.passed("cutover", "", f"the business date is {facts.business_date}")
    day = facts.business_date[2:]
    answer = Answer(reason=Reason.APPROVED, rrn=case.rrn, settlement_date=day)
    return conclude(case, State.ACCEPTED, answer)


def next_day(day: str) -> str:
    """The calendar day after that one, as YYYYMMDD.

    >>> next_day("20261231")
    '20270101'
    """
    year, month, number = int(day[:4]), int(day[4:6]), int(day[6:]) + 1
    if number > _length(year, month):
        month, number = month + 1, 1
    if month > _MONTHS:
        year, month = year + 1, 1
    return f"{year:04d}{month:02d}{number:02d}"


def _length(year: int, month: int) -> int:
    leap = month == _FEBRUARY and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + leap


def _told(event: OperatorCommand, ok: bool, said: str, day: str) -> Decision:
    effects = (Told(event.ticket, ok, said, {"business_date": day}),) if event.ticket else ()
    return Decision((), effects)
