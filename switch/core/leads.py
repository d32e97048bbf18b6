"""Where transitions lead: the states in which each handler of the table may leave a transaction.

Owns LEADS, the targets beside the transition table, and the edges of the state diagram that follow
from both. It decides nothing: the handlers do, and the tests hold every decision that they see to
what is declared here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from switch.core import (
    adjust,
    admin,
    authorization,
    completion,
    cutover,
    delivery,
    follow,
    holds,
    increment,
    inquiry,
    messages,
    network,
    refund,
    repeats,
    reversal,
    settlement,
    table,
    undo,
    undo_holds,
    upload,
    void,
)
from switch.model.words import State

Handler = Callable[..., object]


class Leads(NamedTuple):
    """The states that a handler may lead to; ``stays``: or it leaves the state as it was. ``of``:
    the only states that it ever changes; empty: any.
    """

    to: tuple[State, ...] = ()
    stays: bool = False
    of: tuple[State, ...] = ()

    def targets(self, before: State) -> tuple[State, ...]:
        """The states that it may make of that one."""
        if self.of and before not in self.of:
            return ()
        return tuple(state for state in self.to if state is not before)

    def allows(self, before: State, after: State) -> bool:
        """Whether the handler may have made this of that."""
        return after in self.targets(before) or (before is after and self.stays)


class Edge(NamedTuple):
    """One line of the diagram."""

    state: State
    stimulus: str
    handler: str
    target: State


NOWHERE: Final = Leads(stays=True)
# What is still in effect, at least in part, can be taken back.
IN_EFFECT: Final = (State.APPROVED, State.PARTIAL, State.ACCEPTED, State.PARTLY_REVERSED)
_TAKEN: Final = Leads((State.ACCEPTED, State.DECLINED))
_FOLLOWED: Final = Leads((State.APPROVED, State.ACCEPTED, State.DECLINED))

LEADS: Final[dict[Handler, Leads]] = {
    authorization.authorize: Leads((State.APPROVED, State.PARTIAL, State.ACCEPTED, State.DECLINED)),
    increment.increment: _FOLLOWED,
    completion.complete: _FOLLOWED,
    void.void: _FOLLOWED,
    refund.refund: _FOLLOWED,
    adjust.adjust: _FOLLOWED,
    inquiry.inquire: Leads((State.APPROVED, State.ACCEPTED, State.DECLINED)),
    # Without a name of its original a reversal is refused and not kept.
    reversal.reverse: Leads((State.ACCEPTED, State.DECLINED), stays=True),
    settlement.settle: _TAKEN,
    upload.upload: _TAKEN,
    cutover.asked: _TAKEN,
    network.sign: _TAKEN,
    network.exchange: _TAKEN,
    network.unbuilt: Leads((State.DECLINED,)),
    network.echo: NOWHERE,
    messages.broken: NOWHERE,
    messages.incomplete: NOWHERE,
    messages.stray: NOWHERE,
    table.nothing: NOWHERE,
    admin.command: NOWHERE,
    # A repeat under a name that was reversed before is what the reversal meant.
    repeats.repeat: Leads((State.REVERSED,), stays=True, of=IN_EFFECT),
    # An approval of which no byte left is taken back, where the dialect says so.
    delivery.delivered: Leads((State.REVERSED,), stays=True, of=(State.APPROVED, State.PARTIAL)),
    delivery.recovered: NOWHERE,
    holds.look: Leads((State.EXPIRED,), stays=True, of=IN_EFFECT),
    reversal.undo: Leads((State.REVERSED, State.PARTLY_REVERSED), stays=True),
    reversal.leave: NOWHERE,
    reversal.withdrawn: Leads((State.REVERSED,)),
    increment.add: NOWHERE,
    increment.expired: NOWHERE,
    increment.completed: NOWHERE,
    # The final completion, or one that leaves nothing; after expiry only the final one.
    completion.capture: Leads((State.COMPLETED, State.EXPIRED), stays=True),
    completion.after_expiry: Leads((State.COMPLETED,), stays=True),
    completion.completed_before: NOWHERE,
    void.cancel: Leads((State.VOIDED,), stays=True),
    void.voided_before: NOWHERE,
    void.completed: NOWHERE,
    void.expired: NOWHERE,
    refund.give: NOWHERE,
    refund.held_only: NOWHERE,
    adjust.change: NOWHERE,
    adjust.partly: NOWHERE,
    adjust.held_only: NOWHERE,
    follow.declined_before: NOWHERE,
    follow.reversed_before: NOWHERE,
    # The last increment that was not completed is gone, and with it the hold.
    undo_holds.lessen_authorized: Leads((State.COMPLETED, State.EXPIRED), stays=True),
    undo_holds.uncomplete: Leads((*IN_EFFECT, State.EXPIRED), stays=True, of=(State.COMPLETED,)),
    undo.restore: Leads((*IN_EFFECT, State.COMPLETED, State.EXPIRED)),
}


def leads_of(handler: Handler) -> Leads:
    """What is declared of a handler. KeyError for one of which nothing is: it belongs in LEADS."""
    return LEADS[handler]


def handlers() -> Iterator[tuple[State, str, Handler]]:
    """State, stimulus and handler of every pair that can happen."""
    found: dict[tuple[State, str], Any] = dict(table.TRANSITIONS)
    for stimulus, upon in table.UPON.items():
        found |= {(state, stimulus): handler for state, handler in upon.items()}
    for state in State:
        for stimulus in table.STIMULI:
            if (state, stimulus) in found:
                yield state, stimulus, found[state, stimulus]


def edges() -> Iterator[Edge]:
    """The state diagram: every change of state that can come about, in the table's order."""
    found = [
        Edge(state, stimulus, table.label(handler), target)
        for state, stimulus, handler in handlers()
        for target in leads_of(handler).targets(state)
    ]
    reached = {State.NEW}
    while more := {edge.target for edge in found if edge.state in reached} - reached:
        reached |= more
    yield from (edge for edge in found if edge.state in reached)
