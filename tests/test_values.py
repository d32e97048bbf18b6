"""Values that guard themselves: nothing that prints or serialises shows what they hold."""

from __future__ import annotations

import copy
import io
import json
import logging
from dataclasses import asdict, dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.values import (
    SENSITIVE_TYPES,
    CardVerification,
    ClearKey,
    Pan,
    Sensitive,
    Track2,
    luhn_ok,
    mask_pan,
)

VISA = "4761739001010010"
DIGITS = st.text("0123456789", max_size=24)
EVERY = pytest.mark.parametrize("kind", SENSITIVE_TYPES, ids=lambda kind: kind.__name__)


def shown(value: Sensitive) -> list[str]:
    """Every way in which a value usually gets into a text."""
    stream = io.StringIO()
    record = logging.LogRecord("test", 30, "", 1, "%s %r", (value, value), None)
    logging.StreamHandler(stream).emit(record)
    return [
        str(value),
        repr(value),
        f"{value}",
        f"{value!r}",
        f"{value!s:>40}",
        f"{value:>40}",
        f"{value:.30}",
        "%s" % value,  # noqa: UP031 - old code does this
        "{}".format(value),  # noqa: UP032 - and this
        repr([value]),
        repr({value: value}),
        str(ValueError(value)),
        json.dumps({"value": value}, default=str),
        stream.getvalue(),
    ]


@EVERY
def test_no_way_of_printing_shows_the_middle_of_a_value(kind: type[Sensitive]) -> None:
    """SR-PAN-01, SR-SAD-01: format specifications, containers, exceptions, logging included."""
    clear = VISA if kind is Pan else f"{VISA}=49122010000012345"
    for text in shown(kind(clear)):
        assert VISA not in text
        assert VISA[6:-4] not in text
        if kind is not Pan:
            assert VISA[:6] not in text
            assert "2010000012345" not in text


@given(DIGITS)
def test_a_mask_never_shows_more_than_first_six_and_last_four(digits: str) -> None:
    """SR-PAN-01: last four only under 13 digits, nothing of what is very short."""
    mask = mask_pan(digits)
    assert len(mask) == len(digits)
    open_digits = sum(char.isdigit() for char in mask)
    assert open_digits <= (10 if len(digits) >= 13 else 4 if len(digits) > 7 else 0)
    assert all(char in {"*", digit} for char, digit in zip(mask, digits, strict=True))
    assert str(Pan(digits)) == mask


@EVERY
def test_values_refuse_to_be_written_down(kind: type[Sensitive]) -> None:
    """Not by JSON, msgspec or pickle, at any protocol, nor through their state."""
    value = kind(VISA)
    with pytest.raises(TypeError):
        json.dumps(value)
    with pytest.raises(TypeError):
        msgspec.json.encode(value)
    with pytest.raises(TypeError):
        msgspec.json.encode({"member": [value]})
    with pytest.raises(TypeError):
        msgspec.msgpack.encode(value)
    with pytest.raises(TypeError):
        msgspec.to_builtins(value)
    for protocol in range(6):  # what pickle asks for
        with pytest.raises(TypeError, match="cannot be pickled"):
            value.__reduce_ex__(protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        value.__getstate__()
    with pytest.raises(TypeError):
        vars(value)


@EVERY
def test_values_refuse_to_be_copied(kind: type[Sensitive]) -> None:
    """A copy would be one more place to forget; `asdict` of what holds one fails with them."""

    @dataclass
    class Holder:
        value: Sensitive

    for copying in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            copying(kind(VISA))
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        asdict(Holder(kind(VISA)))


@EVERY
def test_a_field_of_a_struct_or_dataclass_is_refused_too(kind: type[Sensitive]) -> None:
    """A record that got one by mistake cannot be stored."""

    @dataclass
    class Holder:
        value: Sensitive

    with pytest.raises(TypeError):
        msgspec.json.encode(Holder(kind(VISA)))


@EVERY
def test_values_cannot_be_changed(kind: type[Sensitive]) -> None:
    """Nor given attributes."""
    value = kind(VISA)
    with pytest.raises(AttributeError, match="cannot be changed"):
        value._clear = "4"
    with pytest.raises(AttributeError):
        value.note = "x"
    assert value.reveal() == VISA


@given(DIGITS, DIGITS)
def test_equality_is_by_type_and_clear_value(one: str, other: str) -> None:
    """A PAN is no track, and no text."""
    assert (Pan(one) == Pan(other)) is (one == other)
    assert hash(Pan(one)) == hash(Pan(one))
    assert Pan(one) != Track2(one)
    assert Pan(one) != one


@given(st.text("0123456789", min_size=1, max_size=30))
def test_exactly_one_check_digit_fits(body: str) -> None:
    """ISO/IEC 7812-1 annex B; and a single wrong digit is always noticed."""
    fitting = [digit for digit in "0123456789" if luhn_ok(body + digit)]
    assert len(fitting) == 1
    number = body + fitting[0]
    wrong = str((int(number[0]) + 1) % 10) + number[1:]
    assert not luhn_ok(wrong)


@pytest.mark.parametrize(
    ("digits", "fits"),
    [
        (VISA, True),
        ("4111111111111111", True),
        ("374245455400126", True),
        ("6200000000000005", True),
        ("4761739001010011", False),
        ("", False),
        ("47617390O1010010", False),
        ("٤٧٦١٧٣٩٠٠١٠١٠٠١٠", False),
    ],
)
def test_luhn(digits: str, fits: bool) -> None:
    """M-17: letters and digits of other scripts are no digits."""
    assert luhn_ok(digits) is fits
    assert Pan(digits).luhn_ok is fits


def test_what_a_pan_tells_of_itself() -> None:
    """Length, last four, and whether it lies in a range, without showing the rest."""
    pan = Pan(VISA)
    assert (pan.length, pan.last4, pan.masked) == (16, "0010", "476173******0010")
    assert pan.starts_with("4761")
    assert pan.starts_with(("5", "47"))
    assert not pan.starts_with(("5", "6"))
    assert not pan.starts_with(())


@pytest.mark.parametrize("mark", ["=", "D", "d"])
def test_track_2(mark: str) -> None:
    """ISO/IEC 7813: PAN, separator in any of its spellings, expiry."""
    track = Track2(f"{VISA}{mark}49122010000012345")
    assert track.has_separator
    assert track.pan == Pan(VISA)
    assert track.expiry == "4912"


@pytest.mark.parametrize("text", [VISA, f"{VISA}=", f"{VISA}=49", f"{VISA}==2010"])
def test_a_track_without_an_expiry(text: str) -> None:
    """M-20: cut short, or with a second separator in its place."""
    assert Track2(text).expiry is None
    assert Track2(text).has_separator is ("=" in text)


def test_a_track_says_service_code_and_verification_value() -> None:
    """ISO/IEC 7813: behind the expiry the service code, then key index, PVV and CVV."""
    track = Track2("4761739001010010D49122011123498700000F")
    assert track.service_code == "201"
    assert track.verification == CardVerification("987")
    short = Track2("4761739001010010=491220111234")
    assert (short.service_code, short.verification) == ("201", None)
    assert Track2("4761739001010010").service_code == ""


def test_a_key_in_clear_tells_its_length_and_no_more() -> None:
    """SR-KEY-13: neither ``repr`` nor an f-string shows it."""
    key = ClearKey("0123456789ABCDEFFEDCBA9876543210")
    assert key.length == 16
    assert "0123" not in f"{key} {key!r}"
