"""Conditions on values: what meets them, what follows from them, what they exclude."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switch.model.script_tests import amount_follows, excludes, follows, predicate
from switch.model.scripts import AmountTest, FieldTest

WORDS = st.text("01 A", max_size=3)
TESTS = st.one_of(
    st.builds(
        FieldTest,
        st.just("x"),
        st.just("one_of"),
        st.lists(WORDS.map(str.rstrip), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        FieldTest,
        st.just("x"),
        st.just("prefix"),
        st.lists(WORDS, min_size=1, max_size=2).map(tuple),
    ),
    st.builds(
        lambda low, more: FieldTest("x", "range", low=low, high=low + more),
        st.integers(0, 12),
        st.integers(0, 12),
    ),
    st.builds(
        FieldTest,
        st.just("x"),
        st.just("regex"),
        st.sampled_from(["0+1", "[01]{2}", "A?", ".*"]).map(lambda pattern: (pattern,)),
    ),
    st.builds(FieldTest, st.just("x"), st.just("present"), low=st.integers(0, 1)),
)
VALUES = st.none() | st.text("01 A", max_size=4)
AMOUNTS = st.one_of(
    st.builds(AmountTest, st.lists(st.integers(0, 9), min_size=1, max_size=3).map(tuple)),
    st.builds(
        lambda low, more: AmountTest(low=low, high=low + more),
        st.integers(0, 9),
        st.integers(0, 5),
    ),
)


@given(TESTS, TESTS, st.lists(VALUES, max_size=20))
def test_what_follows_is_met_by_all_that_met_it(
    one: FieldTest, other: FieldTest, values: list[str | None]
) -> None:
    """No value meets a condition and not one that is said to follow from it."""
    meets, meets_other = predicate(one), predicate(other)
    if follows(one, other):
        assert all(meets(value) for value in values if meets_other(value))


@given(TESTS, TESTS, st.lists(VALUES, max_size=20))
def test_what_is_excluded_is_met_by_none(
    one: FieldTest, other: FieldTest, values: list[str | None]
) -> None:
    """No value meets two conditions that are said to exclude each other."""
    meets, meets_other = predicate(one), predicate(other)
    assert excludes(one, other) == excludes(other, one)
    if excludes(one, other):
        assert not any(meets(value) and meets_other(value) for value in values)


@given(TESTS)
def test_each_follows_from_itself_and_none_excludes_itself(test: FieldTest) -> None:
    """The least that an algebra owes; what nothing can meet may exclude itself."""
    assert follows(test, test)
    assert not excludes(test, test)


@given(AMOUNTS, AMOUNTS)
def test_amounts_follow_where_each_one_does(one: AmountTest, other: AmountTest) -> None:
    """But for a range that a list names in full, which is not looked into."""

    def all_of(test: AmountTest) -> set[int]:
        return set(test.values) or set(range(test.low, test.high + 1))

    if amount_follows(one, other):
        assert all_of(other) <= all_of(one)
    elif not one.values or other.values:
        assert not all_of(other) <= all_of(one)


def test_values_are_met_as_they_are_written() -> None:
    """Spaces at the end do not count; a regular expression is for the whole value; a range is of
    numbers.
    """
    assert predicate(FieldTest("x", "one_of", ("A1",)))("A1  ")
    assert not predicate(FieldTest("x", "one_of", ("A1",)))(None)
    assert predicate(FieldTest("x", "prefix", ("A", "B")))("Bcd")
    assert not predicate(FieldTest("x", "prefix", ("A", "B")))("cB")
    assert predicate(FieldTest("x", "regex", ("[A-Z]{2}",)))("AB ")
    assert not predicate(FieldTest("x", "regex", ("[A-Z]{2}",)))("ABC")
    assert not predicate(FieldTest("x", "regex", ("A*",)))("A" * 257)
    assert predicate(FieldTest("x", "range", low=9, high=11))("000010")
    assert not predicate(FieldTest("x", "range", low=9, high=11))("1O")
    assert predicate(FieldTest("x", "present"))(None)
    assert not predicate(FieldTest("x", "present"))("")
