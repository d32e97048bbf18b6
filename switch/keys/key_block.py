"""Key blocks: a key under a key block protection key (KBPK), bound to its header by a MAC (ASC
X9.143, TR-31:2018; versions A, B, C and D).

Owns deriving, enciphering and the MAC of all four versions. Refuses to judge what the key is for
(``permissions``) and to choose: random padding is given to it, so a block can be made again.

    header     D0112P0AE00E0000                     see ``key_block_header``
    enciphered length of the key in bits, 2 bytes | key | random padding to whole blocks
    MAC        over header and clear data (B, D) or header and enciphered data (A, C)

    version  protects with   keys from the KBPK   cipher                MAC, bytes
    A, C     TDEA            XOR 45.., 4D..       CBC, IV: header 0-7   CBC-MAC, 4
    B        TDEA            CMAC derivation      CBC, IV: the MAC      CMAC, 8
    D        AES             CMAC derivation      CBC, IV: the MAC      CMAC, 16

A and C are obsolete (their MAC is short and the key's variants are related): read at the border
only, behind an option (SR-KEY-02).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from switch.keys.ciphers import (
    CipherName,
    Key,
    block_size,
    cbc_decrypt,
    cbc_encrypt,
    same,
    wipe,
    xor,
)
from switch.keys.key_block_header import LONGEST, Header, checked, parse_header, refused
from switch.keys.mac_library import CipherMac
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

_LENGTH_BYTES: Final = 2
_HEX: Final = re.compile(r"(?:[0-9A-F]{2})+")
# By the cipher that protects and the KBPK's bytes: the algorithm indicator of the derivation data.
_INDICATORS: Final[dict[tuple[CipherName, int], int]] = {
    ("TDES", 16): 0,
    ("TDES", 24): 1,
    ("AES", 16): 2,
    ("AES", 24): 3,
    ("AES", 32): 4,
}
_ENCRYPTION, _MAC = 0, 1  # key usage indicators of the derivation data
# Up to which length a key is padded, so that the block does not tell how long it is.
_MASKED: Final = {"T": 24, "D": 24, "A": 32}


class _Version(NamedTuple):
    cipher: CipherName
    mac_bytes: int
    derives: bool  # by CMAC; else by variants


_VERSIONS: Final = {
    "A": _Version("TDES", 4, False),
    "B": _Version("TDES", 8, True),
    "C": _Version("TDES", 4, False),
    "D": _Version("AES", 16, True),
}


class Opened(NamedTuple):
    """What was in a key block. ``key`` is for the caller to overwrite."""

    header: Header
    key: bytearray
    padding: bytearray

    def __repr__(self) -> str:
        return f"Opened({self.header})"


class ProtectionKeys(NamedTuple):
    """The two keys that a KBPK stands for, for the caller to overwrite."""

    encryption: bytearray
    mac: bytearray

    def __repr__(self) -> str:
        return "ProtectionKeys()"

    def wipe(self) -> None:
        """Overwrite both."""
        wipe(self.encryption, self.mac)


def protection_keys(version: str, kbpk: Key, steps: Steps | None = None) -> ProtectionKeys:
    """Encryption key and MAC key of a KBPK. Raises KeyRefused.

    Versions B and D derive them by CMAC under the KBPK, block after block, of

        01       counter, from 1
        00 00    usage: 0000 encryption, 0001 MAC
        00       separator
        00 04    algorithm: TDEA 2 and 3 keys 0000, 0001; AES-128, 192, 256 0002, 0003, 0004
        01 00    length of what is derived, in bits

    >>> kbpk = bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
    >>> [key.hex().upper() for key in protection_keys("B", kbpk)]
    ['698832F8778A7CFCBC79559DAB07B88A', 'DD6CEEC1782D8453671BF8358AF9DB47']
    """
    kind = _VERSIONS.get(version)
    if kind is None:
        raise refused()
    indicator = _INDICATORS.get((kind.cipher, len(kbpk)))
    if indicator is None:
        right = [str(size) for cipher, size in _INDICATORS if cipher == kind.cipher]
        raise KeyRefused(
            f"the key block protection key has {len(kbpk)} bytes: a block of version {version} "
            f"is under {' or '.join(right)}"
        )
    if kind.derives:
        keys = ProtectionKeys(
            _derived(kind.cipher, kbpk, _ENCRYPTION, indicator),
            _derived(kind.cipher, kbpk, _MAC, indicator),
        )
    else:
        keys = ProtectionKeys(
            xor(kbpk, b"\x45" * len(kbpk)),
            xor(kbpk, b"\x4d" * len(kbpk)),
        )
    if steps is not None:
        steps.note("key block encryption key", keys.encryption)
        steps.note("key block MAC key", keys.mac)
    return keys


def unwrap(kbpk: Key, block: str, steps: Steps | None = None) -> Opened:
    """The key in a block, with what its header says.

    The whole length is compared before anything else, and the MAC before the clear data is looked
    at, in constant time. Raises KeyBlockRefused, the same for all causes (SR-KEY-04); KeyRefused
    for a KBPK that the version does not take.

    >>> kbpk = bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
    >>> opened = unwrap(kbpk, "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3"
    ...                       "B8E4FA4C5F5341176EED7B727B8A248E")
    >>> opened.header.usage, opened.key.hex().upper()
    ('P0', '3F419E1CB7079442AA37474C2EFBF8B8')
    """
    digits = block[1:5]
    if not (digits.isascii() and digits.isdecimal()) or int(digits) != len(block):
        raise refused()
    header = parse_header(block)
    kind = _VERSIONS[header.version]
    start = header.length
    data, mac = _enciphered(block[start:], kind)
    text = block[:start].encode("ascii")
    keys = protection_keys(header.version, kbpk, steps)
    try:
        if kind.derives:
            clear = cbc_decrypt(kind.cipher, keys.encryption, data, mac)
            made = _cmac(kind.cipher, keys.mac, text + clear)
        else:
            made = _cbc_mac(keys.mac, text + data)
            clear = cbc_decrypt(kind.cipher, keys.encryption, data, text[: block_size(kind.cipher)])
    finally:
        keys.wipe()
    if steps is not None:
        steps.note("length, key and padding", clear)
        steps.note("MAC", made)
    try:
        if not same(made, mac):
            raise refused()
        bits = int.from_bytes(clear[:_LENGTH_BYTES], "big")
        end = _LENGTH_BYTES + bits // 8
        if bits == 0 or bits % 8 or end > len(clear):
            raise refused()
        return Opened(header, clear[_LENGTH_BYTES:end], clear[end:])
    finally:
        wipe(clear)


def wrap(kbpk: Key, header: Header, key: Key, padding: Key, steps: Steps | None = None) -> str:
    r"""The key block of a key. ``padding``: as many random bytes as ``padding_length`` says, or any
    other number that fills the last cipher block. Raises KeyRefused.

    >>> kbpk = bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
    >>> key = bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")
    >>> wrap(kbpk, Header("B", "P0", "T", "E", exportability="E"), key, b"\x1c)eG<\xe2")
    'B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E'
    """
    kind = _VERSIONS[checked(header).version]
    data_length = _LENGTH_BYTES + len(key) + len(padding)
    length = header.length + 2 * (data_length + kind.mac_bytes)
    if not key or data_length % block_size(kind.cipher) or length > LONGEST:
        raise KeyRefused(
            f"a key of {len(key)} bytes and {len(padding)} of padding make no key block of "
            f"version {header.version}: whole cipher blocks and {LONGEST} characters at most"
        )
    text = header.text(length)
    lead = text.encode("ascii")
    keys = protection_keys(header.version, kbpk, steps)
    clear = bytearray((8 * len(key)).to_bytes(_LENGTH_BYTES, "big"))
    clear += key
    clear += padding
    try:
        if steps is not None:
            steps.note("length, key and padding", clear)
        if kind.derives:
            mac = _cmac(kind.cipher, keys.mac, lead + clear)
            data = cbc_encrypt(kind.cipher, keys.encryption, clear, mac)
        else:
            data = cbc_encrypt(kind.cipher, keys.encryption, clear, lead[: block_size(kind.cipher)])
            mac = _cbc_mac(keys.mac, lead + data)
    finally:
        keys.wipe()
        wipe(clear)
    if steps is not None:
        steps.note("MAC", mac)
    return text + data.hex().upper() + mac.hex().upper()


def padding_length(header: Header, key_length: int) -> int:
    """How many random bytes follow a key of ``key_length`` bytes: to whole cipher blocks, and to
    the length of the algorithm's longest key, which hides how long this one is (X9.143 5.3).

    >>> padding_length(Header("D", "P0", "A", "E"), 16)
    30
    """
    size = block_size(_VERSIONS[header.version].cipher)
    shown = max(key_length, _MASKED.get(header.algorithm, key_length))
    return shown - key_length + -(_LENGTH_BYTES + shown) % size


def _enciphered(text: str, kind: _Version) -> tuple[bytes, bytes]:
    """What follows the header: enciphered data and MAC."""
    if not _HEX.fullmatch(text):
        raise refused()
    raw = bytes.fromhex(text)
    data, mac = raw[: -kind.mac_bytes], raw[-kind.mac_bytes :]
    if not data or len(data) % block_size(kind.cipher):
        raise refused()
    return data, mac


def _derived(cipher: CipherName, kbpk: Key, usage: int, indicator: int) -> bytearray:
    made = bytearray()
    counter = 0
    while len(made) < len(kbpk):
        counter += 1
        made += _cmac(
            cipher,
            kbpk,
            bytes((counter, 0, usage, 0, 0, indicator)) + (8 * len(kbpk)).to_bytes(2, "big"),
        )
    return made[: len(kbpk)]


def _cmac(cipher: CipherName, key: Key, data: Key) -> bytes:
    made = CipherMac(cipher, key)
    try:
        return made.full(data)
    finally:
        made.wipe()


def _cbc_mac(key: Key, data: Key) -> bytes:
    return bytes(cbc_encrypt("TDES", key, data)[-block_size("TDES") :][:4])
