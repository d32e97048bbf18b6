"""Working keys handed out to a terminal: which, to whom, in what form (``vault_moves``)."""

from __future__ import annotations

import pytest

from switch.keys.check_value import check_value
from switch.keys.ciphers import tdes_decrypt
from switch.keys.key_block import unwrap
from switch.keys.permissions import UNIONPAY_USAGE
from switch.keys.port import KeyMisused, KeyRefused, KeySpec
from switch.model.security import KeyOrder, KeyUse, terminal_key
from tests.keys.vault_kit import all_specs, made, new_vault, sealed

VAULT = new_vault()
TDES = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F100112233445566778899AABBCCDDEEFF")
TDES_KBPK = sealed(VAULT, "K1", TDES)
AES_KBPK = sealed(VAULT, "K1", AES, "A")
TDES_KEK = sealed(VAULT, "K0", TDES)
LIVE_KBPK = made(VAULT, "K1", "A", length=32, mark="live")
LIVE_KEK = made(VAULT, "K0", "A", length=32, mark="live")
TMK = "terminal.T1.tmk"


@pytest.mark.parametrize("form", ["tr31", "cryptogram"])
def test_working_keys_are_handed_out(form: str) -> None:
    """By role, under the terminal's master key, in the form that the order says; the terminal gets
    the very keys.
    """
    keys = VAULT.working_keys("tdes-2", ("tpk", "tak"), terminal="T1", form=form)
    working = tuple(
        (role, KeyUse(terminal_key("T1", role), key.block)) for role, key in keys.items()
    )
    master = KeyUse(TMK, (TDES_KBPK if form == "tr31" else TDES_KEK).block)
    handed = VAULT.hand_out(KeyOrder(master, working, form))
    assert list(handed) == ["tpk", "tak"]
    for role, key in handed.items():
        assert key.form == form
        raw = (
            bytes(unwrap(TDES, key.text).key)
            if form == "tr31"
            else bytes(tdes_decrypt(TDES, bytes.fromhex(key.text)))
        )
        assert check_value("TDES", raw).hex().upper() == keys[role].check_value
        assert key.check_value.startswith(keys[role].check_value)
        assert key.text not in repr(key)
    with pytest.raises(KeyRefused, match="tr31 or cryptogram"):
        VAULT.hand_out(KeyOrder(master, working, "clear"))


def test_live_working_keys_need_no_officer() -> None:
    """A terminal signs on at night; exportability, mark and strength are judged all the same."""
    keys = VAULT.working_keys("aes-128", ("tpk",), mark="live")
    working = (("tpk", KeyUse("terminal.T1.tpk", keys["tpk"].block)),)
    live, test, weak, kek = (
        KeyUse(TMK, key.block)
        for key in (LIVE_KBPK, AES_KBPK, made(VAULT, "K1", mark="live"), LIVE_KEK)
    )
    assert VAULT.hand_out(KeyOrder(live, working))["tpk"].attributes.mark == "live"
    with pytest.raises(KeyMisused, match="never meet"):
        VAULT.hand_out(KeyOrder(test, working))
    with pytest.raises(KeyMisused, match="weaker"):
        VAULT.hand_out(KeyOrder(weak, working))
    with pytest.raises(KeyMisused, match="exportability E"):
        VAULT.hand_out(KeyOrder(kek, working, "cryptogram"))


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_only_working_keys_are_handed_out(spec: KeySpec) -> None:
    """SR-KEY-07: no officer is asked for these, so that an issuer's key or a base derivation key
    must not leave on this way, whatever role it is given; and no terminal is handed another's.
    """
    master = KeyUse(TMK, (LIVE_KBPK if spec.mark == "live" else AES_KBPK).block)
    usages = {"tpk": ("P0",), "tak": ("M0", "M1", "M3", "M6", "M7", UNIONPAY_USAGE), "tdk": ("D0",)}
    for role in ("tpk", "tak", "tdk", "tmk", "pvk", ""):
        key = KeyUse(terminal_key("T1", role), VAULT.make_key(spec).block)
        if spec.usage in usages.get(role, ()):
            assert VAULT.hand_out(KeyOrder(master, ((role, key),)))[role].attributes == spec
            stranger = KeyOrder(master, ((role, KeyUse(terminal_key("T2", role), key.block)),))
            with pytest.raises(KeyMisused, match=rf"under {TMK}, which is another's"):
                VAULT.hand_out(stranger)
        else:
            with pytest.raises(KeyMisused, match=f"must not be handed out as {role}"):
                VAULT.hand_out(KeyOrder(master, ((role, key),)))
