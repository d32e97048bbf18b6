"""What a switch would object to in a message that reads well."""

from __future__ import annotations

from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.explain import Explanation, explain
from switch.wire.framer import wrap
from switch.wire.objections import objections

ASCII = load_dialect("iso87-ascii")
FIELDS = {
    "t": "0200",
    "2": "4761739001010010",
    "3": "000000",
    "4": "000000001230",
    "7": "1124120000",
    "11": "000001",
    "12": "120000",
    "13": "1124",
    "22": "011",
    "41": "DEMO0001",
    "42": "DEMOMERCHANT001",
    "49": "840",
}


def found(cut: int = 0, **changes: str) -> Explanation:
    """The purchase with some fields changed, or left out where the change is empty."""
    fields = {**FIELDS, **{key.lstrip("f"): value for key, value in changes.items()}}
    body = Codec(ASCII.layout).encode({key: value for key, value in fields.items() if value})
    wire = wrap(ASCII.framing, body)
    return explain(wire[: len(wire) - cut], ASCII.layout, ASCII.framing)


def test_a_complete_request_meets_no_objection() -> None:
    """Nothing to say."""
    assert objections(found(), ASCII) == ()


def test_a_missing_field_is_objected_to_at_the_end_of_the_message() -> None:
    """It reads well, but a rule of its dialect is not kept."""
    message = found(f41="")
    (one,) = objections(message, ASCII)
    assert (one.field, one.offset) == ("41", len(message.data))
    assert "is missing" in one.reason


def test_a_value_that_cannot_be_is_objected_to_at_its_place() -> None:
    """The offset is that of the data, the framing counted."""
    (one,) = objections(found(f4="000000000000"), ASCII)
    assert (one.field, one.offset) == ("4", 2 + 4 + 16 + 18 + 6)
    assert "is zero" in one.reason


def test_what_was_doubted_already_is_not_said_twice() -> None:
    """An impossible date is a doubt of any message, dialect or not."""
    message = found(f13="9099")
    assert [doubt.field for doubt in message.warnings] == ["13"]
    assert objections(message, ASCII) == ()


def test_nobody_objects_to_what_cannot_be_read_or_answered() -> None:
    """A broken message has its fault; a dialect for reading has no rules; an answer needs none."""
    assert objections(found(cut=3), ASCII) == ()
    old = load_dialect("iso2003-binary")
    assert objections(explain(b"", old.layout, old.framing), old) == ()
    assert objections(found(t="0210", f39="00"), ASCII) == ()
