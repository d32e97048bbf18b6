"""The business date moves by command, once, and never by a terminal."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from switch.core.cutover import COMMAND, HOUSE, ONCE_US, next_day
from switch.model.effects import Told
from switch.model.events import Moment, OperatorCommand
from switch.model.records import Day, Key
from switch.model.request import Answer
from switch.model.words import Kind, Reason
from tests.core.conftest import Shop

NOON_US = 12 * 3600 * 1_000_000


def command(shop: Shop, at_us: int = NOON_US, **arguments: str) -> Told:
    """What becomes of the operator's command."""
    event = OperatorCommand(Moment(at_us, 1), COMMAND, "tester", arguments, 7)
    (told,) = [one for one in shop.decide(event).effects if isinstance(one, Told)]
    assert told.ticket == 7
    return told


def day(shop: Shop) -> str:
    """The date that the house was moved to."""
    record = shop.store.get(Key(Day.TABLE, HOUSE))
    return record.date if isinstance(record, Day) else ""


def test_the_command_moves_to_the_next_date(shop: Shop) -> None:
    """INV-54: from then on answers carry the new settlement date."""
    shop.ask(shop.purchase("K1"))
    told = command(shop)
    assert (told.ok, told.data) == (True, {"business_date": "20261125"})
    assert day(shop) == "20261125"
    assert shop.told == ["cutover"]
    shop.business_date = day(shop)  # as the server reads it
    assert shop.ask(shop.purchase("K2")).settlement_date == "261125"
    dates = [shop.transaction(key).settlement_date for key in ("K1", "K2")]
    assert dates == ["20261124", "20261125"]


def test_saying_it_again_moves_nothing(shop: Shop) -> None:
    """S-02: the answer of the first may have been lost."""
    command(shop)
    shop.business_date = day(shop)
    again = command(shop, NOON_US + ONCE_US - 1)
    assert again.ok
    assert again.data == {"business_date": "20261125"}
    assert shop.last.records == ()
    assert command(shop, date="20261125").ok
    assert day(shop) == "20261125"


def test_a_day_later_or_by_name_it_moves_on(shop: Shop) -> None:
    """The guard is against a command said twice, not against two cutovers."""
    command(shop)
    shop.business_date = day(shop)
    assert command(shop, NOON_US + ONCE_US).data == {"business_date": "20261126"}
    shop.business_date = day(shop)
    assert command(shop, NOON_US + ONCE_US, date="20261127").data == {"business_date": "20261127"}


def test_a_date_that_is_not_the_next_one_is_refused(shop: Shop) -> None:
    """Neither back nor over a day: it says where it can go."""
    for wanted in ("20261123", "20261126", "tomorrow"):
        told = command(shop, date=wanted)
        assert not told.ok
        assert "20261125" in told.said
    assert day(shop) == ""


def test_the_calendar_catches_up(shop: Shop) -> None:
    """Once the calendar has passed the record, the next command goes from there."""
    command(shop)
    shop.business_date = "20261130"
    assert command(shop, NOON_US + 5 * ONCE_US).data == {"business_date": "20261201"}


def test_months_and_years_end(shop: Shop) -> None:
    """By the calendar."""
    shop.business_date = "20271231"
    assert command(shop).data == {"business_date": "20280101"}


@given(st.dates(date(1900, 1, 1), date(2199, 12, 30)))
def test_the_next_day_is_the_calendars(day: date) -> None:
    """Leap years and centuries included."""
    after = day + timedelta(days=1)
    assert next_day(f"{day:%Y%m%d}") == f"{after:%Y%m%d}"


def test_a_terminals_cutover_tells_the_date_and_moves_nothing(shop: Shop) -> None:
    """INV-54: approved, with the date in force; a repeat gets the same."""
    answer: Answer = shop.ask(shop.request(Kind.CUTOVER, "C1"))
    assert (answer.reason, answer.settlement_date) == (Reason.APPROVED, "261124")
    assert [record.TABLE for record in shop.last.records] == ["transaction"]
    assert shop.ask(shop.request(Kind.CUTOVER, "C1")) == answer
    assert day(shop) == ""
