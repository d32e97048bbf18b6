"""A vector in which one nibble was changed does not pass: over all files, all positive cases, all
fields and all their characters (issue 4, "must show" 1).

Where a change cannot be felt (DES ignores parity, a PIN block does not hold the whole card number)
``what_counts`` says so, and then the case must still pass: the list is exact in both directions.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.calc.vectors import TOPICS, _operations, _run
from tests.calc.what_counts import is_annotation, part_that_counts
from tests.keys.vector_files import VECTORS

HEX: Final = "0123456789ABCDEF"
# These take a second or more each; what they compare is tested by itself.
SLOW: Final = ("sm4_iterated", "ksn_count")
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="no vectors: set ISOSWITCH_VECTORS")
Place = tuple[str, dict[str, Any], tuple[Any, ...], str]


def texts(fields: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every text of a case that is no annotation, and the way to it."""
    for key, value in fields.items() if isinstance(fields, dict) else enumerate(fields):
        if not path and is_annotation(str(key)):
            continue
        if isinstance(value, dict | list):
            yield from texts(value, (*path, key))
        elif isinstance(value, str) and set(value) & set(HEX):
            yield (*path, key), value


@cache
def places() -> list[Place]:
    """Topic, case, way to a text, and the text: all that can be changed in all files."""
    found = []
    for topic in TOPICS:
        for case in json.loads((VECTORS / f"{topic}.json").read_text("utf-8"))["cases"]:
            if not case.get("negative") and case["op"] not in SLOW:
                found += [(topic, case, path, text) for path, text in texts(case)]
    return found


def passes(topic: str, case: dict[str, Any]) -> bool:
    """Whether the case passes."""
    return not _run(_operations(topic)[case["op"]], case)


def changed(case: dict[str, Any], path: tuple[Any, ...], value: str) -> dict[str, Any]:
    """The case with another text at that place."""
    broken = copy.deepcopy(case)
    holder: Any = broken
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return broken


@settings(max_examples=400)
@given(st.data())
def test_a_changed_nibble_fails_unless_it_cannot_be_felt(draw: st.DataObject) -> None:
    """One character of one field, for another digit of the same kind."""
    topic, case, path, text = draw.draw(st.sampled_from(places()))
    at = draw.draw(st.sampled_from([i for i, char in enumerate(text) if char in HEX]))
    digits = "0123456789" if text.isdigit() else HEX
    other = draw.draw(st.sampled_from([digit for digit in digits if digit != text[at]]))
    value = text[:at] + other + text[at + 1 :]
    field = next(str(key) for key in reversed(path) if isinstance(key, str))
    felt = part_that_counts(topic, case, field, text) != part_that_counts(topic, case, field, value)
    assert passes(topic, case)
    assert passes(topic, changed(case, path, value)) != felt, (case["id"], path, at)


# Fields that are results wherever they appear.
OUTPUTS: Final = frozenset(
    """adjusted altered_pan arpc arqc block_a block_b card_key ciphertext cmac_request cmac_response
    cvc3 cvv data_request_enc data_response_enc dcvv decimalized derivation_data derivation_key
    destination_block digest enciphered encrypted_tsp encrypted_validation_data encryption_key
    first_encryption header icc_mk icc_mk_kcv ik kcv mac mac_ascii mac_full mac_key mac_published
    mac_request mac_response natural_pin next_ksn offset padded padding pan_field pin_block
    pin_block_clear pin_block_enc pin_field pin_key pvv registers second_encryption session_key
    session_key_kcv tsp txn_key update_key xor_result""".split()
)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_expected_output_counts(topic: str) -> None:
    """Each result of each positive case, its last digit two higher (which is no parity bit)."""
    seen = 0
    for case_topic, case, path, text in places():
        if case_topic != topic or not OUTPUTS & set(path):
            continue
        base = 10 if text.isdigit() else 16
        last = HEX[(int(text[-1], 16) + 2) % base]
        assert not passes(topic, changed(case, path, text[:-1] + last)), (case["id"], path)
        seen += 1
    assert seen


# What a case may lack: it is a shorter case then.
DROPPABLE: Final = {
    ("cryptogram", "arpc_2"),
    ("cryptogram", "arpc_3"),
    ("cryptogram", "atc"),  # where no session key is derived
    ("cryptogram", "icc_mk_without_parity"),
    ("cryptogram", "mk_option"),  # A unless said
    ("cryptogram", "scheme"),
    ("cryptogram", "tags"),
    ("cvc3", "cvc3_published"),
    *((op, "mac_published") for op in ("iso9797", "cmac", "hmac", "sm4_iso9797", "sm4_cmac")),
}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_field_that_is_missing_or_unknown_fails(topic: str) -> None:
    """No field of a positive case can go, and none can come, without being noticed."""
    cases = {case["id"]: case for case_topic, case, _, _ in places() if case_topic == topic}
    assert cases
    for name, case in cases.items():
        assert not passes(topic, {**case, "surprise": "00"}), name
        for field in case:
            rest = {key: value for key, value in case.items() if key != field}
            if not is_annotation(field) and passes(topic, rest):
                assert (case["op"], field) in DROPPABLE, (name, field)
