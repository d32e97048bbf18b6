"""What the terminal writes the host reads, in every dialect; what the host says counts only where
it echoes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.errors import ConfigError, EncodeError
from switch.model.events import Moment
from switch.model.request import Answer
from switch.model.words import EntryMode, Kind, Reason
from switch.money import Money
from switch.values import Pan
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect, shipped_dialects
from switch.wire.mapping import Mapper
from switch_tools.terminal_lines import Answered, Entry, Sent, stan_of
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity, Outgoing

DIALECTS = [name for name in shipped_dialects() if not load_dialect(name).reading_only]
SIDES = {name: (Messages(load_dialect(name)), load_dialect(name)) for name in DIALECTS}
HOSTS = {name: (Codec(dialect.layout), Mapper(dialect)) for name, (_, dialect) in SIDES.items()}
NOW = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
PAN = Pan("4761739001010010")
MOMENT = Moment(int(NOW.timestamp() * 1e6), 0)

dialects = pytest.mark.parametrize("name", DIALECTS)


def _sent(name: str, kind: Kind = Kind.PURCHASE, number: int = 7, original: int = 0) -> Sent:
    times = SIDES[name][0].times(NOW, UTC)
    with_card = not kind.is_network
    return Sent(
        number=number,
        stan=stan_of(number),
        at=NOW.isoformat(),
        kind=kind,
        dialect=name,
        terminal_id="DEMO0001",
        merchant_id="DEMOMERCHANT001",
        transmitted_at=times.transmitted_at,
        local_time=times.local_time,
        local_date=times.local_date,
        invoice="000042" if with_card else "",
        amount_minor=1234 if with_card else None,
        currency="840" if with_card else "",
        expiry="4912" if with_card else "",
        original=original,
    )


def _written(name: str, sent: Sent, *, repeat: bool = False) -> Outgoing:
    pan = None if sent.kind.is_network else PAN
    return SIDES[name][0].write(sent, None, pan, repeat=repeat)


def _answer(name: str, outgoing: Outgoing, answer: Answer) -> bytes:
    """What a host of the dialect would send back."""
    codec, mapper = HOSTS[name]
    fields = codec.decode(outgoing.body)
    return codec.encode(mapper.answer(fields, mapper.request(fields), answer, MOMENT))


@dialects
@pytest.mark.parametrize("kind", [Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO, Kind.PURCHASE])
@pytest.mark.parametrize("repeat", [False, True])
def test_the_host_reads_what_was_meant(name: str, kind: Kind, repeat: bool) -> None:
    """Kind, names, amount, card and repeat mark arrive, and the host finds nothing wrong."""
    outgoing = _written(name, _sent(name, kind), repeat=repeat)
    codec, mapper = HOSTS[name]
    request = mapper.request(codec.decode(outgoing.body))
    assert request.problems == ()
    assert (request.kind, request.repeat) == (kind, repeat)
    assert (request.terminal_id, request.merchant_id) == ("DEMO0001", "DEMOMERCHANT001")
    assert request.stan == "000007"
    if kind is Kind.PURCHASE:
        assert request.captures
        assert request.amount == Money(1234, "840")
        assert (request.pan, request.expiry) == (PAN, "4912")
        assert request.entry_mode is EntryMode.MANUAL


@dialects
def test_a_repeat_has_the_key_of_its_first(name: str) -> None:
    """INV-10: else the host would do it twice."""
    codec, mapper = HOSTS[name]
    first = mapper.request(codec.decode(_written(name, _sent(name)).body))
    again = mapper.request(codec.decode(_written(name, _sent(name), repeat=True).body))
    assert first.request_key == again.request_key
    assert first.code == again.code


@dialects
@pytest.mark.parametrize("answered", [False, True])
def test_a_reversal_points_at_its_original(name: str, answered: bool) -> None:
    """Whether the terminal heard an answer or not: the host finds the very transaction, and no
    other key."""
    language = SIDES[name][0]
    first = _sent(name)
    said = Answered(number=7, at="", approved=True, rrn="632810000001", approval_code="123456")
    original = Entry(first, answered=said if answered else None)
    line = _sent(name, Kind.REVERSAL, 7 if language.reversals_keep_stan else 8, original=7)
    outgoing = language.write(line, original, PAN, repeat=False)

    codec, mapper = HOSTS[name]
    bought = mapper.request(codec.decode(_written(name, first).body))
    undone = mapper.request(codec.decode(outgoing.body))
    assert undone.problems == ()
    assert undone.kind is Kind.REVERSAL
    assert undone.original == bought.reference != ""
    assert undone.request_key != bought.request_key
    assert (undone.amount, undone.pan) == (bought.amount, bought.pan)


@dialects
@pytest.mark.parametrize(
    ("reason", "approved", "final"),
    [
        (Reason.APPROVED, True, True),
        (Reason.FUNDS_INSUFFICIENT, False, True),
        (Reason.INTERNAL, False, False),
    ],
)
def test_an_answer_is_understood(name: str, reason: Reason, approved: bool, final: bool) -> None:
    """Verdict, numbers and whether it is final come through."""
    outgoing = _written(name, _sent(name))
    code = "123456" if approved else ""
    body = _answer(name, outgoing, Answer(reason=reason, rrn="632810000001", approval_code=code))
    heard = SIDES[name][0].hear(outgoing, body)
    assert heard.ours
    assert (heard.approved, heard.final) == (approved, final)
    assert (heard.rrn, heard.approval_code) == ("632810000001", code)
    assert heard.code != ""


@dialects
def test_no_other_answer_counts(name: str) -> None:
    """INV-16: another STAN, terminal or amount, our own request, a reversal's answer: none is ours,
    and none approves."""
    language = SIDES[name][0]
    outgoing = _written(name, _sent(name))
    approved = Answer(reason=Reason.APPROVED, rrn="632810000001", approval_code="123456")
    others = [
        _answer(name, _written(name, _sent(name, number=8)), approved),
        _answer(name, _written(name, _sent(name, Kind.SIGN_ON)), approved),
        outgoing.body,
    ]
    for body in others:
        heard = language.hear(outgoing, body)
        assert not heard.ours
        assert not heard.approved
        assert heard.differs != ()
        assert heard.said.startswith("differs in ")


@dialects
@given(noise=st.binary(max_size=200), cut=st.integers(min_value=0, max_value=200))
def test_noise_is_no_answer(name: str, noise: bytes, cut: int) -> None:
    """Whatever the host sends, and however an answer is cut short, the terminal only says that it
    is not one."""
    outgoing = _written(name, _sent(name))
    whole = _answer(name, outgoing, Answer(reason=Reason.APPROVED, rrn="632810000001"))
    for body in (noise, whole[: min(cut, len(whole) - 1)]):
        heard = SIDES[name][0].hear(outgoing, body)
        assert not heard.ours
        assert not heard.approved
        assert "4761739001010010" not in heard.said


@dialects
def test_the_local_time_is_the_zone_s(name: str) -> None:
    """Half an hour before midnight in UTC is tomorrow in the east; the transmission time stays
    UTC."""
    east = timezone(timedelta(hours=3))
    times = SIDES[name][0].times(NOW, east)
    assert times.transmitted_at == "1124233000"
    assert times.local_time.endswith("023000")
    assert times.local_date == "1125"


@dialects
def test_names_that_do_not_fit_are_refused(name: str) -> None:
    """Instead of being cut, and known to the host as somebody else."""
    language = SIDES[name][0]
    language.check(Identity("DEMO0001", "DEMOMERCHANT001"))
    with pytest.raises(EncodeError, match="terminal_id has at most"):
        language.check(Identity("X" * 17, "DEMOMERCHANT001"))
    with pytest.raises(EncodeError, match="merchant_id has at most"):
        language.check(Identity("DEMO0001", "M" * 100))


def test_a_dialect_for_reading_is_refused() -> None:
    """Nobody can buy in it."""
    with pytest.raises(ConfigError, match="read"):
        Messages(load_dialect("iso2003-binary"))
