"""Who has sent it: the MAC of a message, and how often a terminal's cryptography may fail.

Owns the check that stands before all others, because it says whether the rest can be believed
(INV-72). Where it objects nothing else is asked of the vault (M-08), and the message is kept beside
its key and not under it: it proves nothing, so a genuine one under the same key is still new.

Failures are counted in the terminal's record (SR-PIN-06): a MAC that is wrong, a PIN block that
holds no PIN, a key serial number that cannot be or was used. At the limit every message of the
terminal, also what has happened already, is answered ``terminal.inactive`` until the window ends,
for each would be another guess. What is good does not begin a new window; an operator's
``terminals.unlock`` does. The window is one of wall time, because it outlives restarts.
"""

from __future__ import annotations

from typing import Any, Final

from switch.core.case import Case, Objection, unproven_key
from switch.core.needs import READY, Needs, missing
from switch.core.parties import change_terminal
from switch.core.replies import alert
from switch.core.terms import (
    MISSING,
    NONE,
    REQUIRED,
    Refusal,
    is_usable,
    key_name,
    key_row,
    must_bear_mac,
    no_key,
    other_set_rows,
    security_named,
    terms_of,
)
from switch.model.events import RequestArrived
from switch.model.facts import Facts, Verdict, VerdictNeed
from switch.model.records import Key, Terminal
from switch.model.security import TERMINAL_ROLES, Security, terminal_key
from switch.model.trail import Counted
from switch.model.words import Reason

FAILURES: Final = "terminal.crypto_failures"
_MINUTE_US: Final = 60_000_000
_NO_MAC: Final = Refusal(
    "mac", "", "the message bears none", Reason.MAC_INVALID, "a MAC, which this terminal owes"
)
# A terminal that owes MACs gets by them over no other listener of the house (INV-72).
_NO_MACS: Final = Refusal(
    "mac",
    "",
    "the terminal owes one, and the dialect names no messages that bear one",
    Reason.MAC_INVALID,
    "a listener whose dialect has MACs ([mac] messages), or a security that does not require them",
)
_UNCONFIGURED: Final = Refusal(
    "mac",
    "",
    "the terminal's security is not configured",
    Reason.KEY_UNKNOWN,
    "to configure it, or to give the terminal another one",
)

# ``None``: there is no MAC to check. Key and VerdictNeed: what is to be fetched first.
Finding = Refusal | Verdict | Key | VerdictNeed | None


def finding(
    event: RequestArrived, facts: Facts, terminal: Terminal | None, security: Security
) -> Finding:
    """What is known of the sender's proof."""
    request = event.request
    if not request.mac and security.mac != REQUIRED and not _has_failed(terminal):
        return None
    if terminal is not None and is_locked(terminal, security, event.moment.wall_us):
        return _locked(terminal, security)
    if security is MISSING:
        return _UNCONFIGURED
    if security.mac == NONE:
        return None
    if not request.mac:
        macs = facts.policy.macs
        if not macs and security.mac == REQUIRED:
            return _NO_MACS
        return _NO_MAC if must_bear_mac(request.message_type, macs, security) else None
    verdict = facts.verdicts.get("mac")
    if verdict is not None and verdict.outcome == "good":
        return verdict
    name = key_name(request, security, "tak")
    if isinstance(name, Refusal):
        return name
    if not facts.rows.has(key_row(name)):
        return key_row(name)
    if not is_usable(name, facts):
        return no_key(name, facts, security, request.ksn)
    return VerdictNeed("mac", (name,)) if verdict is None else _refused(name, verdict)


def of_proof(event: RequestArrived, facts: Facts) -> Needs:
    """What is wanting to know the sender's proof. The terminal's row was fetched."""
    request = event.request
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    if terminal is not None:
        security = security_named(terminal.security, facts.settings)
    else:
        security = terms_of(request, facts)
    if security is None:
        return READY
    found = finding(event, facts, terminal, security)
    if isinstance(found, Key):
        return (found,)
    if isinstance(found, VerdictNeed):
        return _own_keys(terminal, facts) or (found,)
    if not isinstance(found, Refusal):
        return READY if request.pin_block is None else _own_keys(terminal, facts)
    wanted = [unproven_key(request)]
    name = key_name(request, security, "tak")
    if isinstance(name, str):
        wanted.append(key_row(name))  # for the MAC of the answer
        if request.ksn and found.reason is Reason.KEY_UNKNOWN:
            wanted += other_set_rows(request.ksn)
    return missing(facts.rows, wanted)


def _own_keys(terminal: Terminal | None, facts: Facts) -> Needs:
    """All keys of a terminal whose cryptography has failed before: it may take one for another, and
    then it is told.
    """
    if terminal is None or not terminal.crypto_failures:
        return READY
    names = [terminal_key(terminal.id, role) for role in TERMINAL_ROLES]
    return missing(facts.rows, [key_row(name) for name in names])


def may_ask(event: RequestArrived, facts: Facts, security: Security) -> bool:
    """Whether other questions may be asked: the MAC is good, or there need be none, or its own
    question stands in front of them and decides whether they are put (M-08).
    """
    terminal = facts.find(Terminal, event.request.terminal_id)
    found = finding(event, facts, terminal, security)
    return found is None or isinstance(found, Verdict | VerdictNeed)


def mac(case: Case) -> Objection:
    """The MAC is right, where there is one or one is owed (M-08, M-09, M-10)."""
    terminal = case.terminal
    if terminal is None and case.request.terminal_id:
        terminal = case.terminal = case.facts.find(Terminal, case.request.terminal_id)
    if terminal is None or not terminal.security:
        return None
    security = case.security = security_named(terminal.security, case.settings)
    assert security is not None
    found = finding(case.event, case.facts, terminal, security)
    if found is None:
        return None
    if isinstance(found, Verdict):
        case.proven = True
        former = "former" in found.data
        saw = f"under {key_name(case.request, security, 'tak')}"
        case.passed("mac", saw, "right, under the key before" if former else "right")
        return None
    if isinstance(found, Key):
        raise KeyError(found)
    if isinstance(found, VerdictNeed):
        found = _refused(found.keys[0], Verdict("absent", "the vault was not asked"))
    case.unproven = True
    return refuse(case, found)


def refuse(case: Case, refusal: Refusal) -> Reason:
    """Object, count the failure, tell of a device at its end (M-15)."""
    if refusal.counts:
        count_failure(case)
    if refusal.exhausted:
        case.tells.append(alert(case.event, "ksn.exhausted", device=refusal.exhausted))
    check, saw, said, reason, remedy, *_ = refusal
    return case.objected(check, saw, said, reason, remedy)


def is_locked(terminal: Terminal, security: Security, now_us: int) -> bool:
    """Whether the terminal has failed so often that its window must end first."""
    failed, limit = terminal.crypto_failures, security.failures
    return bool(failed and limit) and failed >= limit and not _is_over(terminal, security, now_us)


def count_failure(case: Case) -> None:
    """One more failure of the terminal's cryptography, in this window or the first of a new one."""
    terminal, security = case.terminal, case.security
    if terminal is None or security is None:
        return
    now_us = case.event.moment.wall_us
    is_new = not terminal.crypto_failures or _is_over(terminal, security, now_us)
    before = 0 if is_new else terminal.crypto_failures
    changes: dict[str, Any] = {"crypto_failures": before + 1}
    if is_new:
        changes["crypto_failures_us"] = now_us
    change_terminal(case, **changes)
    case.counted.append(Counted(FAILURES, before, before + 1, security.failures))
    if before + 1 == security.failures:
        case.tells.append(alert(case.event, "terminal.locked", failures=before + 1))


def _has_failed(terminal: Terminal | None) -> bool:
    return terminal is not None and terminal.crypto_failures > 0


def _is_over(terminal: Terminal, security: Security, now_us: int) -> bool:
    return now_us >= terminal.crypto_failures_us + security.failures_window_us


def _locked(terminal: Terminal, security: Security) -> Refusal:
    minutes = security.failures_window_us // _MINUTE_US
    return Refusal(
        "terminal",
        terminal.id,
        f"its cryptography has failed {terminal.crypto_failures} times within {minutes} minutes",
        Reason.TERMINAL_INACTIVE,
        "to wait until these are over, or to unlock the terminal",
    )


def _refused(name: str, verdict: Verdict) -> Refusal:
    if verdict.outcome == "bad":
        said = verdict.said or "does not fit"
        remedy = "a MAC over the message as it was sent, under the key that both sides have"
        return Refusal("mac", f"under {name}", said, Reason.MAC_INVALID, remedy, True)
    said = f"cannot be checked: {verdict.said or verdict.outcome}"
    return Refusal("mac", f"under {name}", said, Reason.KEY_UNKNOWN, f"a MAC key {name}")
