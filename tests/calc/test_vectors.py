"""switch.calc.vectors: what has passed and what has failed. Values are of mac.json and kcv.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.calc import vectors
from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import TOPICS, Failure, Report, check_files, topic_of
from tests.keys.vector_files import VECTORS

KEY = "0123456789ABCDEFFEDCBA9876543210"
GOOD: dict[str, Any] = {
    "id": "kcv-d001",
    "op": "kcv",
    "cipher": "TDES",
    "method": "ecb_zero",
    "key": KEY,
    "length": 3,
    "kcv": "08D7B4",
    "verified": True,
    "source": "a public example",
}
REFUSED: dict[str, Any] = {
    "id": "kcv-d024",
    "op": "kcv_verify",
    "negative": True,
    "error": "kcv_mismatch",
    "cipher": "TDES",
    "method": "ecb_zero",
    "key": KEY,
    "length": 3,
    "kcv": "08D7B0",
}


def check(folder: Path, *cases: Any, name: str = "kcv.vectors.json") -> Report:
    """The report on a file with these cases."""
    file = folder / name
    file.write_text(json.dumps({"about": "x", "source": "y", "cases": list(cases)}))
    return check_files([file])


def reason(folder: Path, case: Any, name: str = "kcv.vectors.json") -> str:
    """Why the one case of a file failed."""
    report = check(folder, case, name=name)
    assert report.passed == 0
    assert len(report.failures) == 1
    return report.failures[0].reason


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no vectors: set ISOSWITCH_VECTORS")
def test_all_published_cases_pass() -> None:
    """Issue 4, "must show" 1: every case of every topic, 557 of them."""
    report = check_files([VECTORS / f"{topic}.json" for topic in TOPICS])
    assert not report.failures
    assert str(report) == "557 passed, 0 failed"


def test_good_cases_pass_and_negative_ones_when_they_are_refused(tmp_path: Path) -> None:
    """One of each."""
    assert check(tmp_path, GOOD, REFUSED) == Report(2, [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kcv": "08D7B5"}, "kcv comes out otherwise, from character 6 on"),
        ({"kcv": "08d7b4"}, "kcv comes out otherwise, from character 3 on"),
        ({"kcv": "08D7B4FB"}, "kcv comes out otherwise, from character 7 on"),
        ({"kcv": 8}, "kcv comes out otherwise"),
        ({"length": 4}, "kcv comes out otherwise"),
        ({"length": "3"}, "length is no whole number"),
        ({"length": True}, "length is no whole number"),
        ({"key": KEY[:-1]}, "key: 31 hex digits"),
        ({"key": f"{KEY[:-1]}G"}, "key: character 32 is no hex digit"),
        ({"key": KEY[:-4]}, "refused: the TDES key has 14 bytes"),
        ({"key": 5}, "key is no text"),
        ({"cipher": "DES"}, "cipher is none of TDES"),
        ({"method": "guess"}, "refused: a TDES key has no check value of that method"),
        ({"negative": "no"}, "negative is true or false"),
        ({"extra": ""}, "this operation knows no field 'extra'"),
        ({"op": "kcv2"}, "unknown operation: kcv has kcv, kcv_verify, odd_parity"),
        ({"op": 3}, "unknown operation"),
        ({"op": None}, "unknown operation"),
        ({"id": ""}, "a case is an object with an id and an op"),
        ({"id": 7}, "a case is an object with an id and an op"),
    ],
)
def test_a_case_that_is_not_as_it_says_fails(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """With a reason that names the field and never repeats it."""
    found = reason(tmp_path, {**GOOD, **changes})
    assert found.startswith(said)
    assert KEY[:8] not in found


@pytest.mark.parametrize("field", ["kcv", "key", "cipher", "method", "length"])
def test_a_missing_field_fails(field: str, tmp_path: Path) -> None:
    """An expected output that is not there does not pass silently."""
    case = {name: value for name, value in GOOD.items() if name != field}
    assert reason(tmp_path, case) == f"{field} is missing"


@pytest.mark.parametrize(
    "changes",
    [
        {"kcv": "08D7B4"},  # it fits: nothing refuses it
        {"key": "zz"},  # garbled is not refused by the key room
        {"cipher": "DES"},
        {"length": 4},
        {"op": "kcv"},  # comes out, otherwise
    ],
)
def test_a_negative_case_passes_only_if_the_key_room_refuses_it(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    """A case that cannot be read was not refused."""
    assert reason(tmp_path, {**REFUSED, **changes}).startswith("it was not refused")


def test_a_negative_case_without_its_inputs_was_not_refused(tmp_path: Path) -> None:
    """A missing field is no refusal."""
    case = {name: value for name, value in REFUSED.items() if name != "key"}
    assert reason(tmp_path, case) == "it was not refused (key is missing)"


def test_a_verification_must_succeed_in_a_positive_case(tmp_path: Path) -> None:
    """The operation of negative cases, without the word."""
    case = {**REFUSED, "negative": False}
    assert reason(tmp_path, case) == "kcv does not verify"
    assert check(tmp_path, {**case, "kcv": "08D7B4"}).passed == 1


def test_cases_are_objects_with_ids_of_their_own(tmp_path: Path) -> None:
    """Whatever else stands in the list has failed; so has a second case of one id."""
    report = check(tmp_path, GOOD, GOOD, "kcv", None, 7, [], {}, {**GOOD, "id": "other"})
    assert report.passed == 2
    assert [failure.case for failure in report.failures] == [
        "kcv-d001", "case 3", "case 4", "case 5", "case 6", "case 7",
    ]  # fmt: skip
    assert report.failures[0].reason == "there is another case of that id before it"


@pytest.mark.parametrize("name", ["kvc", "KCV", "kcvs", "smart", ""])
def test_an_unknown_topic_fails_case_by_case(name: str, tmp_path: Path) -> None:
    """The topic is the file's name."""
    report = check(tmp_path, GOOD, REFUSED, name=f"{name}.vectors.json")
    assert report.passed == 0
    assert {failure.reason.partition(":")[0] for failure in report.failures} == {"unknown topic"}
    assert len(report.failures) == 2


def test_a_word_may_stand_beside_the_topic(tmp_path: Path) -> None:
    """Copies and changed files have names of their own."""
    for name in ("kcv-changed", "my_kcv", "kcv.2"):
        assert check(tmp_path, GOOD, name=f"{name}.vectors.json").passed == 1
    assert topic_of("dukpt_aes_old") == "dukpt_aes"
    assert topic_of("tr31-and-emv") in ("tr31", "emv")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"cases": [], "cases": []}', "names a field twice"),
        (b'{"cases": [{"id": "a", "op": "kcv", "key": "00", "key": "01"}]}', "a field twice"),
        (b"[]", "no cases"),
        (b"{}", "no cases"),
        (b'{"cases": []}', "no cases"),
        (b'{"cases": {}}', "no cases"),
    ],
)
def test_a_garbled_file_is_one_failure(content: bytes, said: str, tmp_path: Path) -> None:
    """No crash, and no file that passes because it holds nothing."""
    file = tmp_path / "kcv.json"
    file.write_bytes(content)
    report = check_files([file])
    assert report.passed == 0
    assert len(report.failures) == 1
    assert said in report.failures[0].reason
    assert report.failures[0].case == ""


def test_a_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    """So is a folder; the files beside it are read."""
    (tmp_path / "sm.json").mkdir()
    good = tmp_path / "kcv.vectors.json"
    good.write_text(json.dumps({"cases": [GOOD]}))
    report = check_files([tmp_path / "mac.json", tmp_path / "sm.json", good])
    assert report.passed == 1
    assert [failure.file for failure in report.failures] == ["mac.json", "sm.json"]
    assert "No such file" in report.failures[0].reason


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first."""
    monkeypatch.setattr(vectors, "_LARGEST", 10)
    assert reason(tmp_path, GOOD) == "the file is too large for a vector file"


def test_a_failure_is_one_line() -> None:
    """File, case, operation, reason."""
    assert str(Failure("mac.json", "mac-d001", "hmac", "mac is missing")) == (
        "FAILED mac.json mac-d001 hmac: mac is missing"
    )
    assert str(Failure("mac.json", "", "", "no cases")) == "FAILED mac.json: no cases"


def test_a_case_in_which_nothing_is_compared_has_not_passed() -> None:
    """The last line of defence, whatever an operation does."""
    case = Case({"id": "x", "op": "y", "key": "00"})
    assert case.hex("key") == b"\0"
    with pytest.raises(CaseFailed, match="nothing was compared"):
        case.close()
    case.expect("key", b"\0")
    case.close()


@pytest.mark.parametrize("name", ["expect_start", "expect_end"])
def test_a_published_part_that_is_empty_says_nothing(name: str) -> None:
    """It would fit everything."""
    with pytest.raises(CaseFailed, match="is empty"):
        getattr(Case({"part": ""}), name)("part", "0123")
    getattr(Case({}), name)("part", "0123")
    with pytest.raises(CaseFailed, match="comes out otherwise"):
        getattr(Case({"part": "12"}), name)("part", "0123")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text("0123456789ABCDEF-", max_size=34),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(st.sampled_from(TOPICS), st.data())
def test_whatever_a_case_holds_it_fails_with_a_reason(topic: str, draw: st.DataObject) -> None:
    """Known operations with fields of any kind: no exception, no case that passes by chance."""
    operations = vectors._operations(topic)
    name = draw.draw(st.sampled_from(sorted(operations)))
    names = st.sampled_from(
        ("bdk", "key", "ksn", "pan", "pin", "data", "mac", "kcv", "padding", "format", "cipher")
    )
    fields = draw.draw(st.dictionaries(names, json_values, max_size=8))
    assert vectors._run(operations[name], {"id": "x", "op": name, **fields})
