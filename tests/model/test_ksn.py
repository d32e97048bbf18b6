"""Key serial numbers as values: parsing, counter rules, and who used which counter.

Vector values: ANSI X9.24-1 and X9.24-3 (dukpt_tdes.json, dukpt_aes.json).
"""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.ksn import (
    AES_COUNTERS,
    TDES_COUNTERS,
    Counter,
    Ksn,
    KsnRefused,
    counter_worth,
    from_legacy,
    next_counter,
    of_initial_key_id,
    parse,
    previous_counter,
    said,
    use,
)

TDES = "FFFF9876543210E00000"
AES = "123456789012345600000000"


def possible(aes: bool) -> st.SearchStrategy[int]:
    """Counters that a device sends."""
    bits, ones = (32, 16) if aes else (21, 10)
    positions = st.sets(st.integers(0, bits - 1), min_size=1, max_size=ones)
    return positions.map(lambda chosen: sum(1 << position for position in chosen))


def digits(length: int) -> st.SearchStrategy[str]:
    """Hex of that many digits."""
    return st.text("0123456789ABCDEF", min_size=length, max_size=length)


@given(st.one_of(digits(20), digits(24)))
def test_what_is_parsed_is_written_the_same(text: str) -> None:
    """Ten and twelve bytes come back as they were, the device apart from its counter."""
    ksn = parse(text)
    assert str(ksn) == text
    assert parse(text.lower()) == ksn
    assert ksn.to_bytes() == bytes.fromhex(text)
    assert parse(ksn.device) == ksn.at(0)
    assert ksn.aes == (len(text) == 24)


@given(digits(16))
def test_eight_bytes_are_ten_led_by_ffff(text: str) -> None:
    """dt-d030: the short form names the same device."""
    assert parse(text) == parse(f"FFFF{text}")


@pytest.mark.parametrize(
    "text",
    ["", "FFFF9876543210E0000100", "1234567890123456000000", "F", "FFFF9876543210E0000"],
)
def test_another_length_is_refused(text: str) -> None:
    """dt-d058, da-d091: neither 8, 10 nor 12 bytes."""
    with pytest.raises(KsnRefused, match=rf"not {len(text)}$"):
        parse(text)


@pytest.mark.parametrize(
    "text", [f"0x{TDES[2:]}", f" {TDES[1:]}", f"{TDES[:-2]}_1", TDES[:-1] + "\n"]
)
def test_what_is_no_hex_is_refused(text: str) -> None:
    """int() would take prefixes, blanks and underscores; a key serial number has none."""
    with pytest.raises(KsnRefused, match="hex digits only"):
        parse(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TDES, "FFFF9876543210E00001"),
        ("FFFF9876543210E007FE", "FFFF9876543210E00800"),
        ("FFFF9876543210E00FFC", "FFFF9876543210E01000"),
        ("FFFF9876543210FFF400", "FFFF9876543210FFF800"),
        (AES, "123456789012345600000001"),
        ("12345678901234560001FFFE", "123456789012345600020000"),
        ("1234567890123456FFFE8000", "1234567890123456FFFF0000"),
        ("123456789012345600FFFF00", "123456789012345601000000"),
    ],
)
def test_the_next_counter_is_that_of_the_standard(before: str, after: str) -> None:
    """ksn_advance of the vectors: counters with too many 1 bits are skipped."""
    assert str(parse(before).advanced()) == after


@pytest.mark.parametrize("text", ["FFFF9876543210FFF800", "1234567890123456FFFF0000"])
def test_after_the_last_counter_there_is_none(text: str) -> None:
    """dt-d052, da-d086, M-15: the device is named."""
    ksn = parse(text)
    assert ksn.worth is Counter.GOOD
    assert ksn.exhausted
    with pytest.raises(KsnRefused, match=ksn.device):
        ksn.advanced()


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("FFFF9876543210E007FF", Counter.IMPOSSIBLE),
        ("FFFF9876543210FFFFFF", Counter.EXHAUSTED),
        ("FFFF9876543210EFFFFF", Counter.IMPOSSIBLE),
        (TDES, Counter.ZERO),
        ("12345678901234560001FFFF", Counter.IMPOSSIBLE),
        ("1234567890123456FFFFFFFF", Counter.EXHAUSTED),
        ("1234567890123456FFFF0001", Counter.EXHAUSTED),
        (AES, Counter.ZERO),
    ],
)
def test_counters_that_no_transaction_has_are_refused(text: str, worth: Counter) -> None:
    """M-15: zero, too many 1 bits, beyond the last."""
    ksn = parse(text)
    assert ksn.worth is worth
    with pytest.raises(KsnRefused, match=said(worth, aes=ksn.aes)):
        ksn.checked()


def test_a_device_has_as_many_counters_as_the_standard_says() -> None:
    """dt-d053: the walk over all TDES counters meets each permitted one once, in order."""
    walked, counter = 0, 0
    while counter != 0x1FF800:
        counter = next_counter(counter, aes=False)
        walked += 1
        assert counter_worth(counter, aes=False) is Counter.GOOD
    assert walked == TDES_COUNTERS == sum(comb(21, ones) for ones in range(1, 11))
    assert sum(comb(32, ones) for ones in range(1, 17)) == AES_COUNTERS


@given(st.booleans().flatmap(lambda aes: st.tuples(st.just(aes), possible(aes))))
def test_the_next_counter_is_the_smallest_permitted_above(case: tuple[bool, int]) -> None:
    """Counters rise, and none that a device may send is left out."""
    aes, counter = case
    following = next_counter(counter, aes=aes)
    assert following > counter
    last = 0xFFFF0000 if aes else 0x1FF800
    if counter < last:
        assert counter_worth(following, aes=aes) is Counter.GOOD
        between = range(counter + 1, min(following, counter + 200))
        assert all(counter_worth(each, aes=aes) is Counter.IMPOSSIBLE for each in between)
    else:
        assert counter_worth(following, aes=aes) is Counter.EXHAUSTED


@given(st.booleans().flatmap(lambda aes: st.tuples(st.just(aes), possible(aes))))
def test_the_previous_counter_is_the_one_that_this_one_follows(case: tuple[bool, int]) -> None:
    """Back and forth; the first has zero before it."""
    aes, counter = case
    before = previous_counter(counter, aes=aes)
    assert next_counter(before, aes=aes) == counter
    assert previous_counter(1, aes=aes) == previous_counter(0, aes=aes) == 0


@pytest.mark.parametrize("aes", [False, True])
def test_the_previous_counter_of_an_impossible_one_is_permitted(aes: bool) -> None:
    """However many 1 bits lie below: the largest permitted one, found by going down one by one."""
    ones = 16 if aes else 10
    for base in (0, 1 << ones, 1 << ones + 3, 0b101 << ones):
        for counter in range(base + 1, base + 70):
            below = counter - 1
            while below.bit_count() > ones:
                below -= 1
            assert previous_counter(counter, aes=aes) == below
    full = (1 << ones + 4) - 1
    assert previous_counter(full, aes=aes) == full >> 4 << 4


def test_what_a_counter_is_worth_is_told_in_words() -> None:
    """With the numbers of the kind of DUKPT that it is."""
    told = {
        (Counter.GOOD, False): "its counter is one that a device sends",
        (Counter.ZERO, True): "its counter is zero, which is that of the initial key",
        (Counter.IMPOSSIBLE, False): "its counter has more than 10 one bits, which no device sends",
        (Counter.IMPOSSIBLE, True): "its counter has more than 16 one bits, which no device sends",
        (
            Counter.EXHAUSTED,
            False,
        ): "its counter is beyond 1FF800, the last: the device is exhausted",
        (
            Counter.EXHAUSTED,
            True,
        ): "its counter is beyond FFFF0000, the last: the device is exhausted",
    }
    for (worth, aes), words in told.items():
        assert said(worth, aes=aes) == words


def test_an_initial_key_identifier_names_its_device() -> None:
    """Sixteen digits, no more and no less, counter zero."""
    assert of_initial_key_id(AES[:16]) == Ksn(AES, 0)
    for text in ("", AES[:15], AES[:17], AES):
        with pytest.raises(KsnRefused, match=f"has 16 hex digits, not {len(text)}"):
            of_initial_key_id(text)


def test_a_high_counter_of_aes_is_written_in_all_its_bits() -> None:
    """32 of them, where TDES has 21."""
    assert str(Ksn(AES, 0x80200001)) == "123456789012345680200001"
    assert str(Ksn(TDES, 0x100001)) == "FFFF9876543210F00001"


def test_the_old_80_bit_form_of_aes_is_read() -> None:
    """da-d096: 59 bits and a zero bit, then 21 bits."""
    assert from_legacy("0E11111111FFFFFF0000") == Ksn("00E11111111FFFFE00000000", 0x1F0000)
    assert from_legacy("0E11111111FFFFE00001").counter == 1
    with pytest.raises(KsnRefused):
        from_legacy(AES)


@given(
    st.integers(0, 40),
    st.lists(st.integers(1, 120), max_size=60),
)
def test_each_counter_is_accepted_once_and_only_within_the_window(
    window: int, arriving: list[int]
) -> None:
    """INV-71, M-13, M-14: held against a plain set of what was used."""
    newest, seen, used = 0, 0, set[int]()
    for counter in arriving:
        verdict = use(newest, seen, counter, window=window)
        if counter in used:
            assert not verdict.accepted
        elif counter < newest - window:
            assert verdict.fate == "old"
        else:
            assert verdict.accepted
            assert verdict.fate == ("new" if counter > newest else "late")
            used.add(counter)
        assert verdict.newest == max(used)
        newest, seen = verdict.newest, verdict.seen
        assert seen.bit_length() <= window + 1


@pytest.mark.parametrize("window", [0, 1, 2, 3])
def test_every_short_walk_is_remembered_to_the_bit(window: int) -> None:
    """INV-71: all walks of five counters out of six. What is kept is which counters of the window
    were used, and nothing else; of a refusal nothing is kept.
    """
    for walk in product(range(1, 7), repeat=5):
        newest = seen = 0
        used: set[int] = set()
        for counter in walk:
            if counter > newest:
                fate = "new"
            elif counter < newest - window:
                fate = "old"
            else:
                fate = "replay" if counter in used else "late"
            if fate in ("new", "late"):
                used.add(counter)
            kept = sum(1 << max(used) - each for each in used if max(used) - each <= window)
            assert use(newest, seen, counter, window=window) == (fate, max(used), kept)
            newest, seen = max(used), kept


def test_a_jump_far_ahead_costs_nothing() -> None:
    """A device may skip four thousand million counters: what is remembered stays small."""
    assert use(1, 0b1, 0xFFFF0000, window=16) == ("new", 0xFFFF0000, 1)


@given(st.integers(1, 60), st.integers(0, 20))
def test_a_window_that_became_smaller_forgets_no_replay(behind: int, window: int) -> None:
    """What was marked under a larger window is still a replay, never accepted again."""
    assert use(100, 1 | 1 << behind, 100 - behind, window=window).fate == "replay"
