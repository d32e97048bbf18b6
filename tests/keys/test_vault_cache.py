"""What the vault keeps of opened keys: made ready once, bounded, overwritten when it goes."""

from __future__ import annotations

import pytest

from switch.keys.key_block_header import OptionalBlock
from switch.keys.permissions import permitted
from switch.keys.port import KeyRefused, KeySpec
from switch.keys.vault_cache import Kept, OpenKey
from tests.keys.vault_kit import AES_BDK, BDK

MAC_SPEC = KeySpec("M3", "T", 16, "C")


class Row:
    """Something that is overwritten."""

    def __init__(self) -> None:
        self.wiped = 0

    def wipe(self) -> None:
        """Count it."""
        self.wiped += 1


def test_an_open_key_is_what_its_block_says() -> None:
    """Its name where it bears one, what it may do, and nothing of its value in its text."""
    named = OpenKey(
        MAC_SPEC, bytearray(BDK), (OptionalBlock("TS", "x"), OptionalBlock("LB", "a.k"))
    )
    assert (named.name, named.spec, named.may) == ("a.k", MAC_SPEC, permitted(MAC_SPEC))
    assert [each.id for each in named.optional] == ["TS", "LB"]
    other = OpenKey(MAC_SPEC, bytearray(BDK), (OptionalBlock("TS", "x"),))
    assert (other.name, OpenKey(MAC_SPEC, bytearray(BDK)).optional) == ("", ())
    assert repr(other) == f"OpenKey({MAC_SPEC})"


@pytest.mark.parametrize(("algorithm", "name"), [("T", "TDES"), ("A", "AES")])
def test_a_cipher_is_made_ready_once(algorithm: str, name: str) -> None:
    """Of the key's own algorithm; a key for an HMAC has none."""
    key = OpenKey(KeySpec("D0", algorithm, 16, "B"), bytearray(AES_BDK))
    cipher = key.cipher
    assert cipher is key.cipher
    assert cipher.name == name
    with pytest.raises(KeyRefused, match="ciphers nothing"):
        _ = OpenKey(KeySpec("M7", "H", 16, "C"), bytearray(BDK)).cipher


def test_all_that_was_made_of_a_key_goes_with_it() -> None:
    """SR-KEY-13: value, cipher, each scheme's MAC, which is made ready once."""
    value = bytearray(BDK)
    key = OpenKey(MAC_SPEC, value)
    cipher, macs = key.cipher, [key.mac_key(scheme) for scheme in ("x9.19", "iso9797-3/2")]
    assert [key.mac_key(scheme) for scheme in ("x9.19", "iso9797-3/2")] == macs
    assert [made.scheme.written for made in macs] == ["x9.19", "iso9797-3/2"]
    cipher.encrypt(bytes(8))
    key.wipe()
    assert (key.value, key.macs) == (bytearray(), {})
    with pytest.raises(KeyRefused, match="wiped"):
        cipher.encrypt(bytes(8))
    for made in macs:
        with pytest.raises(KeyRefused, match="wiped"):
            made.mac(bytes(8))
    with pytest.raises(KeyRefused, match="0 bytes"):
        key.mac_key("x9.19")
    OpenKey(MAC_SPEC, bytearray(BDK)).wipe()  # of which nothing was made ready


def test_what_was_not_used_for_the_longest_time_goes_first() -> None:
    """It is overwritten; what is asked for again stays, and is not made again."""
    kept: Kept[Row] = Kept(2)
    rows = {name: kept.get(name, Row) for name in "ab"}
    assert kept.get("a", Row) is rows["a"]
    rows["c"] = kept.get("c", Row)
    assert {name: row.wiped for name, row in rows.items()} == {"a": 0, "b": 1, "c": 0}
    assert (len(kept), repr(kept)) == (2, "Kept(2 of 2)")
    kept.drop(lambda name: name == "a")
    assert {name: row.wiped for name, row in rows.items()} == {"a": 1, "b": 1, "c": 0}
    assert kept.get("a", Row) is not rows["a"]
    kept.wipe()
    assert [row.wiped for row in rows.values()] == [1, 1, 1]
    assert len(kept) == 0
