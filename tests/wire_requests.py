"""Whatever a terminal may ask for, in every dialect that can serve: strategies for the tests of the
mapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from switch.model.copies import replace
from switch.model.request import Request
from switch.model.words import EntryMode, Flow, Kind
from switch.money import CURRENCIES, Money
from switch.values import CardVerification, ChipData, Pan, PinBlock, Track2
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect, load_dialect, shipped_dialects
from switch.wire.map_names import plain
from switch.wire.mapping import Mapper
from switch.wire.semantics import TOTALS

PANS: Final = ("4761739001010010", "5413330089010434", "374245455400126", "6200000000000005")
SETTLING: Final = (
    Kind.PURCHASE,
    Kind.CASH,
    Kind.CASHBACK,
    Kind.COMPLETION,
    Kind.REFUND,
    Kind.VOID,
    Kind.TIP_ADJUST,
)
# What acts upon another transaction without a card of its own.
FOLLOWERS: Final = (Kind.INCREMENT, Kind.COMPLETION, Kind.VOID, Kind.TIP_ADJUST)
POINTING: Final = (*FOLLOWERS, Kind.REFUND, Kind.REVERSAL, Kind.BATCH_UPLOAD)
WITHOUT_AMOUNT: Final = (Kind.BALANCE, Kind.VERIFICATION, Kind.VOID)

ids = st.text("ABCXYZ019|% -", min_size=1, max_size=8).map(str.strip).filter(bool)


@dataclass(frozen=True, repr=False)
class Side:
    """A dialect with all that reads and writes it; prints as its name."""

    dialect: Dialect
    mapper: Mapper
    codec: Codec

    def __repr__(self) -> str:
        return self.dialect.name

    @property
    def keeps_numbers(self) -> bool:
        """Whether a reversal bears its original's own numbers."""
        identity = self.dialect.identity
        return identity.original == identity.reference

    def over_the_wire(self, request: Request) -> dict[str, str]:
        """Its message, encoded and decoded as it travels."""
        fields = self.mapper.compose(request)
        received = self.codec.decode(self.codec.encode(fields))
        assert received == fields
        return received


SIDES: Final = [
    Side(dialect, Mapper(dialect), Codec(dialect.layout))
    for dialect in map(load_dialect, shipped_dialects())
    if not dialect.reading_only
]


def spoken(dialect: Dialect) -> list[tuple[Kind, Flow, bool]]:
    """Every (kind, flow, captures) that a dialect has a message for."""
    flows = {"0": Flow.REQUEST, "2": Flow.ADVICE}
    return sorted(
        {
            (rule.kind, rule.flow or flows[mti[2]], rule.captures)
            for rule in dialect.transactions
            for mti in rule.messages
        }
    )


def numbers(length: int) -> st.SearchStrategy[str]:
    """Digit strings of one length, not all zero."""
    return st.integers(1, 10**length - 1).map(lambda number: f"{number:0{length}d}")


@st.composite
def times(draw: st.DrawFn) -> tuple[str, str, str]:
    """Transmission time, local date and local time that clocks can show."""
    date = f"{draw(st.integers(1, 12)):02}{draw(st.integers(1, 28)):02}"
    hour, minute, second = (draw(st.integers(0, most)) for most in (23, 59, 59))
    clock = f"{hour:02}{minute:02}{second:02}"
    return date + clock, date, clock


@st.composite
def requests(draw: st.DrawFn, side: Side, *wanted: Kind) -> Request:
    """Something that a terminal may ask for in a dialect, with all that the dialect can carry."""
    kind, flow, captures = draw(
        st.sampled_from([line for line in spoken(side.dialect) if not wanted or line[0] in wanted])
    )
    sent, date, clock = draw(times())
    of_1993 = side.dialect.version == "1"
    request = Request(
        dialect=side.dialect.name,
        kind=kind,
        flow=flow,
        captures=captures,
        repeat=draw(st.booleans()),
        request_key="",
        terminal_id=draw(ids),
        merchant_id=draw(ids),
        acquirer_id=draw(st.just("") | numbers(6)),
        stan=draw(numbers(6)),
        transmitted_at=sent,
        local_time="26" + date + clock if of_1993 else clock,
        local_date="" if of_1993 else date,
        invoice=draw(st.just("") | numbers(6)),
    )
    if kind.is_network or kind is Kind.FILE_ACTION:
        return request
    if kind is Kind.RECONCILIATION:
        return replace(request, totals=draw(totals(side)), batch_number=draw(numbers(6)))
    request = replace(request, **draw(_money(side, request)), **draw(_original(side, request)))
    if kind in (Kind.REVERSAL, Kind.BATCH_UPLOAD):
        return request
    request = replace(
        request,
        partial_capable=draw(st.booleans()),
        final=kind is not Kind.COMPLETION or draw(st.booleans()),
    )
    if kind in FOLLOWERS and draw(st.booleans()):
        return request
    return replace(request, **draw(_card(side)))


@st.composite
def totals(draw: st.DrawFn, side: Side) -> str:
    """Totals as the dialect can carry them, in its own order."""
    if side.dialect.policy.totals == "hypercom-63":
        limits = {
            f"{group}_{what}": 10**digits - 1
            for group in ("sales", "refunds")
            for what, digits in (("number", 3), ("amount", 12))
        }
    else:
        known = [name for name in TOTALS if name in side.dialect.places]
        chosen = set(draw(st.lists(st.sampled_from(known), min_size=1)))
        limits = {
            name: 10**10 - 1 if name.endswith("number") else 10**16 - 1
            for name in known
            if name in chosen
        }
    return ";".join(
        f"{name}={draw(st.integers(-most if name == 'net_amount' else 0, most))}"
        for name, most in limits.items()
    )


@st.composite
def _money(draw: st.DrawFn, side: Side, request: Request) -> dict[str, Any]:
    """Amount, and what belongs to it."""
    kind = request.kind
    if kind in WITHOUT_AMOUNT and draw(st.booleans()):
        return {}
    currency = draw(st.sampled_from(["", *sorted(CURRENCIES)]))
    amount = Money(draw(st.integers(1, 10**12 - 1)), currency)
    given: dict[str, Any] = {"amount": amount}
    if kind in (Kind.CASHBACK, Kind.TIP_ADJUST) and currency:
        given["amount_other"] = Money(draw(st.integers(1, amount.minor)), currency)
    if kind is Kind.TIP_ADJUST and tells_the_amount_before(side.dialect):
        given["amount_original"] = draw(st.none() | st.just(Money(amount.minor, currency)))
    if kind is Kind.REVERSAL and draw(st.booleans()):
        given["amount_remaining"] = Money(draw(st.integers(1, amount.minor)), currency)
        if side.dialect.version == "1":
            given["amount_original"] = amount
    return given


def tells_the_amount_before(dialect: Dialect) -> bool:
    """Whether a follower can state its original's amount."""
    mti = next(rule.messages[0] for rule in dialect.transactions if rule.kind is Kind.TIP_ADJUST)
    return "amount_original" in dialect.messages[mti].places


@st.composite
def _original(draw: st.DrawFn, side: Side, request: Request) -> dict[str, Any]:
    """What the message points at, and the number that the host gave to it."""
    kind, number = request.kind, draw(numbers(12))
    if kind not in POINTING:
        # A number makes a follower of it, where originals are named by that alone.
        return {} if side.keeps_numbers else {"rrn": draw(st.just("") | st.just(number))}
    if kind is Kind.BATCH_UPLOAD:
        item, last = draw(st.sampled_from(SETTLING)), draw(st.booleans())
        named = draw(original_names(side, replace(request, item=item)))
        return {"rrn": number, "item": item, "original": named, "last_item": last}
    if side.keeps_numbers and kind is not Kind.REVERSAL:
        return {"rrn": number}
    by_number = kind in (Kind.COMPLETION, Kind.VOID, Kind.TIP_ADJUST) and draw(st.booleans())
    return {"rrn": number, "original": "" if by_number else draw(original_names(side, request))}


@st.composite
def original_names(draw: st.DrawFn, side: Side, request: Request) -> str:
    """The reference of another transaction of the same terminal."""
    if side.keeps_numbers:
        stan = request.stan if request.kind is Kind.REVERSAL else draw(numbers(6))
        return f"{plain(request.terminal_id)}|{stan}|{request.invoice}"
    sent, date, clock = draw(times())
    moment = f"26{date}{clock}" if side.dialect.version == "1" else sent
    wanted = request.item or Kind.PURCHASE
    messages = [
        mti
        for rule in side.dialect.transactions
        for mti in rule.messages
        if rule.kind is wanted and rule.captures
    ]
    message = draw(st.sampled_from(messages))
    return f"{plain(request.terminal_id)}|{message}|{draw(numbers(6))}|{moment}"


@st.composite
def _card(draw: st.DrawFn, side: Side) -> dict[str, Any]:
    """Card data, from wherever a reader takes it."""
    number = draw(st.sampled_from(PANS))
    track = Track2(f"{number}=4912201{draw(numbers(8))}")
    modes = side.dialect.entry_modes
    assert modes is not None
    chip = ChipData(f"9F020600000000100095050000000000{_tag_5a(number)}")
    return {
        "pan": Pan(number),
        "track2": draw(st.none() | st.just(track)),
        "expiry": "4912",
        "entry_mode": draw(st.sampled_from([*EntryMode])),
        "card_sequence": draw(st.just("") | numbers(3)),
        "card_verification": draw(st.none() | numbers(3).map(CardVerification)),
        "pin_block": draw(st.none() | st.sampled_from([8, 16]).flatmap(_pins)),
        "ksn": draw(st.just("") | st.sampled_from([8, 10, 12]).flatmap(_ksns)),
        "security_info": draw(st.just("") | numbers(16)),
        "chip": draw(st.none() | st.just(chip)),
        "approval_code": draw(st.just("") | numbers(6)),
    }


def _ksns(size: int) -> st.SearchStrategy[str]:
    return _hexes("FFFF98", size)


def _pins(size: int) -> st.SearchStrategy[PinBlock]:
    return _hexes("C0FFEE", size).map(PinBlock)


def _hexes(start: str, size: int) -> st.SearchStrategy[str]:
    """So many bytes in hex. They start unlike all others, so that finding them somewhere is no
    coincidence.
    """
    rest = size - len(start) // 2
    return st.binary(min_size=rest, max_size=rest).map(lambda data: start + data.hex().upper())


def _tag_5a(number: str) -> str:
    value = number + "F" * (len(number) & 1)
    return f"5A{len(value) // 2:02X}{value}"


def meaning(request: Request) -> Request:
    """A request without its own names and codes, which are made by reading."""
    return replace(
        request,
        request_key="",
        reference="",
        message_type="",
        code="",
        network_code="",
        problems=(),
    )
