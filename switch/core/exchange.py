"""Key exchange: a terminal is handed working keys under its terminal master key.

Owns what an exchange makes of the keys' records: the new key is the current one from the commit on,
the one before stays accepted for the overlap of the terminal's security, so that messages that are
under way are not lost. A repeat hands out the current keys again: nothing is made for it. Nor is
anything made for a message that is never answered: nobody would learn the keys. Refuses
to make keys, which the vault does before the decision, and to know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.core.case import Case, Objection
from switch.core.needs import READY, Needs, missing, unnamed_merchant
from switch.core.proof import may_ask
from switch.core.replies import UNANSWERED
from switch.core.terms import is_usable, key_row, key_use, terms_of
from switch.model.events import RequestArrived
from switch.model.facts import Facts, Verdict, VerdictNeed
from switch.model.records import FormerKey, Key, SealedKey
from switch.model.request import Request
from switch.model.security import KeyOrder, KeyUse, Security, terminal_key
from switch.model.settings import DialectPolicy
from switch.model.words import Kind, Reason

QUESTION: Final = "working_keys"
MASTER: Final = "tmk"
ROLES: Final = ("tpk", "tak", "tdk")
MOST_FORMER: Final = 5  # the record must not grow (INV-95)


def named_keys(event: RequestArrived) -> list[Key]:
    """The rows of the terminal's keys: those handed out, and the one that they are under."""
    return [key_row(terminal_key(event.request.terminal_id, role)) for role in (MASTER, *ROLES)]


def of_exchange(event: RequestArrived, facts: Facts) -> Needs:
    """New keys from the vault, where there is a master key to hand them out under."""
    request = event.request
    needs = missing(facts.rows, unnamed_merchant(request, facts))
    if needs:
        return needs
    security = terms_of(request, facts)
    if security is None or not security.session or QUESTION in facts.verdicts:
        return READY
    if request.flow in UNANSWERED:
        return READY
    master = terminal_key(request.terminal_id, MASTER)
    if not is_usable(master, facts) or not may_ask(event, facts, security):
        return READY
    return (VerdictNeed(QUESTION),)


def of_sign_on(event: RequestArrived, facts: Facts) -> Needs:
    """As an exchange, where the dialect's sign-on is one."""
    needs = missing(facts.rows, unnamed_merchant(event.request, facts))
    if needs or not facts.policy.signon_keys:
        return needs
    return missing(facts.rows, named_keys(event)) or of_exchange(event, facts)


def can_renew(case: Case) -> bool:
    """Whether a sign-on brings keys: the dialect's does, and the terminal has a master key. One
    that has none signs on all the same.
    """
    security, name = case.security, terminal_key(case.request.terminal_id, MASTER)
    if not case.policy.signon_keys or security is None or not security.session:
        return False
    if case.request.flow in UNANSWERED:
        return False
    if is_usable(name, case.facts):
        return True
    case.passed("keys", name, "none: there is no terminal master key to hand them out under")
    return False


def renew(case: Case) -> Objection:
    """Put new working keys into effect and order that the answer hands them out."""
    if case.request.flow in UNANSWERED:
        case.passed("keys", "", "told of, never answered: nothing is handed out, nothing changes")
        return None
    security, name = case.security, terminal_key(case.request.terminal_id, MASTER)
    if security is None or not security.session:
        said = "the terminal has no working keys" if security is None else "working keys are off"
        remedy = "a security with working keys for the terminal"
        return case.objected("keys", "", said, Reason.TRANSACTION_INVALID, remedy)
    if not is_usable(name, case.facts):
        said = "there is no terminal master key to hand keys out under"
        return case.objected("keys", name, said, Reason.KEY_UNKNOWN, f"to install {name}")
    verdict = case.facts.verdicts.get(QUESTION, Verdict("absent", "the vault was not asked"))
    if verdict.outcome != "made":
        said = f"cannot be made: {verdict.said or verdict.outcome}"
        return case.objected("keys", name, said, Reason.KEY_UNKNOWN, f"a usable key {name}")
    roles = [role for role in ROLES if role in verdict.data]
    made = [_renewed(case, security, role, verdict.data) for role in roles]
    case.records += made
    said = ", ".join(f"{key.id} {key.check_value}" for key in made)
    case.passed("keys", name, f"new: {said}; the ones before for {_seconds(security)} s more")
    # What an answer hands out is what the records will hold.
    master = key_use(name, case.facts)
    assert master is not None
    uses = [KeyUse(key.id, key.block) for key in made]
    case.keys = KeyOrder(master, tuple(zip(roles, uses, strict=True)), security.exchange)
    return None


def again(request: Request, facts: Facts, security: Security | None) -> KeyOrder | None:
    """The current keys once more, for a repeat."""
    master = key_use(terminal_key(request.terminal_id, MASTER), facts)
    if master is None or security is None or not security.session:
        return None
    uses = [(role, key_use(terminal_key(request.terminal_id, role), facts)) for role in ROLES]
    working = tuple([(role, use) for role, use in uses if use is not None])
    return KeyOrder(master, working, security.exchange) if working else None


def hands_out(kind: Kind, policy: DialectPolicy) -> bool:
    """Whether the answer to messages of that kind brings keys."""
    return kind is Kind.KEY_EXCHANGE or (kind is Kind.SIGN_ON and policy.signon_keys)


def former_of(known: SealedKey, now_us: int, overlap_us: int) -> tuple[FormerKey, ...]:
    """What stays accepted beside the key that takes this one's place: of too many the newest and
    the oldest. Whoever gets no answer asks again and again, and still has the key of before.
    """
    still = [key for key in known.former if key.until_us > now_us]
    if known.block and overlap_us > 0:
        still.insert(0, FormerKey(known.block, known.check_value, now_us + overlap_us))
    if len(still) > MOST_FORMER:
        still[MOST_FORMER - 1 : -1] = []
    return tuple(still)


def _renewed(case: Case, security: Security, role: str, data: Mapping[str, str]) -> SealedKey:
    name, now_us = terminal_key(case.request.terminal_id, role), case.event.moment.wall_us
    known = case.facts.find(SealedKey, name)
    by = f"exchange {case.key}"
    return SealedKey(
        id=name,
        version=1 if known is None else known.version + 1,
        block=data[role],
        usage=data[f"{role}_usage"],
        algorithm=data[f"{role}_algorithm"],
        mode=data[f"{role}_mode"],
        exportability=data[f"{role}_exportability"],
        mark=data[f"{role}_mark"],
        length=int(data[f"{role}_length"]),
        check_value=data[f"{role}_check"],
        generation=1 if known is None else known.generation + 1,
        former=() if known is None else former_of(known, now_us, security.overlap_us),
        made_by=by,
        made_us=now_us,
        changed_by=by,
        changed_us=now_us,
    )


def _seconds(security: Security) -> int:
    return security.overlap_us // 1_000_000
