"""Risk rules of the configuration: asked of every demand, told of what has already happened.

Owns the order (allow lists, deny lists, the others as they stand in the file; the first objection
stands), what a mode makes of a rule that fires, and the counters. What is allowed by a list is
neither judged nor counted by any other rule. Only what was approved counts, and it goes on counting
when it is voided or reversed later: velocity is about how often a card was used. Advices and
reversals tell what has happened, so they are flagged at most. Refuses to know how each check
judges.
"""

from __future__ import annotations

from switch.core.case import Case, Objection
from switch.core.naming import merchant_of
from switch.core.replies import alert
from switch.core.rules_checks import (
    CHECKS,
    Finding,
    minor_in,
    row_id,
    seen_lately,
    subject,
    unproven,
)
from switch.core.rules_windows import MOST_SUMMED, added, thinned, total
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch.model.records import (
    Key,
    Tally,
    Terminal,
    Transaction,
    Window,
    key_of,
    next_version,
)
from switch.model.risk_rules import MOST_SEEN, Mode, Named, RiskCheck, RiskRule
from switch.model.trail import Check, Counted
from switch.model.words import EntryMode, Reason
from switch.money import Money
from switch.values import Pan


def wanted(event: RequestArrived, facts: Facts, original: Transaction | None = None) -> list[Key]:
    """The rows that the rules in force keep of this card, terminal and merchant. Asked when the
    terminal's own row was looked up; again when the original was, whose card it is where the
    message names none.
    """
    request = event.request
    rules = facts.settings.risk.by_kind.get(request.kind)
    if rules is None or not rules.remember:
        return []
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, facts.settings)
    card, place, pan = event.pan_token, request.terminal_id, request.pan
    if not card and original is not None:
        card = original.pan_token
    who = {"card": card, "terminal": place, "merchant": owner}
    rows = []
    for rule in rules.remember:
        name, named = who[rule.per], rule.named
        if name and (named is None or _is_about(named, card, pan, place, owner)):
            table = Window.TABLE if rule.check is RiskCheck.VELOCITY else Tally.TABLE
            rows.append(key_of(table, row_id(rule, name)))
    return rows


def risk(case: Case) -> Objection:
    """Ask the rules about the request; the first that declines or refers stands."""
    rules = case.settings.risk.by_kind.get(case.request.kind)
    if rules is None:
        return None
    for rule in rules.allow:
        if _is_meant(case, rule.named):
            case.passed("risk", rule.name, "on an allow list, so no other rule is asked")
            return None
    for rule in rules.judge:
        if rule.named is not None and not _is_meant(case, rule.named):
            continue
        finding = CHECKS[rule.check](case, rule)
        if finding is None:
            continue
        if rule.mode is not Mode.FLAG and case.unforced:
            return _object(case, rule, finding)
        _flag(case, rule, finding)
    if rules.remember:
        case.upon_approval = note
    flagged = ", ".join(case.flags)
    case.passed("risk", rules.names, f"flagged by {flagged}" if flagged else "nothing against it")
    return None


def _is_meant(case: Case, named: Named | None) -> bool:
    request = case.request
    return named is None or _is_about(
        named, case.card_token, request.pan, request.terminal_id, case.merchant_id
    )


def _is_about(
    named: Named, token: str, pan: Pan | None, terminal_id: str, merchant_id: str
) -> bool:
    """Whether one of the names is named."""
    return (
        token in named.cards
        or terminal_id in named.terminals
        or merchant_id in named.merchants
        or (pan is not None and bool(named.ranges) and pan.starts_with(named.ranges))
    )


def _object(case: Case, rule: RiskRule, finding: Finding) -> Reason:
    """A rule that declines or refers."""
    said = f"{rule.name}: {finding.said}"
    case.trail.append(Check("risk", finding.saw, False, said, finding.remedy))
    case.rule = rule.name
    return Reason.REFERRAL if rule.mode is Mode.REFER else rule.reason


def _flag(case: Case, rule: RiskRule, finding: Finding) -> None:
    """A rule that only tells, or may do no more than that."""
    case.flags.append(rule.name)
    case.trail.append(Check("risk", finding.saw, True, f"{rule.name} flags it: {finding.said}"))
    case.tells.append(
        alert(case.event, "risk.flagged", rule=rule.name, saw=finding.saw, why=finding.said)
    )


def note(case: Case, amount: Money | None = None) -> None:
    """What was approved moves the counters of the rules that were asked, once. ``amount``: what
    was approved, where that is not what was asked for.
    """
    if case.upon_approval is None:
        return
    case.upon_approval = None
    for rule in case.settings.risk.by_kind[case.request.kind].remember:
        who = subject(case, rule)
        if not who or not _is_meant(case, rule.named):
            continue
        move = _note_velocity if rule.check is RiskCheck.VELOCITY else _note_contactless
        move(case, rule, who, minor_in(amount or case.amount, rule))


def _note_velocity(case: Case, rule: RiskRule, who: str, minor: int) -> None:
    window, seen = seen_lately(case, rule, who)
    most = MOST_SEEN if rule.amount_minor else rule.count
    kept = minor if rule.amount_minor else 0
    after = added(seen, case.event.moment.wall_us, kept, most)
    if not rule.count and len(after) > MOST_SUMMED:
        after = thinned(after, rule.window_us)
    if window is None:
        case.records.append(Window(id=row_id(rule, who), seen=after))
    else:
        case.records.append(next_version(window, seen=after))
    number, before = len(seen), total(seen)
    _counted(case, rule, (number, number + 1), (before, before + kept))


def _note_contactless(case: Case, rule: RiskRule, who: str, minor: int) -> None:
    """One more in a row; a chip read in contact or a right PIN begins the row anew."""
    record_id = row_id(rule, who)
    tally = case.facts.find(Tally, record_id)
    count, amount = (0, 0) if tally is None else (tally.count, tally.amount_minor)
    request = case.request
    if unproven(case):
        after = (count + 1, amount + minor)
    elif request.entry_mode is EntryMode.CHIP or request.pin_block is not None:
        after = (0, 0)
    else:
        return
    if after == (count, amount):
        return
    if tally is None:
        tally = Tally(id=record_id, count=after[0], amount_minor=after[1])
    else:
        tally = next_version(tally, count=after[0], amount_minor=after[1])
    case.records.append(tally)
    _counted(case, rule, (count, after[0]), (amount, after[1]))


def _counted(case: Case, rule: RiskRule, counts: tuple[int, int], amounts: tuple[int, int]) -> None:
    """Before and after, of what the rule limits."""
    if rule.count:
        case.counted.append(Counted(rule.name, *counts, rule.count))
    if rule.amount_minor:
        case.counted.append(Counted(rule.name, *amounts, rule.amount_minor, rule.currency))
