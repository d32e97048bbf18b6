"""switch.server.officers: tokens, and what waits for a second officer."""

from __future__ import annotations

import pytest

from switch.server import officers as module
from switch.server.officers import OfficerError, Officers, Waiting, new_token, token_hash

SECOND = 1_000_000_000


class Clock:
    """A monotonic clock that stands still until told."""

    now_ns = 0


def waiting() -> tuple[Waiting[str], Clock]:
    """Nothing waits yet."""
    clock = Clock()
    return Waiting(lambda: clock.now_ns), clock


def test_a_token_has_enough_chance_in_it_and_is_kept_as_a_hash() -> None:
    """SR-OPS-02: 128 bits at least, never twice."""
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert module.TOKEN_BYTES * 8 >= 128
    assert all(len(token) >= module.TOKEN_BYTES * 8 // 6 for token in tokens)
    token = tokens.pop()
    assert token not in token_hash(token)
    assert token_hash(f" {token}\n") == token_hash(token)  # as it is copied


def test_an_officer_is_known_by_the_token() -> None:
    """SR-OPS-03: there is none by default, and an empty token is nobody's."""
    alice, bob = new_token(), new_token()
    officers = Officers({"alice": token_hash(alice), "bob": token_hash(bob)})
    assert officers.named(alice) == "alice"
    assert officers.named(bob) == "bob"
    for token in ("alice", token_hash(alice), alice[:-1]):
        with pytest.raises(OfficerError, match="no officer has this token"):
            officers.named(token)
    for token in ("", " \n"):
        with pytest.raises(OfficerError, match="no token was given"):
            officers.named(token)
    with pytest.raises(OfficerError):
        Officers({}).named("")


def test_another_officer_takes_what_waits_once() -> None:
    """SR-KEY-07: two persons; who asked cannot approve."""
    desk, _ = waiting()
    pending = desk.put("rotate", "alice", "uid 7")
    with pytest.raises(OfficerError, match="alice has asked for it"):
        desk.take(pending.id, "alice")
    assert desk.take(pending.id, "bob") is pending
    with pytest.raises(OfficerError, match="nothing waits under that id"):
        desk.take(pending.id, "bob")


def test_what_waits_ends_by_itself() -> None:
    """An approval that comes too late approves nothing."""
    desk, clock = waiting()
    first = desk.put("rotate", "alice", "uid 7")
    clock.now_ns = module.PENDING_S * SECOND - 1
    second = desk.put("destroy", "bob", "uid 8")
    assert [pending.what for pending in desk] == ["rotate", "destroy"]
    clock.now_ns += 1
    assert [pending.what for pending in desk] == ["destroy"]
    with pytest.raises(OfficerError):
        desk.take(first.id, "bob")
    assert desk.take(second.id, "alice").what == "destroy"


def test_only_so_much_waits() -> None:
    """INV-95: at the bound it is refused, and what ends makes room."""
    desk, clock = waiting()
    for number in range(module.MOST_PENDING):
        desk.put(str(number), "alice", "uid 7")
    with pytest.raises(OfficerError, match="wait already"):
        desk.put("more", "alice", "uid 7")
    clock.now_ns = module.PENDING_S * SECOND
    assert desk.put("more", "alice", "uid 7").what == "more"
