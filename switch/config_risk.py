"""``[[risk]]``: how a rule is written, and what a rule of each check can and must say.

Owns the names and the shapes. What rules must not be beside others or beside the world is judged
by ``config_risk_checks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from switch.config_types import (
    Amount,
    Currency,
    Name,
    Section,
    TimeOfDay,
    card_number,
)
from switch.model.risk_rules import MOST_SEEN, Mode, RiskCheck
from switch.model.words import Kind, Reason
from switch.money import Money
from switch.values import Pan

LONGEST_RANGE: Final = 11  # a card number has 12 digits at least, and a range must be none
LONGEST_WINDOW_S: Final = 31 * 86_400


def _card(text: object) -> str | Pan:
    """What has more digits than a range is a card number, anything else the name of a card."""
    if not isinstance(text, str) or not text:
        raise ValueError("a card is given by its name or its test number, in quotes")
    if sum(map(str.isdigit, text)) > LONGEST_RANGE:
        return card_number(text)
    return text


def _range(digits: str) -> str:
    if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= LONGEST_RANGE):
        raise ValueError(f"a range is given by its first digits, {LONGEST_RANGE} at most")
    return digits


_TEXT: Final = WithJsonSchema({"type": "string"})
CardWanted = Annotated[str | Pan, PlainValidator(_card), PlainSerializer(str), _TEXT]
CardRange = Annotated[str, AfterValidator(_range)]
Wanted = Annotated[str, Field(min_length=1, max_length=16)]
KindWanted = Annotated[Kind, Field(strict=False)]


def _list(description: str) -> Any:
    """A list that, where it is written, names something."""
    return Field(default=(), strict=False, min_length=1, description=description)


def _word(description: str) -> Any:
    return Field(default=None, strict=False, description=description)


class Risk(Section):
    """A risk rule. Which numbers it needs depends on ``check``."""

    name: Name
    check: RiskCheck = Field(strict=False, description="what the rule looks at")
    on: bool = Field(default=True, description="false: the rule is checked and not applied")
    mode: Mode | None = _word("decline unless said; refer: to the issuer; flag: approve and tell")
    reason: Reason | None = _word("of a rule that declines; each check has one that fits")
    kinds: tuple[KindWanted, ...] = _list("kinds of transactions that it is about")
    cards: tuple[CardWanted, ...] = _list("cards by name or test number")
    ranges: tuple[CardRange, ...] = _list("first digits of card numbers")
    terminals: tuple[Wanted, ...] = _list("ids of terminals")
    merchants: tuple[Wanted, ...] = _list("ids of merchants")
    limit: Amount | None = Field(default=None, description="the highest amount; 0: none at all")
    count: int | None = Field(default=None, ge=1, le=MOST_SEEN, description="the highest number")
    amount: Amount | None = Field(default=None, description="the highest sum")
    currency: Currency | None = Field(
        default=None, description="of limit and amount; settings.default_currency unless said"
    )
    window_s: float | None = Field(
        default=None, gt=0, le=LONGEST_WINDOW_S, strict=False, description="of count and amount"
    )
    per: Literal["card", "terminal", "merchant"] | None = Field(
        default=None, description="by whom count and amount are kept"
    )
    start: TimeOfDay | None = Field(default=None, alias="from")
    end: TimeOfDay | None = Field(default=None, alias="to")
    zone: Literal["terminal", "house"] | None = Field(
        default=None, description="whose clock from and to are read on; the terminal's unless said"
    )
    currencies: tuple[Currency, ...] = _list("the only ones that are taken")

    @property
    def effect(self) -> Mode:
        """What it does when it fires."""
        return self.mode or Mode.DECLINE

    @property
    def about(self) -> tuple[Kind, ...]:
        """The kinds of transactions that it is about."""
        return self.kinds or SHAPES[self.check].usual

    def money(self, text: str, house_currency: str) -> Money:
        """An amount of the rule, in its own currency or that of the house. Raises MoneyError."""
        return Money.parse(text, self.currency or house_currency)

    def pans(self, by_name: Mapping[str, Pan]) -> tuple[Pan, ...]:
        """The numbers of its cards; a name that there is not has none."""
        found = (card if isinstance(card, Pan) else by_name.get(card) for card in self.cards)
        return tuple(pan for pan in found if pan is not None)

    def told(self) -> dict[str, Any]:
        """What it does, for people and programs: cards masked, defaults filled in."""
        mode = "" if self.check is RiskCheck.ALLOW_LIST else self.effect.value
        declines = mode == Mode.DECLINE
        reason = self.reason or SHAPES[self.check].reason
        fixed = {"name", "check", "on", "mode", "reason", "kinds"}
        return {
            "name": self.name,
            "on": self.on,
            "check": self.check.value,
            "mode": mode,
            "reason": reason.value if declines else "",
            "kinds": [kind.value for kind in self.about],
            "numbers": {
                spelt(field): _plain(getattr(self, field))
                for field in Risk.model_fields
                if field in self.model_fields_set - fixed
            },
        }

    def said(self, name: str) -> bool:
        """Whether the file sets it, by the name that it has there."""
        return any(spelt(field) == name for field in self.model_fields_set)


def _plain(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, tuple) else value


def spelt(field: str) -> str:
    """How the file spells a field of a rule."""
    return Risk.model_fields[field].alias or field


class Shape(NamedTuple):
    """What a rule of one check says: ``needs`` all of these, at least one of ``either``, and may
    say ``takes``. It can be about ``kinds`` and is about ``usual`` ones.
    """

    reason: Reason
    needs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    usual: tuple[Kind, ...] = ()
    kinds: tuple[Kind, ...] = ()


NAMING: Final = ("cards", "ranges", "terminals", "merchants")
PAYING: Final = (Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH)
WITH_AMOUNT: Final = (*PAYING, Kind.INCREMENT, Kind.REFUND)
ASKING: Final = (*WITH_AMOUNT, Kind.BALANCE, Kind.VERIFICATION)
LATER: Final = (Kind.COMPLETION, Kind.TIP_ADJUST)  # only a rule that names them is about these
ANY_AMOUNT: Final = (*WITH_AMOUNT, *LATER)
ANY: Final = (*ASKING, *LATER)
FITTING: Final = frozenset(
    {
        Reason.RISK_REFUSED,
        Reason.LIMIT_EXCEEDED,
        Reason.VELOCITY_EXCEEDED,
        Reason.ENTRY_MODE_REFUSED,
        Reason.CURRENCY_UNSUPPORTED,
        Reason.TRANSACTION_INVALID,
        Reason.AMOUNT_INVALID,
        Reason.CARD_BLOCKED,
        Reason.CARD_LOST,
        Reason.CARD_STOLEN,
        Reason.TERMINAL_INACTIVE,
        Reason.MERCHANT_INACTIVE,
        Reason.NOT_FOUND,
    }
)
_ENTRY: Final = Shape(
    Reason.ENTRY_MODE_REFUSED, ("limit",), takes=("currency",), usual=PAYING, kinds=ASKING
)
_LIST: Final = Shape(Reason.RISK_REFUSED, either=NAMING, usual=ASKING, kinds=ANY)
_CASH: Final = (Kind.CASH, Kind.CASHBACK)
SHAPES: Final[dict[RiskCheck, Shape]] = {
    RiskCheck.ALLOW_LIST: _LIST,
    RiskCheck.DENY_LIST: _LIST,
    RiskCheck.AMOUNT: Shape(
        Reason.LIMIT_EXCEEDED, ("limit",), (), ("currency",), PAYING, ANY_AMOUNT
    ),
    RiskCheck.KEYED: _ENTRY,
    RiskCheck.FALLBACK: _ENTRY,
    RiskCheck.CONTACTLESS: _ENTRY._replace(reason=Reason.LIMIT_EXCEEDED),
    RiskCheck.CONTACTLESS_CUMULATIVE: Shape(
        Reason.LIMIT_EXCEEDED, (), ("count", "amount"), ("currency",), PAYING, ANY_AMOUNT
    ),
    RiskCheck.VELOCITY: Shape(
        Reason.VELOCITY_EXCEEDED,
        ("per", "window_s"),
        ("count", "amount"),
        ("currency",),
        PAYING,
        ANY,
    ),
    RiskCheck.UNUSUAL_HOUR: Shape(Reason.RISK_REFUSED, ("from", "to"), (), ("zone",), PAYING, ANY),
    RiskCheck.REFUND_WITHOUT_SALE: Shape(
        Reason.NOT_FOUND, usual=(Kind.REFUND,), kinds=(Kind.REFUND,)
    ),
    RiskCheck.CASH: Shape(Reason.LIMIT_EXCEEDED, ("limit",), (), ("currency",), _CASH, _CASH),
    RiskCheck.CURRENCY: Shape(
        Reason.CURRENCY_UNSUPPORTED,
        ("currencies",),
        usual=(*PAYING, Kind.REFUND),
        kinds=ANY_AMOUNT,
    ),
}
EVERY_RULE: Final = frozenset({"name", "check", "on", "mode", "reason", "kinds", *NAMING})
