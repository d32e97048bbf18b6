"""No object, error or traceback of the vault shows a key, a PIN or a PIN block, in any dress
(SR-KEY-13, SR-PIN-03).
"""

from __future__ import annotations

import copy
import os
import traceback
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from switch.errors import IsoswitchError
from switch.keys import dukpt_tdes
from switch.keys.ciphers import BlockCipher
from switch.keys.doctor_keys import KnownKey, TryKey
from switch.keys.key_block import protection_keys, unwrap, wrap
from switch.keys.key_block_header import Header, OptionalBlock
from switch.keys.mac import MacKey
from switch.keys.master import MasterKey
from switch.keys.pin_cipher import encipher
from switch.keys.port import KeySpec
from switch.keys.vault import SoftwareVault
from switch.keys.vault_cache import OpenKey
from switch.keys.vault_chip import ReadyCard
from switch.keys.vault_room import VaultRoom
from switch.model.ksn import parse
from switch.model.security import KeyOrder, KeyUse
from switch.values import Pin, PinBlock
from tests.keys.vault_kit import KSN, PAN
from tests.leaks import dresses, leaks

# None of these stands in a source or in a test's name; PINs of twelve digits, so that a find is no
# chance.
MASTER = os.urandom(32)
KEY = os.urandom(16)
AES_KEY = os.urandom(32)
PIN = "739105826401"
SECRETS = [MASTER.hex(), KEY.hex(), AES_KEY.hex(), PIN]
SPEC = KeySpec("P0", "T", 16, "B", "S")


def vault() -> SoftwareVault:
    """Over the secret master key."""
    return SoftwareVault(MasterKey(bytearray(MASTER)), os.urandom)


def pin_block(value: bytes = KEY, pin: str = PIN) -> PinBlock:
    """The secret PIN under the secret key."""
    made = encipher(BlockCipher("TDES", value), 0, pin, PAN.reveal())
    return PinBlock(made.hex().upper())


def clear_block() -> str:
    """What that block deciphers to."""
    return bytes(BlockCipher("TDES", KEY).decrypt(bytes.fromhex(pin_block().reveal()))).hex()


def taken(keeper: SoftwareVault, usage: str, mode: str, algorithm: str = "T") -> KeyUse:
    """The secret key in another usage."""
    value = AES_KEY if algorithm == "A" else KEY
    spec = KeySpec(usage, algorithm, len(value), mode, "S")
    return KeyUse(f"a.{usage}", keeper.import_clear(spec, bytearray(value)).block)


def shown(made: object) -> str:
    """All that printing, logging or formatting an object would show."""
    return f"{made!r} {made!s} {made}"


def misuses() -> Iterator[Callable[[], object]]:
    """One mistake for each thing that can be asked, with the secrets in hand."""
    keeper = vault()
    tpk, mac_key = taken(keeper, "P0", "B"), taken(keeper, "M3", "C")
    bdk, kbpk, kek = taken(keeper, "B0", "X"), taken(keeper, "K1", "B"), taken(keeper, "K0", "B")
    pvk, ibm = taken(keeper, "V2", "C"), taken(keeper, "V1", "C")
    block, live = pin_block(), KeySpec("P0", "T", 16, "B", mark="live")
    wrong = KeyUse("a.key", tpk.block[:-1] + ("0" if tpk.block[-1] != "0" else "1"))
    check = partial(keeper.check_pin, block=block, pan=PAN)
    yield partial(check, mac_key, method="visa-pvv", reference="10000", verification_key=pvk)
    yield partial(check, wrong, method="visa-pvv", reference="10000", verification_key=pvk)
    yield partial(check, tpk, method="visa-pvv", reference=PIN, verification_key=pvk)
    yield partial(check, tpk, method="visa-pvv", reference="10000", verification_key=ibm)
    yield partial(check, tpk, method="ibm-3624", reference="x", verification_key=ibm)
    yield partial(check, tpk, method="house", reference="", verification_key=None)
    yield partial(check, bdk, method="visa-pvv", reference="10000", verification_key=pvk)
    yield partial(keeper.pin_reference, Pin(PIN + "0"), PAN, "visa-pvv", pvk)
    yield partial(keeper.keep_house_pin, Pin(PIN + "0"))
    yield partial(keeper.translate_pin, tpk, block, PAN, tpk, 1)
    yield partial(keeper.translate_pin, tpk, block, PAN, mac_key, 0)
    yield partial(keeper.make_mac, tpk, "x9.19", KEY)
    yield partial(keeper.make_mac, bdk, "x9.19", KEY, "FFFF9876543210E00000")
    yield partial(keeper.import_clear, live, bytearray(KEY))
    yield partial(keeper.import_clear, KeySpec("P0", "A", 32, "B"), bytearray(KEY))
    yield partial(keeper.import_clear, KeySpec("B0", "T", 16, "B"), bytearray(KEY))
    yield partial(keeper.import_clear, SPEC, bytearray(KEY[:8] * 2))
    ticket = keeper.begin_components(SPEC, 2)
    yield partial(keeper.add_component, ticket, "anna", bytearray(KEY), "000000")
    yield partial(keeper.add_component, "none", "anna", bytearray(KEY), "000000")
    yield partial(keeper.import_block, kbpk, tpk.block)
    yield partial(keeper.import_block, kbpk, "B0080" + KEY.hex().upper(), legacy=True)
    yield partial(keeper.import_cryptogram, kek, SPEC, KEY, "000000", legacy=True)
    yield partial(keeper.import_cryptogram, kek, SPEC, KEY, KEY.hex(), legacy=True)
    yield partial(keeper.export_block, tpk, mac_key)
    yield partial(keeper.export_cryptogram, tpk, kbpk, legacy=True)
    yield partial(keeper.hand_out, KeyOrder(kek, (("tpk", tpk),), "x"))
    yield partial(keeper.sheet, tpk, 99)
    yield partial(keeper.initial_key, mac_key, KSN)
    yield partial(unwrap, KEY, tpk.block)
    yield partial(unwrap, AES_KEY, wrong.block)
    yield partial(wrap, KEY[:8], Header("B", "P0", "T", "E"), KEY, bytes(6))
    yield partial(wrap, KEY, Header("B", "P0", "T", "E"), KEY, bytes(5))
    yield partial(protection_keys, "B", KEY[:15])
    keeper.close()
    yield partial(keeper.make_mac, mac_key, "x9.19", KEY)


@pytest.mark.parametrize("number", range(len(list(misuses()))))
def test_no_error_shows_a_secret(number: int) -> None:
    """Its text, its arguments, its whole traceback, and every error that it came from."""
    with pytest.raises(IsoswitchError) as caught:
        list(misuses())[number]()
    failure: BaseException | None = caught.value
    seen = []
    while failure is not None:
        seen += [repr(failure), str(failure), repr(failure.args), repr(vars(failure))]
        seen += traceback.format_exception(failure)
        failure = failure.__cause__ or failure.__context__
    text = "\n".join(seen).encode()
    assert leaks(text, [*SECRETS, clear_block(), pin_block().reveal()]) == []


def test_no_object_shows_a_secret() -> None:
    """Whatever the vault is made of or hands out, however it is printed."""
    keeper = vault()
    room = VaultRoom(MasterKey(bytearray(MASTER)), os.urandom)
    tpk, bdk = taken(keeper, "P0", "B"), taken(keeper, "B0", "X")
    kbpk = taken(keeper, "K1", "B", "A")
    keeper.keep_house_pin(Pin(PIN))
    pvk = taken(keeper, "V2", "C")
    reference = keeper.pin_reference(Pin(PIN), PAN, "visa-pvv", pvk)
    opened = OpenKey(SPEC, bytearray(KEY))
    opened.mac_key("x9.19")
    ticket = keeper.begin_components(SPEC, 2)
    ksn = parse(KSN)
    objects: list[object] = [
        keeper,
        room,
        room._protection.keys(),
        keeper._maker,
        keeper._maker._components,
        *keeper._maker._components._entries.values(),
        keeper.check_pin,
        keeper.hand_out,
        opened,
        opened.cipher,
        opened.macs,
        room._opened,
        room._devices,
        dukpt_tdes.TdesDevice(dukpt_tdes.initial_key(KEY, ksn), ksn),
        unwrap(AES_KEY, keeper.export_block(tpk, kbpk).text),
        protection_keys("B", KEY),
        keeper.export_block(tpk, kbpk),
        keeper.sheet(tpk, 1)[0],
        keeper.initial_key(bdk, KSN),
        keeper.check_pin(tpk, pin_block(), PAN, "visa-pvv", reference, pvk),
        keeper.check_pin(tpk, pin_block(pin="4524"), PAN, "visa-pvv", reference, pvk),
        keeper.translate_pin(tpk, pin_block(), PAN, tpk, 3),
        OptionalBlock("KS", "00"),
        TryKey("", "TDES", bytearray(KEY)),
        KnownKey("a.key", "TDES", KEY),
        tpk,
        ticket,
    ]
    for each in objects:
        text = shown(each).encode()
        assert leaks(text, [*SECRETS, clear_block(), pin_block().reveal()]) == [], type(each)


def test_nothing_that_holds_a_key_is_copied() -> None:
    """Neither by copy nor on the way to another process."""
    room = VaultRoom(MasterKey(bytearray(MASTER)), os.urandom)
    ksn, tried = parse(KSN), OpenKey(SPEC, bytearray(KEY))
    for each in (
        vault(),
        room,
        tried,
        tried.cipher,
        *(MacKey(name, KEY) for name in ("x9.19", "iso9797-1", "unionpay-ecb")),
        dukpt_tdes.TdesDevice(KEY, ksn),
        ReadyCard(bytearray(KEY)),
    ):
        for use in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled or copied"):
                use(each)


def test_a_planted_secret_would_be_found() -> None:
    """The search itself: each secret, in each of its dresses."""
    for secret in [*SECRETS, clear_block()]:
        for dress, needle in dresses(secret).items():
            assert leaks(b"Error: " + needle + b" is no key", [secret]), dress
    assert leaks(repr(bytearray(KEY)).encode(), [KEY.hex()])
