"""A vault with test keys, and questions for it that are ready to be put: what the key room's
figures are taken of.

Owns keys, cards and messages of these measurements. All keys are made here, or are the demo's. The
vault is the one of the live path.
"""

from __future__ import annotations

import os
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

from switch.data_folder import MASTER_NAME
from switch.keys.ciphers import BlockCipher
from switch.keys.emv_card import ChipCard, TerminalData
from switch.keys.mac import mac
from switch.keys.master import load_or_create
from switch.keys.pin_cipher import encipher
from switch.keys.port import KeySpec
from switch.keys.vault import SoftwareVault
from switch.model.security import KeyUse
from switch.values import ChipData, Pan, Pin, PinBlock
from switch_tools.bench_secured_world import (
    AES_SCHEME,
    PIN,
    PROFILE,
    SEQUENCE,
    TDES_SCHEME,
    Dukpt,
    aes_device,
    demo_keys,
    tdes_device,
)

PAN: Final = "4761739001010010"
METHOD: Final = "visa-pvv"
DEVICES: Final = 64
ROUNDS: Final = 16  # messages of each device
COVERED: Final = 300  # bytes under a MAC: a purchase with 20 elements
_FILL: Final = "5A" * 8


class Message(NamedTuple):
    """A message under DUKPT, as far as the vault is asked about it."""

    ksn: str
    block: PinBlock
    data: bytes
    mac: bytes


class Keys(NamedTuple):
    """Keys of the vault."""

    bdk: KeyUse
    bdk_aes: KeyUse
    tpk: KeyUse
    zpk: KeyUse
    zpk_aes: KeyUse
    tak: KeyUse
    pvk: KeyUse
    imk: KeyUse


class BenchVault:
    """The vault, its keys, and one card."""

    def __init__(self, folder: Path) -> None:
        demo = demo_keys()
        self.vault = vault = SoftwareVault(load_or_create(folder / MASTER_NAME), os.urandom)
        self._bdk = demo["bdk.FFFF987654"].clear
        self._bdk_aes = demo["bdk.12345678"].clear
        self.clear = {name: os.urandom(16) for name in ("tpk", "zpk", "zpk_aes", "tak")}
        imk = demo["issuer.demo.imk_ac"].clear

        def taken(name: str, usage: str, mode: str, clear: bytes, algorithm: str = "T") -> KeyUse:
            spec = KeySpec(usage, algorithm, len(clear), mode)
            return KeyUse(name, vault.import_clear(spec, bytearray(clear)).block)

        self.keys = Keys(
            bdk=taken("bdk", "B0", "X", self._bdk),
            bdk_aes=taken("bdk_aes", "B0", "X", self._bdk_aes, "A"),
            tpk=taken("tpk", "P0", "B", self.clear["tpk"]),
            zpk=taken("zpk", "P0", "B", self.clear["zpk"]),
            zpk_aes=taken("zpk_aes", "P0", "B", self.clear["zpk_aes"], "A"),
            tak=taken("tak", "M3", "C", self.clear["tak"]),
            pvk=taken("pvk", "V2", "C", demo["issuer.demo.pvk"].clear),
            imk=taken("imk", "E0", "X", imk),
        )
        self.pan = Pan(PAN)
        self.reference = vault.pin_reference(Pin(PIN), self.pan, METHOD, self.keys.pvk)
        self.data = os.urandom(COVERED)
        self.block = PinBlock(_block(self.clear["tpk"], aes=False))
        told = TerminalData(1000, "840", "840", "260728", b"\x01\x02\x03\x04")
        card = ChipCard(PROFILE, PAN, SEQUENCE, imk)
        self.chips = cycle(
            [ChipData(card.chip_data(told, atc).hex().upper()) for atc in range(1, DEVICES)]
        )

    def messages(self, *, aes: bool) -> list[Message]:
        """Messages of all devices in turn, the counters of each in order."""
        devices = [
            aes_device(self._bdk_aes, number) if aes else tdes_device(self._bdk, number)
            for number in range(1, DEVICES + 1)
        ]
        return [self._message(device, aes) for _ in range(ROUNDS) for device in devices]

    def _message(self, device: Dukpt, aes: bool) -> Message:
        keys = device.next()
        made = mac(AES_SCHEME if aes else TDES_SCHEME, keys.request, self.data)
        return Message(keys.ksn, PinBlock(_block(keys.pin, aes=aes)), self.data, made)

    def close(self) -> None:
        """Overwrite the keys."""
        self.vault.close()


def _block(key: bytes, *, aes: bool) -> str:
    cipher = BlockCipher("AES" if aes else "TDES", key)
    return encipher(cipher, 4 if aes else 0, PIN, PAN, _FILL if aes else "").hex().upper()
