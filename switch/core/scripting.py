"""Scripted rules over the decisions: a rule may set the outcome, texts of the answer, and what is
done to its bytes.

Owns what a rule that fired does to a decision. Who matches is ``scripting_match``'s; how a request
is decided otherwise is told by the functions that are handed in.

- A scripted decline asks nobody: it has no effect on money and is recorded under its key, so that a
  repeat gets the same answer (INV-02).
- A forced approval is decided as an advice of the same: terminal, merchant, a reversal that came
  first and what may be kept of a card are still judged; card status, limits, risk and funds are
  not, and what the card's account cannot bear goes to suspense (INV-40).
- What is done to bytes never touches what is stored: it rides on the reply alone, of the first
  answer only unless the rule is for repeats, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from switch.core.case import Case, conclude
from switch.core.naming import currency_of
from switch.core.replies import answered
from switch.core.scripting_match import Match, is_asleep, match, wanted
from switch.core.scripting_words import effects_in_words
from switch.core.sealing import unjudged
from switch.core.terms import terms_of
from switch.model.copies import replace
from switch.model.effects import Effect, Reply
from switch.model.events import Event, RequestArrived
from switch.model.facts import Decision, Facts, Need
from switch.model.records import Key, Record, Terminal, Transaction, key_of
from switch.model.request import Answer, Request
from switch.model.scripts import PLAIN, Script
from switch.model.trail import Check
from switch.model.words import APPROVALS, Flow, Kind, Reason, State
from switch.money import CURRENCIES, Money

CHECK: Final = "script"  # name of the entry in the trail; what it saw is the name of the rule
_HOLE: Final = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}")

Plan = Callable[[Event, Facts], tuple[Need, ...]]
Step = Callable[[Event, Facts], Decision]


def needs(event: RequestArrived, facts: Facts, plan: Plan) -> tuple[Need, ...]:
    """What ``plan`` wants, and the rows that the rules want beside it."""
    request, rows = event.request, facts.rows
    if _passes(event, facts):
        return plan(event, facts)
    own = [] if request.kind is Kind.ECHO else [_own(event)]
    if request.terminal_id:
        own.append(key_of("terminal", request.terminal_id))
    if not all(map(rows.has, own)):
        return _together(plan(event, facts), own, facts)
    if _known(event, facts) is not None:
        return plan(event, facts)
    counters = [key for key in wanted(event, facts) if not rows.has(key)]
    if counters:
        return _together(plan(event, facts), counters, facts)
    return plan(_shaped(event, match(event, facts).rule), facts)


def decide(event: RequestArrived, facts: Facts, step: Step) -> Decision:
    """What ``step`` decides, or what the rule that fires makes of it."""
    if _passes(event, facts):
        return step(event, facts)
    known = _known(event, facts)
    if known is not None:
        return _repeated(known, step(event, facts), facts)
    found = match(event, facts)
    if found.rule is None:
        decision = step(event, facts)
        if not found.tallies:
            return decision
        return Decision((*decision.records, *found.tallies), decision.effects, decision.trail)
    rule = found.rule
    if rule.reason is None or rule.reason in APPROVALS:
        decision = step(_shaped(event, rule), facts)
    else:
        decision = _declined(event, facts, rule, rule.reason)
    return _dressed(decision, event, facts, found, rule)


def _passes(event: RequestArrived, facts: Facts) -> bool:
    """Whether no rule is concerned. What is no well-formed request is decided without any effect,
    so scripted rules leave it alone.
    """
    book, request = facts.settings.scripts, event.request
    if book is None or request.problems or request.flow is Flow.ANSWER:
        return True
    return is_asleep(book, request)


def _known(event: RequestArrived, facts: Facts) -> Transaction | None:
    """The first of its key, of a repeat. An echo is never kept."""
    request = event.request
    return None if request.kind is Kind.ECHO else facts.find(Transaction, request.request_key)


def _together(first: tuple[Need, ...], more: list[Key], facts: Facts) -> tuple[Need, ...]:
    has = facts.rows.has
    return (*first, *(key for key in more if not has(key) and key not in first))


# -- forced approvals


def _shaped(event: RequestArrived, rule: Script | None) -> RequestArrived:
    """The event as it is decided: of a forced approval the advice that it was approved."""
    if rule is None or rule.reason not in APPROVALS:
        return event
    request = event.request
    forced = replace(request, flow=Flow.ADVICE, amount=_share(request.amount, rule.percent))
    return replace(event, request=forced)


def _share(amount: Money | None, percent: int) -> Money | None:
    """So much of the amount, rounded down, but not nothing."""
    if amount is None or percent == 100:
        return amount
    return Money(max(1, amount.minor * percent // 100), amount.currency)


def _approved(transaction: Transaction, event: RequestArrived, facts: Facts) -> Transaction:
    """A demand that was decided as an advice, as the demand that it was."""
    asked, given = event.request.amount, transaction.amount
    changes: dict[str, object] = {"flow": event.request.flow}
    if asked is not None and given is not None:
        changes["amount"] = Money(asked.minor, given.currency)
    if transaction.state is State.ACCEPTED:
        is_part = asked is not None and given is not None and given.minor < asked.minor
        changes["state"] = State.PARTIAL if is_part else State.APPROVED
        changes["answer"] = replace(
            transaction.answer,
            reason=Reason.PARTIAL if is_part else Reason.APPROVED,
            approval_code=transaction.answer.approval_code or facts.fresh.approval_code,
            amount=given if is_part else transaction.answer.amount,
        )
    return replace(transaction, **changes)


# -- declines


def _declined(event: RequestArrived, facts: Facts, rule: Script, reason: Reason) -> Decision:
    request = event.request
    answer = Answer(reason=reason, code=rule.code, rrn=request.rrn or facts.fresh.rrn)
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    if request.kind is Kind.ECHO:
        return answered(event, answer, sealed_with=unjudged(request, facts))
    case = Case(event, facts)
    case.security = terms_of(request, facts)
    if case.amount is not None:
        currency = currency_of(request, terminal, facts.settings)
        case.amount = Money(case.amount.minor, currency)
    return conclude(case, State.DECLINED, answer)


# -- what a rule leaves on a decision


def _dressed(
    decision: Decision, event: RequestArrived, facts: Facts, found: Match, rule: Script
) -> Decision:
    """The decision with the rule's texts, its name, its entry in the trail, its behaviour."""
    check = _noted(rule)
    known = next((item for item in decision.records if item.key == _own(event)), None)
    records: list[Record] = [item for item in decision.records if item is not known]
    said: Answer | None = None
    if isinstance(known, Transaction):
        own = _approved(known, event, facts) if rule.reason in APPROVALS else known
        said = _worded(own.answer, event.request, facts, rule)
        own = replace(
            own,
            answer=said,
            rule=own.rule or (rule.name if _has_decided(rule, said) else ""),
            trail=(check, *own.trail),
            counted=(*found.counted, *own.counted),
        )
        records.insert(0, own)
    effects = tuple(
        [
            _replying(effect, said or _worded(effect.answer, event.request, facts, rule), event)
            if isinstance(effect, Reply)
            else effect
            for effect in decision.effects
        ]
    )
    return Decision((*records, *found.tallies), _behaving(effects, rule), (check, *decision.trail))


def _has_decided(rule: Script, said: Answer) -> bool:
    """Whether the outcome is the rule's own: one that only words an answer, or does something to
    its bytes, decides nothing; nor does a forced approval that could not be.
    """
    return rule.reason is not None and said.approved is (rule.reason in APPROVALS)


def _own(event: RequestArrived) -> Key:
    return key_of(Transaction.TABLE, event.request.request_key)


def _replying(reply: Reply, answer: Answer, event: RequestArrived) -> Reply:
    return replace(reply, request=event.request, answer=answer)


def _noted(rule: Script) -> Check:
    """The entry in the trail. A rule that says no is an objection, and its place tells the cure."""
    passes = rule.reason is None or rule.reason in APPROVALS
    remedy = "" if passes else f"without the rule at {rule.place} the host would decide it"
    return Check(CHECK, rule.name, passes, effects_in_words(rule), remedy)


def _behaving(effects: tuple[Effect, ...], rule: Script) -> tuple[Effect, ...]:
    """The effects, with what is to be done to the bytes of the reply."""
    if rule.behaviour == PLAIN:
        return effects
    return tuple(
        [
            replace(effect, behaviour=rule.behaviour) if isinstance(effect, Reply) else effect
            for effect in effects
        ]
    )


def _repeated(first: Transaction, decision: Decision, facts: Facts) -> Decision:
    """A repeat gets the same answer, and the same behaviour where the rule says so."""
    book = facts.settings.scripts
    named = {check.saw for check in first.trail if check.name == CHECK}
    rules = () if book is None else book.rules
    rule = next((item for item in rules if item.repeats and item.name in named), None)
    if rule is None:
        return decision
    return Decision(decision.records, _behaving(decision.effects, rule), decision.trail)


def _worded(answer: Answer, request: Request, facts: Facts, rule: Script) -> Answer:
    """The answer with the rule's texts filled in."""
    if not rule.texts:
        return answer
    values = _values(answer, request, facts, rule)
    filled = {name: fill(template, values) for name, template in rule.texts}
    return replace(answer, extra={**answer.extra, **filled})


def _values(answer: Answer, request: Request, facts: Facts, rule: Script) -> dict[str, str]:
    """What templates may name (``TEMPLATE_NAMES``)."""
    amount = answer.amount or request.amount
    return {
        "amount": "" if amount is None else str(amount).partition(" ")[0],
        "approval_code": answer.approval_code,
        "batch_number": request.batch_number,
        "business_date": facts.business_date,
        "currency": "" if amount is None else CURRENCIES.get(amount.currency, ("", 0))[0],
        "invoice": request.invoice,
        "kind": request.kind.value,
        "local_date": request.local_date,
        "local_time": request.local_time,
        "merchant_id": request.merchant_id,
        "message_type": request.message_type,
        "rrn": answer.rrn,
        "rule": rule.name,
        "stan": request.stan,
        "terminal_id": request.terminal_id,
    }


def fill(template: str, values: dict[str, str]) -> str:
    """The template with its holes filled; doubled braces are braces.

    >>> fill("{{{stan}}} at {terminal_id}", {"stan": "000123", "terminal_id": "DEMO0001"})
    '{000123} at DEMO0001'
    """
    return _HOLE.sub(
        lambda hole: hole[0][0] if hole[1] is None else values.get(hole[1], ""), template
    )


def literal(template: str) -> str:
    """What of a template is no hole.

    >>> literal("{{{stan}}} at {terminal_id}")
    '{} at '
    """
    return fill(template, {})
