"""What is remembered of keys and of the devices that use them.

Owns their shapes. Refuses to hold a key: there are only key blocks under the vault's own key.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from switch.model.record import Record


class FormerKey(Struct, frozen=True, gc=False):
    """A key that was replaced, still accepted until then (wall time in microseconds)."""

    block: str
    check_value: str
    until_us: int


class SealedKey(Record, frozen=True, kw_only=True):
    """A key at rest: its key block under the vault's own key, and what may be told of it
    (SR-KEY-14).

    ``id`` is its name (``switch.model.security``). Usage, algorithm, mode and exportability are as
    X9.143 writes them, and only copies: the vault believes the block alone.
    """

    TABLE: ClassVar[str] = "key"
    block: str = ""  # empty once destroyed
    usage: str
    algorithm: str
    mode: str
    exportability: str
    mark: str = "test"  # test, live (SR-KEY-09)
    length: int = 0  # bytes
    check_value: str = ""
    state: str = "active"  # pre_active, active, deactivated, destroyed
    generation: int = 1
    former: tuple[FormerKey, ...] = ()  # newest first
    made_by: str = ""
    made_us: int = 0
    changed_by: str = ""
    changed_us: int = 0


class Device(Record, frozen=True, kw_only=True):
    """A device under DUKPT: which of its counters were used (INV-71, SR-PIN-08).

    ``id`` is its key serial number with the counter at zero, hex. ``seen`` has bit n set where the
    counter ``newest - n`` was used. Below ``floor`` nothing is known any more, so a counter there
    is taken for a used one, whatever window is configured later.
    """

    TABLE: ClassVar[str] = "device"
    newest: int = 0
    seen: int = 0
    floor: int = 0
    terminal_id: str = ""


class KeyDeed(Record, frozen=True, kw_only=True):
    """One use of a key officer's function, or an attempt at one (SR-AUD-01, SR-AUD-02). Kept before
    anything of it is carried out or handed out (SR-AUD-07). Names keys, never holds one.

    ``id`` sorts by time. ``outcome``: ``permitted``, ``pending`` (a second officer is waited for),
    ``refused``, ``failed`` (permitted, and then it could not be carried out).
    """

    TABLE: ClassVar[str] = "key_deed"
    at_us: int
    what: str
    name: str
    who: str  # the user at the control socket
    officers: tuple[str, ...] = ()
    outcome: str
    said: str = ""
