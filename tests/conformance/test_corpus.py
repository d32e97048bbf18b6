"""Every message of the corpus: good ones mean what is stated and are written back to the byte,
broken ones are refused where a good parser would.

``Case`` objects come from ``conftest.py``; they carry raw facts of the corpus files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switch.errors import DecodeError, Fault
from switch.wire.codec import COMPILE_AFTER, Codec
from switch.wire.doubts import doubts
from switch.wire.explain import explain_framed
from switch.wire.framer import cut_whole
from switch.wire.framing import Framing, LengthKind, Tpdu
from switch.wire.layout import Content, Layout, Part, SubKind, SubLayout
from switch.wire.reader import read

# Where the fault lies inside a field that the spec calls plain bytes or text, an overlay of ours
# says what is inside: chip data, private data subelements, a nested message.
_INSIDE = {
    "tlv55": (55, SubLayout(SubKind.BER_TLV, binary=True)),
    "pds": (48, SubLayout(SubKind.TLV, tag_width=4, length_width=3)),
    "nested-bitmap": (
        127,
        SubLayout(
            SubKind.BITMAP,
            parts=(
                Part("2", "switch key", 32, length_digits=2, content=Content.ANS),
                Part("25", "chip data", 9999, length_digits=4, content=Content.ANS),
                Part("64", "MAC", 8, content=Content.B),
            ),
            binary=True,
        ),
    ),
}
_REVERSAL_ADVICE = ("2", "3", "4", "7", "11", "12", "25", "32")


def _overlaid(case: Any) -> Layout:
    layout: Layout = case.layout
    kind, name = case.facts["kind"], case.facts["id"]
    if kind == "bad-subfield":
        number, sub = next(value for key, value in _INSIDE.items() if name.startswith(key))
        fields = {**layout.fields, number: replace(layout.fields[number], sub=sub)}
        return replace(layout, fields=fields)
    if kind == "unexpected-field":
        known = {int(key) for key in _REVERSAL_ADVICE}
        return replace(layout, fields={n: f for n, f in layout.fields.items() if n in known})
    return layout


def _framing(parts: list[dict[str, Any]]) -> Framing:
    """The framing that the parts of a case describe."""
    length, inclusive, tpdu, header = None, False, Tpdu.NONE, 0
    for part in parts:
        if part["name"] == "length":
            kinds = {
                ("b", 2): LengthKind.BINARY_2,
                ("ble", 2): LengthKind.BINARY_2_LE,
                ("b", 4): LengthKind.BINARY_4,
                ("ascii", 4): LengthKind.ASCII_4,
                ("bcd", 2): LengthKind.BCD_2,
            }
            length = kinds[part["enc"], part["bytes"]]
            inclusive = part["counts"] == "rest+self"
        elif part["name"] == "tpdu":
            tpdu = Tpdu.SWAP
        else:
            header += part["bytes"]
    return Framing(length=length, inclusive=inclusive, tpdu=tpdu, header_bytes=header)


def test_good_messages_mean_what_is_stated(good_case: Any) -> None:
    """The strict reader gives the stated canonical values, and pyiso8583's beside them."""
    facts = good_case.facts
    reading = read(good_case.body, good_case.layout)

    assert reading.fault is None
    assert reading.fields == facts["fields"]
    view = {key: value for key, value in reading.view.items() if key not in ("p", "1")}
    assert view == {**facts["fields"], **(facts.get("pyiso8583_view") or {})}
    if facts.get("adapter") != "bitmap128":  # stated there as pyiso8583 wants it, with bit 1 set
        bitmap = reading.view["p"] + reading.view.get("1", "")
        assert bitmap.upper() == facts["bitmap"].upper()


def test_good_messages_are_written_back_to_the_byte(good_case: Any) -> None:
    """The codec decodes and encodes them alike before and after it has compiled their bitmap."""
    codec = Codec(good_case.layout)

    for _ in range(COMPILE_AFTER + 1):
        assert codec.decode(good_case.body) == good_case.facts["fields"]
        assert codec.encode(good_case.facts["fields"]) == good_case.body


def test_good_messages_come_out_of_their_framing(good_case: Any) -> None:
    """Length header, TPDU and headers are cut off to leave the message."""
    framing = _framing(good_case.facts.get("framing", []))

    assert cut_whole(good_case.whole, framing).body == good_case.body


def _first_fault(case: Any) -> Fault:
    """What framing, reader with our overlay or doubts find first; places count in the whole."""
    layout = _overlaid(case)
    framing = _framing(case.facts.get("framing", []))
    explained = explain_framed(case.whole, layout, framing)
    found = explained.fault
    if found is None:
        required = _REVERSAL_ADVICE if case.facts["kind"] == "missing-mandatory" else ()
        found = next(iter(doubts(explained.reading, layout, required)), None)
    assert found is not None, "accepted without a doubt"
    return found


def test_broken_messages_are_refused_at_the_stated_place(broken_case: Any) -> None:
    """Field, element, first byte of the element and exact byte are the stated ones (M-02..M-05)."""
    stated = broken_case.facts["error"]
    fault = _first_fault(broken_case)

    assert fault.field == stated["field"]
    if stated["offset"] is not None:
        assert (fault.element, fault.offset) == (stated["element"], stated["offset"])
        assert fault.at == stated["error_offset"]


def test_broken_messages_end_in_our_error(broken_case: Any) -> None:
    """The codec raises ``DecodeError`` with the reader's fault and what was read before it."""
    layout = _overlaid(broken_case)
    reading = read(broken_case.body, layout)
    if reading.fault is None:
        framed = broken_case.facts["kind"] == "bad-frame-length"
        assert broken_case.facts["expect"] == "warn" or framed
        return
    with pytest.raises(DecodeError) as caught:
        Codec(layout).decode(broken_case.body)

    assert caught.value.fault == reading.fault
    assert caught.value.partial == reading.fields


def test_the_earlier_mistake_is_among_the_hints(broken_case: Any) -> None:
    """Where the corpus knows the bit that caused a later fault, the hint points at the bitmap, and
    at that field or others that would explain the same (M-38)."""
    cause = broken_case.facts.get("cause")
    if cause is None:
        return
    fault = read(broken_case.body, broken_case.layout).fault

    assert fault is not None
    assert "bitmap" in fault.hint
    assert cause["field"] in fault.hint or "others" in fault.hint
