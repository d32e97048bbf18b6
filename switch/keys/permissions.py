"""What a key may be asked: by usage, algorithm, mode of use, exportability and mark (SR-KEY-03).

Owns the one table of usages (SR-KEY-15) and the questions that each of them answers. Refuses to
know a key: it judges attributes, which the vault takes from the key's own block.

One key, one usage: a key that ciphers PINs ciphers nothing else, a MAC key deciphers nothing, a
key-encrypting key touches keys only, a base derivation key only derives. The mode narrows further:

    E  encipher only     G  generate only     X  derive only
    D  decipher only     V  verify only       N  whatever the usage allows
    B  both              C  both
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from switch.keys.check_value import KeyKind
from switch.keys.ciphers import CIPHERS
from switch.keys.mac import Scheme
from switch.keys.port import KeyMisused, KeyRefused, KeySpec

MARKS: Final = ("test", "live")
# From the standard's room for what it does not know: usages of two digits, algorithms of one.
UNIONPAY_USAGE: Final = "10"
SM4_ALGORITHM: Final = "4"
EXPORTABILITIES: Final = "ESN"

# Each thing that a key can be asked, and the modes of use that allow it.
OPERATIONS: Final = {
    "check a MAC": "VCN",
    "make a MAC": "GCN",
    "decipher a PIN block": "DBN",
    "encipher a PIN block": "EBN",
    "verify a PIN": "VCN",
    "make a PIN reference": "GCN",
    "check a card verification value": "VCN",
    "derive a transaction key": "XN",
    "derive an initial key": "XN",
    "check a cryptogram": "XN",
    "answer a cryptogram": "XN",
    "make a script MAC": "XN",
    "encipher a script": "XN",
    "open a key block": "DBN",
    "make a key block": "EBN",
    "open a key cryptogram": "DBN",
    "make a key cryptogram": "EBN",
}
_CIPHERS: Final = "EDBN"
_MACS: Final = "GVCN"
_DERIVES: Final = "XN"
_LENGTHS: Final[dict[str, tuple[int, ...]]] = {
    "T": (16, 24),
    "D": (8,),  # SR-KEY-10: only where a row of the table says so
    "A": (16, 24, 32),
    "H": (16, 24, 32, 48, 64),
    SM4_ALGORITHM: (16,),
}
_KINDS: Final[dict[str, KeyKind]] = {
    "T": "TDES",
    "D": "TDES",
    "A": "AES",
    "H": "HMAC",
    SM4_ALGORITHM: "SM4",
}
_SAID: Final = {"T": "TDES", "D": "DES", "A": "AES", "H": "HMAC", SM4_ALGORITHM: "SM4"}
# Bits of work to find a key, as ANSI X9.24 compares them (SR-KEY-05).
_TDES_STRENGTH: Final = {16: 80, 24: 112}
_DES_STRENGTH: Final = 56


class Usage(NamedTuple):
    """A row of the table: which algorithms and modes keys of a usage can have, and what they can be
    asked. ``double``: TDES keys have two parts, nothing else is defined for them. ``schemes``: MACs
    that such a key makes, by the names of ``switch.keys.mac``.
    """

    said: str
    algorithms: str
    modes: str
    operations: tuple[str, ...] = ()
    double: bool = False
    schemes: tuple[str, ...] = ()


_MAC: Final = ("check a MAC", "make a MAC")
_PIN: Final = ("decipher a PIN block", "encipher a PIN block")
_VERIFIES_PINS: Final = ("verify a PIN", "make a PIN reference")
_DUKPT: Final = ("derive a transaction key", "derive an initial key")
_CHIP: Final = ("check a cryptogram", "answer a cryptogram")
_ALGORITHM_1: Final = ("x9.9", "iso9797-1", "unionpay-cbc", "sm4-cbc")
_ALGORITHM_3: Final = ("x9.19", "iso9797-3", "unionpay-x9.19")
_CMAC: Final = ("cmac-tdes", "cmac-aes", "sm4-cmac")
_UNIONPAY: Final = ("unionpay-ecb", "unionpay-sm4")
_HMAC: Final = (
    "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sm3",
)  # fmt: skip

USAGES: Final[dict[str, Usage]] = {
    "B0": Usage("base derivation key", "TA", _DERIVES, _DUKPT, double=True),
    "B1": Usage("initial DUKPT key", "TA", _DERIVES, double=True),
    "C0": Usage(
        "card verification key", "T", _MACS, ("check a card verification value",), double=True
    ),
    "D0": Usage("data encryption key", "TA4", _CIPHERS),
    "E0": Usage("issuer master key for cryptograms", "T", _DERIVES, _CHIP, double=True),
    "E1": Usage(
        "issuer master key for confidentiality", "T", _DERIVES, ("encipher a script",), double=True
    ),
    "E2": Usage(
        "issuer master key for integrity", "T", _DERIVES, ("make a script MAC",), double=True
    ),
    "K0": Usage(
        "key-encrypting key", "TA4", _CIPHERS, ("open a key cryptogram", "make a key cryptogram")
    ),
    "K1": Usage(
        "key block protection key", "TA", _CIPHERS, ("open a key block", "make a key block")
    ),
    "M0": Usage("MAC key, ISO 16609", "T", _MACS, _MAC, schemes=("iso9797-1",)),
    "M1": Usage("MAC key, algorithm 1", "TD4", _MACS, _MAC, schemes=_ALGORITHM_1),
    "M3": Usage("MAC key, algorithm 3", "T", _MACS, _MAC, double=True, schemes=_ALGORITHM_3),
    "M6": Usage("MAC key, CMAC", "TA4", _MACS, _MAC, schemes=_CMAC),
    "M7": Usage("MAC key, HMAC", "H", _MACS, _MAC, schemes=_HMAC),
    "P0": Usage("PIN encryption key", "TA4", _CIPHERS, _PIN),
    "V1": Usage("PIN verification key, IBM 3624", "T", _MACS, _VERIFIES_PINS),
    "V2": Usage("PIN verification key, Visa PVV", "T", _MACS, _VERIFIES_PINS, double=True),
    UNIONPAY_USAGE: Usage("MAC key, UnionPay", "TD4", _MACS, _MAC, schemes=_UNIONPAY),
}
# Whose single DES is let in: the UnionPay line's MAC keys, and X9.9 for tests (SR-KEY-10).
_SINGLE_DES: Final = {UNIONPAY_USAGE: MARKS, "M1": ("test",)}


@lru_cache(maxsize=1024)
def permitted(spec: KeySpec) -> frozenset[str]:
    """The operations that a key of these attributes may be asked; none where they do not go
    together.

    >>> sorted(permitted(KeySpec("P0", "T", 16, "D")))
    ['decipher a PIN block']
    """
    row = USAGES.get(spec.usage)
    if row is None or _fault(spec):
        return frozenset()
    return frozenset(name for name in row.operations if spec.mode in OPERATIONS[name])


def check_spec(spec: KeySpec) -> KeySpec:
    """The attributes, where they go together. Raises KeyRefused, which says what is right.

    >>> check_spec(KeySpec("B0", "T", 16, "E"))
    Traceback (most recent call last):
    switch.keys.port.KeyRefused: a base derivation key (B0) has mode of use X or N, not E
    """
    if fault := _fault(spec):
        raise KeyRefused(fault)
    return spec


def need(name: str, spec: KeySpec, operation: str) -> None:
    """Raises KeyMisused where the key must not do this: names key, usage and operation."""
    if operation not in permitted(spec):
        raise misused(name, spec, operation)


def misused(name: str, spec: KeySpec, operation: str) -> KeyMisused:
    """The error of a key that was asked what it must not do."""
    row = USAGES.get(spec.usage)
    said = f"a {row.said}" if row else "of a usage that is not known here"
    return KeyMisused(
        f"key {name} is {said} ({spec.usage}, {spec.algorithm}, mode {spec.mode}, {spec.mark}): "
        f"it must not {operation}"
    )


def need_scheme(name: str, spec: KeySpec, scheme: Scheme, operation: str) -> None:
    """Raises KeyMisused where a MAC key is not for this scheme: of another usage or cipher."""
    need(name, spec, operation)
    cipher = scheme.cipher if scheme.cipher in CIPHERS else "HMAC"
    if scheme.name not in USAGES[spec.usage].schemes or kind(spec) != cipher:
        raise misused(name, spec, f"{operation} by {scheme.name}")


def need_export(name: str, spec: KeySpec, kek_name: str, kek: KeySpec, form: str) -> None:
    """Raises KeyMisused where the key must not leave under this key-encrypting key: it is not
    exportable in that ``form`` (``tr31``, ``cryptogram``), bears another mark (SR-KEY-09), or is
    stronger (SR-KEY-05).
    """
    need(kek_name, kek, "make a key block" if form == "tr31" else "make a key cryptogram")
    if spec.exportability not in ("ES" if form == "tr31" else "S"):
        raise misused(name, spec, f"leave in a {form} (exportability {spec.exportability})")
    need_one_mark(name, spec.mark, kek_name, kek.mark)
    if strength(spec) > strength(kek):
        raise KeyMisused(
            f"key {name} ({_SAID[spec.algorithm]}, {strength(spec)} bits of strength) must not "
            f"leave under the weaker {kek_name} ({_SAID[kek.algorithm]}, {strength(kek)})"
        )


def need_one_mark(name: str, mark: str, other: str, other_mark: str) -> None:
    """Raises KeyMisused where a test key would meet a live one (SR-KEY-09)."""
    if mark != other_mark:
        raise KeyMisused(
            f"key {name} is marked {mark} and {other} is marked {other_mark}: they never meet"
        )


def strength(spec: KeySpec) -> int:
    """Bits of work to find the key: 80 and 112 of TDES with two and three parts, else its length,
    256 at most.
    """
    if spec.algorithm == "T":
        return _TDES_STRENGTH[spec.length]
    return _DES_STRENGTH if spec.algorithm == "D" else min(8 * spec.length, 256)


def kind(spec: KeySpec) -> KeyKind:
    """The cipher or hash that such keys are for, as ``check_value`` names it."""
    return _KINDS[spec.algorithm]


def mac_usage(scheme: str) -> str:
    """The usage of keys that make MACs by a scheme (its name alone). Raises KeyRefused.

    >>> mac_usage("x9.19"), mac_usage("cmac-aes")
    ('M3', 'M6')
    """
    for usage in ("M3", "M1", "M6", "M7", UNIONPAY_USAGE):
        if scheme in USAGES[usage].schemes:
            return usage
    raise KeyRefused(f"no usage of keys is for MACs by {scheme}")


def _fault(spec: KeySpec) -> str:
    """What is wrong with the attributes; empty where they go together."""
    row = USAGES.get(spec.usage)
    if row is None:
        return f"no such key usage here: {', '.join(USAGES)} are known"
    said = f"a {row.said} ({spec.usage})"
    if spec.algorithm not in row.algorithms or len(spec.algorithm) != 1:
        return f"{said} has algorithm {_either(row.algorithms)}, not {spec.algorithm}"
    if spec.mode not in row.modes or len(spec.mode) != 1:
        return f"{said} has mode of use {_either(row.modes)}, not {spec.mode}"
    lengths = (16,) if row.double and spec.algorithm == "T" else _LENGTHS[spec.algorithm]
    if spec.length not in lengths:
        right = _either([str(length) for length in lengths])
        return f"{said} under {_SAID[spec.algorithm]} has {right} bytes, not {spec.length}"
    if spec.exportability not in EXPORTABILITIES or len(spec.exportability) != 1:
        return f"exportability is {_either(EXPORTABILITIES)}, not {spec.exportability}"
    if spec.mark not in MARKS:
        return f"a key is marked {_either(MARKS)}, not {spec.mark}"
    if spec.algorithm == "D" and spec.mark not in _SINGLE_DES.get(spec.usage, ()):
        return f"{said} of single DES is for tests only"
    return ""


def _either(words: str | tuple[str, ...] | list[str]) -> str:
    *first, last = list(words)
    return f"{', '.join(first)} or {last}" if first else last
