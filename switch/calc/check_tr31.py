"""The operations of key-block vectors (X9.143, TR-31): unwrap, wrap again, headers, derivation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.check_value import KeyKind, check_value
from switch.keys.key_block import protection_keys, unwrap, wrap
from switch.keys.key_block_header import Header, parse_header

# What a key block says of its key's algorithm, as a kind of check value.
_KINDS: Final[dict[str, KeyKind]] = {"T": "TDES", "D": "TDES", "A": "AES", "H": "HMAC"}


def _unwrap(case: Case) -> None:
    """The key and all of the header; the same header, key and padding give the block again."""
    kbpk, block = case.hex("kbpk"), case.text("key_block")
    header, key, padding = unwrap(kbpk, block)
    case.expect("key", key)
    case.expect("padding", padding)
    _header(case, header)
    case.verify(wrap(kbpk, header, key, padding) == block, "key_block")
    again = wrap(kbpk, parse_header(case.text("header")), case.hex("key"), case.hex("padding"))
    case.verify(again == block, "key_block")
    if case.has("kcv_method"):
        kind = _KINDS.get(header.algorithm)
        if kind is None:
            raise CaseFailed("a key of this algorithm has no check value")
        given = case.hex("kcv")
        case.expect("kcv", check_value(kind, key, case.text("kcv_method"), len(given)))


def _kbpk_keys(case: Case) -> None:
    keys = protection_keys(case.text("version"), case.hex("kbpk"))
    case.expect("encryption_key", keys.encryption)
    case.expect("mac_key", keys.mac)


def _parse_header(case: Case) -> None:
    block = case.text("key_block")
    header = parse_header(block)
    _header(case, header)
    case.verify(block.startswith(header.text(len(block))), "key_block")


def _header(case: Case, header: Header) -> None:
    """Each part of the header, and the text that the parts make."""
    length = len(case.text("key_block"))
    case.expect("version", header.version)
    case.expect("length", length)
    case.expect("key_usage", header.usage)
    case.expect("algorithm", header.algorithm)
    case.expect("mode_of_use", header.mode)
    case.expect("key_version", header.key_version)
    case.expect("exportability", header.exportability)
    case.expect("reserved", header.reserved)
    case.expect("optional_block_count", len(header.optional))
    case.expect("optional_blocks", _optional(header))
    case.expect("header", header.text(length))


def _optional(header: Header) -> list[Any]:
    return [{"id": block.id, "data": block.data} for block in header.optional]


OPERATIONS: Final[Mapping[str, Operation]] = {
    "unwrap": _unwrap,
    "kbpk_keys": _kbpk_keys,
    "parse_header": _parse_header,
}
