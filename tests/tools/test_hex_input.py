"""Hex in any dress, hex dumps, text and binary files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch_tools.hex_input import InputError, from_argument, from_bytes, from_hex

DATA = bytes(range(0x30, 0x58))


def canonical_dump(data: bytes) -> str:
    """As ``hexdump -C`` writes it."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        left, right = (" ".join(f"{b:02x}" for b in half) for half in (row[:8], row[8:]))
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{at:08x}  {left:<23}  {right:<23}  |{text}|")
    return "\n".join([*lines, f"{len(data):08x}", ""])


def xxd_dump(data: bytes) -> str:
    """As ``xxd`` writes it."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        groups = " ".join(row[k : k + 2].hex() for k in range(0, len(row), 2))
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{at:08x}: {groups:<39}  {text}")
    return "\n".join(lines)


def od_dump(data: bytes) -> str:
    """As ``od -A x -t x1`` writes it."""
    rows = [data[at : at + 16] for at in range(0, len(data), 16)]
    lines = [f"{16 * k:06x} {' '.join(f'{b:02x}' for b in row)}" for k, row in enumerate(rows)]
    return "\n".join([*lines, f"{len(data):06x}"])


@pytest.mark.parametrize(
    "text",
    [
        "0800822000",
        "08 00 82 20 00",
        "08:00:82:20:00",
        "08-00-82-20-00",
        "0x0800822000",
        "0x08, 0x00, 0x82, 0x20, 0x00",
        r"\x08\x00\x82\x20\x00",
        " 0800\n8220\r\n00\n",
        "# from the log\n0800 8220 00",
    ],
)
def test_hex_is_read_in_any_dress(text: str) -> None:
    """What people paste."""
    assert from_hex(text) == bytes.fromhex("0800822000")


@pytest.mark.parametrize("text", ["0800 8", "08zz", "message", "0800 | 0810"])
def test_what_is_no_hex_is_not_taken_for_it(text: str) -> None:
    """Half bytes and letters."""
    assert from_hex(text) is None


@given(st.binary(min_size=1, max_size=200))
def test_hex_dumps_are_read_back(data: bytes) -> None:
    """Hexdump -C, xxd and od, of any bytes and any length."""
    assert from_hex(canonical_dump(data)) == data
    assert from_hex(xxd_dump(data)) == data
    assert from_hex(od_dump(data)) == data


def test_repeated_lines_of_a_dump_are_unfolded() -> None:
    """``*`` stands for lines like the one before."""
    folded = (
        "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
        "*\n"
        "00000030  31 32                                             |12|\n"
        "00000032\n"
    )
    assert from_hex(folded) == bytes(48) + b"12"


def test_a_file_may_hold_hex_text_or_the_bytes(tmp_path: Path) -> None:
    """Digits in a file may be hex or a message in ASCII: both readings are offered."""
    path = tmp_path / "message"
    path.write_bytes(b"\x08\x00\x82")
    assert from_argument(str(path)) == [b"\x08\x00\x82"]
    path.write_text("0800 82\n")
    assert from_argument(str(path)) == [b"\x08\x00\x82", b"0800 82\n"]
    path.write_bytes(b"")
    assert from_argument(str(path)) == [b"", b""]
    assert from_bytes(b"ISO0800") == [b"ISO0800"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("08008", "5 hex digits"),
        ("nosuchfile.bin", "neither a file nor hex"),
        ("x" * 5000, "neither"),
    ],
)
def test_a_useless_argument_is_refused_without_repeating_it(text: str, said: str) -> None:
    """It may hold a card number."""
    with pytest.raises(InputError, match=said) as refusal:
        from_argument(text)
    assert text not in str(refusal.value)


def test_a_whole_trace_is_refused() -> None:
    """One message at a time."""
    with pytest.raises(InputError, match="one message"):
        from_bytes(bytes(4_000_001))
