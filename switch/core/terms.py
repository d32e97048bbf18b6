"""What a sender must keep to, and which key its message calls for.

Owns the rule that there is one key a message: with a key serial number it is under the base
derivation key that the number names, without one under a working key of its terminal. No other key
is ever tried (M-16). Refuses to know keys: it has names, and blocks that only the vault opens.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from switch.model.facts import Facts, Verdict
from switch.model.ksn import Counter, Ksn, KsnRefused, parse, said
from switch.model.ksn_doctor import ksn_doctor, other_sets
from switch.model.records import Key, SealedKey, Terminal, key_of
from switch.model.request import Request
from switch.model.security import KeyUse, Security, base_key, terminal_key
from switch.model.settings import Settings
from switch.model.words import Reason

REQUIRED: Final = "required"
NONE: Final = "none"
ACTIVE: Final = "active"
# Stands for a security that a terminal names and the configuration does not have (any more): it
# lets nothing through.
MISSING: Final = Security(name="", dukpt=False, session=False, mac=REQUIRED)


class Refusal(NamedTuple):
    """Why a message can be under no key. ``check`` is whose objection it is; ``counts``: it is one
    of the terminal's failures of cryptography; ``exhausted`` names a device at its end.
    """

    check: str
    saw: str
    said: str
    reason: Reason
    remedy: str
    counts: bool = False
    exhausted: str = ""


@lru_cache(maxsize=8192)
def read_ksn(text: str) -> Ksn | Refusal:
    """The key serial number of a message, if a transaction can have it (M-15)."""
    try:
        ksn = parse(text)
    except KsnRefused as failure:
        remedy = "a key serial number of 8, 10 or 12 bytes"
        words = _with_doctor(str(failure), text)
        return Refusal("ksn", text[:24], words, Reason.KSN_INVALID, remedy, True)
    worth = ksn.worth
    if worth is Counter.GOOD:
        return ksn
    spent = worth is Counter.EXHAUSTED
    remedy = "a new initial key for the device" if spent else "the counter that the device is at"
    words = _with_doctor(said(worth, aes=ksn.aes), text)
    device = ksn.device if spent else ""
    return Refusal("ksn", str(ksn), words, Reason.KSN_INVALID, remedy, True, device)


@lru_cache(maxsize=8192)
def base_name(text: str) -> str | Refusal:
    """The name of the base derivation key that the key serial number of a message calls for, asked
    at each step of planning and deciding.
    """
    ksn = read_ksn(text)
    return ksn if isinstance(ksn, Refusal) else base_key(ksn.device)


def security_named(name: str, settings: Settings) -> Security | None:
    """The security of that name; ``None`` where none is named."""
    return settings.securities.get(name, MISSING) if name else None


def terms_of(request: Request, facts: Facts) -> Security | None:
    """What the sender must keep to, before a terminal that is not known is enrolled; ``None``:
    nothing. Its row was fetched.
    """
    if not request.terminal_id:
        return None
    terminal = facts.find(Terminal, request.terminal_id)
    if terminal is not None:
        return security_named(terminal.security, facts.settings)
    settings = facts.settings
    return security_named(settings.enrol_security, settings) if settings.enrol_unknown else None


def must_bear_mac(message_type: str, macs: frozenset[str], security: Security) -> bool:
    """Whether a message of that type has to bear a MAC."""
    return security.mac == REQUIRED and message_type in macs


def key_name(request: Request, security: Security, role: str) -> str | Refusal:
    """The name of the key that the message is under: for PINs (``tpk``) or its MAC (``tak``)."""
    if not request.ksn:
        if security.session:
            return terminal_key(request.terminal_id, role)
        words, remedy = "no key serial number, and working keys are off", "a message under DUKPT"
        return Refusal("mac", "", words, Reason.KEY_UNKNOWN, remedy)
    if not security.dukpt:
        words, remedy = "a key serial number, and DUKPT is off", "a message under working keys"
        return Refusal("mac", request.ksn, words, Reason.KEY_UNKNOWN, remedy)
    return base_name(request.ksn)


def key_row(name: str) -> Key:
    """Where a key lives."""
    return key_of(SealedKey.TABLE, name)


def is_usable(name: str, facts: Facts) -> bool:
    """Whether there is such a key, and it is active. Its row was fetched."""
    row = facts.find(SealedKey, name)
    return row is not None and row.state == ACTIVE and bool(row.block)


def key_use(name: str, facts: Facts, verdict: Verdict | None = None) -> KeyUse | None:
    """The key as the vault is told of it: the one under which the verdict was good, where that was
    one before an exchange. ``None`` where there is none that can be used, or nobody fetched it.
    """
    if not facts.rows.has(key_row(name)):
        return None
    row = facts.find(SealedKey, name)
    if row is None or row.state != ACTIVE or not row.block:
        return None
    back = int(verdict.data.get("former", "0")) if verdict is not None else 0
    block = row.former[back - 1].block if 0 < back <= len(row.former) else row.block
    return KeyUse(name, block)


def other_set_rows(ksn: str) -> list[Key]:
    """The rows of key sets that a key serial number may be meant for where its own is missing."""
    return [key_row(name) for name, _ in other_sets(ksn)]


def no_key(name: str, facts: Facts, security: Security, ksn: str = "") -> Refusal:
    """The refusal for want of a key: of its name, and of what to do. ``ksn``: the key serial number
    that called for it.
    """
    row = facts.find(SealedKey, name)
    if row is None and not ksn:
        words = "there is no such key, which a message without a key serial number is under"
        remedy = f"a key exchange that makes {name}"
        if security.dukpt:
            remedy += ", or a key serial number, for DUKPT"
    elif row is None:
        words, remedy = _with_doctor("there is no such key", ksn), f"to install {name}"
        others = [said for other, said in other_sets(ksn) if _is_there(other, facts)]
        words = "; ".join([words, *others[:1]])
    else:
        words, remedy = f"the key is {row.state}", f"an active key {name}"
    return Refusal("mac", name, words, Reason.KEY_UNKNOWN, remedy)


def is_missing(name: str, facts: Facts) -> bool:
    """Whether somebody has looked, and there is no such key."""
    return facts.rows.has(key_row(name)) and facts.find(SealedKey, name) is None


def _is_there(name: str, facts: Facts) -> bool:
    """Whether there is such a key, as far as anybody has looked."""
    return facts.rows.has(key_row(name)) and facts.find(SealedKey, name) is not None


def _with_doctor(words: str, ksn: str) -> str:
    """What is wrong, and what the key serial number was before it was spoilt."""
    found = ksn_doctor(ksn)
    return f"{words}; {found}" if found else words
