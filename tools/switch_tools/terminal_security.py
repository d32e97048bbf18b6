"""How a virtual terminal secures what it sends, and whether it believes what it hears: PIN blocks,
key serial numbers, MACs.

Owns which key secures a message: DUKPT keys, keys of a session, or none. All calculations are
``switch.keys``'. Refuses to keep a PIN, and to know field numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import BlockCipher, CipherName, same, wipe
from switch.keys.mac import MacKey, Scheme
from switch.keys.pin_block import fill_for
from switch.keys.pin_cipher import encipher
from switch.keys.port import KeyRefused
from switch.model.copies import replace
from switch.model.ksn import Ksn
from switch.model.ksn import parse as parse_ksn
from switch.model.request import Request
from switch.values import Pan, Pin, PinBlock
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect
from switch.wire.key_data import HandedKey
from switch.wire.mac_cover import MacCover
from switch_tools.terminal_key_blocks import KeyNotTaken, from_block, from_cryptogram
from switch_tools.terminal_keys import (
    AES_DUKPT,
    TAK,
    TDES_DUKPT,
    TMK,
    TPK,
    Fresh,
    KeyRing,
    NoKey,
)
from switch_tools.terminal_model import Checked, Faults, Presented, Secured
from switch_tools.terminal_refusal import TerminalError

# What is handed out by name: the slot that it goes into, and how its usage begins (X9.143).
_ROLES: Final = {"TPK": (TPK, "P0"), "TAK": (TAK, "M")}
SCHEMES: Final = ("dukpt", "dukpt-tdes", "dukpt-aes", "session", "none")
_DUKPT: Final = (TDES_DUKPT, AES_DUKPT)
_FORMAT4: Final = 4  # of ISO 9564-1, for AES


class SecurityError(TerminalError):
    """A message that cannot be secured as it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How messages are to be secured. ``secure`` is one of ``SCHEMES``, empty for what the keys are
    there for: DUKPT before a session, the newer of two DUKPT keys. ``mac``: whether messages bear
    MACs; ``None`` leaves it to the dialect, message by message. ``scheme`` is the name of a MAC
    scheme, empty for the dialect's.
    """

    secure: str = ""
    mac: bool | None = None
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class _Keys:
    """What secures one message: slots of the PIN key and of the MAC key, and the key serial number
    where it is DUKPT; empty where there is none.
    """

    pin: str = ""
    mac: str = ""
    ksn: Ksn | None = None


class Guard:
    """Security of the messages of one terminal in one dialect."""

    def __init__(self, dialect: Dialect, keys: KeyRing, manner: Manner | None = None) -> None:
        """Raises SecurityError for a MAC scheme that there is not."""
        self._manner = Manner() if manner is None else manner
        self._keys = keys
        self._macs = dialect.policy.macs
        self._cover = MacCover(dialect) if dialect.mac_fields else None
        named = self._manner.scheme or dialect.mac.scheme
        try:
            self._scheme = Scheme.parse(named) if named else None
        except KeyRefused as failure:
            raise SecurityError(str(failure)) from None

    def secured(
        self, request: Request, message_type: str, presented: Presented
    ) -> tuple[Request, Secured]:
        """The request with PIN block and key serial number, and how its MAC is to be made. Uses up
        a counter where DUKPT secures it. Raises NoKey, SecurityError.
        """
        wants_mac = self._wants_mac(message_type)
        if presented.pin is None and not wants_mac:
            return request, Secured(card=presented.card)
        keys = self._chosen(presented)
        if presented.pin is not None:
            block = self._pin_block(keys, presented.pin, request.pan, presented)
            request = replace(request, pin_block=block)
        ksn = "" if keys.ksn is None else str(keys.ksn)
        slot = keys.mac if wants_mac else ""
        return replace(request, ksn=ksn), Secured(slot, ksn, presented.card)

    def signed(
        self, codec: Codec, fields: Mapping[str, str], secured: Secured, faults: Faults
    ) -> bytes:
        """The message, with its MAC where it bears one. Raises EncodeError, NoKey,
        SecurityError.
        """
        if not secured.mac_slot or self._cover is None or self._scheme is None:
            return codec.encode(fields)
        scheme = self._scheme
        if faults.padding:
            scheme = scheme._replace(padding=faults.padding)

        def made(data: bytes) -> bytes:
            mac = self._mac(secured, "mac_request", scheme, data)
            return bytes((mac[0] ^ 1,)) + mac[1:] if faults.mac else mac

        return self._cover.sign(codec, fields, made)

    def check(self, secured: Secured, body: bytes, fields: Mapping[str, str]) -> Checked:
        """Whether an answer's MAC is right. Never raises for what a host has sent."""
        if not secured.mac_slot or self._cover is None or self._scheme is None:
            return Checked()
        told = self._cover.mac(fields)
        if not told:
            return Checked(mac="missing")
        made = self._mac(secured, "mac_response", self._scheme, self._cover.input(body))
        fits = same(made, told[: len(made)]) and not any(told[len(made) :])
        return Checked(mac="verified" if fits else "wrong")

    def taken(self, handed: Iterable[HandedKey]) -> tuple[Fresh, ...]:
        """The working keys that a host hands out, out of their wrapping. Raises NoKey without a
        terminal master key, KeyNotTaken for what does not open or has another check value: then
        none of them is taken.
        """
        slot = self._keys.slot(TMK)
        fresh: list[Fresh] = []
        tmk = self._keys.key(TMK)
        try:
            for one in handed:
                name, usage = _ROLES.get(one.role, ("", ""))
                if not name:
                    continue
                if one.check_value:
                    raw = bytes.fromhex(one.value)
                    algorithm, key = from_cryptogram(slot.algorithm, tmk, raw, one.check_value)
                else:
                    algorithm, key = from_block(tmk, one.value, usage)
                fresh.append(Fresh(name, algorithm, key))
        except KeyNotTaken:
            wipe(*(one.key for one in fresh))
            raise
        finally:
            wipe(tmk)
        return tuple(fresh)

    # -- which keys

    def _wants_mac(self, message_type: str) -> bool:
        wanted = self._manner.mac
        if wanted is None:
            wanted = message_type in self._macs and self._has_mac_key
        if wanted and (self._cover is None or self._scheme is None):
            raise SecurityError("this dialect has no field, or names no scheme, for a MAC")
        return wanted

    @property
    def _has_mac_key(self) -> bool:
        kind = self._kind
        return kind in _DUKPT or (kind == "session" and self._keys.has(TAK))

    @property
    def _kind(self) -> str:
        """``none``, ``session`` or the slot of a DUKPT key. Raises NoKey."""
        asked = self._manner.secure
        held = [slot.name for slot in self._keys.slots if slot.name in _DUKPT]
        if asked in ("none", "session", *_DUKPT):
            return asked
        if held:
            return held[-1]
        if asked == "dukpt":
            return TDES_DUKPT  # and whoever asks for its key is told that there is none
        return "session" if self._keys.has(TPK) or self._keys.has(TAK) else "none"

    def _chosen(self, presented: Presented) -> _Keys:
        kind = self._kind
        if kind == "none":
            said = "no keys are there for it: isoswitch terminal inject"
            if self._manner.secure:
                said = "it is switched off"
            raise NoKey(f"neither PIN nor MAC can be secured: {said}")
        if kind == "session":
            return _Keys(TPK, TAK)
        ksn = self._keys.last_ksn(kind)
        if not (presented.faults.replay_ksn and ksn.counter):
            ksn = self._keys.next_ksn(kind)
        return _Keys(kind, kind, ksn)

    # -- what is done with them

    def _mac(self, secured: Secured, purpose: str, scheme: Scheme, data: bytes) -> bytes:
        key = self._working_key(secured.mac_slot, secured.ksn, purpose, scheme.cipher)
        try:
            made = MacKey(scheme, key)
        except KeyRefused as failure:
            raise SecurityError(f"no MAC can be made: {failure}") from None
        finally:
            wipe(key)
        try:
            return made.mac(data)
        finally:
            made.wipe()

    def _pin_block(self, keys: _Keys, pin: Pin, pan: Pan | None, presented: Presented) -> PinBlock:
        if pan is None:
            raise SecurityError("a PIN needs the card's number")
        cipher: CipherName = "AES" if self._keys.slot(keys.pin).algorithm == "A" else "TDES"
        usual = _FORMAT4 if cipher == "AES" else 0
        chosen = usual if presented.pin_format is None else presented.pin_format
        ksn = "" if keys.ksn is None else str(keys.ksn)
        key = self._working_key(keys.pin, ksn, "pin", cipher)
        ready = BlockCipher(cipher, key)
        fill = fill_for(chosen, len(pin.reveal()), os.urandom)
        try:
            block = encipher(ready, chosen, pin.reveal(), pan.reveal(), fill)
        except KeyRefused as failure:
            raise SecurityError(f"no PIN block can be made: {failure}") from None
        finally:
            ready.wipe()
            wipe(key)
        if presented.faults.pin_block:
            block = bytes(byte ^ 0xFF for byte in block)
        return PinBlock(block.hex().upper())

    def _working_key(self, slot: str, ksn: str, purpose: str, cipher: str) -> bytearray:
        """The key for one purpose, which the caller overwrites. Raises NoKey."""
        key = self._keys.key(slot)
        if not ksn:
            return key
        serial = parse_ksn(ksn)
        try:
            if serial.aes:
                key_type = "TDES2" if cipher == "TDES" else ""
                return dukpt_aes.working_key(key, serial, purpose, key_type)
            return dukpt_tdes.working_key(key, serial, purpose)
        finally:
            wipe(key)
