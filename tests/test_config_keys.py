"""``[[security]]``, ``[[key]]``, ``[[officer]]`` and what names them: read, shown masked, refused
with file and line and without the secret.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.config import Config, parse_config
from switch.errors import ConfigError
from switch.keys.port import KeySpec
from switch.model.key_roles import ROLES, SIZES, names_in_words, role_of
from switch.server.assemble import Assembler, Overrides
from switch.values import ClearKey, Pin

KEY = "0123456789ABCDEFFEDCBA9876543210"
WORLD = """\
[settings]
test_ranges = ["4761739"]

[[merchant]]
id = "SHOP"

"""


def loaded(text: str) -> Config:
    """The configuration of a shop with something more."""
    return parse_config(WORLD + text, "x.toml")


def refusal(text: str) -> str:
    """What is said of a mistake."""
    with pytest.raises(ConfigError) as caught:
        loaded(text)
    return str(caught.value)


def key(
    name: str = "issuer.demo.pvk", algorithm: str = "tdes-2", value: str = KEY, **more: str
) -> str:
    """A section [[key]]."""
    words = {"name": name, "algorithm": algorithm, "value": value, **more}
    return "[[key]]\n" + "".join(f'{word} = "{text}"\n' for word, text in words.items())


def card(**more: Any) -> str:
    """A section [[card]]."""
    words = {"name": "visa", "pan": "4761739001010010", **more}
    return "[[card]]\n" + "".join(f"{word} = {json.dumps(text)}\n" for word, text in words.items())


def line_of(text: str, words: str) -> int:
    """The line of the first occurrence."""
    return (WORLD + text)[: (WORLD + text).index(words)].count("\n") + 1


def test_a_security_is_told_to_the_core_in_its_words() -> None:
    """Seconds become microseconds; everything has a default that checks what is there."""
    text = (
        '[[security]]\nname = "shop"\nmac = "required"\nmac_scheme = "x9.19:8"\nwindow = 4\n'
        'pin_formats = [0, 4]\nfailures_window_s = 0.5\noverlap_s = 60\nexchange = "cryptogram"\n'
        '[[security]]\nname = "usual"\n'
    )
    securities = Assembler(Overrides(), 100).plan(loaded(text)).settings.securities
    assert set(securities) == {"shop", "usual"}
    shop, usual = securities["shop"], securities["usual"]
    assert (shop.mac, shop.mac_scheme, shop.window, shop.pin_formats) == (
        "required",
        "x9.19:8",
        4,
        (0, 4),
    )
    assert (shop.failures_window_us, shop.overlap_us) == (500_000, 60_000_000)
    assert (shop.exchange, usual.exchange, usual.mac) == ("cryptogram", "tr31", "optional")
    assert (usual.failures, usual.failures_window_us) == (20, 3_600_000_000)


def test_a_test_key_is_held_so_that_it_does_not_print() -> None:
    """SR-KEY-13: neither repr nor dump of the configuration shows it, nor a PIN."""
    config = loaded(key() + card(issuer="demo", pin="4711"))
    assert config.key[0].value == ClearKey(KEY)
    assert config.card[0].pin == Pin("4711")
    for shown in (repr(config), str(config.model_dump()), config.model_dump_json()):
        assert KEY not in shown
        assert "4711" not in shown


@pytest.mark.parametrize(
    ("name", "algorithm", "value", "spec"),
    [
        ("bdk.FFFF987654", "tdes-2", KEY, KeySpec("B0", "T", 16, "X")),
        ("bdk.12345678", "aes-128", KEY, KeySpec("B0", "A", 16, "X")),
        ("terminal.DEMO0001.tmk", "tdes-2", KEY, KeySpec("K1", "T", 16, "B")),
        ("terminal.DEMO0001.tak", "tdes-2", KEY, KeySpec("M3", "T", 16, "C")),
        ("terminal.DEMO 1.tak", "aes-256", KEY * 2, KeySpec("M6", "A", 32, "C")),
        ("terminal.A.B.tpk", "sm4", KEY, KeySpec("P0", "4", 16, "B")),
        ("zone.bank.zak", "hmac", KEY * 2, KeySpec("M7", "H", 32, "C")),
        ("issuer.demo.imk_ac", "tdes-2", KEY, KeySpec("E0", "T", 16, "X")),
        ("issuer.demo.ibm", "tdes-2", KEY, KeySpec("V1", "T", 16, "C")),
    ],
)
def test_a_key_is_what_its_name_says(name: str, algorithm: str, value: str, spec: KeySpec) -> None:
    """Usage and mode follow from the role; only test keys stand in a file."""
    config = loaded(key(name, algorithm, value))
    assert config.key[0].spec == spec
    (seed,) = Assembler(Overrides(), 100).plan(config).world.keys
    assert (seed.name, seed.spec, seed.value) == (name, spec, ClearKey(value))


def test_another_usage_of_the_role_can_be_said() -> None:
    """A terminal master key for cryptograms."""
    assert loaded(key("terminal.T1.tmk", usage="K0")).key[0].spec.usage == "K0"


SECURED = (
    '[[security]]\nname = "s"\nexchange = "{}"\n\n'
    '[[terminal]]\nid = "T"\nmerchant = "SHOP"\nsecurity = "s"\n\n'
)
MISTAKES = [
    (key("bdk.FFFF9876"[:-1] + "G"), "name =", "no key is called that"),
    (key("issuer.demo.tpk"), "name =", "no key is called that"),
    (key(KEY), "name =", "no key is called that"),
    (key(value="0123456789ABCDEF" * 2), "value =", "two parts of the TDES key are equal"),
    (key(value=KEY[:-2] + "3"), "value =", "a key has 16, 32, 48, 64 hex digits, this one has 31"),
    (key(value="x" * 32), "value =", "a key is written as hex digits in quotes"),
    (key(algorithm="aes-256"), "value =", "a key of aes-256 has 64 hex digits, this one has 32"),
    (key(algorithm="rsa"), "algorithm =", "must be 'tdes-2'"),
    (key(usage="P0"), "usage =", "a key called issuer.demo.pvk is for V2"),
    (key("bdk.FFFF987654", "des", KEY[:16]), "algorithm =", "a base derivation key (B0) has"),
    (key() + "\n" + key(), "", "is taken by key.0"),
    ('[[security]]\nname = "s"\ndukpt = false\nsession = false\n', "session =", "no key could"),
    ('[[security]]\nname = "s"\nmac_scheme = "x9.20"\n', "mac_scheme =", "is no MAC scheme"),
    ('[[security]]\nname = "s"\npin_formats = [5]\n', "pin_formats =", "less than or equal to 4"),
    ('[[security]]\nname = "s"\nfailures_window_s = -1\n', "failures_window_s =", "greater than"),
    ('[[terminal]]\nid = "T"\nmerchant = "SHOP"\nsecurity = "s"\n', "security =", "there is no"),
    (
        SECURED.format("cryptogram") + key("terminal.T.tmk"),
        'name = "terminal.T.tmk"',
        'security s hands working keys out as cryptogram, which takes usage = "K0"',
    ),
    (
        SECURED.format("tr31") + key("terminal.T.tmk", usage="K0"),
        "usage =",
        'security s hands working keys out as tr31, which takes usage = "K1"',
    ),
    (card(pin="4711"), "pin =", "is judged by an issuer's keys: say issuer"),
    (card(chip="visa-cvn10"), "chip =", "is judged by an issuer's keys"),
    (card(verification=True), "verification =", "is judged by an issuer's keys"),
    (card(issuer="demo", pin="4711"), "pin =", "by the key issuer.demo.pvk, and no [[key]] is it"),
    (
        card(issuer="demo", pin="4711", pin_method="ibm-3624") + key(),
        "pin =",
        "by the key issuer.demo.ibm",
    ),
    (card(issuer="demo", pin="471"), "pin =", "a PIN is written as 4 to 12 digits in quotes"),
    (card(issuer="demo", pin=4711), "pin =", "a PIN is written as 4 to 12 digits in quotes"),
    (card(chip="visa"), "chip =", "there is no chip profile 'visa'"),
    (card(sequence="1"), "sequence =", "a PAN sequence number has two digits"),
    ('[[officer]]\nname = "a"\ntoken_hash = "secret"\n', "token_hash =", "64 hex digits"),
    (f'[[officer]]\nname = "a"\ntoken_hash = "{"a" * 64}"\n', "", "live keys take two officers"),
    (
        "".join(f'[[officer]]\nname = "{name}"\ntoken_hash = "{"a" * 64}"\n' for name in "xy"),
        "",
        "is the token of officer.0",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "why"), MISTAKES, ids=[why for _, _, why in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_without_the_secret(
    text: str, at: str, why: str
) -> None:
    """Where, what, what to do; no key, PIN or card number is repeated."""
    said = refusal(text)
    assert why in said
    if at:
        assert f"x.toml:{line_of(text, at)}: " in said
    secrets = re.findall(r'(?:value|pin|token_hash) = "?(\w{4,})', text)
    assert not any(secret in said for secret in [*secrets, KEY])


@pytest.mark.parametrize(
    "more", [key("terminal.T.tmk", usage="K0"), key("terminal.OTHER.tmk"), key("zone.T.zmk")]
)
def test_master_keys_that_fit_their_security_are_taken(more: str) -> None:
    """Those of terminals that have none, and of zones, are held to nothing."""
    assert loaded(SECURED.format("cryptogram") + more).key


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('enrol_issuer = "demo"', "settings.enrol_issuer: the cards of an issuer have a PIN"),
        ('enrol_pin = "1234"', "settings.enrol_pin: a PIN is verified by an issuer"),
        ('enrol_security = "s"', "settings.enrol_security: none is called so"),
    ],
)
def test_what_enrolled_ones_are_given_must_be_there(settings: str, why: str) -> None:
    """With the line of the setting."""
    text = WORLD.replace("[settings]\n", f"[settings]\n{settings}\n")
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "x.toml")
    assert str(caught.value).startswith(f"x.toml:2: {why}")


def test_the_names_of_keys_are_told_whole() -> None:
    """Every kind and role is in the sentence that a person reads."""
    said = names_in_words()
    assert all(
        kind in said and all(role in said for role in roles) for kind, roles in ROLES.items()
    )


@given(
    kind=st.sampled_from(sorted(ROLES)),
    owner=st.text(st.characters(codec="ascii"), max_size=20),
    role=st.sampled_from(sorted({role for roles in ROLES.values() for role in roles})),
)
def test_a_name_has_a_role_only_if_it_is_one_of_its_kind(kind: str, owner: str, role: str) -> None:
    """Whatever stands between: nothing that does not print, no bar, no space at its ends."""
    found = role_of(f"{kind}.{owner}.{role}")
    if kind == "bdk":
        assert found is None
        return
    writable = owner.isprintable() and "|" not in owner and owner == owner.strip() and owner
    assert (found is not None) == bool(role in ROLES[kind] and writable)


def test_every_algorithm_has_a_usual_usage_that_its_role_has() -> None:
    """No configuration without a usage comes to one that is refused for the name."""
    for roles in ROLES.values():
        for role in roles.values():
            for size in SIZES.values():
                assert role.usual(size.algorithm) in role.usages
