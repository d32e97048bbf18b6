"""The vault in software: what it answers, and what it never shows."""

from __future__ import annotations

import copy

import pytest

from switch.keys.master import MasterKey
from switch.keys.port import Vault
from switch.keys.vault import SoftwareVault, VaultError
from switch.values import Pan

PAN = Pan("4761739001010010")

# Of this PAN under the master key of ``vault()``.
TOKEN = "c7b7d351b4dc7197886ba000e4bc22e51842e78dd653ed10783f06b4d69161eb"
SEALED = "AQABAgMEBQYHCAkKC8JUMdjW3ddBKGppyAF1Y5L-YSykcTK-ULP7jidHkLev"


def counted(length: int) -> bytes:
    """Nonces of a made-up world."""
    return bytes(range(length))


def vault(first_byte: int = 1) -> SoftwareVault:
    """A vault over a master key that begins with this byte."""
    return SoftwareVault(MasterKey(bytearray([first_byte, *range(1, 32)])), counted)


def test_seal_and_open() -> None:
    """The PAN comes back in its own type; no digit of it stands in the sealed text."""
    keeper: Vault = vault()
    sealed = keeper.seal(PAN, "row")
    assert keeper.open(sealed, "row") == PAN
    assert "476173" not in sealed
    with pytest.raises(VaultError):
        keeper.open(sealed, "another row")


def test_a_token_depends_on_pan_and_master_key_alone() -> None:
    """Found again after a restart, useless without the key."""
    assert vault().token(PAN) == vault().token(Pan("4761739001010010"))
    assert len(vault().token(PAN)) == 64
    assert vault().token(PAN) != vault().token(Pan("5413330089010434"))
    assert vault().token(PAN) != vault(2).token(PAN)


def test_without_its_master_key_a_sealed_text_is_useless() -> None:
    """SR-KEY-12."""
    with pytest.raises(VaultError, match="another master key"):
        vault(2).open(vault(1).seal(PAN, "row"), "row")


def test_tokens_and_seals_stay_the_same_in_all_versions() -> None:
    """Stores out there hold them: these figures may never change."""
    assert vault().token(PAN) == TOKEN
    assert vault().seal(PAN, "row") == SEALED
    assert vault().open(SEALED, "row") == PAN


def test_the_vault_works_on_when_the_master_key_is_wiped() -> None:
    """The master key need not stay in memory."""
    master = MasterKey(bytearray([1, *range(1, 32)]))
    keeper = SoftwareVault(master, counted)
    master.wipe()
    assert keeper.check_value == master.check_value
    assert keeper.token(PAN) == TOKEN


def test_a_vault_shows_nothing_and_goes_nowhere() -> None:
    """No key in ``repr``; no copy, and so no pickle, no attribute dictionary to look into."""
    keeper = vault()
    assert repr(keeper) == str(keeper) == "SoftwareVault()"
    assert not hasattr(keeper, "__dict__")
    for use in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            use(keeper)
