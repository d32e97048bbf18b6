"""What a listener gives to its sessions: framing, codec, mapping and bounds.

Owns no behaviour; says only what a session expects of the wire's codec and mapper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from switch.errors import Fault
from switch.keys.port import Vault
from switch.model.events import Moment
from switch.model.request import Answer, Problem, Request
from switch.model.words import Kind, Reason
from switch.values import Carried
from switch.wire.dialect_data import MacRule
from switch.wire.framing import Framing


class Codec(Protocol):
    """Bytes to fields and back (``switch.wire.codec``)."""

    def decode(self, data: bytes) -> dict[str, str]:
        """Raises DecodeError."""

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """Raises EncodeError."""


class MacCover(Protocol):
    """Where the MAC of a dialect's messages is, and what it covers (``switch.wire.mac_cover``)."""

    @property
    def rule(self) -> MacRule:
        """How the dialect wants MACs made."""

    def covered(self, carried: Carried) -> bytes:
        """What the MAC of a message that came covers. Raises EncodeError where it bears none."""

    def received(self, value: str, length: int = 0) -> bytes:
        """The MAC in a field's value (hex), without the fill behind so many bytes; empty where it
        is none.
        """

    def alternatives(self, carried: Carried) -> list[tuple[str, bytes]]:
        """What else the sender may have covered: what is different, and the bytes."""

    def placeholder(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields of an answer with an empty MAC. Raises EncodeError."""

    def input(self, body: bytes, lead: bytes = b"") -> bytes:
        """What the MAC of an encoded answer covers; ``lead`` is what will stand in front of it."""

    def signed(self, encoded: bytes, mac: bytes) -> bytes:
        """The encoded answer with its MAC in the place of the empty one. Raises EncodeError."""


class Mapper(Protocol):
    """Fields to meaning and back (``switch.wire.mapping``)."""

    @property
    def cover(self) -> MacCover:
        """Where MACs are, and what they cover."""

    def request(self, fields: dict[str, str]) -> Request:
        """What the message asks for."""

    def broken(self, fields: dict[str, str], fault: Fault) -> tuple[Request, Problem] | None:
        """What can still be said of a message that does not decode; ``None``: no answer can be
        formed."""

    def answer(
        self, fields: dict[str, str], request: Request, answer: Answer, now: Moment
    ) -> dict[str, str]:
        """The fields of the answer."""

    def sealed(
        self, fields: Mapping[str, str], chip: bytes = b"", keys: str = ""
    ) -> dict[str, str]:
        """The fields of an answer with chip data and working keys. Raises EncodeError."""


class Scripting(Protocol):
    """Scripted rules at the fields of a message (``switch.wire.scripted``)."""

    @property
    def marker(self) -> Callable[[Mapping[str, str], Request], Request] | None:
        """What notes on a request which rules it meets; ``None`` where no rule looks at fields."""

    def altered(self, fields: Mapping[str, str], name: str) -> dict[str, str]:
        """The fields of an answer with one of them changed."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds of one connection (INV-95, SR-NET-05)."""

    pipelined: int = 32
    frame_s: float = 10.0
    write_s: float = 10.0
    idle_s: float = 300.0
    out_bytes: int = 262_144


@dataclass(frozen=True, slots=True)
class Profile:
    """What a listener gives to its sessions."""

    listener: str
    framing: Framing
    codec: Codec
    mapper: Mapper
    limits: SessionLimits = SessionLimits()
    verify_every: int = 0
    verify: Callable[[bytes, Mapping[str, str]], list[str]] | None = None
    # Whether bytes are one whole message: what the framer asks about those that do not fit (W-13).
    judge: Callable[[bytes], bool] | None = None
    scripting: Scripting | None = None
    codes: Mapping[Kind, Mapping[Reason, str]] = field(default_factory=dict)  # response codes
    vault: Vault | None = None  # seals answers; there from the start of the switch on
