"""What a key is for, by its name: which names there are, and which usages a role can have.

Owns the grammar of names (``switch.model.security`` tells whose keys they are) and the words for
algorithms. Usages and modes are written as X9.143 writes them. Refuses to know keys, and what the
vault permits: there a key's block is believed, not its name.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Role(NamedTuple):
    """What keys of a role can be: usages with the usual one first, and the mode in which this side
    holds them. ``by_algorithm``: where the usual one depends on the algorithm.
    """

    usages: tuple[str, ...]
    mode: str
    by_algorithm: dict[str, str] = {}  # noqa: RUF012 - nobody changes it

    def usual(self, algorithm: str) -> str:
        """The usage of a key that names none.

        >>> ROLES["terminal"]["tak"].usual("T"), ROLES["terminal"]["tak"].usual("A")
        ('M3', 'M6')
        """
        return self.by_algorithm.get(algorithm, self.usages[0])


class Size(NamedTuple):
    """Algorithm as X9.143 writes it, and length in bytes."""

    algorithm: str
    length: int


_SM4: Final = "4"
_UNIONPAY: Final = "10"
_MAC: Final = Role(
    ("M3", "M0", "M1", "M6", "M7", _UNIONPAY),
    "C",
    {"A": "M6", "H": "M7", "D": "M1", _SM4: _UNIONPAY},
)
_WRAPS: Final = Role(("K1", "K0"), "B")
_PIN: Final = Role(("P0",), "B")

ROLES: Final[dict[str, dict[str, Role]]] = {
    "bdk": {"": Role(("B0",), "X")},
    "terminal": {"tmk": _WRAPS, "tpk": _PIN, "tak": _MAC, "tdk": Role(("D0",), "B")},
    "zone": {"zmk": _WRAPS, "zpk": _PIN, "zak": _MAC},
    "issuer": {
        "pvk": Role(("V2",), "C"),
        "ibm": Role(("V1",), "C"),
        "cvk": Role(("C0",), "C"),
        "imk_ac": Role(("E0",), "X"),
        "imk_smi": Role(("E2",), "X"),
        "imk_smc": Role(("E1",), "X"),
    },
}

WORKING_ROLES: Final = ("tpk", "tak", "tdk")  # of a terminal: keys that an exchange renews

SIZES: Final[dict[str, Size]] = {
    "tdes-2": Size("T", 16),
    "tdes-3": Size("T", 24),
    "aes-128": Size("A", 16),
    "aes-192": Size("A", 24),
    "aes-256": Size("A", 32),
    "des": Size("D", 8),
    "hmac": Size("H", 32),
    "sm4": Size(_SM4, 16),
}

_SET: Final = re.compile(r"[0-9A-F]{8}|[0-9A-F]{10}")
_OWNER: Final = re.compile(r"[!-{}~](?:[ -{}~]{0,62}[!-{}~])?")  # printable ASCII, no bar


def role_of(name: str) -> Role | None:
    """What a key of that name is for; ``None`` where no key is called so.

    >>> role_of("issuer.demo.pvk").usages, role_of("bdk.FFFF987654").mode
    (('V2',), 'X')
    >>> role_of("issuer.demo.tpk"), role_of("bdk.FFFF9876543210"), role_of("terminal..tpk")
    (None, None, None)
    """
    kind, _, rest = name.partition(".")
    if kind == "bdk":
        return ROLES[kind][""] if _SET.fullmatch(rest) else None
    owner, _, role = rest.rpartition(".")
    return ROLES.get(kind, {}).get(role) if _OWNER.fullmatch(owner) else None


def names_in_words() -> str:
    """The names that keys can have, for whoever wrote another one."""
    kinds = [f"{kind}.NAME.{'|'.join(roles)}" for kind, roles in ROLES.items() if kind != "bdk"]
    return ", ".join(["bdk.KSI (8 or 10 hex digits)", *kinds])
