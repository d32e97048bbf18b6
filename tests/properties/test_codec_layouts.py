"""The codec over made-up layouts: any shape the notation allows, any message, any damage.

Each layout is drawn, so that header, message type, bitmaps, lengths, pads and codings meet in every
combination. Three ways read (strict, by table, compiled), two write, and pyiso8583 stands beside
them where its spec language has the shape.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from switch.errors import DecodeError, EncodeError
from switch.wire.codec import COMPILE_AFTER, Codec
from switch.wire.elements import Reading, scan
from switch.wire.layout import Layout
from switch.wire.reader import read
from switch.wire.writer import write
from tests.wire_strategies import Message, damaged, judge_by_reference, layouts, messages, outcome


def _result(way: Callable[[bytes], dict[str, str]], data: bytes) -> dict[str, str] | None:
    """What a way of reading makes of bytes; ``None`` for the errors it may refuse with."""
    try:
        return way(data)
    except (ValueError, LookupError, TypeError, ArithmeticError):
        return None


def _good(reading: Reading) -> dict[str, str] | None:
    return None if reading.fault else reading.fields


@given(messages())
def test_what_is_written_is_read_back(message: Message) -> None:
    """Values survive the way through bytes, in every shape; elements tile the message."""
    reading = read(message.data, message.layout)

    assert reading.fault is None
    assert reading.fields == message.fields
    place = 0
    for element in reading.elements:
        assert element.offset == place
        assert message.data[place : place + element.length] == element.raw
        place += element.length
    assert place == len(message.data)


@given(messages())
def test_compiled_ways_do_what_the_strict_ways_do(message: Message) -> None:
    """Before and after compilation the codec gives the same values and bytes."""
    codec = Codec(message.layout)

    for _ in range(COMPILE_AFTER + 2):
        assert codec.decode(message.data) == message.fields
        assert codec.encode(message.fields) == message.data


@given(damaged())
def test_fast_ways_accept_nothing_that_the_reader_refuses(case: tuple[Message, bytes]) -> None:
    """Table and compiled decoder give the reader's values or refuse; the codec's verdict is the
    reader's (M-02, M-04, M-05), its error within the bytes and without a trace of others."""
    message, data = case
    strict = _good(scan(data, message.layout))
    codec = Codec(message.layout)
    for _ in range(COMPILE_AFTER):
        codec.decode(message.data)

    by_table = _result(codec._by_table, data)
    assert by_table is None or by_table == strict
    found = outcome(codec, data)
    if isinstance(found, DecodeError):
        assert strict is None
        assert 0 <= found.fault.offset <= found.fault.at <= len(data)
        assert found.__cause__ is None
        assert found.__context__ is None or found.__suppress_context__
    else:
        assert found == strict


@given(damaged(plain=True))
def test_the_reference_reads_no_more_than_we_allow_it(case: tuple[Message, bytes]) -> None:
    """pyiso8583 refuses, so do we; it accepts, so do we with equal values and bytes, or for a
    listed reason."""
    message, data = case

    judge_by_reference(message.layout, message.data)
    judge_by_reference(message.layout, data)


def _written(write_: Callable[[dict[str, str]], bytes], fields: dict[str, str]) -> bytes | None:
    try:
        return write_(fields)
    except EncodeError:
        return None


@given(messages(), st.data())
def test_damaged_values_are_refused_alike(message: Message, data: st.DataObject) -> None:
    """Whatever is put in place of a value, compiled and strict writers agree; what they write
    reads back to the same bytes."""
    layout, codec = message.layout, Codec(message.layout)
    for _ in range(COMPILE_AFTER):
        codec.encode(message.fields)
    key = data.draw(st.sampled_from(sorted(message.fields)))
    value = data.draw(st.text(max_size=12) | st.text("0123456789ABCDEFabcdef=D ", max_size=12))
    fields = {**message.fields, key: value}

    wanted = _written(lambda values: write(values, layout), fields)

    assert _written(codec.encode, fields) == wanted
    assert wanted is None or write(codec.decode(wanted), layout) == wanted


@given(layouts(), st.binary(max_size=120))
def test_garbage_gives_our_error_or_values(layout: Layout, data: bytes) -> None:
    """No bytes make the codec raise anything but ``DecodeError``, which says where and why."""
    found = outcome(Codec(layout), data)

    assert found if isinstance(found, dict) else found.fault.reason
