"""What a spoilt key serial number was: each mistake made on purpose, and nothing said without a
sign.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.ksn import parse
from switch.model.ksn_doctor import ksn_doctor, other_sets

KSN = "FFFF9876543210E00001"


@pytest.mark.parametrize(
    ("spoilt", "how"),
    [
        ("0100E01032547698FFFF", "with its bytes in reverse order"),
        (KSN.encode().hex(), "read as characters"),
        (f"{KSN}0000", "without the 4 digits behind it"),
        (f"0000{KSN}", "without the 4 digits in front of it"),
        (KSN[1:], "with the F in front that it has lost"),
        ("00009876543210E00001", "with FFFF in front instead of zeros"),
        ("9876543210E000010000", "with FFFF in front instead of zeros behind"),
        ("9876543210E00001FFFF", "with FFFF in front instead of behind"),
    ],
)
def test_a_spoilt_number_is_told_with_what_it_was(spoilt: str, how: str) -> None:
    """The way it was spoilt, and the number itself, which is no secret."""
    assert ksn_doctor(spoilt) == f"{how} it would be {KSN}"
    assert ksn_doctor(spoilt.lower()) == f"{how} it would be {KSN}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (KSN[:16], "16 digits have no FFFF in front: with it, these lack the last 4"),
        (
            "12345678C42AE19A0000",
            "20 digits are of TDES DUKPT, most with FFFF in front; AES DUKPT has 24",
        ),
    ],
)
def test_what_has_lost_its_end_is_told_so(text: str, said: str) -> None:
    """Nobody can put back what is missing."""
    assert ksn_doctor(text) == said


@pytest.mark.parametrize("text", [f"{KSN[:14]}000000", KSN[:19]])
def test_what_begins_as_it_should_has_not_lost_its_beginning(text: str) -> None:
    """A counter of zero, or a digit that is missing elsewhere."""
    assert ksn_doctor(text) == ""


@pytest.mark.parametrize("text", [KSN, "", "123456789012345600000001", "123456789012", "F" * 20])
def test_without_a_sign_nothing_is_said(text: str) -> None:
    """A good number, one of another scheme, and what is none at all."""
    assert ksn_doctor(text) == ""


@given(st.text("0123456789ABCDEF", max_size=60))
def test_what_is_named_is_a_number_that_a_transaction_can_have(text: str) -> None:
    """Whatever came in."""
    said = ksn_doctor(text)
    if "it would be" in said:
        named = parse(said.rpartition(" ")[2])
        assert named.checked() == named
        assert str(named) != text


def test_swapped_digits_that_make_no_counter_are_named() -> None:
    """A counter that no device sends, and with the digits swapped one that it does."""
    said = "with the two digits of each byte swapped it would be FFFF9876543210E003FF"
    assert ksn_doctor("FFFF89674523010E30FF") == said
    assert ksn_doctor("FFFF9876543210E003FF") == ""


def test_key_sets_that_a_number_may_be_meant_for() -> None:
    """Its digits swapped in each byte; the set of the other kind of DUKPT; never its own."""
    swapped, of_aes = other_sets("ffff89674523010e0010")
    assert swapped[0] == "bdk.FFFF987654"
    assert "it would be FFFF9876543210E00001, and there is its key set" in swapped[1]
    assert of_aes == (
        "bdk.FFFF8967",
        "there is bdk.FFFF8967, of AES DUKPT, which has 24 digits and not 20",
    )
    found = dict(other_sets("123456789012345600000001"))
    assert "of TDES DUKPT" in found["bdk.1234567890"]
    assert "bdk.12345678" not in found


@given(st.text("0123456789ABCDEFabcdef", max_size=30))
def test_no_text_is_too_strange_to_look_for_key_sets(text: str) -> None:
    """Whatever a terminal sends where a key serial number should be."""
    for name, said in other_sets(text):
        assert name.startswith("bdk.")
        assert said
