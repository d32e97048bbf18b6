"""What a terminal takes of the working keys that a host hands out, and what not.

The master key is the one of the vectors' tr31, the others are published test keys.
"""

from __future__ import annotations

import pytest

from switch.keys.ciphers import tdes_encrypt
from switch.keys.key_block import padding_length, wrap
from switch.keys.key_block_header import Header
from switch.keys.master import MasterKey
from switch.wire.dialect import load_dialect
from switch.wire.key_data import HandedKey
from switch_tools.terminal_key_blocks import KeyNotTaken
from switch_tools.terminal_keys import TAK, TMK, TPK, Fresh, KeyRing
from switch_tools.terminal_security import Guard

SESSION_PIN, SESSION_MAC = "0123456789ABCDEFFEDCBA9876543210", "FEDCBA98765432100123456789ABCDEF"
TMK_VALUE = "DD7515F2BFC17F85CE48F3CA25CB21F6"


def with_master_key() -> Guard:
    """A terminal that can take working keys."""
    keys = KeyRing(None, MasterKey(bytearray([9]) * 32))
    keys.put(Fresh(TMK, "T", bytearray.fromhex(TMK_VALUE)))
    return Guard(load_dialect("iso87-ascii"), keys)


def block_of(usage: str, key: str = SESSION_PIN, kbpk: str = TMK_VALUE) -> str:
    """A key block of version B, as a host makes it."""
    header = Header("B", usage, "T", "B" if usage == "P0" else "C", exportability="N")
    padding = bytes(padding_length(header, len(key) // 2))
    return wrap(bytes.fromhex(kbpk), header, bytes.fromhex(key), padding)


def test_key_blocks_are_taken_by_what_their_headers_say() -> None:
    """X9.143: a PIN key is a PIN key; roles that the terminal has no slot for are left out."""
    taken = with_master_key().taken(
        [
            HandedKey("TPK", block_of("P0")),
            HandedKey("TAK", block_of("M3", SESSION_MAC)),
            HandedKey("TDK", block_of("D0")),
        ]
    )
    assert [(one.name, one.key.hex().upper()) for one in taken] == [
        (TPK, SESSION_PIN),
        (TAK, SESSION_MAC),
    ]


def test_cryptograms_are_taken_by_their_check_values() -> None:
    """The UnionPay line's way: ECB under the master key, four bytes of check value."""
    cryptogram = tdes_encrypt(bytes.fromhex(TMK_VALUE), bytes.fromhex(SESSION_PIN)).hex().upper()
    taken = with_master_key().taken([HandedKey("TPK", cryptogram, "08D7B4FB")])
    assert taken[0].key.hex().upper() == SESSION_PIN
    with pytest.raises(KeyNotTaken, match="another key's"):
        with_master_key().taken([HandedKey("TPK", cryptogram, "08D7B4FC")])


@pytest.mark.parametrize(
    ("handed", "said"),
    [
        (HandedKey("TPK", block_of("M3")), "a key for M3T where one for P0 belongs"),
        (HandedKey("TAK", block_of("P0")), "a key for P0T where one for M belongs"),
        (HandedKey("TPK", block_of("P0", kbpk=SESSION_PIN)), "does not open"),
        (HandedKey("TPK", block_of("P0")[:-1] + "?"), "does not open"),
    ],
)
def test_keys_that_are_not_what_they_should_be_are_not_taken(handed: HandedKey, said: str) -> None:
    """SR-KEY-03, SR-KEY-04: and none of those that came with them."""
    guard = with_master_key()
    with pytest.raises(KeyNotTaken, match=said):
        guard.taken([HandedKey("TPK", block_of("P0")), handed])
