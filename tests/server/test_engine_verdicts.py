"""Verdicts on their way into a decision: asked once an event, after its rows, anew where rows have
changed; a vault that fails approves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from switch.core.step import plan as core_plan
from switch.core.step import step as core_step
from switch.model.events import Event, RequestArrived
from switch.model.facts import Decision, Facts, Need, Verdict, VerdictNeed
from switch.model.records import Key, SealedKey
from switch.model.words import Reason
from switch.server.fetch import Fetcher
from switch.values import Carried
from tests.server_room import Room, arrived, purchase, room

ROW = Key(SealedKey.TABLE, "terminal.T1.tak")
NEW = SealedKey(id=ROW.id, usage="M3", algorithm="T", mode="C", exportability="E", generation=7)


class Asking:
    """A room whose plan wants a key's row and, beside it, a verdict; ``says`` is the vault."""

    def __init__(self, says: Any = lambda: Verdict("good")) -> None:
        self.asked: list[bool] = []
        self.seen: list[str] = []
        self.room: Room = room(step=self._step)
        fetcher: Fetcher = self.room.engine._fetcher
        fetcher._plan = self._plan
        fetcher._ask = self._ask
        self._says = says

    def _plan(self, event: Event, facts: Facts) -> tuple[Need, ...]:
        needs = core_plan(event, facts)
        if needs or not isinstance(event, RequestArrived):
            return needs
        wanted: list[Need] = [] if facts.rows.has(ROW) else [ROW]
        if "mac" not in facts.verdicts:
            wanted.append(VerdictNeed("mac", (ROW.id,)))
        return tuple(wanted)

    def _ask(self, need: VerdictNeed, event: Event, facts: Facts) -> Verdict:
        self.asked.append(facts.rows.has(ROW))
        verdict: Verdict = self._says()
        return verdict

    def _step(self, event: Event, facts: Facts) -> Decision:
        if isinstance(event, RequestArrived):
            self.seen.append(facts.verdicts["mac"].outcome)
        return core_step(event, facts)


async def test_the_vault_is_asked_once_and_when_the_rows_are_there() -> None:
    """Although the plan names both together."""
    asking = Asking()
    asking.room.submit(purchase(1), purchase(2))
    await asking.room.engine.work()
    assert asking.asked == [True, True]
    assert asking.seen == ["good", "good"]
    assert asking.room.outside.reasons == [Reason.APPROVED, Reason.APPROVED]


async def test_a_vault_that_fails_approves_nothing() -> None:
    """SR-GEN-02, INV-72: that event is answered 96, the others of the batch as always."""
    answers: Iterator[Exception | Verdict] = iter(
        [RuntimeError("the vault is broken"), Verdict("good")]
    )

    def says() -> Verdict:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    asking = Asking(says)
    asking.room.submit(purchase(1), purchase(2))
    await asking.room.engine.work()
    assert {stan: reason for stan, reason, _ in asking.room.outside.replies} == {
        "000001": Reason.INTERNAL,
        "000002": Reason.APPROVED,
    }
    assert any("the vault is broken" in line for line in asking.room.outside.told)


async def test_it_is_asked_anew_where_rows_have_changed() -> None:
    """A verdict stands on the rows that it was asked with."""
    asking = Asking()
    asking.room.store.faults = [asking.room.store.stale]
    asking.room.submit(purchase(1))
    await asking.room.engine.work()
    assert asking.asked == [True, True]
    assert asking.room.outside.reasons == [Reason.APPROVED]


@pytest.mark.parametrize("outcome, put", [("good", ["mac", "pin"]), ("bad", ["mac"])])
async def test_questions_are_put_in_order_up_to_one_that_is_not_passed(
    outcome: str, put: list[str]
) -> None:
    """M-08: behind a wrong MAC the plan decides first, and here it asks for nothing more."""
    asked: list[str] = []
    here = room()
    fetcher: Fetcher = here.engine._fetcher

    def plan(event: Event, facts: Facts) -> tuple[Need, ...]:
        needs = core_plan(event, facts)
        if needs or facts.verdicts or not isinstance(event, RequestArrived):
            return needs
        return VerdictNeed("mac"), VerdictNeed("pin")

    def ask(need: VerdictNeed, event: Event, facts: Facts) -> Verdict:
        asked.append(need.question)
        return Verdict(outcome)

    fetcher._plan, fetcher._ask = plan, ask
    here.submit(purchase(1))
    await here.engine.work()
    assert (asked, here.outside.reasons) == (put, [Reason.APPROVED])


async def test_it_is_asked_anew_where_the_batch_has_changed_a_key() -> None:
    """A key exchange, and behind it, in one batch, what was sent under the key of before: its
    verdict says under which key it was right, or its answer would bear a MAC of the other one.
    """
    asking = Asking()
    seen: list[tuple[str, int]] = []

    def ask(need: VerdictNeed, event: Event, facts: Facts) -> Verdict:
        row = facts.find(SealedKey, ROW.id)
        assert isinstance(event, RequestArrived)
        seen.append((event.request.stan, 0 if row is None else row.generation))
        return Verdict("good", data={} if row is None else {"former": "1"})

    def step(event: Event, facts: Facts) -> Decision:
        decision = asking._step(event, facts)
        if not isinstance(event, RequestArrived):
            return decision
        if event.request.stan == "000001":
            return Decision((*decision.records, NEW), decision.effects)
        assert facts.verdicts["mac"].data == {"former": "1"}
        return decision

    asking.room.engine._fetcher._ask = ask
    asking.room.engine._step = step
    asking.room.submit(purchase(1), purchase(2))
    await asking.room.engine.work()
    assert seen == [("000001", 0), ("000002", 0), ("000002", 7)]
    assert asking.room.outside.reasons == [Reason.APPROVED, Reason.APPROVED]


async def test_a_vault_that_fails_when_it_is_asked_anew_approves_nothing() -> None:
    """SR-GEN-02: of the changed key it may say what it will."""
    asking = Asking()

    def ask(need: VerdictNeed, event: Event, facts: Facts) -> Verdict:
        if facts.find(SealedKey, ROW.id) is not None:
            raise RuntimeError("the vault is broken")
        return Verdict("good")

    def step(event: Event, facts: Facts) -> Decision:
        decision = asking._step(event, facts)
        return Decision((*decision.records, NEW), decision.effects)

    asking.room.engine._fetcher._ask = ask
    asking.room.engine._step = step
    asking.room.submit(purchase(1), purchase(2))
    await asking.room.engine.work()
    assert {stan: reason for stan, reason, _ in asking.room.outside.replies} == {
        "000001": Reason.APPROVED,
        "000002": Reason.INTERNAL,
    }


async def test_a_plain_purchase_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it costs anything where there is nothing to verify."""
    plain = room()
    asked: list[VerdictNeed] = []
    monkeypatch.setattr(plain.engine._fetcher, "_ask", lambda need, *_: asked.append(need))
    plain.submit(purchase(1))
    await plain.engine.work()
    assert (asked, plain.outside.reasons) == ([], [Reason.APPROVED])


async def test_the_message_that_bears_a_mac_comes_as_far_as_the_vault() -> None:
    """Its bytes are not lost where token and seal are put beside it."""
    seen: list[object] = []
    asking = Asking()

    def ask(need: VerdictNeed, event: Event, facts: Facts) -> Verdict:
        seen.append(event.carried if isinstance(event, RequestArrived) else None)
        return Verdict("good")

    asking.room.engine._fetcher._ask = ask
    carried = Carried(b"0200")
    request = purchase(1)
    event = arrived(request)
    asking.room.engine.submit(
        RequestArrived(event.moment, event.origin, event.request, carried=carried)
    )
    await asking.room.engine.work()
    assert seen == [carried]
