"""The words of a script for terminals: who plays, and what a step says.

Plain data as it stands in the file. What may stand together is ``terminal_day_checks``'.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from switch.model.words import Kind

# What a step can do, by its name, for what is one request.
REQUESTS: Final[dict[str, Kind]] = {
    "signon": Kind.SIGN_ON,
    "signoff": Kind.SIGN_OFF,
    "echo": Kind.ECHO,
    "cutover": Kind.CUTOVER,
    "purchase": Kind.PURCHASE,
    "cash": Kind.CASH,
    "balance": Kind.BALANCE,
    "verify": Kind.VERIFICATION,
    "preauth": Kind.PREAUTH,
    "increment": Kind.INCREMENT,
    "complete": Kind.COMPLETION,
    "void": Kind.VOID,
    "refund": Kind.REFUND,
    "tip": Kind.TIP_ADJUST,
    "reverse": Kind.REVERSAL,
    "keys": Kind.KEY_EXCHANGE,
}
# What can be wrong with a message on purpose, and as which fault.
WRONG: Final[dict[str, dict[str, Any]]] = {
    "mac": {"mac": True},
    "padding-1": {"padding": 1},
    "padding-2": {"padding": 2},
    "padding-3": {"padding": 3},
    "pin-block": {"pin_block": True},
    "ksn": {"replay_ksn": True},
    "arqc": {"cryptogram": True},
}
# What can be injected, as ``isoswitch terminal inject`` does it.
INJECTED: Final = ("dukpt", "dukpt-aes", "tmk", "tmk-aes")
EXPECTED: Final = ("approved", "declined", "no_answer", "owed", "skipped")
SETTLED: Final = ("balanced", "differences", "out_of_balance", "declined")

Range = tuple[str, str]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step. ``amount`` may be a range, from which chance takes one; a card that is left out is
    one of the terminal's, by chance. ``lose``: the request, or its answer, is lost on the way.
    ``wrong``: what is to be wrong with the message (``WRONG``)."""

    do: str
    card: str = ""
    amount: str | Range = ""
    cashback: str = ""
    remaining: str = ""
    entry: str = "manual"
    advice: bool = False
    partial: bool = False
    more: bool = False
    approval_code: str = ""
    as_: str = msgspec.field(default="", name="as")
    of: str = ""
    lose: str = ""
    expect: str = ""
    reason: str = ""
    code: str = ""
    for_: str = msgspec.field(default="", name="for")
    seconds: float | tuple[float, float] = 0.0
    times: int = 1
    weight: float = 1.0
    steps: list[Step] = []
    forget: list[str] = []
    claim_extra: list[str] = []
    claim_amount: dict[str, str] = {}
    pin: str = ""
    pin_format: int | None = None
    cvv2: str = ""
    wrong: list[str] = []
    key: str = ""

    def __repr__(self) -> str:
        return f"Step({self.do})"


class Cast(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One terminal, or ``count`` of them, whose ids end in their number. What is left out is what
    the world's configuration has."""

    id: str = ""
    count: int = 1
    dialect: str = ""
    merchant: str = ""
    to: str = ""
    currency: str = ""
    cards: list[str] = []
    answer_s: float = 30.0
    secure: str = ""
    mac: bool | None = None
    play: str = ""
    steps: list[Step] = []
