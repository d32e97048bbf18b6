"""The explanation of a transaction as lines for a terminal window.

Owns layout and punctuation. What is said comes from ``explain``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from switch.inquiry.explain import Explanation

_VERDICTS: Final = {True: "APPROVED", False: "DECLINED"}
_WIDTH: Final = 14


def text(explanation: Explanation) -> str:
    """All of it, sections in the order in which things happened."""
    return "\n".join(_lines(explanation)) + "\n"


def _lines(told: Explanation) -> Iterator[str]:
    what, outcome = told.what, told.outcome
    amount = f" {what['amount']}" if "amount" in what else ""
    code = f" ({outcome['response_code']})" if outcome.get("response_code") else ""
    verdict = _VERDICTS[outcome["approved"]]
    place = what.get("terminal", "no named terminal")
    yield f"{what['kind'].replace('_', ' ')}{amount} at {place}: {verdict}{code}"
    yield f"  reason {outcome['reason']}, now {outcome['state']}"
    yield from _pairs(
        {
            "message": f"{what['message_type']} {what.get('code', '')}, dialect {what['dialect']}",
            "STAN": what["stan"],
            "RRN": what.get("rrn", ""),
            "approval code": outcome.get("approval_code", ""),
            "card": _card(what),
            "merchant": what.get("merchant", ""),
            "received": f"{what['received']}, business date {day(what.get('business_date', ''))}",
            "cash or tip": what.get("amount_other", ""),
            "approved for": outcome.get("amount_approved", ""),
            "balance": outcome.get("balance", ""),
            "in effect": outcome.get("in_effect", ""),
            "request key": what["request_key"],
        }
    )
    yield from _section("checks, in order", [_check(item) for item in told.checks])
    decided = told.decided_by
    yield decided if decided.startswith("no ") else f"decided by {decided}"
    yield from _section("what would have changed it", told.would_have_changed_it)
    yield from _section("counters", [_counter(item) for item in told.counters])
    yield from _section("postings", [line for item in told.postings for line in _posting(item)])
    if told.hold is not None:
        until = f", until {told.hold['expires']}" if told.hold["expires"] else ""
        yield f"hold {told.hold['amount']}, {told.hold['state']}{until}"
    yield from _section("linked", [_link(item) for item in told.links])
    if told.batch is not None:
        date = day(told.batch["settlement_date"])
        yield f"batch {told.batch['id']}, {told.batch['state']}, settles {date}"
        for item in told.batch["differences"]:
            yield f"  difference: {item['classified']}, {item['rule']}"
    yield f"delivery {told.delivery}"
    yield from _section("notes", told.notes)


def day(yyyymmdd: str) -> str:
    """A date for people.

    >>> day("20261124")
    '2026-11-24'
    """
    return f"{yyyymmdd[:4]}-{yyyymmdd[4:6]}-{yyyymmdd[6:]}" if yyyymmdd else "later"


def _pairs(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value:
            yield f"  {name.ljust(_WIDTH)}{value}"


def _card(what: dict[str, Any]) -> str:
    """The card and how it came in; a follower that names none has neither."""
    return f"{what['card']} {what.get('entry_mode', '')}".rstrip() if "card" in what else ""


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _check(item: dict[str, Any]) -> str:
    mark = "ok" if item["passed"] else "NO"
    saw = f"{item['saw']}: " if item["saw"] and item["said"] else item["saw"]
    return f"{mark}  {item['name'].ljust(_WIDTH - 3)} {saw}{item['said']}"


def _counter(item: dict[str, Any]) -> str:
    limit = f" of {item['limit']}" if item["limit"] else ""
    return f"{item['name']}: {item['before']} -> {item['after']}{limit}"


def _posting(item: dict[str, Any]) -> Iterator[str]:
    corrects = ", a correction" if item["corrects"] else ""
    yield f"{item['kind']}{corrects}, {item['at']}"
    for entry in item["entries"]:
        yield f"  {entry['amount'].rjust(18)}  {entry['account']}"


def _link(item: dict[str, Any]) -> str:
    if "kind" not in item:
        return f"{item['how']} {item['request_key']}: {item['state']}"
    amount = f" {item['amount']}" if item["amount"] else ""
    return (
        f"{item['how']} {item['kind'].replace('_', ' ')}{amount}, STAN {item['stan']}, "
        f"{item['reason']}, now {item['state']}, {item['at']}"
    )
