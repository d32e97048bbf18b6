"""What the tests of chip cards share: made-up keys, cards, terminals and a vault's room.

Owns strategies and fakes; all keys are test keys.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import strategies as st

from switch.keys.ciphers import odd_parity
from switch.keys.emv_card import TerminalData
from switch.keys.emv_profiles import PROFILES
from switch.keys.master import MasterKey
from switch.keys.port import KeySpec
from switch.keys.vault_room import VaultRoom
from switch.model.security import KeyUse

ISSUER: Final = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")  # of pyemv's and psec's tests
OTHER: Final = bytes.fromhex("C458DCB51589ADB3589E9483756DB92F")
INTEGRITY: Final = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
PAN: Final = "4761739001010010"

pans: Final = st.from_regex(r"[1-9][0-9]{12,18}", fullmatch=True)
sequences: Final = st.from_regex(r"[0-9]{2}", fullmatch=True)
counters: Final = st.one_of(st.sampled_from((1, 255, 256, 65535)), st.integers(1, 65535))
profiles: Final = st.sampled_from(sorted(PROFILES))


def double_keys() -> st.SearchStrategy[bytes]:
    """Double-length keys with odd parity."""
    return st.binary(min_size=16, max_size=16).map(odd_parity).map(bytes)


@st.composite
def terminals(draw: st.DrawFn) -> TerminalData:
    """What a terminal may tell a card."""
    return TerminalData(
        amount_minor=draw(st.integers(0, 999_999_999_999)),
        currency=draw(st.sampled_from(("978", "840", "156", "036"))),
        country=draw(st.sampled_from(("276", "840", "156", "036"))),
        date=draw(st.dates().map(lambda day: day.strftime("%y%m%d"))),
        unpredictable=draw(st.binary(min_size=4, max_size=4)),
        other_minor=draw(st.integers(0, 9999)),
        kind=draw(st.sampled_from(("00", "01", "09", "20"))),
        verification=draw(st.binary(min_size=5, max_size=5)),
    )


TERMINAL: Final = TerminalData(
    amount_minor=1000,
    currency="978",
    country="276",
    date="261124",
    unpredictable=bytes.fromhex("52BF4585"),
)


def room() -> VaultRoom:
    """A vault's inner room with a master key of its own."""
    return VaultRoom(MasterKey(bytearray(os.urandom(32))), os.urandom)


def sealed(inner: VaultRoom, usage: str, value: bytes, name: str = "issuer.demo") -> KeyUse:
    """A key as the vault is told of it; usage as X9.143 writes it."""
    spec = KeySpec(usage, "T", len(value), "C" if usage == "C0" else "X")
    return KeyUse(name, inner.sealed(spec, bytearray(value)).block)
