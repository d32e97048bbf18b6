"""What was injected into a virtual terminal: its master key, working keys, and initial keys of
DUKPT with their counters.

Owns the files in the terminal's folder. ``keys`` holds test keys only, as key blocks under a key
that comes from the terminal's own (``terminal.key``); ``counters`` holds how far each device has
counted. A counter is on the disk before the message that uses it leaves, so none is used twice,
whenever the power is cut (ANSI X9.24). Refuses to know messages, and to tell of a key more than its
check value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from switch.keys.ciphers import wipe
from switch.keys.master import MasterKey
from switch.model import ksn as ksn_words
from switch.model.ksn import Ksn, KsnRefused
from switch_tools.terminal_kept import KeptFile, KeptFileError
from switch_tools.terminal_key_blocks import check_value_of, closed, opened
from switch_tools.terminal_refusal import TerminalError

KEYS_NAME: Final = "keys"
COUNTERS_NAME: Final = "counters"
_KEYS_HEADING: Final = "isoswitch terminal keys, version 1, TEST KEYS ONLY"
_COUNTERS_HEADING: Final = "isoswitch terminal counters, version 1"
_PURPOSE: Final = "terminal keys 1"
_OWN_KEY_BYTES: Final = 32

# The slots of a terminal: master key, PIN and MAC key of a session, initial keys of DUKPT.
TMK: Final = "tmk"
TPK: Final = "tpk"
TAK: Final = "tak"
TDES_DUKPT: Final = "dukpt-tdes"
AES_DUKPT: Final = "dukpt-aes"
T = TypeVar("T")

_USAGES: Final = {TMK: "K0", TPK: "P0", TAK: "M0", TDES_DUKPT: "B1", AES_DUKPT: "B1"}
# The command by which a terminal gets each of them.
_GOT_BY: Final = {
    TMK: "inject --tmk",
    TPK: "keys",
    TAK: "keys",
    TDES_DUKPT: "inject",
    AES_DUKPT: "inject --aes",
}


class NoKey(TerminalError):
    """The terminal has no such key, or none that can be used any more."""


class Slot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key as it rests. ``algorithm`` is ``T`` or ``A`` as X9.143 writes it, ``ksn`` that of an
    initial key, its counter at zero.
    """

    name: str
    algorithm: str
    block: str
    check_value: str
    at: str  # ISO 8601, UTC: when it came
    ksn: str = ""


class Fresh(msgspec.Struct, frozen=True):
    """A key on its way into a slot. ``key`` is overwritten when it is there."""

    name: str
    algorithm: str
    key: bytearray
    ksn: str = ""

    def __repr__(self) -> str:
        return f"Fresh({self.name})"


class KeyRing:
    """The keys and counters of one terminal, its folder locked by its journal. Without a folder
    they are gone when the program ends.
    """

    def __init__(self, folder: Path | None, master: MasterKey) -> None:
        """Raises KeptFileError for files that are damaged or that others can read."""
        with master.derived(_PURPOSE, _OWN_KEY_BYTES) as own:
            self._own = bytearray(own)
        self._keys = None if folder is None else KeptFile(folder / KEYS_NAME, _KEYS_HEADING)
        self._counts = (
            None if folder is None else KeptFile(folder / COUNTERS_NAME, _COUNTERS_HEADING)
        )
        self._slots: dict[str, Slot] = {
            slot.name: slot for slot in _read(self._keys, list[Slot], [])
        }
        self._counters: dict[str, int] = _read(self._counts, dict[str, int], {})

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What is there, in the order in which it came."""
        return tuple(self._slots.values())

    def slot(self, name: str) -> Slot:
        """One slot. Raises NoKey."""
        found = self._slots.get(name)
        if found is None:
            said = f"the terminal has no {name}: get one by isoswitch terminal {_GOT_BY[name]}"
            raise NoKey(said)
        return found

    def has(self, *names: str) -> bool:
        """Whether all these slots are filled."""
        return all(name in self._slots for name in names)

    def put(self, *fresh: Fresh) -> None:
        """Fill slots, all of them or none, and overwrite the keys that were handed in.

        An initial key whose serial number the terminal knows goes on counting where it was: a
        counter that was used stays used. Raises KeptFileError.
        """
        slots = dict(self._slots)
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        for one in fresh:
            slots.pop(one.name, None)
            slots[one.name] = Slot(
                name=one.name,
                algorithm=one.algorithm,
                block=closed(self._own, _USAGES[one.name], one.algorithm, one.key),
                check_value=check_value_of(one.algorithm, one.key),
                at=at,
                ksn=one.ksn and ksn_words.parse(one.ksn).device,
            )
        if self._keys is not None:
            self._keys.replace(msgspec.json.encode(list(slots.values())))
        self._slots = slots
        for one in fresh:
            wipe(one.key)

    def key(self, name: str) -> bytearray:
        """A key in clear, for whoever overwrites it after use. Raises NoKey."""
        return opened(self._own, self.slot(name).block)

    def next_ksn(self, name: str) -> Ksn:
        """The key serial number of the next message; its counter is used up before this returns.

        Raises NoKey for a device at its end, KeptFileError where the counter cannot be kept.
        """
        try:
            following = self.last_ksn(name).advanced()
        except KsnRefused as failure:
            raise NoKey(f"{failure} (isoswitch terminal inject)") from None
        counters = {**self._counters, following.device: following.counter}
        if self._counts is not None:
            self._counts.replace(msgspec.json.encode(counters))
        self._counters = counters
        return following

    def last_ksn(self, name: str) -> Ksn:
        """That of the last message; with counter zero, before the first. Raises NoKey."""
        first = ksn_words.parse(self.slot(name).ksn)
        return first.at(self._counters.get(first.device, 0))


def _read(file: KeptFile | None, shape: type[T], empty: T) -> T:
    data = b"" if file is None else file.read()
    if file is None or not data:
        return empty
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.DecodeError:
        said = f"{file.path}: is damaged: move it away, and inject the keys anew"
        raise KeptFileError(said) from None
