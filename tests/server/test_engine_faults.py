"""switch.server.engine: faults of the store, defects of ours, too much at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from switch.core.step import step as core_step
from switch.model.events import (
    DeliveryReported,
    Event,
    RequestArrived,
)
from switch.model.facts import Decision, Facts
from switch.model.records import Key
from switch.model.words import Delivery, Reason
from switch.server.limits import EngineLimits
from switch.store.port import (
    Change,
    StoreBroken,
    StoreUnavailable,
)
from tests.server_room import Outcome, purchase, room


async def test_a_full_disk_is_a_decline_and_leaves_no_trace() -> None:
    """S-05: 96, no approval, no effect; works again by itself, and a repeat is a new request."""
    it = room()
    it.store.faults = [it.store.full]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.STORE_UNAVAILABLE]
    assert it.engine.trouble
    assert it.balance() == 100_00
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons[1:] == [Reason.APPROVED]
    assert not it.engine.trouble
    assert it.balance() == 90_00
    assert [name for name in it.outside.told if name.startswith("store")] == [
        "store.unavailable",
        "store.recovered",
    ]


async def test_a_failed_sync_comes_through_and_nothing_is_said() -> None:
    """S-06: the process must stop; no answer leaves."""
    it = room()
    it.store.faults = [it.store.broken]
    it.submit(purchase(1))
    with pytest.raises(StoreBroken):
        await it.engine.work()
    assert it.outside.replies == []


async def test_a_conflict_is_decided_again_on_fresh_rows() -> None:
    """Another writer was faster: once more, then 96."""
    it = room()
    it.store.faults = [it.store.stale]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED]
    it.store.faults = [it.store.stale, it.store.stale]
    it.submit(purchase(2))
    await it.engine.work()
    assert it.outside.reasons[1:] == [Reason.STORE_UNAVAILABLE]
    assert it.balance() == 90_00


async def test_an_unknown_outcome_is_read_back() -> None:
    """INV-07: kept: told once; lost: decided again, with one effect."""
    it = room()
    it.store.faults = [it.store.kept_but_unknown]
    it.submit(purchase(1))
    await it.engine.work()
    it.store.faults = [it.store.lost_and_unknown]
    it.submit(purchase(2))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED] * 2
    assert it.balance() == 80_00


async def test_an_outcome_that_cannot_be_read_back_is_met_with_silence() -> None:
    """INV-07: neither success nor failure is assumed; the repeat finds the stored answer."""
    it = room()
    it.store.faults = [it.store.kept_and_mute]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.replies == []
    assert it.outside.silences == ["not decided"]
    it.store.mute = False
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED]
    assert it.balance() == 90_00


async def test_a_defect_in_a_handler_costs_that_request_alone() -> None:
    """P-12: 96 for it, the others are decided, and it is no part of what is stored."""

    def planted(event: Event, facts: Facts) -> Decision:
        if isinstance(event, RequestArrived) and event.request.stan == "000002":
            raise ZeroDivisionError("planted")
        return core_step(event, facts)

    it = room(step=planted)
    it.submit(purchase(1), purchase(2), purchase(3))
    await it.engine.work()
    reasons = {stan: reason for stan, reason, _ in it.outside.replies}
    assert reasons == {
        "000001": Reason.APPROVED,
        "000002": Reason.INTERNAL,
        "000003": Reason.APPROVED,
    }
    assert "internal.error planted" in it.outside.told
    assert it.balance() == 80_00
    assert it.store.load([Key("transaction", "T1|000002")]) == {
        Key("transaction", "T1|000002"): None
    }


async def test_a_record_that_cannot_be_stored_does_not_take_the_batch_with_it() -> None:
    """P-12: an append that fails for a defect is done again request by request."""
    it = room()

    def planted(changes: Sequence[Change]) -> Outcome:
        if any("000002" in record.id for change in changes for record in change.records):
            raise TypeError("planted")
        return it.store.inner.append(changes)

    it.store.faults = [planted] * 10
    it.submit(purchase(1), purchase(2), purchase(3))
    await it.engine.work()
    reasons = {stan: reason for stan, reason, _ in it.outside.replies}
    assert reasons == {
        "000001": Reason.APPROVED,
        "000002": Reason.INTERNAL,
        "000003": Reason.APPROVED,
    }
    assert it.balance() == 80_00


async def test_beyond_the_limit_requests_are_answered_busy_at_once() -> None:
    """S-09: in-flight work is bounded; the answer does not wait for the store."""
    it = room(limits=EngineLimits(in_flight=3))
    it.submit(*(purchase(stan) for stan in range(1, 6)))
    assert it.outside.reasons == [Reason.BUSY] * 2
    await it.engine.work()
    assert it.outside.reasons[2:] == [Reason.APPROVED] * 3
    assert it.engine.in_flight == 0


async def test_reports_that_could_not_be_stored_are_tried_again() -> None:
    """A full disk loses no knowledge."""
    it = room()
    it.submit(purchase(1))
    await it.engine.work()
    it.engine.report("T1|000001", Delivery.SENT)
    it.store.faults = [it.store.full]
    await it.engine.work()
    assert not it.engine.idle
    await it.engine.work()
    assert it.engine.idle
    assert list(it.store.unfinished()) == []


async def test_recovery_that_cannot_be_stored_refuses_the_start() -> None:
    """The ports stay shut."""
    it = room()
    it.submit(purchase(1))
    await it.engine.work()
    it.store.faults = [it.store.full]
    with pytest.raises(StoreUnavailable):
        await it.engine.recover()


async def test_a_report_for_a_transaction_that_is_not_there_is_told_and_forgotten() -> None:
    """A defect of ours must not come back for ever."""
    it = room()
    it.engine.submit(DeliveryReported(it.clock.now(), "nobody", Delivery.SENT))
    await it.engine.work()
    assert it.engine.idle
    assert "event.lost" in it.outside.told


async def test_no_approval_is_sent_after_the_deadline() -> None:
    """INV-05: it is kept, told as not handed over, and a repeat in time gets it; a decline may be
    late.
    """
    it = room(limits=EngineLimits(answer_s=20))
    it.submit(purchase(1), purchase(2, minor=500_00))
    it.clock.mono_ns += 20_000_000_001
    await it.engine.work()
    assert it.outside.reasons == [Reason.FUNDS_INSUFFICIENT]
    assert it.outside.silences == ["too late for an approval"]
    assert "answer.overdue" in it.outside.told
    await it.engine.work()
    kept = it.store.load([Key("transaction", "T1|000001")])[Key("transaction", "T1|000001")]
    assert kept is not None
    assert kept.delivery is Delivery.FAILED  # type: ignore[attr-defined]
    assert kept.undelivered == "too late for an approval"  # type: ignore[attr-defined]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.FUNDS_INSUFFICIENT, Reason.APPROVED]
    assert it.balance() == 90_00
