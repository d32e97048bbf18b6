"""What ``plan`` and the checks must agree on: which merchant and which currency a request means,
whether it captures, what a repeat must state again, and by which name a reference number is found.

Owns these rules and nothing else.
"""

from __future__ import annotations

from typing import Final

from switch.model.records import Terminal
from switch.model.request import Request
from switch.model.settings import Settings
from switch.model.words import Kind

# Kinds that capture, or do not, whatever their message says.
_CAPTURE: Final = {
    Kind.COMPLETION: True,
    Kind.REFUND: True,
    Kind.PREAUTH: False,
    Kind.BALANCE: False,
    Kind.VERIFICATION: False,
}


def merchant_of(request: Request, terminal: Terminal | None, settings: Settings) -> str:
    """The id of the merchant named, else the terminal's own, else the one that newcomers are
    enrolled under.
    """
    if request.merchant_id:
        return request.merchant_id
    return settings.enrol_merchant if terminal is None else terminal.merchant_id


def currency_of(request: Request, terminal: Terminal | None, settings: Settings) -> str:
    """The currency of the amount; an absent one means the terminal's (INV-82)."""
    amount = request.amount
    if amount is not None and amount.currency:
        return amount.currency
    return settings.default_currency if terminal is None else terminal.currency


def captures(request: Request) -> bool:
    """Whether money moves at once if it is approved; else it is set aside at most."""
    return _CAPTURE.get(request.kind, request.captures)


def stated(request: Request) -> str:
    """What else must not change in a repeat (INV-12): the totals of a reconciliation, or what a
    partial reversal leaves in effect.
    """
    rest = request.amount_remaining
    return request.totals if rest is None else str(rest.minor)


def rrn_name(request: Request, merchant_id: str, rrn: str) -> str:
    """The id of the Reference under which a transaction is found by its reference number.

    A number that the sender assigned is unique for its terminal; one of ours is known to the
    merchant, whose other terminals may act upon the transaction as well.
    """
    return f"{request.terminal_id if request.rrn else merchant_id}|rrn|{rrn}"


def rrn_reference(owner: str, rrn: str) -> str:
    """The id of the Reference of a reference number, by the terminal or merchant that owns it."""
    return f"{owner}|rrn|{rrn}"
