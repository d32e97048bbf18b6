"""Reading requests: messages in words, their names, their originals."""

from __future__ import annotations

import pytest

from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan, PinBlock, Track2
from switch.wire.dialect import load_dialect
from switch.wire.mapping import Mapper
from tests.wire_messages import (
    PAN,
    SALE_87,
    SALE_93,
    SALE_HYPERCOM,
    SPEAKING,
    TRACK2,
    read,
    sale,
)


def test_purchase_in_words() -> None:
    """Every field that has a meaning reaches the core under its name, typed."""
    request = read("iso87-ascii", SALE_87)
    assert (request.kind, request.flow, request.repeat) == (Kind.PURCHASE, Flow.REQUEST, False)
    assert request.captures
    assert request.amount == Money(1234, "840")
    assert request.pan == Pan(PAN)
    assert request.expiry == "4912"
    assert request.entry_mode is EntryMode.MANUAL
    assert request.stan == "000123"
    assert (request.terminal_id, request.merchant_id) == ("DEMO0001", "DEMOMERCHANT001")
    assert (request.local_date, request.local_time) == ("1124", "110000")
    assert request.message_type == "0200"
    assert request.code == "000000"
    assert request.problems == ()


@pytest.mark.parametrize(
    ("name", "key", "reference"),
    [
        (
            "iso87-ascii",
            "DEMO0001|0200|000123|1124|110000|DEMOMERCHANT001|400001",
            "DEMO0001|0200|000123|1124100000",
        ),
        (
            "iso93-binary",
            "DEMO0001|1200|000123|261124110000|DEMOMERCHANT001|400001",
            "DEMO0001|1200|000123|261124110000",
        ),
        (
            "hypercom",
            "DEMO0001|000123|000007|0200|||DEMOMERCHANT001",
            "DEMO0001|000123|000007",
        ),
    ],
)
def test_names_are_readable_and_begin_with_the_terminal(
    name: str, key: str, reference: str
) -> None:
    """INV-10: the key holds all that the profile names; each name begins with the terminal."""
    request = read(name, sale(name))
    assert (request.request_key, request.reference) == (key, reference)


@pytest.mark.parametrize("name", SPEAKING)
def test_repeats_and_answers_share_the_key(name: str) -> None:
    """INV-10, M-23: 0200, 0201 and 0210 share a key, 0220 does not."""
    fields = sale(name)
    digit = fields["t"][0]
    first, repeat, response, advice = (
        read(name, {**fields, "t": digit + rest}) for rest in ("200", "201", "210", "220")
    )
    assert first.request_key == repeat.request_key == response.request_key
    assert first.reference == repeat.reference
    assert advice.request_key != first.request_key
    assert (first.repeat, repeat.repeat) == (False, True)
    assert response.flow is Flow.ANSWER
    assert advice.flow is Flow.ADVICE


def test_key_grows_with_each_of_its_parts() -> None:
    """INV-10: DE 11 alone is no key; terminal, merchant, acquirer, date and time count as well."""
    names = {
        read("iso87-ascii", {**SALE_87, number: value}).request_key
        for number, value in {
            "0": "",
            "11": "000124",
            "12": "110001",
            "13": "1125",
            "32": "400002",
            "41": "DEMO0002",
            "42": "DEMOMERCHANT002",
        }.items()
    }
    assert len(names) == 7


def test_what_may_be_renewed_is_not_in_the_key() -> None:
    """INV-10: transmission time, entry mode and card data do not make another request."""
    renewed = {**SALE_87, "7": "1124100101", "22": "051", "52": "0011223344556677"}
    assert read("iso87-ascii", renewed).request_key == read("iso87-ascii", SALE_87).request_key


def test_bars_in_ids_cannot_forge_a_name() -> None:
    """Two terminals never share a name because one has the joining bar in its id."""
    one = read("iso87-ascii", {**SALE_87, "41": "A|B", "42": "C"})
    other = read("iso87-ascii", {**SALE_87, "41": "A", "42": "B|C"})
    third = read("iso87-ascii", {**SALE_87, "41": "A%7CB", "42": "C"})
    assert len({one.request_key, other.request_key, third.request_key}) == 3
    assert one.terminal_id == "A|B"


def test_short_ids_lose_their_fill() -> None:
    """A fixed field is filled with spaces; the terminal's name is not."""
    request = read("iso87-ascii", {**SALE_87, "41": "T1      ", "42": "M1             "})
    assert (request.terminal_id, request.merchant_id) == ("T1", "M1")
    assert request.request_key == "T1|0200|000123|1124|110000|M1|400001"


def test_reference_without_transmission_time() -> None:
    """A terminal that sends no DE 7 points at its original by its own date and time."""
    request = read("iso87-ascii", {k: v for k, v in SALE_87.items() if k != "7"})
    assert request.reference == "DEMO0001|0200|000123|1124110000"


@pytest.mark.parametrize("currency", ["840", "USD"])
def test_currency_in_digits_or_letters(currency: str) -> None:
    """DE 49 is a number or letters; both mean the same."""
    assert read("iso87-ascii", {**SALE_87, "49": currency}).amount == Money(1234, "840")


def test_absent_currency_is_left_to_the_terminal() -> None:
    """INV-82: an absent DE 49 means the terminal's currency, which the wire does not know."""
    request = read("iso87-ascii", {k: v for k, v in SALE_87.items() if k != "49"})
    assert request.amount == Money(1234, "")
    assert request.problems == ()


CARD_SOURCES = [
    ({"2": PAN}, "DE 2"),
    ({"35": TRACK2}, "track 2"),
    ({"55": f"5713{PAN}D4912201{0:013d}F"}, "tag 57"),
    ({"55": "5A08" + PAN + "5F2403491231"}, "tag 5A"),
    ({"55": "700A5A08" + PAN}, "tag 5A in a template"),
    ({"2": PAN, "35": TRACK2, "55": "5A08" + PAN}, "all of them"),
]


@pytest.mark.parametrize(("card", "_where"), CARD_SOURCES, ids=[w for _, w in CARD_SOURCES])
def test_card_number_from_wherever_it_is(card: dict[str, str], _where: str) -> None:
    """INV-82: DE 2, else track 2, else tag 57 or 5A."""
    fields = {k: v for k, v in SALE_87.items() if k not in ("2", "14")} | card
    request = read("iso87-ascii", fields)
    assert request.pan == Pan(PAN)
    assert request.problems == ()
    if any(number in card for number in ("35",)) or "5F24" in card.get("55", ""):
        assert request.expiry == "4912"


@pytest.mark.parametrize(
    "card",
    [
        {"35": "5413330089010434=4912"},
        {"55": "57095413330089010434D4"},
        {"55": "5A085413330089010434"},
    ],
)
def test_card_numbers_that_disagree(card: dict[str, str]) -> None:
    """INV-82, M-20: two card numbers in one message are refused, and neither is shown."""
    request = read("iso87-ascii", {**SALE_87, **card})
    (problem,) = request.problems
    assert problem.reason is Reason.PAN_INVALID
    assert problem.name == "pan"
    for digits in (PAN, "5413330089010434"):
        assert digits not in repr(request)
        assert digits not in problem.said


def test_track_without_separator() -> None:
    """M-20: a track 2 without separator is a format error; no byte of it is told."""
    fields = {k: v for k, v in SALE_87.items() if k != "2"} | {"35": PAN + "4912"}
    (problem,) = read("iso87-ascii", fields).problems
    assert (problem.name, problem.reason) == ("track2", Reason.FORMAT_ERROR)
    assert PAN not in problem.said + problem.place


def test_sensitive_values_are_typed() -> None:
    """Tracks, PIN block and chip data reach the core masked by their type."""
    extra = {"35": TRACK2, "52": "0123456789abcdef", "55": "5A08" + PAN, "45": f"B{PAN}^X^4912"}
    request = read("iso87-ascii", {**SALE_87, **extra})
    shown = repr(request)
    assert not any(value in shown for value in (PAN, TRACK2, "0123456789ABCDEF", "5A08"))
    assert request.track2 == Track2(TRACK2)
    assert request.pin_block is not None
    assert request.pin_block.reveal() == "0123456789ABCDEF"


def test_mac_is_carried_along() -> None:
    """The last bitmap's MAC counts: DE 64, or DE 128 where there is a secondary bitmap."""
    assert read("iso87-ascii", {**SALE_87, "64": "aa" * 8}).mac == "AA" * 8
    assert read("iso87-ascii", {**SALE_87, "70": "001", "128": "bb" * 8}).mac == "BB" * 8


def test_key_serial_number_only_where_it_is_one() -> None:
    """Private fields hold other things as well; those are no KSN."""
    assert read("iso87-ascii", {**SALE_87, "61": "ffff9876543210e00001"}).ksn.startswith("FFFF98")
    assert read("iso87-ascii", {**SALE_87, "61": "some other thing"}).ksn == ""
    for size in range(30):
        ksn = read("iso87-ascii", {**SALE_87, "61": "A" * size}).ksn
        assert ksn == ("A" * size if size in (16, 20, 24) else "")


@pytest.mark.parametrize("secured", [{"52": "0" * 16}, {"125": "A" * 32}, {"64": "B" * 16}])
def test_key_serial_number_that_is_none_is_told_where_something_hangs_on_it(
    secured: dict[str, str],
) -> None:
    """M-15: beside a PIN block or a MAC hex of a wrong length is let through, so that it can be
    refused by its name; other texts are still other things.
    """
    fields = {**SALE_87, **secured}
    assert read("iso87-ascii", {**fields, "61": "ffff9876543210e0000"}).ksn == "FFFF9876543210E0000"
    assert read("iso87-ascii", {**fields, "61": "ffff9876543210e00001 "}).ksn[-4:] == "0001"
    assert read("iso87-ascii", {**fields, "61": "some other thing"}).ksn == ""


def test_long_pin_block_has_a_field_of_its_own() -> None:
    """A format-4 block is 16 bytes (ISO 9564-1). A DE 52 of zeros beside it says that it is
    elsewhere; a second block is a mistake.
    """
    block = "0123456789ABCDEF" * 2
    for fields in ({"125": block.lower()}, {"125": block, "52": "0" * 16}):
        request = read("iso87-ascii", {**SALE_87, **fields})
        assert request.pin_block == PinBlock(block)
        assert request.problems == ()
    (problem,) = read("iso87-ascii", {**SALE_87, "125": block, "52": "1" * 16}).problems
    assert (problem.name, problem.said) == ("pin_block", "holds a second PIN block")
    assert problem.place.startswith("field 52")


KINDS = [
    ("iso87-ascii", {}, Kind.PURCHASE, True),
    ("iso87-ascii", {"t": "0100"}, Kind.PURCHASE, False),
    ("iso87-ascii", {"t": "0100", "25": "06"}, Kind.PREAUTH, False),
    ("iso87-ascii", {"t": "0220", "25": "06"}, Kind.COMPLETION, True),
    ("iso87-ascii", {"3": "010000"}, Kind.CASH, True),
    ("iso87-ascii", {"3": "093000"}, Kind.CASHBACK, True),
    ("iso87-ascii", {"t": "0100", "25": "06", "90": f"{'0':042}"}, Kind.PREAUTH, False),
    ("iso87-ascii", {"t": "0100", "25": "06", "90": f"0100000122{'0':032}"}, Kind.INCREMENT, False),
    ("iso87-ascii", {"t": "0200", "25": "06"}, Kind.COMPLETION, True),
    ("iso87-ascii", {"3": "020000"}, Kind.VOID, True),
    ("iso87-ascii", {"t": "0220", "3": "220000"}, Kind.VOID, True),
    ("iso87-ascii", {"t": "0220", "3": "020000"}, Kind.TIP_ADJUST, True),
    ("iso87-ascii", {"3": "200000"}, Kind.REFUND, True),
    ("iso87-ascii", {"t": "0100", "3": "310000"}, Kind.BALANCE, False),
    ("iso87-ascii", {"t": "0100", "3": "380000"}, Kind.VERIFICATION, False),
    ("iso87-ascii", {"3": "770000"}, Kind.UNKNOWN, False),
    ("iso87-ascii", {"t": "0320"}, Kind.BATCH_UPLOAD, False),
    ("iso87-ascii", {"t": "0302"}, Kind.FILE_ACTION, False),
    ("iso87-ascii", {"t": "0500"}, Kind.RECONCILIATION, False),
    ("iso87-ascii", {"t": "0800", "70": "001"}, Kind.SIGN_ON, False),
    ("iso87-ascii", {"t": "0800", "70": "002"}, Kind.SIGN_OFF, False),
    ("iso87-ascii", {"t": "0800", "70": "101"}, Kind.KEY_EXCHANGE, False),
    ("iso87-ascii", {"t": "0800", "70": "201"}, Kind.CUTOVER, False),
    ("iso87-ascii", {"t": "0800", "70": "301"}, Kind.ECHO, False),
    ("iso87-ascii", {"t": "0800", "70": "999"}, Kind.UNKNOWN, False),
    ("iso93-ascii", {}, Kind.PURCHASE, True),
    ("iso93-ascii", {"t": "1100", "24": "101"}, Kind.PREAUTH, False),
    ("iso93-ascii", {"t": "1100", "24": "106"}, Kind.INCREMENT, False),
    ("iso93-ascii", {"t": "1220", "24": "202"}, Kind.COMPLETION, True),
    ("iso93-ascii", {"t": "1220", "3": "020000"}, Kind.VOID, True),
    ("iso93-ascii", {"t": "1220", "3": "020000", "24": "280"}, Kind.TIP_ADJUST, True),
    ("iso93-ascii", {"t": "1804", "24": "831"}, Kind.ECHO, False),
    ("iso93-ascii", {"t": "1804", "24": "801"}, Kind.SIGN_ON, False),
    ("hypercom", {"t": "0100"}, Kind.PREAUTH, False),
    ("hypercom", {"t": "0100", "3": "300000"}, Kind.PREAUTH, False),
    ("hypercom", {"t": "0100", "3": "310000"}, Kind.BALANCE, False),
    ("hypercom", {"t": "0100", "37": "632800000123"}, Kind.INCREMENT, False),
    ("hypercom", {"t": "0220"}, Kind.PURCHASE, True),
    ("hypercom", {"t": "0220", "25": "06"}, Kind.COMPLETION, True),
    ("hypercom", {"t": "0220", "37": "632800000123"}, Kind.COMPLETION, True),
    ("hypercom", {"t": "0220", "3": "220000"}, Kind.VOID, True),
    ("hypercom", {"t": "0220", "3": "020000"}, Kind.TIP_ADJUST, True),
    ("hypercom", {"t": "0320", "60": "0200000123"}, Kind.BATCH_UPLOAD, False),
    ("hypercom", {"t": "0500", "3": "920000"}, Kind.RECONCILIATION, False),
    ("hypercom", {"t": "0500", "3": "960000"}, Kind.RECONCILIATION, False),
    ("hypercom", {"t": "0800", "3": "920000"}, Kind.SIGN_ON, False),
    ("hypercom", {"t": "0800", "3": "990000"}, Kind.ECHO, False),
]


@pytest.mark.parametrize(("name", "changes", "kind", "captures"), KINDS)
def test_transaction_table(name: str, changes: dict[str, str], kind: Kind, captures: bool) -> None:
    """Message type and codes say the kind of transaction, and whether it captures."""
    request = read(name, {**sale(name), **changes})
    assert (request.kind, request.captures) == (kind, captures)


def test_unknown_codes_leave_no_trace_in_memory() -> None:
    """INV-95: what is remembered of codes that came from outside is bounded."""
    mapper = Mapper(load_dialect("iso87-ascii"))
    for number in range(2000):
        mapper.request({**SALE_87, "3": f"{number:06d}"})
    chosen = mapper._reader._types.get("0200").chosen
    assert 0 < len(chosen) <= 256
    assert mapper.request({**SALE_87, "3": "011999"}).kind is Kind.CASH


@pytest.mark.parametrize("flow", ["0820", "0821"])
def test_network_advice_is_never_answered(flow: str) -> None:
    """0820 tells something; nobody waits for an answer."""
    request = read("iso87-ascii", {"t": flow, "11": "000123", "70": "001"})
    assert (request.kind, request.flow) == (Kind.SIGN_ON, Flow.NOTIFICATION)


# -- reversals


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("0400", {}), ("0401", {}), ("0420", {}), ("0421", {}), ("0400", {"90": "0201"})],
)
def test_reversal_points_at_its_original_1987(kind: str, changes: dict[str, str]) -> None:
    """M-26: DE 90 names the original, whether that was sent once or again."""
    original = read("iso87-ascii", SALE_87)
    data = changes.get("90", "0200") + "000123" + "1124100000" + "0" * 22
    fields = {**SALE_87, "t": kind, "11": "000124", "90": data}
    reversal = read("iso87-ascii", fields)
    assert reversal.kind is Kind.REVERSAL
    assert reversal.original == original.reference
    assert reversal.reference != original.reference
    assert reversal.problems == ()


def test_reversal_points_at_its_original_1993() -> None:
    """DE 56 names the original in 1993."""
    fields = {**SALE_93, "t": "1420", "11": "000124", "24": "400", "56": "1200000123261124110000"}
    assert read("iso93-ascii", fields).original == read("iso93-ascii", SALE_93).reference


def test_reversal_is_the_request_again_in_hypercom() -> None:
    """A reversal bears its original's STAN and processing code, and no name of its own."""
    original = read("hypercom", SALE_HYPERCOM)
    reversal = read("hypercom", {**SALE_HYPERCOM, "t": "0400"})
    assert reversal.original == original.reference
    assert reversal.reference == ""
    assert reversal.request_key != original.request_key
    assert original.original == ""


def test_partial_reversal_states_what_remains() -> None:
    """INV-26: DE 95 in 1987; in 1993 DE 4 is what remains and DE 30 the original."""
    of_87 = read(
        "iso87-ascii",
        {
            **SALE_87,
            "t": "0400",
            "90": "0200" + "000123" + "1124100000" + "0" * 22,
            "95": "000000000234" + "0" * 12 + "C00000000" * 2,
        },
    )
    assert of_87.amount == Money(1234, "840")
    assert of_87.amount_remaining == Money(234, "840")
    of_93 = read(
        "iso93-ascii",
        {
            **SALE_93,
            "t": "1420",
            "4": "000000000234",
            "24": "401",
            "30": "000000001234" + "0" * 12,
            "56": "1200000123261124110000",
        },
    )
    assert of_93.amount == of_93.amount_original == Money(1234, "840")
    assert of_93.amount_remaining == Money(234, "840")
