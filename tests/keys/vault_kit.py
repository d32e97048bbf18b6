"""What the tests of the vault share: a vault with a master key of its own, keys of every usage in
it, cards. All keys are test keys.
"""

from __future__ import annotations

import os
from typing import Final

from switch.keys.master import MasterKey
from switch.keys.permissions import MARKS, SM4_ALGORITHM, USAGES
from switch.keys.port import KeySpec
from switch.keys.vault import SoftwareVault
from switch.model.security import KeyUse
from switch.values import Pan, Pin

PAN: Final = Pan("4761739001010010")
OTHER_PAN: Final = Pan("5413330089010434")
PIN: Final = Pin("4524")
# X9.24-1's and X9.24-3's own test keys.
BDK: Final = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES_BDK: Final = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KSN: Final = "FFFF9876543210E00001"
AES_KSN: Final = "123456789012345600000001"
LENGTH_OF: Final = {"T": 16, "D": 8, "A": 16, "H": 32, SM4_ALGORITHM: 16}


def new_vault() -> SoftwareVault:
    """A vault with a master key of its own."""
    return SoftwareVault(MasterKey(bytearray(os.urandom(32))), os.urandom)


def made(
    vault: SoftwareVault,
    usage: str,
    algorithm: str = "T",
    mode: str = "",
    *,
    length: int = 0,
    exportability: str = "E",
    mark: str = "test",
    name: str = "",
) -> KeyUse:
    """A fresh key; the last mode of its usage (C, B or N) unless one is given."""
    chosen = mode or next(each for each in "CBXN" if each in USAGES[usage].modes)
    spec = KeySpec(usage, algorithm, length or LENGTH_OF[algorithm], chosen, exportability, mark)
    return KeyUse(name or f"a.{mark}.{usage}", vault.make_key(spec).block)


def sealed(
    vault: SoftwareVault, usage: str, value: bytes, algorithm: str = "T", mode: str = ""
) -> KeyUse:
    """A given test key."""
    chosen = mode or next(each for each in "CBXN" if each in USAGES[usage].modes)
    spec = KeySpec(usage, algorithm, len(value), chosen)
    return KeyUse(f"given.{usage}", vault.import_clear(spec, bytearray(value)).block)


def all_specs() -> list[KeySpec]:
    """Every usage under every algorithm in every mode that goes together, of each mark."""
    return [
        KeySpec(usage, algorithm, LENGTH_OF[algorithm], mode, "E", mark)
        for usage, row in USAGES.items()
        for algorithm in row.algorithms
        for mode in row.modes
        for mark in MARKS
        if (usage, algorithm, mark) != ("M1", "D", "live")
    ]
