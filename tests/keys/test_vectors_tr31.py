"""Every case of the vector file of key blocks: opened and made again, or refused."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pytest

from switch.keys.check_value import KeyKind, check_value
from switch.keys.key_block import protection_keys, unwrap, wrap
from switch.keys.key_block_header import Header, parse_header
from switch.keys.port import KeyRefused
from tests.keys.vector_files import cases

FIELDS: Final = {
    "version": "version",
    "usage": "key_usage",
    "algorithm": "algorithm",
    "mode": "mode_of_use",
    "key_version": "key_version",
    "exportability": "exportability",
    "reserved": "reserved",
}
KINDS: Final[dict[str, KeyKind]] = {"T": "TDES", "A": "AES"}


def compare(header: Header, case: dict[str, Any]) -> None:
    """All fields of the header, and its text."""
    for name, field in FIELDS.items():
        assert getattr(header, name) == case[field]
    assert [{"id": block.id, "data": block.data} for block in header.optional] == case[
        "optional_blocks"
    ]
    assert len(header.optional) == case["optional_block_count"]
    assert header.text(case["length"]) == case["header"]


@pytest.mark.parametrize("case", cases("tr31"))
def test_case(case: dict[str, Any]) -> None:
    """Right ones both ways, wrong ones refused."""
    kbpk = bytes.fromhex(case.get("kbpk", ""))
    if case.get("negative"):
        attempt = parse_header if case["op"] == "parse_header" else partial(unwrap, kbpk)
        with pytest.raises(KeyRefused):
            attempt(case["key_block"])
    elif case["op"] == "kbpk_keys":
        keys = protection_keys(case["version"], kbpk)
        assert keys.encryption.hex().upper() == case["encryption_key"]
        assert keys.mac.hex().upper() == case["mac_key"]
    elif case["op"] == "parse_header":
        compare(parse_header(case["key_block"]), case)
    else:
        opened = unwrap(kbpk, case["key_block"])
        compare(opened.header, case)
        assert opened.key.hex().upper() == case["key"]
        assert opened.padding.hex().upper() == case["padding"]
        assert wrap(kbpk, opened.header, opened.key, opened.padding) == case["key_block"]
        if kind := KINDS.get(case["algorithm"]):
            size = len(case["kcv"]) // 2
            made = check_value(kind, opened.key, case["kcv_method"], size)
            assert made.hex().upper() == case["kcv"]
