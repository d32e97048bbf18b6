"""Keys that the vault has opened, with what was made ready of them: kept while there is room,
overwritten when they go (SR-KEY-13).

Owns that memory and its bound. Refuses to open a block and to judge what a key may do; it only
keeps, with each key, what its own block said of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from switch.keys.ciphers import BlockCipher, CipherName, Uncopied, wipe
from switch.keys.key_block_header import OptionalBlock
from switch.keys.mac import MacKey
from switch.keys.permissions import kind, permitted
from switch.keys.port import KeyRefused, KeySpec

KEYS: Final = 4096  # opened keys at a time
LABEL: Final = "LB"  # the optional block that bears a key's name (X9.143)
DEVICES: Final = 1024  # devices whose way to the newest counter is kept
_CIPHERS: Final[dict[str, CipherName]] = {"TDES": "TDES", "AES": "AES", "SM4": "SM4"}


class Wiped(Protocol):
    """Something that is overwritten when it goes."""

    def wipe(self) -> None:
        """Overwrite."""


W = TypeVar("W", bound=Wiped)


class OpenKey(Uncopied):
    """One key in clear, and its ciphers and MACs made ready. Shows what it is, never itself."""

    __slots__ = ("_cipher", "macs", "may", "name", "optional", "spec", "value")

    def __init__(
        self, spec: KeySpec, value: bytearray, optional: tuple[OptionalBlock, ...] = ()
    ) -> None:
        self.spec = spec
        self.value = value
        self.optional = optional
        # The name that its block was made for; empty for any.
        self.name = next((each.data for each in optional if each.id == LABEL), "")
        self.may = permitted(spec)
        self._cipher: BlockCipher | None = None
        self.macs: dict[str, MacKey] = {}

    @property
    def cipher(self) -> BlockCipher:
        """The key's own cipher, ready. Raises KeyRefused for a key of an HMAC."""
        if self._cipher is None:
            name = _CIPHERS.get(kind(self.spec))
            if name is None:
                raise KeyRefused("a key for an HMAC ciphers nothing")
            self._cipher = BlockCipher(name, self.value)
        return self._cipher

    def mac_key(self, scheme: str) -> MacKey:
        """The key made ready for a scheme. Raises KeyRefused."""
        made = self.macs.get(scheme)
        if made is None:
            made = self.macs[scheme] = MacKey(scheme, self.value)
        return made

    def wipe(self) -> None:
        """Overwrite the key and all that was made of it."""
        wipe(self.value)
        self.value.clear()  # of no length: nothing is made ready of it any more
        if self._cipher is not None:
            self._cipher.wipe()
        for made in self.macs.values():
            made.wipe()
        self.macs.clear()

    def __repr__(self) -> str:
        return f"OpenKey({self.spec})"


class Kept(Generic[W]):
    """A bounded memory: what was not used for the longest time is overwritten first."""

    __slots__ = ("_limit", "_rows")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: OrderedDict[Hashable, W] = OrderedDict()

    def get(self, name: Hashable, make: Callable[[], W]) -> W:
        """What is kept under the name, made now where there is none."""
        found = self._rows.get(name)
        if found is None:
            found = self._rows[name] = make()
            while len(self._rows) > self._limit:
                self._rows.popitem(last=False)[1].wipe()
        else:
            self._rows.move_to_end(name)
        return found

    def drop(self, gone: Callable[[Hashable], bool]) -> None:
        """Overwrite and forget what is kept under names of which this is true."""
        for name in [name for name in self._rows if gone(name)]:
            self._rows.pop(name).wipe()

    def wipe(self) -> None:
        """Overwrite and forget all."""
        for row in self._rows.values():
            row.wipe()
        self._rows.clear()

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"Kept({len(self._rows)} of {self._limit})"
