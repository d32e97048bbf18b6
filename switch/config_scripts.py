"""``[[rule]]``: scripted rules, how they are written.

Owns names, shapes and defaults, and what a rule means in the words of the core. What rules must not
be, alone and beside the rest of the file, is judged by ``config_scripts_checks``; what needs the
dialects, when they are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from switch.config_risk import CardRange, CardWanted, KindWanted
from switch.config_types import Amount, Currency, Name, Section
from switch.model.scripts import (
    DIVISIBLE,
    FORCIBLE,
    LOTS,
    AmountTest,
    Behaviour,
    FieldTest,
    Script,
)
from switch.model.words import Flow, Kind, Reason
from switch.values import Pan

APPROVE: Final = "approve"
PARTIAL: Final = "partial"
HALF: Final = 50
LONGEST_NUMBER: Final = 18
LATE_MS: Final = 1_000  # a late answer comes so long after the terminal has given up
PAYMENTS: Final = (Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH)
# What a rule may name; of the others it says why: an approval is forced by its own words.
OUTCOMES: Final = {
    APPROVE: Reason.APPROVED,
    PARTIAL: Reason.PARTIAL,
    **{reason.value: reason for reason in Reason if not reason.value.startswith("approved")},
}


def _several(value: Any) -> Any:
    """One thing may be written without brackets."""
    return value if isinstance(value, list | tuple) else [value]


def _kinds(value: Any) -> Any:
    """A kind, a list of kinds; ``payments`` is a word for four of them."""
    listed = list(_several(value))
    if "payments" in listed:
        at = listed.index("payments")
        listed[at : at + 1] = [kind.value for kind in PAYMENTS]
    return listed


def _condition(value: Any) -> Any:
    """A text is what the value must be, a list what it may be."""
    if isinstance(value, (bool, int, float)):
        said = "must be text in quotes, or a list of such texts"
        raise ValueError(said)  # noqa: TRY004 - pydantic makes no sentence of a TypeError
    if isinstance(value, str):
        return {"one_of": [value]}
    return {"one_of": value} if isinstance(value, list) else value


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise ValueError(f'a number is written as {LONGEST_NUMBER} digits at most, such as "100"')
    return text


def _many(description: str) -> Any:
    return Field(default=(), strict=False, min_length=1, description=description)


_ONE: Final = BeforeValidator(_several)
Digits = Annotated[str, AfterValidator(_digits)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], _ONE]
Times = Annotated[int, Field(ge=1, le=1_000_000)]


class AmountWanted(Section):
    """Amounts, of any currency: ``"951.00"``, a list of such, or ``{ from = "1", to = "2" }``."""

    one_of: Annotated[tuple[Amount, ...], Field(strict=False, min_length=1)] | None = None
    from_: Amount | None = Field(default=None, alias="from")
    to: Amount | None = None


class FieldWanted(Section):
    """What a field must be: a text, a list of texts, or one of ``prefix``, ``regex``, ``from`` and
    ``to`` (numbers), ``present``.
    """

    one_of: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    prefix: Annotated[tuple[Text, ...], _ONE, Field(strict=False, min_length=1)] | None = None
    regex: Text | None = None
    from_: Digits | None = Field(default=None, alias="from")
    to: Digits | None = None
    present: bool | None = None


class When(Section):
    """Conditions; all that are written must be met."""

    kind: Annotated[tuple[KindWanted, ...], BeforeValidator(_kinds)] = _many(
        "kinds of transaction; payments: purchases, cash, cash back, pre-authorizations"
    )
    flow: Annotated[tuple[Annotated[Flow, Field(strict=False)], ...], _ONE] = _many(
        "request, advice or notification"
    )
    listener: Texts = _many("names of listeners")
    dialect: Texts = _many("names of dialects")
    terminal: Texts = _many("terminal ids")
    merchant: Texts = _many("merchant ids, the terminal's own where the message names none")
    card: Annotated[tuple[CardWanted, ...], _ONE] = _many("names of cards, or test numbers")
    card_range: Annotated[tuple[CardRange, ...], _ONE] = _many("first digits of card numbers")
    amount: Annotated[AmountWanted, BeforeValidator(_condition)] | None = None
    currency: Currency | None = None
    fields: dict[str, Annotated[FieldWanted, BeforeValidator(_condition)]] = Field(
        default={}, description="by meaning or number, parts and tags behind a dot"
    )
    nth: Annotated[tuple[Times, ...], _ONE] = _many("which times")
    every: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    per: Literal["card", "terminal", "merchant", "all"] | None = Field(
        default=None, description="whose times nth and every count; terminal, unless said"
    )
    chance: Annotated[float, Field(ge=1 / LOTS, lt=1, strict=False)] | None = None


class Then(Section):
    """What follows."""

    outcome: Text | None = Field(
        default=None, description="approve, partial, a reason, or a response code"
    )
    percent: Annotated[int, Field(ge=1, le=99)] | None = Field(
        default=None, description="of the amount, where the outcome is partial; 50 unless said"
    )
    fields: dict[str, Annotated[str, Field(max_length=999)]] = Field(
        default={}, description="texts of the answer, with {names} to fill in"
    )
    delay: Annotated[float, Field(gt=0, le=300, strict=False)] | None = Field(
        default=None, description="seconds"
    )
    late: bool = Field(default=False, description="after the terminal has given up")
    silent: bool = False
    copies: Annotated[int, Field(ge=2, le=9)] | None = None
    close: bool = False
    reset: bool = False
    truncate: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="bytes of the frame that are sent"
    )
    length_off_by: Annotated[int, Field(ge=-9_999, le=9_999)] | None = None
    wrong_echo: Text | None = Field(default=None, description="a field, by meaning or number")
    wrong_mac: bool = Field(default=False, description="where the answer bears a MAC")
    repeats: bool = Field(default=False, description="do it to the answers of repeats, too")


class Rule(Section):
    """A scripted rule. The first one that fires is the only one."""

    name: Name
    when: When = When()
    then: Then


class Scripting(Section):
    """Rules that come with the switch."""

    magic_amounts: bool = Field(
        default=False, description="the default table of amounts: isoswitch triggers lists it"
    )


def script_of(rule: Rule, place: str, *, terminal_ms: int, cards: Mapping[str, Pan]) -> Script:
    """A checked rule in the words of the core. ``terminal_ms``: how long a terminal waits;
    ``cards``: those of the file by name.
    """
    when, then = rule.when, rule.then
    reason, code, kinds, flows = _outcome(then.outcome, when)
    return Script(
        name=rule.name,
        place=place,
        kinds=kinds,
        flows=flows,
        listeners=when.listener,
        dialects=when.dialect,
        terminals=when.terminal,
        merchants=when.merchant,
        pans=tuple(cards[item] if isinstance(item, str) else item for item in when.card),
        prefixes=when.card_range,
        amount=None if when.amount is None else amount_test(when.amount),
        currency=when.currency or "",
        fields=tuple(field_test(name, wanted) for name, wanted in when.fields.items()),
        nth=when.nth,
        every=when.every or 0,
        per=when.per or "terminal",
        chance=LOTS if when.chance is None else round(when.chance * LOTS),
        reason=reason,
        code=code,
        percent=(then.percent or HALF) if reason is Reason.PARTIAL else 100,
        texts=tuple(then.fields.items()),
        behaviour=Behaviour(
            delay_ms=terminal_ms + LATE_MS if then.late else round((then.delay or 0) * 1000),
            silent=then.silent,
            copies=then.copies or 1,
            close=then.close,
            reset=then.reset,
            truncate_to=-1 if then.truncate is None else then.truncate,
            length_off_by=then.length_off_by or 0,
            wrong_echo=then.wrong_echo or "",
            wrong_mac=then.wrong_mac,
        ),
        repeats=then.repeats,
    )


def _outcome(
    outcome: str | None, when: When
) -> tuple[Reason | None, str, tuple[Kind, ...], tuple[Flow, ...]]:
    """Reason and code; kinds and flows, which a forced approval narrows to what can be forced."""
    if outcome is None:
        return None, "", when.kind, when.flow
    if outcome in (APPROVE, PARTIAL):
        able = FORCIBLE if outcome == APPROVE else DIVISIBLE
        kinds = when.kind or tuple(kind for kind in Kind if kind in able)
        return OUTCOMES[outcome], "", kinds, (Flow.REQUEST,)
    if outcome in OUTCOMES:
        return OUTCOMES[outcome], "", when.kind, when.flow
    return Reason.SCRIPTED, outcome, when.kind, when.flow


def amount_test(wanted: AmountWanted) -> AmountTest:
    """Amounts in thousandths."""
    if wanted.one_of is not None:
        return AmountTest(tuple(map(_thousandths, wanted.one_of)))
    high = _thousandths(wanted.to) if wanted.to is not None else 10**18
    return AmountTest(low=_thousandths(wanted.from_ or "0"), high=high)


def _thousandths(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(3, "0"))


def field_test(name: str, wanted: FieldWanted) -> FieldTest:
    """A condition on a field; the first sort that is written."""
    if wanted.one_of is not None:
        return FieldTest(name, "one_of", tuple(value.rstrip(" ") for value in wanted.one_of))
    if wanted.prefix is not None:
        return FieldTest(name, "prefix", wanted.prefix)
    if wanted.regex is not None:
        return FieldTest(name, "regex", (wanted.regex,))
    if wanted.present is not None:
        return FieldTest(name, "present", low=int(wanted.present))
    high = int(wanted.to) if wanted.to is not None else 10**18
    return FieldTest(name, "range", low=int(wanted.from_ or "0"), high=high)
