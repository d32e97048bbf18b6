"""What a command about keys is given and what comes of it, in words.

Owns the words that each command takes, how they are read, and how a key is told to the core.
Refuses to ask the vault (``key_works``) and to judge who may do what (``key_desk``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from switch.errors import IsoswitchError
from switch.keys.port import HandedKey, KeySpec, MadeKey
from switch.model.key_roles import role_of
from switch.model.records import SealedKey
from switch.model.security import KeyUse
from switch.values import ClearKey

TEST: Final = "test"
LIVE: Final = "live"
ACTIVE: Final = "active"
DESTROYED: Final = "destroyed"
OVERLAP_S: Final = 600
COMPONENTS: Final = 2  # of a key sheet, unless told otherwise
_YES: Final = frozenset({"yes", "true", "1"})

Rows = Mapping[str, SealedKey | None]


class KeyCommandError(IsoswitchError):
    """A command that cannot be carried out as it was given."""


class Done(NamedTuple):
    """What came of a work: words, data for the answer (a test key may be in it), and the command
    that the core is to keep. ``gone``: keys that are destroyed with it, for the vault to forget.
    """

    said: str
    data: dict[str, Any]
    core: tuple[str, dict[str, str]] | None = None
    gone: tuple[KeyUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """A command made ready. ``dual``: for a live key two officers are needed; a component of one is
    a single officer's. ``run`` is told which officers stand for it.
    """

    what: str
    key: str
    mark: str
    run: Callable[[tuple[str, ...]], Done] = field(repr=False)
    dual: bool = True


@dataclass(frozen=True, slots=True)
class Given:
    """What came with a command: plain words, secrets, the rows of the keys that it names, and by
    whom. ``exchange``: how the terminal whose key it is gets working keys.
    """

    what: str
    words: Mapping[str, str]
    secrets: Mapping[str, ClearKey] = field(repr=False)
    rows: Rows
    who: str
    exchange: str = "tr31"

    def word(self, name: str, otherwise: str = "") -> str:
        """A plain word."""
        return self.words.get(name, otherwise)

    def need(self, name: str) -> str:
        """A plain word that cannot be left out."""
        value = self.words.get(name, "")
        if not value:
            raise KeyCommandError(f"{name} is missing")
        return value

    def key(self, word: str = "name") -> SealedKey:
        """The key that the word names."""
        name = self.need(word)
        row = self.rows.get(name)
        if row is None or row.state == DESTROYED or not row.block:
            raise KeyCommandError(f"there is no key {shown(name)}: keys list shows those there are")
        return row

    def yes(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.words.get(name, "") in _YES

    def count(self, name: str, otherwise: int) -> int:
        """A small number."""
        text = self.words.get(name, str(otherwise))
        if not (text.isascii() and text.isdigit() and len(text) < 9):
            raise KeyCommandError(f"{name} is a number")
        return int(text)


class Shape(NamedTuple):
    """Which words a command takes, and which secrets."""

    words: tuple[str, ...]
    secrets: tuple[str, ...] = ()


_SPEC: Final = ("name", "algorithm", "usage", "exportability", "live")
SHAPES: Final[dict[str, Shape]] = {
    "keys.generate": Shape(_SPEC),
    "keys.import": Shape(
        (*_SPEC, "block", "cryptogram", "kek", "check_value", "legacy"), ("value",)
    ),
    "keys.components": Shape((*_SPEC, "step", "count", "ticket", "check_value"), ("component",)),
    "keys.export": Shape(("name", "kek", "form", "version", "legacy")),
    "keys.rotate": Shape(("name", "overlap_s")),
    "keys.state": Shape(("name", "state")),
    "keys.destroy": Shape(("name",)),
    "keys.sheet": Shape(("name", "count")),
    "keys.initial_key": Shape(("name", "ksn", "kek", "count")),
    "keys.inject": Shape(("name", "algorithm", "count")),
}


def free(given: Given) -> str:
    """A name under which there is no key."""
    name = given.need("name")
    row = given.rows.get(name)
    if row is not None and row.state != DESTROYED:
        raise KeyCommandError(f"there is a key {name} already: rotate it, or destroy it first")
    return name


def base_derivation(given: Given, name: str) -> SealedKey:
    """The key that the devices of a key set are derived from."""
    row = given.rows.get(name)
    if row is None or not row.block:
        raise KeyCommandError("there is no base derivation key for that key serial number")
    return row


def in_use(row: SealedKey) -> SealedKey:
    """The key, unless it was taken out of use: then nothing leaves of it, or under it
    (SR-KEY-14).
    """
    if row.state != ACTIVE:
        raise KeyCommandError(f"the key {row.id} is {row.state}: keys activate puts it into use")
    return row


def refuse_live(row: SealedKey) -> None:
    """What is done in clear is done with test keys."""
    if row.mark != TEST:
        raise KeyCommandError(
            f"{row.id} is a live key: it leaves under a key-encrypting key only (keys export)"
        )


def shown(name: str) -> str:
    """A name that is one; anything else might be a key that was put in the wrong place."""
    return name if not name or role_of(name) is not None else "of that name"


def use_of(row: SealedKey) -> KeyUse:
    """The key as the vault is told of it."""
    return KeyUse(row.id, row.block)


def spec_of(row: SealedKey) -> KeySpec:
    """What its row says that it is."""
    return KeySpec(row.usage, row.algorithm, row.length, row.mode, row.exportability, row.mark)


def all_of(row: SealedKey) -> tuple[KeyUse, ...]:
    """The key and those before it that may still be accepted."""
    return (use_of(row), *(KeyUse(row.id, former.block) for former in row.former))


def taken(clear: ClearKey) -> bytearray:
    """The bytes of a key in clear; the vault overwrites them."""
    return bytearray.fromhex(clear.reveal())


def as_bytes(text: str, what: str) -> bytes:
    """Hex digits of something that is no secret."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise KeyCommandError(f"{what} is hex digits, two for a byte") from None


def words_of(name: str, made: MadeKey) -> dict[str, str]:
    """A key in the words of the core."""
    spec = made.attributes
    return {
        "name": name,
        "block": made.block,
        "check_value": made.check_value,
        "usage": spec.usage,
        "algorithm": spec.algorithm,
        "mode": spec.mode,
        "exportability": spec.exportability,
        "mark": spec.mark,
        "length": str(spec.length),
    }


def installed(name: str, made: MadeKey) -> Done:
    """A key that is to be kept under a name."""
    return Done(f"check value {made.check_value}", {}, ("keys.install", words_of(name, made)))


def handed_over(key: HandedKey) -> dict[str, Any]:
    """A key on its way to somebody, under one that both share."""
    return {"form": key.form, "text": key.text, "check_value": key.check_value}
