"""What a shop needs for messages that are secured: keys at rest, a security, a card with an issuer.

Owns the rows. The key blocks are words: nobody in the core opens one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switch.model.copies import replace
from switch.model.facts import Verdict
from switch.model.records import Card, SealedKey, Terminal
from switch.model.security import Security, terminal_key
from switch.values import PinBlock

if TYPE_CHECKING:
    from tests.core.conftest import Shop

TDES_KSN, AES_KSN = "FFFF9876543210E0", "1234567890123456"
GOOD, BAD = Verdict("good"), Verdict("bad")
BLOCK = PinBlock("0000000000000000")
MAC = "0011223344556677"
NAMES = (
    "bdk.FFFF987654",
    "bdk.12345678",
    terminal_key("T1", "tmk"),
    terminal_key("T1", "tpk"),
    terminal_key("T1", "tak"),
    "issuer.demo.pvk",
    "issuer.demo.cvk",
    "issuer.demo.imk_ac",
    "issuer.demo.imk_smi",
    "issuer.demo.imk_smc",
)


def a_key(name: str, **more: Any) -> SealedKey:
    """A key at rest."""
    shape = {"usage": "B0", "algorithm": "T", "mode": "X", "exportability": "N"}
    return SealedKey(id=name, **{"block": f"block of {name}", **shape, **more})


def secure(shop: Shop, **terms: Any) -> None:
    """Terminal T1 keeps to a security, its keys and those of the card's issuer are there, and the
    vault finds everything right.
    """
    shop.put(*(a_key(name) for name in NAMES))
    securities = {"s": Security(name="s", **terms)}
    shop.settings = replace(shop.settings, securities=securities)
    shop.policy = replace(shop.policy, macs=frozenset({"0200"}))
    shop.change(Terminal, "T1", security="s")
    shop.change(Card, "token-0010", issuer="demo", pin_method="visa-pvv", pin_reference="11234")
    shop.verdicts = {"mac": GOOD, "pin": GOOD}


def tdes(counter: int) -> str:
    """The key serial number of the test device of ANSI X9.24-1, at a counter."""
    return f"{int(TDES_KSN + '0000', 16) | counter:020X}"


def aes(counter: int) -> str:
    """That of ANSI X9.24-3."""
    return f"{AES_KSN}{counter:08X}"
