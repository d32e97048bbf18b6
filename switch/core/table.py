"""The transition table: what follows when something happens to a transaction in a state.

It is total, and data. Owns the pairs (state, stimulus): each is in TRANSITIONS, in UPON (what a
later request does to the transaction that it points at) or in IMPOSSIBLE, and a test walks them
all. A stimulus is the kind of a request, or what else can happen. The state is the one of the
transaction under the event's request key; NEW where there is none, or where the event is about
none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from switch.core import (
    adjust,
    admin,
    authorization,
    completion,
    cutover,
    delivery,
    holds,
    increment,
    inquiry,
    messages,
    needs,
    network,
    plans,
    refund,
    repeats,
    reversal,
    settlement,
    undo,
    upload,
    void,
)
from switch.model.events import Event
from switch.model.facts import Decision, Facts, Need
from switch.model.trail import Check
from switch.model.words import Kind, State

BROKEN: Final = "broken"
INCOMPLETE: Final = "incomplete"
STRAY: Final = "stray_answer"
DELIVERED: Final = "delivery"
RECOVERED: Final = "recovery"
TIMER: Final = "timer"
HOLD: Final = "hold_timer"  # the timer of a hold, which its transaction set
UPSTREAM: Final = "upstream_answer"
LINK: Final = "link"
COMMAND: Final = "command"
# Some later request names this transaction as its original.
INCREASED: Final = "increment_of_it"
COMPLETED: Final = "completion_of_it"
VOIDED: Final = "void_of_it"
REFUNDED: Final = "refund_of_it"
ADJUSTED: Final = "tip_adjust_of_it"
REVERSED: Final = "reversal_of_it"
RESTORED: Final = "taking_back_of_what_acted_upon_it"

# What a later request does to the transaction that it points at, by the state of that one.
UPON: Final[dict[str, Mapping[State, Callable[..., object]]]] = {
    INCREASED: increment.ON_INCREMENT,
    COMPLETED: completion.ON_COMPLETION,
    VOIDED: void.ON_VOID,
    REFUNDED: refund.ON_REFUND,
    ADJUSTED: adjust.ON_ADJUST,
    REVERSED: reversal.ON_REVERSAL,
    RESTORED: undo.ON_RESTORING,
}

REQUESTS: Final = tuple(kind.value for kind in Kind)
STIMULI: Final = (
    *REQUESTS,
    BROKEN,
    INCOMPLETE,
    STRAY,
    DELIVERED,
    RECOVERED,
    TIMER,
    HOLD,
    UPSTREAM,
    LINK,
    COMMAND,
    *UPON,
)

# The handlers take the type of event that their stimulus stands for.
PlanFunction = Callable[[Any, Facts], tuple[Need, ...]]
StepFunction = Callable[[Any, Facts], Decision]
Pair = tuple[State, str]


def nothing(event: Event, _facts: Facts) -> Decision:
    """Nothing follows from it."""
    return Decision(trail=(Check(type(event).__name__, "", True, "nothing follows from it"),))


_FIRST: Final[dict[str, StepFunction]] = {
    **dict.fromkeys(REQUESTS, network.unbuilt),
    Kind.PURCHASE.value: authorization.authorize,
    Kind.CASH.value: authorization.authorize,
    Kind.CASHBACK.value: authorization.authorize,
    Kind.PREAUTH.value: authorization.authorize,
    Kind.BALANCE.value: inquiry.inquire,
    Kind.VERIFICATION.value: inquiry.inquire,
    Kind.INCREMENT.value: increment.increment,
    Kind.COMPLETION.value: completion.complete,
    Kind.VOID.value: void.void,
    Kind.REFUND.value: refund.refund,
    Kind.TIP_ADJUST.value: adjust.adjust,
    Kind.REVERSAL.value: reversal.reverse,
    Kind.RECONCILIATION.value: settlement.settle,
    Kind.BATCH_UPLOAD.value: upload.upload,
    Kind.CUTOVER.value: cutover.asked,
    Kind.SIGN_ON.value: network.sign,
    Kind.SIGN_OFF.value: network.sign,
    Kind.KEY_EXCHANGE.value: network.exchange,
}
_WITHOUT_TRANSACTION: Final[dict[str, StepFunction]] = {
    Kind.ECHO.value: network.echo,
    BROKEN: messages.broken,
    INCOMPLETE: messages.incomplete,
    STRAY: messages.stray,
    LINK: nothing,
    COMMAND: admin.command,
}
_DECIDED: Final = tuple(state for state in State if state not in (State.NEW, State.FORWARDED))

PLANS: Final[dict[str, PlanFunction]] = {
    **dict.fromkeys(STIMULI, needs.of_nothing),
    **dict.fromkeys(REQUESTS, plans.of_request),
    **dict.fromkeys(_WITHOUT_TRANSACTION, needs.of_nothing),
    Kind.ECHO.value: plans.of_echo,
    INCOMPLETE: plans.of_incomplete,
    DELIVERED: needs.of_transaction,
    RECOVERED: needs.of_transaction,
    HOLD: holds.needs_of_timer,
    COMMAND: admin.of_command,
}

TRANSITIONS: Final[dict[Pair, StepFunction]] = {
    **{(State.NEW, kind): step for kind, step in _FIRST.items()},
    **{(State.NEW, name): step for name, step in _WITHOUT_TRANSACTION.items()},
    # A timer or an upstream's answer for what does not wait (any more) changes no decision
    # (INV-16).
    (State.NEW, TIMER): nothing,
    (State.NEW, HOLD): nothing,
    (State.NEW, UPSTREAM): nothing,
    **{
        (state, kind): repeats.repeat
        for state in _DECIDED
        for kind in REQUESTS
        if kind not in _WITHOUT_TRANSACTION
    },
    **{(state, DELIVERED): delivery.delivered for state in _DECIDED},
    **{(state, RECOVERED): delivery.recovered for state in _DECIDED},
    **{(state, HOLD): holds.look for state in _DECIDED},
}

IMPOSSIBLE: Final[frozenset[Pair]] = frozenset(
    {
        # Only what was stored is reported on, recovered or found under a reference.
        (State.NEW, DELIVERED),
        (State.NEW, RECOVERED),
        *((State.NEW, stimulus) for stimulus in UPON),
        (State.DECLINED, RESTORED),
        (State.SETTLED, RESTORED),
        # Nothing is forwarded in this build: no route, no upstream.
        *((State.FORWARDED, stimulus) for stimulus in STIMULI),
        # These are about no transaction; an echo is not looked up, for it is never kept.
        *((state, stimulus) for state in _DECIDED for stimulus in _WITHOUT_TRANSACTION),
        # No transaction has set another timer or waits for an upstream, so none is looked up.
        *((state, stimulus) for state in _DECIDED for stimulus in (TIMER, UPSTREAM)),
    }
)


def label(handler: Callable[..., object]) -> str:
    """What a handler is called in print: its module in the core, and its name."""
    return f"{handler.__module__.rpartition('.')[2]}.{handler.__name__}"


def rows() -> Iterator[tuple[State, str, str]]:
    """The table for people: state, stimulus, and what is done (``impossible`` where it is none)."""
    for state in State:
        for stimulus in STIMULI:
            pair = (state, stimulus)
            if pair in TRANSITIONS:
                yield state, stimulus, label(TRANSITIONS[pair])
            elif state in UPON.get(stimulus, ()):
                yield state, stimulus, label(UPON[stimulus][state])
            else:
                yield state, stimulus, "impossible"
