"""Key blocks: what was published, both ways; what was changed is refused, in one text."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.ciphers import CipherName, cbc_encrypt
from switch.keys.key_block import padding_length, protection_keys, unwrap, wrap
from switch.keys.key_block_header import (
    HEADER_UNIT,
    Header,
    OptionalBlock,
    checked,
    padded,
    parse_header,
)
from switch.keys.mac_library import CipherMac
from switch.keys.port import KeyBlockRefused, KeyRefused, VaultError
from switch.keys.steps import Steps

# TR-31:2018 and X9.143 examples (tr-d002, tr-d006, tr-d007 and tr-d001 of the vector file).
PUBLISHED: Final = {
    "A": (
        "EFE0853B256B583D868F251CE99EA1D9",
        "A0072K0TN00N0000F40D5672C6D0EC86F860BA88D44D00F0CA9A8CE8CD2F640287A9A9EB",
        "5DB50B454F8389ADCE573BE50861F2BF",
        "89BC81604BDF",
    ),
    "B": (
        "EFE0853B256B583D868F251CE99EA1D9",
        "B0080K0TN00N00001C414014375212C24995E405B5EE052CB92B67F455EA2680F6751088F9F1C228",
        "5DB50B454F8389ADCE573BE50861F2BF",
        "F786DF9F6A54",
    ),
    "C": (
        "B8ED59E0A279A295E9F5ED7944FD06B9",
        (
            "C0096B0TX12S0100KS1800604B120F9292800000BFB9B689CB567E66FC3FEE5AD5F52161FC6545B9D6098901"
            "5D02155C"
        ),
        "EDB380DD340BC2620247D445F5B8D678",
        "8546A8ED98D1",
    ),
    "D": (
        "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
        (
            "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA"
            "05F7425509593D03A457DC34"
        ),
        "3F419E1CB7079442AA37474C2EFBF8B8",
        "1C2965473CE206BB855B01533782",
    ),
}
KBPK_BYTES: Final = {"A": (16, 24), "B": (16, 24), "C": (16, 24), "D": (16, 24, 32)}

versions = st.sampled_from("ABCD")
block_ids = st.from_regex(r"[A-Z0-9]{2}", fullmatch=True)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300)


@st.composite
def headers(draw: st.DrawFn, version: str = "") -> Header:
    """Any header that can be written."""
    named = st.builds(OptionalBlock, block_ids.filter(lambda name: name != "PB"), printable)
    blocks = draw(st.lists(named, max_size=3, unique_by=lambda each: each.id))
    return padded(
        Header(
            version or draw(versions),
            draw(block_ids),
            draw(st.sampled_from("TADHR4")),
            draw(st.sampled_from("EDBGVCXN")),
            draw(st.from_regex(r"[0-9a-c][0-9]", fullmatch=True)),
            draw(st.sampled_from("ESN")),
            tuple(blocks),
            draw(st.sampled_from(("00", "10", "20"))),
        )
    )


@st.composite
def wrapped(draw: st.DrawFn) -> tuple[bytes, Header, bytes, str]:
    """A KBPK, a header, a key and the block that they make."""
    header = draw(headers())
    size = draw(st.sampled_from(KBPK_BYTES[header.version]))
    kbpk = draw(st.binary(min_size=size, max_size=size))
    key = draw(st.binary(min_size=1, max_size=40))
    needed = padding_length(header, len(key))
    padding = draw(st.binary(min_size=needed, max_size=needed))
    return kbpk, header, key, wrap(kbpk, header, key, padding)


@pytest.mark.parametrize("version", PUBLISHED)
def test_published_blocks_open_and_are_made_again(version: str) -> None:
    """With the same padding exactly the same block."""
    kbpk, block, key, padding = PUBLISHED[version]
    opened = unwrap(bytes.fromhex(kbpk), block)
    assert opened.key.hex().upper() == key
    assert opened.padding.hex().upper() == padding
    assert wrap(bytes.fromhex(kbpk), opened.header, opened.key, opened.padding) == block


@pytest.mark.parametrize("version", PUBLISHED)
def test_any_character_changed_is_refused_in_one_text(version: str) -> None:
    """SR-KEY-04: header, optional blocks, key and MAC; upper and lower case are not the same."""
    kbpk, block, _, _ = PUBLISHED[version]
    key = bytes.fromhex(kbpk)
    texts = set()
    for at, right in enumerate(block):
        wrong = [each for each in "0123456789ABCDEFab*" if each != right]
        for each in (wrong[at % len(wrong)], right.lower() if right.isalpha() else "\u0661"):
            with pytest.raises(KeyRefused) as caught:
                unwrap(key, block[:at] + each + block[at + 1 :])
            if isinstance(caught.value, KeyBlockRefused):
                texts.add(str(caught.value))
            else:
                assert at == 0  # another version, which the KBPK's length does not fit
    assert len(texts) == 1


@pytest.mark.parametrize("version", PUBLISHED)
def test_a_block_cut_or_continued_is_refused(version: str) -> None:
    """The length field is compared with the real length before anything else."""
    kbpk, block, _, _ = PUBLISHED[version]
    for length in range(len(block)):
        with pytest.raises(KeyBlockRefused):
            unwrap(bytes.fromhex(kbpk), block[:length])
    with pytest.raises(KeyBlockRefused):
        unwrap(bytes.fromhex(kbpk), block + "00")


@pytest.mark.parametrize("version", PUBLISHED)
def test_a_block_does_not_open_under_another_key(version: str) -> None:
    """Each bit of each of the key's bytes counts."""
    kbpk, block, _, _ = PUBLISHED[version]
    for at in range(len(kbpk) // 2):
        other = bytearray.fromhex(kbpk)
        other[at] ^= 0x10
        with pytest.raises(KeyBlockRefused):
            unwrap(other, block)


@given(wrapped())
def test_what_is_wrapped_comes_back(case: tuple[bytes, Header, bytes, str]) -> None:
    """Key, header and the text of both, whatever the optional blocks."""
    kbpk, header, key, block = case
    opened = unwrap(kbpk, block)
    assert (opened.header, bytes(opened.key)) == (header, key)
    assert parse_header(block) == header
    assert header.text(len(block)) == block[: header.length]
    assert header.length % HEADER_UNIT[header.version] == 0


@given(wrapped(), st.data())
@settings(max_examples=50)
def test_a_wrapped_block_with_one_nibble_changed_is_refused(
    case: tuple[bytes, Header, bytes, str], data: st.DataObject
) -> None:
    """SR-KEY-02: the MAC binds everything."""
    kbpk, _, _, block = case
    at = data.draw(st.integers(1, len(block) - 1))
    changed = data.draw(st.sampled_from("0123456789ABCDEFN").filter(lambda c: c != block[at]))
    with pytest.raises(KeyBlockRefused):
        unwrap(kbpk, block[:at] + changed + block[at + 1 :])


@given(st.text(max_size=120), st.sampled_from((16, 24, 32)))
def test_whatever_comes_in_opens_or_is_refused(text: str, size: int) -> None:
    """Nothing but the vault's own errors comes out of text from outside."""
    for parse in (parse_header, lambda block: unwrap(bytes(range(size)), block)):
        with pytest.raises(VaultError):
            parse(text)


@given(st.sampled_from(list(PUBLISHED)), st.data())
def test_whatever_stands_behind_a_right_beginning_is_refused(
    version: str, data: st.DataObject
) -> None:
    """Headers that are nearly right: number of optional blocks, lengths, all cut and mixed."""
    _, block, _, _ = PUBLISHED[version]
    head = block[:12] + data.draw(st.sampled_from(("01", "02", "99", "00")))
    tail = data.draw(st.text("00KSPB1234567890ABCDEF*é", max_size=60))
    try:
        header = parse_header(f"{head}00{tail}")
    except KeyBlockRefused:
        return
    assert header.text(int(block[1:5])) == f"{head}00{tail}"[: header.length]


@pytest.mark.parametrize("version", "BD")
@pytest.mark.parametrize("bits", [0, 1, 7, 121, 127, 250, 256, 2048, 65535])
def test_a_length_that_cannot_be_is_refused_although_the_mac_fits(version: str, bits: int) -> None:
    """Whoever has the KBPK and makes it nonetheless: no key at all, part bytes, more than there
    is. One bit length alone is right for this much data.
    """
    kbpk = bytes(range(16))
    made = _block_of(version, kbpk, bits.to_bytes(2, "big") + bytes(30))
    with pytest.raises(KeyBlockRefused):
        unwrap(kbpk, made)
    good = _block_of(version, kbpk, (240).to_bytes(2, "big") + bytes(30))
    assert unwrap(kbpk, good).key == bytes(30)


def _block_of(version: str, kbpk: bytes, clear: bytes) -> str:
    """A block with whatever clear data, its MAC in order."""
    cipher: CipherName = "AES" if version == "D" else "TDES"
    size = 16 if version == "D" else 8
    head = Header(version, "P0", "A", "E").text(16 + 2 * (len(clear) + size))
    keys = protection_keys(version, kbpk)
    mac = CipherMac(cipher, keys.mac).full(head.encode() + clear)
    return head + (cbc_encrypt(cipher, keys.encryption, clear, mac) + mac).hex().upper()


@pytest.mark.parametrize("version", PUBLISHED)
def test_data_in_part_blocks_is_refused_alike(version: str) -> None:
    """Also where the length field says so: with a byte or a block less or more, or without data."""
    kbpk, block, _, _ = PUBLISHED[version]
    start = parse_header(block).length
    for data in ("", block[start + 2 :], block[start:] + "00", block[start + 1 :]):
        changed = f"{block[0]}{start + len(data):04d}{block[5:start]}{data}"
        with pytest.raises(KeyBlockRefused):
            unwrap(bytes.fromhex(kbpk), changed)
    for size in range(2, len(block) - start, 2):
        changed = f"{block[0]}{start + size:04d}{block[5:start]}{block[-size:]}"
        with pytest.raises(KeyBlockRefused):
            unwrap(bytes.fromhex(kbpk), changed)


@pytest.mark.parametrize("version", "ABCD")
def test_a_kbpk_of_a_wrong_length_is_refused(version: str) -> None:
    """No single DES, no AES key for TDES: says which lengths are right."""
    right = " or ".join(str(size) for size in KBPK_BYTES[version])
    for size in range(40):
        if size not in KBPK_BYTES[version]:
            said = rf"has {size} bytes: .* version {version} is under {right}$"
            with pytest.raises(KeyRefused, match=said):
                protection_keys(version, bytes(size))
    with pytest.raises(KeyBlockRefused):
        protection_keys("E", bytes(16))


@pytest.mark.parametrize(
    ("version", "algorithm", "lengths", "expected"),
    [("A", "T", (8, 16, 24), 26), ("B", "T", (8, 16, 24), 26), ("D", "A", (16, 24, 32), 34)],
)
def test_a_block_does_not_tell_how_long_its_key_is(
    version: str, algorithm: str, lengths: tuple[int, ...], expected: int
) -> None:
    """X9.143: padding takes every key to the length of the longest of its algorithm."""
    header = Header(version, "P0", algorithm, "E")
    unit = HEADER_UNIT[version]
    for length in lengths:
        assert 2 + length + padding_length(header, length) == -(-expected // unit) * unit


def test_what_cannot_be_a_block_is_not_wrapped() -> None:
    """Neither a header that could not be read again nor data in part blocks."""
    kbpk = bytes(range(16))
    for header in (
        Header("E", "P0", "T", "E"),
        Header("B", "P", "T", "E"),
        Header("B", "P0", "T", "E", exportability="X"),
        Header("B", "P0", "T", "E", optional=(OptionalBlock("KS", "00"),)),
        Header("B", "P0", "T", "E", optional=(OptionalBlock("KS", "\u00e9000"),)),
    ):
        with pytest.raises(KeyRefused, match="cannot be headed"):
            wrap(kbpk, header, bytes(16), bytes(6))
    right = Header("B", "P0", "T", "E")
    for key, padding in ((bytes(16), bytes(5)), (b"", bytes(6)), (bytes(5000), bytes(6))):
        with pytest.raises(KeyRefused, match="make no key block"):
            wrap(kbpk, right, key, padding)


@pytest.mark.parametrize("length", range(17))
def test_optional_blocks_are_filled_to_whole_cipher_blocks(length: int) -> None:
    """A filler PB at the end, of four characters at least, and none where none is needed."""
    for version, unit in HEADER_UNIT.items():
        header = padded(
            Header(version, "P0", "T", "E", optional=(OptionalBlock("KS", "0" * length),))
        )
        fillers = [block for block in header.optional if block.id == "PB"]
        assert header.length % unit == 0
        assert len(fillers) == (1 if (4 + length) % unit else 0)
        assert all(4 <= block.length < 4 + unit for block in fillers)
        assert header.optional[-1:] == tuple(fillers) or not fillers
        assert checked(header) == header


def test_filling_a_header_changes_nothing_else_of_it() -> None:
    """Each part stays, the reserved digits too."""
    header = Header("C", "M3", "T", "G", "c1", "S", (OptionalBlock("KS", "7"),), "10")
    filled = padded(header)
    assert filled.text(0)[:16] == "C0000M3TGc1S0210"
    assert filled.optional == (*header.optional, OptionalBlock("PB", "0" * 7))


@pytest.mark.parametrize("length", [250, 251, 252, 255, 256, 65535 - 12])
def test_long_optional_blocks_have_an_extended_length(length: int) -> None:
    """Two digits up to 255 characters in all, then 00, 04 and four digits."""
    text = OptionalBlock("CT", "A" * length).text()
    if length + 4 <= 255:
        assert text.startswith(f"CT{length + 4:02X}A")
    else:
        assert text.startswith(f"CT0004{length + 10:04X}A")
    assert OptionalBlock("CT", "A" * length).length == len(text)


def test_an_extended_length_may_be_short_and_is_kept_as_it_was() -> None:
    """X9.143 allows it of any block: so many digits as were written are written again."""
    for digits, text in ((2, "CT00020A12"), (3, "CT000300B12"), (9, "CT0009000000011")):
        size = int(text[6 : 6 + digits], 16)
        block = text.ljust(size, "7")
        filler = f"PB{16 - size % 16 + 16:02X}".ljust(32 - size % 16, "0")
        header = parse_header(f"D0000P0AE00E0200{block}{filler}")
        assert header.optional[0] == OptionalBlock("CT", block[6 + digits :], digits)
        assert header.text(0) == f"D0000P0AE00E0200{block}{filler}"


def test_an_optional_block_is_found_by_its_name() -> None:
    """None where there is none."""
    blocks = tuple(OptionalBlock(*pair) for pair in (("KS", "1"), ("TS", "2")))
    header = Header("B", "P0", "T", "E", optional=blocks)
    assert [header.find(name) for name in ("KS", "TS", "PB")] == ["1", "2", None]


def test_no_optional_block_comes_twice() -> None:
    """SR-KEY-04: of two check values or key set identifiers one reader takes the first, another
    the last.
    """
    once, twice = "KS0C00000000", "KS0C00000001"
    assert parse_header(f"B0000P0AE00E0200{once}TS0C00000001").find("KS") == "0" * 8
    with pytest.raises(KeyBlockRefused):
        parse_header(f"B0000P0AE00E0200{once}{twice}")
    blocks = tuple(OptionalBlock("KS", digit * 8) for digit in "01")
    with pytest.raises(KeyRefused, match="cannot be headed like this"):
        checked(Header("B", "P0", "T", "E", optional=blocks))


def test_what_does_not_open_is_told_in_words() -> None:
    """Without a cause, but with the causes that there can be."""
    with pytest.raises(KeyBlockRefused) as told:
        unwrap(bytes(16), "")
    assert str(told.value) == (
        "the key block does not open: it was changed, is malformed, or is under another key"
    )


def test_the_steps_show_both_keys_the_clear_data_and_the_mac() -> None:
    """For a calculator; the notebook itself prints none of it."""
    kbpk, block, key, _ = PUBLISHED["B"]
    steps = Steps()
    opened = unwrap(bytes.fromhex(kbpk), block, steps)
    shown = {step.name: step.value for step in steps.lines}
    made = Steps()
    wrap(bytes.fromhex(kbpk), opened.header, opened.key, opened.padding, made)
    assert made.lines == steps.lines
    assert shown["key block encryption key"] == "60C17C9B43020123C16040CCDCBC76F1"
    assert shown["key block MAC key"] == "8A1542BD19E8C081242A143176E745B8"
    assert shown["length, key and padding"].startswith(f"0080{key}")
    assert shown["MAC"] == block[-16:]
    assert not re.search(r"[0-9A-F]{8}", repr(steps))


def test_what_was_opened_shows_no_key() -> None:
    """SR-KEY-13: not even in a repr."""
    kbpk, block, key, padding = PUBLISHED["D"]
    opened = unwrap(bytes.fromhex(kbpk), block)
    keys = protection_keys("D", bytes.fromhex(kbpk))
    for shown in (repr(opened), repr(keys)):
        assert key.lower() not in shown.lower()
        assert padding.lower() not in shown.lower()
        assert "bytearray" not in shown
    keys.wipe()
    assert not any(keys.encryption)
    assert not any(keys.mac)
