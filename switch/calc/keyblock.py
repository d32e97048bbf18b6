"""``isoswitch calc keyblock``: key blocks of X9.143 (TR-31), versions A to D."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from switch.calc.calculator import (
    Calculator,
    Given,
    Input,
    Outcome,
    Value,
    chosen,
    optional,
    secret,
)
from switch.calc.inputs import InputRefused
from switch.keys.check_value import KeyKind, check_value
from switch.keys.key_block import padding_length, protection_keys, unwrap, wrap
from switch.keys.key_block_header import (
    LENGTH,
    VERSIONS,
    Header,
    OptionalBlock,
    padded,
    parse_header,
)
from switch.keys.steps import Steps

_KBPK: Final = secret("kbpk", "The key block protection key, hex.")
_BLOCK: Final = Input("block", "The key block, text.")
_KINDS: Final[dict[str, KeyKind]] = {"T": "TDES", "D": "TDES", "A": "AES", "H": "HMAC"}
_EXAMPLE: Final = (
    "--kbpk DD7515F2BFC17F85CE48F3CA25CB21F6 --block "
    "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E"
)


def _told(header: Header) -> dict[str, Value]:
    optional_blocks: dict[str, Value] = {
        f"optional block {block.id}": block.data for block in header.optional
    }
    return {
        "version": header.version,
        "key usage": header.usage,
        "algorithm": header.algorithm,
        "mode of use": header.mode,
        "key version": header.key_version,
        "exportability": header.exportability,
        **optional_blocks,
    }


def _block(given: Given) -> str:
    return "".join(given.text("block").split())


def _parse(given: Given, _steps: Steps) -> Outcome:
    block = _block(given)
    header = parse_header(block)
    length = "right" if block[1:5] == f"{len(block):04d}" else f"wrong: it has {len(block)}"
    return Outcome({**_told(header), "length": f"{block[1:5]}, {length}"})


def _unwrap(given: Given, steps: Steps) -> Outcome:
    header, key, padding = unwrap(given.key("kbpk"), _block(given), steps)
    values: dict[str, Value] = {**_told(header), "key": key, "padding": padding}
    kind = _KINDS.get(header.algorithm)
    if kind is not None:
        values["check value"] = check_value(kind, key)
    return Outcome(values)


def _wrap(given: Given, steps: Steps) -> Outcome:
    """A header as it is written; length and number of blocks are put right, PB is put in."""
    header, key = _header(given), given.key("key")
    if given.has("padding"):
        padding = given.hex("padding")
    else:
        padding = secrets.token_bytes(padding_length(header, len(key)))
    return Outcome({"key block": wrap(given.key("kbpk"), header, key, padding, steps)})


def _header(given: Given) -> Header:
    text = given.text("header").strip()
    if not given.has("blocks"):
        return padded(parse_header(text))
    if len(text) != LENGTH:
        reason = f"{len(text)} characters: {LENGTH} are right where --blocks says the rest"
        raise InputRefused("--header", reason)
    plain = parse_header(f"{text[:12]}00{text[14:]}")
    return padded(replace(plain, optional=tuple(_blocks(given.text("blocks")))))


def _blocks(text: str) -> Iterator[OptionalBlock]:
    for part in text.split(","):
        name, equals, data = part.strip().partition("=")
        if not equals or len(name) != 2:
            raise InputRefused("--blocks", "ID=DATA is right, with commas between several")
        yield OptionalBlock(name, data)


def _keys(given: Given, steps: Steps) -> Outcome:
    version = given.choice("version", tuple(VERSIONS))
    keys = protection_keys(version, given.key("kbpk"), steps)
    return Outcome({"encryption key": keys.encryption, "MAC key": keys.mac})


CALCULATORS: Final = (
    Calculator(
        "parse",
        "What a header says.",
        (_BLOCK,),
        _parse,
        "--block B0040P0TE00N0200KS1200604B120F9292PB0600",
    ),
    Calculator("unwrap", "Take a key out of its block.", (_KBPK, _BLOCK), _unwrap, _EXAMPLE),
    Calculator(
        "wrap",
        "Put a key into a block.",
        (
            _KBPK,
            Input("header", "16 characters, or all of it; the length digits are put right."),
            optional("blocks", "Optional blocks, ID=DATA, with commas between them."),
            secret("key", "The key, hex."),
            optional("padding", "What follows the key, hex [random]."),
        ),
        _wrap,
        "--kbpk DD7515F2BFC17F85CE48F3CA25CB21F6 --header B0000P0TE00E0000 "
        "--key 3F419E1CB7079442AA37474C2EFBF8B8",
    ),
    Calculator(
        "keys",
        "The two keys that a protection key stands for.",
        (chosen("version", "Of the block.", tuple(VERSIONS)), _KBPK),
        _keys,
        "--version B --kbpk DD7515F2BFC17F85CE48F3CA25CB21F6",
    ),
)
