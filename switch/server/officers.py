"""Key officers: who they are by their tokens, and what waits for a second one.

Owns dual control for live keys (SR-KEY-07): a command that one officer gives is carried out when
another one approves it, within a time. Tokens are random and kept as hashes only, compared in
constant time (SR-KEY-16). Refuses to know what is approved. What waits is gone after a restart: it
is asked for again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Generic, TypeVar

from switch.errors import IsoswitchError

T = TypeVar("T")
TOKEN_BYTES: Final = 20
PENDING_S: Final = 900
MOST_PENDING: Final = 32
_SECOND_NS: Final = 1_000_000_000


class OfficerError(IsoswitchError):
    """Who is not allowed to do this, and what to do instead."""


def new_token() -> str:
    """A token: 160 random bits of the operating system's generator."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is kept of a token: its SHA-256, hex."""
    return sha256(token.strip().encode()).hexdigest()


class Officers:
    """The officers of the configuration: hash of the token by name."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self.hashes = hashes

    def named(self, token: str) -> str:
        """The officer with that token. Raises OfficerError where nobody has it."""
        if not token.strip():
            raise OfficerError("no token was given: --officer asks for it, --token-file reads it")
        given, found = token_hash(token), ""
        for name, known in self.hashes.items():
            if compare_digest(known, given):
                found = name
        if not found:
            raise OfficerError("no officer has this token: [[officer]] names those there are")
        return found


@dataclass(frozen=True, slots=True)
class Pending(Generic[T]):
    """What waits: what it is, who asked, until when (monotonic)."""

    id: str
    what: T
    officer: str
    who: str
    until_ns: int


class Waiting(Generic[T]):
    """What waits for a second officer. ``now_ns`` is the monotonic clock."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._waiting: dict[str, Pending[T]] = {}

    def put(self, what: T, officer: str, who: str) -> Pending[T]:
        """Let it wait. Raises OfficerError where too much waits already (INV-95)."""
        self._expire()
        if len(self._waiting) >= MOST_PENDING:
            raise OfficerError(
                f"{MOST_PENDING} commands wait already: approve them, or let them go"
            )
        until_ns = self._now_ns() + PENDING_S * _SECOND_NS
        pending = Pending(secrets.token_hex(4), what, officer, who, until_ns)
        self._waiting[pending.id] = pending
        return pending

    def take(self, pending_id: str, officer: str) -> Pending[T]:
        """What waits under that id, for another officer to approve. Raises OfficerError."""
        self._expire()
        pending = self._waiting.get(pending_id)
        if pending is None:
            raise OfficerError("nothing waits under that id: keys pending lists what does")
        if pending.officer == officer:
            raise OfficerError(f"{officer} has asked for it: another officer approves it")
        return self._waiting.pop(pending_id)

    def __iter__(self) -> Iterator[Pending[T]]:
        self._expire()
        return iter(tuple(self._waiting.values()))

    def _expire(self) -> None:
        now_ns = self._now_ns()
        for pending in list(self._waiting.values()):
            if pending.until_ns <= now_ns:
                del self._waiting[pending.id]
