"""What a scripted rule does, in words: for the trail, and for who lists the rules.

Owns the wording. Nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator

from switch.model.scripts import Behaviour, Script
from switch.model.words import APPROVALS, Reason


def effects_in_words(rule: Script) -> str:
    """All that follows when a rule fires.

    >>> effects_in_words(Script(name="a", behaviour=Behaviour(delay_ms=1500, close=True)))
    'after 1.5 s, then the connection is closed'
    """
    return ", ".join(_effects(rule))


def _effects(rule: Script) -> Iterator[str]:
    if rule.reason in APPROVALS:
        part = f" for {rule.percent} %" if rule.reason is Reason.PARTIAL else ""
        yield f"approved by force{part}"
    elif rule.code:
        yield f"declined with the code {rule.code}"
    elif rule.reason is not None:
        yield f"declined: {rule.reason.value}"
    for name, template in rule.texts:
        yield f'{name} says "{template}"'
    yield from _done(rule.behaviour)
    if rule.repeats:
        yield "repeats, too"


def _done(done: Behaviour) -> Iterator[str]:
    """What is done to the bytes of the answer."""
    if done.delay_ms:
        yield f"after {done.delay_ms / 1000:g} s"
    if done.silent:
        yield "no answer"
    if done.copies > 1:
        yield f"{done.copies} copies of the answer"
    if done.truncate_to >= 0:
        yield f"only {done.truncate_to} bytes of the answer"
    if done.length_off_by:
        yield f"the stated length is off by {done.length_off_by:+d}"
    if done.wrong_echo:
        yield f"{done.wrong_echo} comes back wrong"
    if done.wrong_mac:
        yield "the MAC is wrong"
    if done.close:
        yield "then the connection is closed"
    if done.reset:
        yield "the connection is reset"
