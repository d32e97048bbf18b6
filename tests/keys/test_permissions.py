"""Which key may do what: the whole matrix, pair by pair, against a table written down a second time
(SR-KEY-03).
"""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from switch.keys.check_value import USUAL
from switch.keys.mac import SCHEMES, Scheme
from switch.keys.permissions import (
    MARKS,
    OPERATIONS,
    SM4_ALGORITHM,
    UNIONPAY_USAGE,
    USAGES,
    check_spec,
    kind,
    mac_usage,
    need,
    need_export,
    need_one_mark,
    need_scheme,
    permitted,
    strength,
)
from switch.keys.port import KeyMisused, KeyRefused, KeySpec
from switch.model.key_roles import ROLES
from tests.keys.vault_kit import LENGTH_OF, all_specs

# Usage: operations, each with the modes that allow it. Whatever is not here is refused.
_MAC: Final = {"check a MAC": "VCN", "make a MAC": "GCN"}
_PIN_VERIFICATION: Final = {"verify a PIN": "VCN", "make a PIN reference": "GCN"}
ALLOWED: Final[dict[str, dict[str, str]]] = {
    "B0": {"derive a transaction key": "XN", "derive an initial key": "XN"},
    "B1": {},
    "C0": {"check a card verification value": "VCN"},
    "D0": {},
    "E0": {"check a cryptogram": "XN", "answer a cryptogram": "XN"},
    "E1": {"encipher a script": "XN"},
    "E2": {"make a script MAC": "XN"},
    "K0": {"open a key cryptogram": "DBN", "make a key cryptogram": "EBN"},
    "K1": {"open a key block": "DBN", "make a key block": "EBN"},
    "M0": _MAC,
    "M1": _MAC,
    "M3": _MAC,
    "M6": _MAC,
    "M7": _MAC,
    "P0": {"decipher a PIN block": "DBN", "encipher a PIN block": "EBN"},
    "V1": _PIN_VERIFICATION,
    "V2": _PIN_VERIFICATION,
    UNIONPAY_USAGE: _MAC,
}
ALGORITHMS: Final = {
    "B0": "TA", "B1": "TA", "C0": "T", "D0": "TA4", "E0": "T", "E1": "T", "E2": "T", "K0": "TA4",
    "K1": "TA", "M0": "T", "M1": "TD4", "M3": "T", "M6": "TA4", "M7": "H", "P0": "TA4", "V1": "T",
    "V2": "T", UNIONPAY_USAGE: "TD4",
}  # fmt: skip
MODES: Final = "EDBGVCXN"


def spec(usage: str, algorithm: str, mode: str, mark: str = "test", out: str = "E") -> KeySpec:
    """Of the usual length."""
    return KeySpec(usage, algorithm, LENGTH_OF.get(algorithm, 16), mode, out, mark)


def test_the_matrix_is_whole() -> None:
    """Every usage, algorithm, mode, mark and operation: allowed as written above, else refused by
    an error that names key, usage and operation.
    """
    assert set(ALLOWED) == set(ALGORITHMS) == set(USAGES)
    pairs = refused = 0
    for usage, algorithm, mode, mark in product(USAGES, "TADH4RE", MODES, MARKS):
        tried = spec(usage, algorithm, mode, mark)
        possible = (
            algorithm in ALGORITHMS[usage]
            and mode in USAGES[usage].modes
            and (usage, algorithm, mark) != ("M1", "D", "live")
        )
        for operation in OPERATIONS:
            pairs += 1
            if possible and mode in ALLOWED[usage].get(operation, ""):
                need("a.key", tried, operation)
                continue
            refused += 1
            with pytest.raises(KeyMisused) as caught:
                need("a.key", tried, operation)
            said = str(caught.value)
            assert "a.key" in said
            assert usage in said
            assert said.endswith(f"must not {operation}")
    assert pairs == len(USAGES) * 7 * len(MODES) * len(MARKS) * len(OPERATIONS)
    assert 0 < pairs - refused < pairs // 50


def test_one_key_has_one_kind_of_work() -> None:
    """No key both ciphers and makes MACs, none derives and ciphers, none touches both keys and
    data.
    """
    families = [
        {"check a MAC", "make a MAC"},
        {"decipher a PIN block", "encipher a PIN block"},
        {"verify a PIN", "make a PIN reference"},
        {"check a card verification value"},
        {"derive a transaction key", "derive an initial key"},
        {"check a cryptogram", "answer a cryptogram"},
        {"make a script MAC"},
        {"encipher a script"},
        {"open a key block", "make a key block"},
        {"open a key cryptogram", "make a key cryptogram"},
    ]
    assert set().union(*families) == set(OPERATIONS)
    for each in all_specs():
        assert sum(bool(permitted(each) & family) for family in families) <= 1


@pytest.mark.parametrize("usage", USAGES)
def test_attributes_that_do_not_go_together_are_refused(usage: str) -> None:
    """Algorithm, mode, length, exportability, mark; the text says what is right."""
    algorithm = ALGORITHMS[usage][0]
    good = next(mode for mode in MODES if mode in USAGES[usage].modes)
    right = spec(usage, algorithm, good)
    assert check_spec(right) is right
    for wrong, said in (
        (spec(usage, "R", good), "algorithm"),
        (spec(usage, "TA", good), "algorithm"),
        (spec(usage, "", good), "algorithm"),
        (spec(usage, algorithm, "S"), "mode"),
        (spec(usage, algorithm, ""), "mode"),
        (KeySpec(usage, algorithm, 15, good), "bytes, not 15"),
        (spec(usage, algorithm, good, out="Q"), "exportability"),
        (spec(usage, algorithm, good, out=""), "exportability"),
        (spec(usage, algorithm, good, mark="Test"), "marked"),
    ):
        with pytest.raises(KeyRefused, match=said):
            check_spec(wrong)
        assert permitted(wrong) == frozenset()
    with pytest.raises(KeyRefused, match="no such key usage"):
        check_spec(spec("Z9", algorithm, good))


@pytest.mark.parametrize("usage", USAGES)
def test_no_usage_takes_single_des_but_those_with_a_name(usage: str) -> None:
    """SR-KEY-10: the UnionPay line's MAC keys, and X9.9 for tests."""
    good = next(mode for mode in MODES if mode in USAGES[usage].modes)
    with pytest.raises(KeyRefused):
        check_spec(KeySpec(usage, "T", 8, good))
    for mark in MARKS:
        named = usage == UNIONPAY_USAGE or (usage == "M1" and mark == "test")
        assert bool(permitted(KeySpec(usage, "D", 8, good, "E", mark))) == named


@pytest.mark.parametrize("usage", USAGES)
def test_keys_have_the_lengths_of_their_algorithm(usage: str) -> None:
    """Every length up to 80 bytes; where nothing else is defined, TDES keys have two parts."""
    two_parts = usage in {"B0", "B1", "C0", "E0", "E1", "E2", "M3", "V2"}
    right = {
        "T": {16} if two_parts else {16, 24},
        "D": {8},
        "A": {16, 24, 32},
        "H": {16, 24, 32, 48, 64},
        SM4_ALGORITHM: {16},
    }
    good = next(mode for mode in MODES if mode in USAGES[usage].modes)
    for algorithm in ALGORITHMS[usage]:
        for length in range(81):
            tried = KeySpec(usage, algorithm, length, good)
            if length in right[algorithm]:
                assert check_spec(tried) is tried
            else:
                with pytest.raises(KeyRefused, match=f"bytes, not {length}"):
                    check_spec(tried)


def test_a_refusal_is_told_in_whole_sentences() -> None:
    """The words in which misused keys and impossible attributes are told."""
    with pytest.raises(KeyMisused) as misused:
        need("a.key", spec("P0", "T", "D"), "make a MAC")
    assert str(misused.value) == (
        "key a.key is a PIN encryption key (P0, T, mode D, test): it must not make a MAC"
    )
    with pytest.raises(KeyMisused) as unknown:
        need("a.key", spec("Z9", "T", "D", "live"), "make a MAC")
    assert str(unknown.value) == (
        "key a.key is of a usage that is not known here (Z9, T, mode D, live): "
        "it must not make a MAC"
    )
    for wrong, said in (
        (
            spec("C0", "A", "C"),
            "a card verification key (C0) has algorithm T, not A",
        ),
        (
            KeySpec("P0", "A", 20, "B"),
            "a PIN encryption key (P0) under AES has 16, 24 or 32 bytes, not 20",
        ),
        (
            KeySpec("B0", "T", 24, "X"),
            "a base derivation key (B0) under TDES has 16 bytes, not 24",
        ),
        (spec("P0", "T", "B", out="Q"), "exportability is E, S or N, not Q"),
        (spec("P0", "T", "B", "dead"), "a key is marked test or live, not dead"),
        (spec("Z9", "T", "B"), f"no such key usage here: {', '.join(USAGES)} are known"),
    ):
        with pytest.raises(KeyRefused) as refused:
            check_spec(wrong)
        assert str(refused.value) == said


def test_strength_is_in_bits_of_work() -> None:
    """As X9.24 compares keys (SR-KEY-05); a hash key counts for its length, 256 at most."""
    told = {
        ("P0", "T", 16): 80,
        ("P0", "T", 24): 112,
        ("M1", "D", 8): 56,
        ("P0", "A", 16): 128,
        ("P0", "A", 24): 192,
        ("P0", "A", 32): 256,
        ("M7", "H", 24): 192,
        ("M7", "H", 64): 256,
    }
    for (usage, algorithm, length), bits in told.items():
        assert strength(KeySpec(usage, algorithm, length, "C")) == bits


def test_a_mac_key_makes_the_macs_of_its_usage_only() -> None:
    """Each scheme there is has exactly one usage that is chosen for it, and keys of it fit."""
    for name in SCHEMES:
        homes = [usage for usage, row in USAGES.items() if name in row.schemes]
        if name == "sm4-iso9797-3":
            assert homes == []  # takes two keys, which one block does not hold
            with pytest.raises(KeyRefused, match="no usage"):
                mac_usage(name)
            continue
        assert mac_usage(name) in homes
        scheme = Scheme.parse(name)
        wanted = {"TDES": "TD", "AES": "A", "SM4": SM4_ALGORITHM}.get(scheme.cipher, "H")
        for usage, row in USAGES.items():
            for algorithm in row.algorithms:
                tried = spec(usage, algorithm, next(m for m in "CBX" if m in row.modes))
                if usage in homes and algorithm in wanted:
                    need_scheme("a.key", tried, scheme, "make a MAC")
                else:
                    with pytest.raises(KeyMisused, match=r"key a\.key is .* must not make a MAC"):
                        need_scheme("a.key", tried, scheme, "make a MAC")


@pytest.mark.parametrize("form", ["tr31", "cryptogram"])
def test_exportability_is_kept_to(form: str) -> None:
    """X9.143: E leaves in key blocks, S in bare cryptograms too, N never."""
    kek = spec("K1" if form == "tr31" else "K0", "T", "B")
    other = spec("K0" if form == "tr31" else "K1", "T", "B")
    for out in "ESNX":
        key = spec("P0", "T", "B", out=out)
        if out in ("ES" if form == "tr31" else "S"):
            need_export("a.key", key, "a.kek", kek, form)
        else:
            with pytest.raises(KeyMisused, match=f"exportability {out}"):
                need_export("a.key", key, "a.kek", kek, form)
        with pytest.raises(KeyMisused, match=r"a\.kek is a"):
            need_export("a.key", key, "a.kek", other, form)
    with pytest.raises(KeyMisused, match=r"a\.kek is a"):
        need_export("a.key", spec("P0", "T", "B"), "a.kek", spec("K1", "T", "D"), form)


def test_no_key_leaves_under_a_weaker_one() -> None:
    """SR-KEY-05, all pairs: by bits of work, as X9.24 compares keys."""
    keks = [KeySpec("K1", "T", 16, "B"), KeySpec("K1", "T", 24, "B")]
    keks += [KeySpec("K1", "A", length, "B") for length in (16, 24, 32)]
    keys = [KeySpec("P0", "T", 16, "B"), KeySpec("P0", "T", 24, "B")]
    keys += [KeySpec("P0", "A", length, "B") for length in (16, 24, 32)]
    keys += [KeySpec("P0", SM4_ALGORITHM, 16, "B"), KeySpec("M1", "D", 8, "C")]
    keys += [KeySpec("M7", "H", length, "C") for length in (16, 32, 64)]
    # Of each kek, which of the keys it may carry.
    expected = [
        "1000001000",
        "1100001000",
        "1110011100",
        "1111011100",
        "1111111111",
    ]
    for kek, row in zip(keks, expected, strict=True):
        for key, allowed in zip(keys, row, strict=True):
            assert (strength(key) <= strength(kek)) == (allowed == "1")
            if allowed == "1":
                need_export("a.key", key, "a.kek", kek, "tr31")
            else:
                with pytest.raises(KeyMisused, match=r"under the weaker a\.kek"):
                    need_export("a.key", key, "a.kek", kek, "tr31")


def test_test_keys_and_live_keys_never_meet() -> None:
    """SR-KEY-09, both ways."""
    for mark, other in product(MARKS, MARKS):
        key, kek = spec("P0", "T", "B", mark), spec("K1", "T", "B", other)
        if mark == other:
            need_one_mark("a.key", mark, "b.key", other)
            need_export("a.key", key, "a.kek", kek, "tr31")
        else:
            with pytest.raises(KeyMisused, match="never meet"):
                need_one_mark("a.key", mark, "b.key", other)
            with pytest.raises(KeyMisused, match=r"key a\.key is .* a\.kek is .* never meet"):
                need_export("a.key", key, "a.kek", kek, "tr31")


def test_every_algorithm_has_a_check_value() -> None:
    """SR-KEY-08."""
    assert {kind(each) for each in all_specs()} == set(USUAL)


def test_roles_ask_for_keys_that_can_be() -> None:
    """A role's usual usage and mode go together."""
    for roles in ROLES.values():
        for role in roles.values():
            for algorithm in "TA":
                usage = role.usual(algorithm)
                if algorithm in USAGES[usage].algorithms:
                    right = spec(usage, algorithm, role.mode)
                    assert check_spec(right) is right
