"""Scripted rules at the fields of messages: matching against a naive evaluator, echoes gone wrong,
and names that can never be met.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switch import tlv
from switch.model.scripts import FieldTest, Script
from switch.wire.dialect import load_dialect
from switch.wire.scripted import FieldRules
from switch.wire.scripted_check import (
    code_fault,
    condition_fault,
    echo_fault,
    spots,
    text_fault,
)
from switch.wire.scripted_pattern import LONGEST, objection, spells, width
from tests.wire_messages import CODECS, MAPPERS, NOW, SPEAKING, approved, read, sale

DIALECTS = {name: load_dialect(name) for name in SPEAKING}
CHIP = "9F2608AAAAAAAAAAAAAAAA9F100706010A03A0B0005F3401019F1A020840"


def rules(name: str, *tests: FieldTest) -> FieldRules:
    """One rule, "a", of these conditions."""
    return FieldRules(DIALECTS[name], [Script(name="a", fields=tests)])


def message(name: str, **more: str) -> dict[str, str]:
    """A purchase as the codec of the dialect reads it."""
    fields = {**sale(name), **{key.removeprefix("de"): value for key, value in more.items()}}
    return CODECS[name].decode(CODECS[name].encode(fields))


# -- matching against another way of looking

NAMES = (
    "message_type", "2", "4", "11", "22", "41", "42", "55", "60", "3.1", "22.1", "55.9F1A",
    "55.9F10", "stan", "amount", "entry_mode", "terminal_id", "processing_code", "currency",
    "original_stan", "nowhere", "62", "3.9",
)  # fmt: skip
PIECES = ("0", "00", "000000", "012", "05", "840", "0840", "DEMO", "DEMO0001", "000123", "0200",
          "06010A03A0B000", "1", "1200", "01", "51")  # fmt: skip


def values_at(name: str, fields: dict[str, str], head: str) -> list[str]:
    """The values of a name, looked up by hand: no parser of the switch but the TLV one."""
    head, _, part = head.partition(".")
    dialect = DIALECTS[name]
    start, stop = 0, None
    if head == "message_type":
        return [fields["t"]]
    if not head.isdecimal():
        place = dialect.places.get(head)
        if place is None:
            return []
        head, start, stop = place.field, place.start, place.stop or None
    if head not in fields:
        return []
    value = fields[head][start:stop]
    if not part:
        return [value]
    if head == "55":
        return [item.value.hex().upper() for item in tlv.parse(bytes.fromhex(value))
                if item.tag == part]  # fmt: skip
    layout = dialect.layout.fields[int(head)].sub
    offset = 0
    for item in layout.parts if layout is not None else ():
        if item.id == part:
            return [value[offset : offset + item.length]]
        offset += item.length
    return []


def holds(test: FieldTest, value: str) -> bool:
    """Whether one value meets one condition, said otherwise."""
    bare = value.rstrip(" ")
    if test.sort == "one_of":
        return bare in test.values
    if test.sort == "prefix":
        return any(value[: len(start)] == start for start in test.values)
    if test.sort == "regex":
        return re.fullmatch(test.values[0], bare) is not None
    return bare != "" and set(bare) <= set("0123456789") and test.low <= int(bare) <= test.high


CONDITIONS = st.one_of(
    st.builds(
        FieldTest,
        st.sampled_from(NAMES),
        st.sampled_from(["one_of", "prefix"]),
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        FieldTest,
        st.sampled_from(NAMES),
        st.just("regex"),
        st.sampled_from(["[0-9]{6}", "D.*[0-9]", "0+", "..1", "[0-9A-F]+"]).map(lambda p: (p,)),
    ),
    st.builds(
        lambda name, low, more: FieldTest(name, "range", low=low, high=low + more),
        st.sampled_from(NAMES),
        st.integers(0, 1300),
        st.integers(0, 10**9),
    ),
    st.builds(FieldTest, st.sampled_from(NAMES), st.just("present"), low=st.integers(0, 1)),
)


@given(
    name=st.sampled_from(SPEAKING),
    tests=st.lists(CONDITIONS, min_size=1, max_size=3),
    chip=st.booleans(),
    stan=st.sampled_from(["000123", "000000", "999999"]),
)
def test_matching_equals_a_naive_evaluator(
    name: str, tests: list[FieldTest], chip: bool, stan: str
) -> None:
    """In every dialect, over messages as they were decoded: any condition, alone or with others."""
    fields = message(name, de11=stan, **({"de55": CHIP} if chip else {}))
    expected = all(
        bool(values_at(name, fields, test.name)) is bool(test.low)
        if test.sort == "present"
        else any(holds(test, value) for value in values_at(name, fields, test.name))
        for test in tests
    )
    found = rules(name, *tests)
    assert found.names(fields) == (("a",) if expected else ())
    request = read(name, fields)
    marked = found.mark(fields, request)
    assert marked.rules == found.names(fields)
    assert (marked is request) is not expected


def test_no_rule_about_fields_costs_nothing() -> None:
    """Then there is no marker that could be called."""
    assert FieldRules(DIALECTS["hypercom"], [Script(name="a")]).marker is None
    assert rules("hypercom", FieldTest("11", "present", low=1)).marker is not None


def test_an_inside_that_does_not_parse_is_not_there() -> None:
    """A rule never fails for what a terminal sends."""
    fields = {**message("iso87-ascii"), "55": "9F2608AA"}
    assert rules("iso87-ascii", FieldTest("55.9F26", "present", low=0)).names(fields) == ("a",)


# -- echoes that come back wrong


@pytest.mark.parametrize("name", SPEAKING)
@pytest.mark.parametrize("echo", ["stan", "11", "terminal_id", "amount", "processing_code"])
def test_an_altered_echo_can_be_sent_and_is_another(name: str, echo: str) -> None:
    """One character of one field differs; the dialect can still write the answer."""
    fields = message(name)
    answer = MAPPERS[name].answer(fields, read(name, fields), approved(), NOW)
    wrong = rules(name).altered(answer, echo)
    differing = [number for number in answer if answer[number] != wrong[number]]
    number = echo if echo.isdecimal() else DIALECTS[name].places[echo].field
    if number in answer:
        assert differing == [number]
        assert len(wrong[number]) == len(answer[number])
    assert CODECS[name].decode(CODECS[name].encode(wrong)) == wrong


def test_what_is_not_echoed_cannot_be_altered() -> None:
    """The answer stays as it is."""
    fields = {"t": "0210", "11": "000123"}
    assert rules("iso87-ascii").altered(fields, "invoice") == fields


# -- names and values that can never be met

IMPOSSIBLE = [
    (FieldTest("colour", "present"), "iso87-ascii has no such field"),
    (FieldTest("stam", "present"), "is it stan?"),
    (FieldTest("65", "present"), "iso87-ascii has no such field"),
    (FieldTest("11.1", "present"), "has no parts"),
    (FieldTest("3.7", "present"), "has no part 7; there are 1, 2, 3"),
    (FieldTest("11", "one_of", ("12345",)), "always has 6 characters"),
    (FieldTest("11", "one_of", ("1234567",)), "has 6 characters at most"),
    (FieldTest("11", "one_of", ("12A456",)), "holds digits"),
    (FieldTest("stan", "prefix", ("0000000",)), "has 6 characters at most"),
    (FieldTest("41", "one_of", ("DEMO00001",)), "has 8 characters at most"),
    (FieldTest("22.1", "one_of", ("051",)), "has 2 characters at most"),
    (FieldTest("55.9F1A", "one_of", ("08G0",)), "holds pairs of hex digits"),
    (FieldTest("55.9F1A", "one_of", ("0a",)), "hex in capital letters"),
    (FieldTest("original_stan", "one_of", ("1",)), "always has 6 characters"),
    (FieldTest("message_type", "prefix", ("02001",)), "has 4 characters at most"),
    (FieldTest("70", "range", low=1000, high=2000), "can never reach 1000"),
    (FieldTest("97", "range", low=1, high=2), "can never be a number"),
    (FieldTest("48", "regex", ("(",)), "is no regular expression"),
    (FieldTest("48", "regex", ("(a+)+",)), "may take for ever"),
    (FieldTest("11", "regex", ("[0-9]{7}",)), "has 6 characters at most"),
    (FieldTest("11", "regex", ("[0-9]{2}",)), "always has 6 characters"),
    (FieldTest("11", "regex", ("12.A..",)), "holds digits"),
    (FieldTest("2", "prefix", ("4",)), "is not to be seen"),
    (FieldTest("pan", "prefix", ("4",)), "is not to be seen"),
    (FieldTest("track2", "regex", (".*",)), "is not to be seen"),
    (FieldTest("52", "one_of", ("0000000000000000",)), "is not to be seen"),
    (FieldTest("55", "prefix", ("9F",)), "is not to be seen"),
    (FieldTest("55.57", "prefix", ("4",)), "is not to be seen"),
    (FieldTest("96", "prefix", ("4",)), "is not to be seen"),
]  # fmt: skip


@pytest.mark.parametrize(("test", "said"), IMPOSSIBLE)
def test_a_condition_that_can_never_be_met_is_told(test: FieldTest, said: str) -> None:
    """With why."""
    assert said in condition_fault(DIALECTS["iso87-ascii"], test)


POSSIBLE = [
    FieldTest("11", "one_of", ("000123",)),
    FieldTest("stan", "range", low=1, high=100),
    FieldTest("expiry", "one_of", ("4912",)),
    FieldTest("14", "prefix", ("49",)),
    FieldTest("41", "one_of", ("T1",)),
    FieldTest("48", "regex", ("LOYAL[0-9]+.*",)),
    FieldTest("97", "prefix", ("C", "D0")),
    FieldTest("55.9F1A", "one_of", ("0840",)),
    FieldTest("55.9F1A", "prefix", ("084",)),
    FieldTest("52", "present", low=1),
    FieldTest("55.57", "present", low=1),
    FieldTest("track2", "present", low=0),
    FieldTest("message_type", "one_of", ("0201",)),
    FieldTest("54.3", "one_of", ("840",)),
]


@pytest.mark.parametrize("test", POSSIBLE)
def test_a_condition_that_can_be_met_is_taken(test: FieldTest) -> None:
    """Nothing is said."""
    assert condition_fault(DIALECTS["iso87-ascii"], test) == ""


@given(st.sampled_from(SPEAKING), CONDITIONS)
def test_what_is_met_is_never_called_impossible(name: str, test: FieldTest) -> None:
    """Whoever may be seen and was met by a message can be met."""
    fields = message(name, de55=CHIP)
    fault = condition_fault(DIALECTS[name], test)
    if test.sort != "present" and rules(name, test).names(fields) and len(test.values) < 2:
        assert fault == "" or "not to be seen" in fault


def test_a_refusal_shows_no_card_number() -> None:
    """A number that was written where it does not belong is covered (SR-PAN-01)."""
    test = FieldTest("11", "one_of", ("4761739001010010",))
    fault = condition_fault(DIALECTS["iso87-ascii"], test)
    assert "4761739001010010" not in fault
    assert "476173******0010" in fault


# -- texts, echoes and codes of answers


@pytest.mark.parametrize(
    ("name", "literal", "said"),
    [
        ("44", "HELLO ", ""),
        ("response_text", "x" * 26, "has room for 25 characters, the text has 26"),
        ("63", "anything", ""),
        ("15", "1A", "takes digits alone"),
        ("39", "00", "is set by then.outcome"),
        ("response_code", "", "is set by then.outcome"),
        ("64", "", "is set by no rule"),
        ("2", "4", "holds what no rule sets"),
        ("3.1", "00", "is a part"),
        ("message_type", "", "is set by no rule"),
        ("colour", "", "has no such field"),
    ],
)
def test_texts_of_answers(name: str, literal: str, said: str) -> None:
    """Where they cannot be put, and why."""
    fault = text_fault(DIALECTS["iso87-ascii"], name, literal)
    assert (said in fault) if said else fault == ""


def test_echoes_and_codes() -> None:
    """What is echoed can come back wrong; no decline bears an approval's code."""
    ascii87, ascii93 = DIALECTS["iso87-ascii"], DIALECTS["iso93-ascii"]
    assert echo_fault(ascii87, "stan") == ""
    assert echo_fault(ascii87, "35") == "is echoed in no answer"
    assert "no such field" in echo_fault(ascii87, "colour")
    assert code_fault(ascii87, "Z3") == ""
    assert code_fault(ascii93, "199") == ""
    assert "has 2" in code_fault(ascii87, "199")
    assert "has 3 digits" in code_fault(ascii93, "Z3X")
    assert "is an approval" in code_fault(ascii87, "00")
    assert "is an approval" in code_fault(ascii87, "10")
    assert "is an approval" in code_fault(ascii93, "042")


def test_two_names_of_one_place() -> None:
    """A meaning and a number are the same where they lie in the same places."""
    dialect = DIALECTS["iso87-ascii"]
    assert spots(dialect, "stan") == spots(dialect, "11")
    assert spots(dialect, "22.1") != spots(dialect, "22")
    assert not spots(dialect, "colour")


# -- patterns


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(aa|b){9}", "repeats alternatives"),
        ("[a[b]", "within a set"),
        ("[a--b]", "within a set"),
        ("a*b*c*d*", "more than 3 repetitions"),
        ("(?=a)b", "what rules do not know"),
        (r"(a)\1", "what rules do not know"),
        ("x" * (LONGEST + 1), "is longer"),
        ("ä", "printable ASCII"),
        ("[", "is no regular expression"),
        ("((a+)b){2}", "repeats a repetition"),
        ("((aa|b){4}){8}", "repeats alternatives"),
        ("((aa|a)(aa|a)(aa|a)(aa|a)){8}b", "too many alternatives"),
        ("(aa|a)" * 24, "too many alternatives"),
        ("(foo|bar)(.*)(one|two|three).*", ""),
        ("(([0-9]{2}){3}|[A-F])?x+", ""),
        ("(foo|bar){3}", ""),
    ],
)
def test_patterns_that_are_not_taken(pattern: str, said: str) -> None:
    """Those that could run away, and those that do more than look at a value."""
    assert (said in objection(pattern)) if said else objection(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "possible"),
    [
        ("[A-Z]+", False),
        ("[A-Z]*4", True),
        ("(AB|4)2", True),
        ("(?i:a)4", False),
        (r"\d{6}", True),
        (r"\D", False),
        ("[^0-9]", False),
        ("[^0]4", True),
        (".X?", True),
    ],
)
def test_a_pattern_of_letters_never_fits_digits(pattern: str, possible: bool) -> None:
    """Each piece that must be there needs a character of the field's own."""
    assert spells(pattern, frozenset("0123456789")) is possible


def test_a_rule_that_waits_for_letters_in_a_number_is_refused() -> None:
    """It could never be met, whatever the length."""
    waits = FieldTest("stan", "regex", values=("[A-Z]+",))
    assert "it holds digits" in condition_fault(DIALECTS["iso87-ascii"], waits)
    assert not condition_fault(
        DIALECTS["iso87-ascii"], FieldTest("stan", "regex", values=("0+.*",))
    )


@given(st.text("ab|()*+?{}[]28,.", max_size=14))
@example("((aa|a)(aa|a)){8}b")
@example("((aa|a)(aa|a)(aa|a)){7}b")
@example(".*(aa|a).*b")
def test_a_pattern_that_is_taken_is_quick(pattern: str) -> None:
    """No pattern that is taken runs away on the longest value; its width is right, and what
    it matches it is said to spell."""
    if objection(pattern):
        return
    compiled = re.compile(pattern)
    for value in ("a" * 256, "ab" * 128, "a" * 255 + "c", "", "ab"):
        found = compiled.fullmatch(value)
        if found is not None:
            low, high = width(pattern)
            assert low <= len(value) <= high
            assert spells(pattern, frozenset(value))
