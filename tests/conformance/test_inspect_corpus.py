"""``isoswitch inspect`` on messages of others: the stated fields of good ones, the stated fault of
broken ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from switch_tools.inspect import inspect

# Faults inside a field that only a description of its inside can see, and rules about which fields
# a message must have: a bare spec knows of neither.
BEYOND_A_SPEC = {
    "pds-overrun",
    "nested-bitmap-short",
    "moov-missing-field",
    "moov-unexpected-field",
}
Inspect = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def inspected(tmp_path: Path) -> Inspect:
    """Exit code and JSON of the command for a message in the case's spec."""

    def run(message: bytes, case: Any, *options: str) -> tuple[int, dict[str, Any]]:
        spec = tmp_path / "spec.json"
        spec.write_text(json.dumps(case.spec), "utf-8")
        arguments = [message.hex(), "--spec", str(spec), "--json", *options]
        result = CliRunner().invoke(inspect, arguments)
        return result.exit_code, json.loads(result.output)

    return run


def framing_of(case: Any) -> str:
    """The framing of a case as the command takes it."""
    if "framing" not in case.facts:
        return "none"
    kinds = {("b", 2): "binary-2", ("b", 4): "binary-4"}
    words = []
    for part in case.facts["framing"]:
        if part["name"] == "length":
            words.append(kinds[part["enc"], part["bytes"]])
            words += ["inclusive"] * (part["counts"] == "rest+self")
        elif part["name"] == "tpdu":
            words.append("tpdu-swap")
        else:
            words.append(f"header={part['bytes']}")
    return ",".join(words if case.facts["framing"][0]["name"] == "length" else ["none", *words])


def test_good_messages_have_the_stated_fields(good_case: Any, inspected: Inspect) -> None:
    """Ids and values are pyiso8583's, places count from the first byte given, framing included."""
    code, told = inspected(
        good_case.whole, good_case, "--reveal", "--framing", framing_of(good_case)
    )
    assert (code, told["error"]) == (0, None)
    facts, fields = good_case.facts, told["fields"]
    values = {key: field["value"] for key, field in fields.items() if key not in ("p", "1")}
    assert values == {**facts["fields"], **facts.get("pyiso8583_view", {})}
    assert told["mti"] == values["t"]
    for key, field in fields.items():
        if key != "1":
            place = slice(field["offset"], field["offset"] + field["length"])
            assert good_case.whole[place].hex().upper() == field["hex"]
    bitmap = fields["p"]["value"] + fields.get("1", {"value": ""})["value"]
    # The corpus sets bit 1 where both bitmaps are there, whatever the wire has.
    first = 1 << (4 * len(bitmap) - 1)
    assert int(bitmap, 16) | first == int(facts["bitmap"][: len(bitmap)], 16) | first


def test_nothing_sensitive_is_shown_unasked(good_case: Any, inspected: Inspect) -> None:
    """SR-PAN-01, SR-SAD-01: no card number, track or PIN block, neither as value nor as bytes."""
    _, told = inspected(good_case.body, good_case)
    shown = json.dumps(told["fields"])
    for key in ("2", "35", "36", "45", "52"):
        secret = good_case.facts["fields"].get(key, "")
        # A value of one repeated character, such as a wiped or a zero PIN block, is found anywhere.
        if len(secret) > 12 and len(set(secret)) > 2 and secret.isalnum():
            assert secret not in shown
            assert secret.encode().hex().upper() not in shown


def test_broken_messages_are_refused_at_the_stated_place(
    broken_case: Any, inspected: Inspect
) -> None:
    """Field and offset of the element at fault; doubtful ones get a warning there."""
    facts = broken_case.facts
    if facts["id"] in BEYOND_A_SPEC:
        pytest.skip(f"{facts['id']} needs more than a spec can say")
    error = facts["error"]
    if "framing" in facts:
        code, told = inspected(broken_case.whole, broken_case, "--framing", framing_of(broken_case))
        expected = error["offset"]
    else:
        code, told = inspected(broken_case.body, broken_case)
        expected = error["offset"] - broken_case.offset
    found = told["error"]
    if facts["expect"] == "warn" and found is None:
        assert code == 0
        found = told["warnings"][0]
    else:
        assert code == 1
    assert (found["field"], found["offset"]) == (error["field"], expected)
    assert found["reason"]
