"""Batches, merchant positions and open states as lines for a terminal window.

Owns layout and words. What is said comes from ``batch_report``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from switch.inquiry.batch_report import Data, is_closed
from switch.money import Money, currency_number

_STATES: Final = {
    "open": "open",
    "out_of_balance": "OUT OF BALANCE, still open",
    "closed": "closed",
}
_ACCOUNTS: Final = {
    "merchant": "captured, not settled yet",
    "payable": "settled, to be paid out",
    "suspense": "waits to be cleared",
    "difference": "the house's side of differences",
}


def listing(found: Sequence[Data]) -> Iterator[str]:
    """One line a batch."""
    if not found:
        yield "no batch fits: nothing was captured yet, or look without --open and --closed"
        return
    yield f"{'batch':24} {'state':14} {'settles':8}  net for the merchant"
    for one in found:
        nets = ", ".join(item["amount"] for item in one["net"]) or "none"
        count = one["differences"]
        differing = f"  {count} difference{'s' if count > 1 else ''}" if count else ""
        name, date = one["batch"].replace("|", "/"), one["settlement_date"] or "-"
        yield f"{name:24} {one['state']:14} {date:8}  {nets}{differing}"


def page(told: Data) -> Iterator[str]:
    """Everything about one batch."""
    yield f"batch {told['batch'].replace('|', '/')} of {told['merchant']}: {_STATES[told['state']]}"
    if is_closed(told):
        yield f"  closed {told['closed']} for {told['settlement_date']}, by {told['closed_by']}"
    yield from _totals(told)
    yield f"items: {len(told['items'])}"
    for item in told["items"]:
        corrects = f", corrects {item['corrects']}" if item["corrects"] else ""
        yield f"  {item['amount']:>16}  {item['kind']} {_numbers(item)}, {item['state']}{corrects}"
    if told["uploaded"]:
        yield f"uploaded by the terminal: {len(told['uploaded'])}"
        for item in told["uploaded"]:
            ours = item["request_key"] or "none of ours"
            yield f"  {item['stated']:>16}  {item['kind'] or 'item'} {item['name']}: {ours}"
    yield from _differences(told)
    for posting in told["postings"]:
        yield f"posted {posting['kind']} {posting['id']}"
        for entry in posting["entries"]:
            yield f"  {entry['amount']:>16}  {entry['account']}"


def _totals(told: Data) -> Iterator[str]:
    yield f"totals in {told['currency']:27} {'terminal':>14} {'host':>14}"
    if not told["totals"]:
        yield "  the dialect states none"
    for one in told["totals"]:
        name, unit = one["name"], told["currency"]
        claimed, counted = (_cell(name, one[side], unit) for side in ("claimed", "counted"))
        differs = one["claimed"] is not None and one["claimed"] != one["counted"]
        mark = "  <" if differs and one["counted"] is not None else ""
        yield f"  {name.replace('_', ' '):35} {claimed:>14} {counted:>14}{mark}"
    for other in told["other_currencies"]:
        yield f"in {other['currency']}, settled on the host's count:"
        for name, value in other["counted"].items():
            counted = _cell(name, value, other["currency"])
            yield f"  {name.replace('_', ' '):35} {'-':>14} {counted:>14}"


def _cell(name: str, value: int | None, currency: str) -> str:
    """A total for people: amounts as money, numbers as they are."""
    if value is None:
        return "-"
    return str(Money(value, currency_number(currency))) if name.endswith("amount") else str(value)


def _differences(told: Data) -> Iterator[str]:
    if told["differences"]:
        yield f"differences: {len(told['differences'])}"
    for one in told["differences"]:
        what = _numbers(one) if one["stan"] else (one["original"] or "the whole batch")
        yield f"  {one['said']}: {what}"
        sides = f"terminal {one['claimed']['amount']}, host {one['counted']['amount']}"
        where = f"posted to {one['rule']} as {one['posting']}" if one["posting"] else "no amount"
        yield f"    {sides}, difference {one['difference']['amount']}: {where}"


def _numbers(one: Data) -> str:
    rrn = f" RRN {one['rrn']}" if one["rrn"] else ""
    return f"STAN {one['stan']}{rrn}"


def standing(found: Sequence[Data]) -> Iterator[str]:
    """Merchant positions, and the house's accounts that go with them."""
    if not found:
        yield "nothing was captured yet"
    for one in found:
        of = f" {one['of']}" if one["of"] else ""
        yield f"{one['amount']:>18}  {one['kind']}{of}: {_ACCOUNTS[one['kind']]}"


def terminal(told: Data) -> Iterator[str]:
    """What is open at one terminal."""
    signed = "signed on" if told["signed_on"] else "signed off"
    yield f"terminal {told['terminal']} of {told['merchant']}: {told['status']}, {signed}"
    batch = told["batch"]
    nets = ", ".join(item["amount"] for item in batch["net"]) or "nothing"
    state = _STATES[batch["state"]]
    items = "1 item" if batch["items"] == 1 else f"{batch['items']} items"
    yield f"batch {batch['batch'].replace('|', '/')}: {state}, {items}, net {nets}"
    yield f"open holds: {len(told['holds'])}"
    for hold in told["holds"]:
        until = f", until {hold['expires']}" if hold["expires"] else ""
        yield f"  {hold['amount']:>16}  {hold['kind']} {_numbers(hold)}{until}"
    yield f"answers that may not have arrived: {len(told['undelivered'])}"
    for one in told["undelivered"]:
        yield f"  {one['delivery']:>16}  {one['kind']} {one['stated']} {_numbers(one)}, {one['at']}"
    yield f"reversals whose originals were never seen: {len(told['tombstones'])}"
    for one in told["tombstones"]:
        yield f"  {one['reference']}, reversed by {_numbers(one['reversed_by'])}"
