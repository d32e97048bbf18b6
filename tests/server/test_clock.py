"""switch.server.clock: dates, fresh names, steps of the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from switch.model.events import Moment
from switch.server.clock import Calendar, FreshNames, LocalMinutes, StepWatch


def wall_us(*when: int) -> int:
    """Microseconds since 1970 of a UTC time."""
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1_000_000)  # type: ignore[misc,arg-type]


def test_dates_are_those_of_the_house_zone() -> None:
    """Half past midnight in Tokyo is still yesterday in UTC; the month of expiry follows."""
    moment = wall_us(2026, 11, 30, 15, 30)
    assert Calendar("Asia/Tokyo").dates(moment) == ("20261201", "2612")
    assert Calendar("UTC").dates(moment) == ("20261130", "2611")


def test_dates_over_new_year_leap_day_and_a_clock_change() -> None:
    """P-06: the business date changes at local midnight, with an hour missing or doubled too."""
    calendar = Calendar("Europe/Berlin")
    assert calendar.dates(wall_us(2026, 12, 31, 22, 59)) == ("20261231", "2612")
    assert calendar.dates(wall_us(2026, 12, 31, 23, 0)) == ("20270101", "2701")
    assert calendar.dates(wall_us(2028, 2, 29, 12)) == ("20280229", "2802")
    assert calendar.dates(wall_us(2026, 3, 29, 0, 59))[0] == "20260329"
    assert calendar.dates(wall_us(2026, 10, 25, 1, 30))[0] == "20261025"


def test_a_cutover_in_the_evening_begins_tomorrow_and_one_at_night_ends_yesterday() -> None:
    """INV-54: the house cuts over at its hour; a card still expires by the calendar."""
    evening, night = Calendar("Europe/Berlin", "2300"), Calendar("Europe/Berlin", "0230")
    assert evening.dates(wall_us(2026, 11, 30, 21, 59)) == ("20261130", "2611")
    assert evening.dates(wall_us(2026, 11, 30, 22, 0)) == ("20261201", "2611")
    assert night.dates(wall_us(2026, 12, 1, 1, 29)) == ("20261130", "2612")
    assert night.dates(wall_us(2026, 12, 1, 1, 30)) == ("20261201", "2612")
    # The night of a clock change: local time counts, not the hours that have gone by.
    assert night.dates(wall_us(2026, 10, 25, 1, 29))[0] == "20261024"
    assert night.dates(wall_us(2026, 10, 25, 1, 30))[0] == "20261025"


def test_the_time_of_day_is_that_of_the_zone_that_is_asked_about() -> None:
    """P-06: with the hour of summer time; a zone that there is not has none."""
    calendar = Calendar("UTC")
    calendar.dates(wall_us(2026, 7, 1, 22, 30, 59))
    minutes = calendar.minutes
    assert minutes["UTC"] == 22 * 60 + 30
    assert minutes["Europe/Berlin"] == 30
    assert minutes.get("Mars/Olympus") is None
    assert sorted(minutes) == ["Europe/Berlin", "UTC"]
    calendar.dates(wall_us(2026, 12, 1, 22, 31))
    assert calendar.minutes["Europe/Berlin"] == 23 * 60 + 31
    assert len(LocalMinutes(0)) == 0


def test_fresh_names_depend_on_seed_and_request_alone() -> None:
    """A seeded run does not depend on the order in which requests came."""
    one, other = FreshNames(b"seed"), FreshNames(b"seed")
    one.draw("something else", "20261124")
    assert one.draw("key", "20261124") == other.draw("key", "20261124")
    assert FreshNames(b"other").draw("key", "20261124") != other.draw("key", "20261124")


@given(st.text(min_size=1), st.dates())
def test_fresh_names_have_the_shapes_of_the_standard(key: str, day: object) -> None:
    """DE 37 has twelve digits and begins with year and day of the year, DE 38 has six."""
    date = f"{day:%Y%m%d}".rjust(8, "0")
    fresh = FreshNames(b"seed").draw(key, date)
    assert len(fresh.rrn) == 12
    assert fresh.rrn.isdigit()
    assert fresh.rrn[0] == date[3]
    assert 1 <= int(fresh.rrn[1:4]) <= 366
    assert len(fresh.approval_code) == 6
    assert fresh.approval_code.isdigit()


def test_a_stepped_wall_clock_is_told_once_with_its_size() -> None:
    """P-05: an hour forward and back; slow drift is no step."""
    steps: list[int] = []
    watch = StepWatch(steps.append)
    hour = 3_600_000_000
    for second in range(10):
        mono_ns = second * 1_000_000_000
        jump = hour if 3 <= second < 7 else 0
        watch.look(Moment(second * 1_000_000 + jump + second * 1000, mono_ns))
    assert [round(step / hour) for step in steps] == [1, -1]
