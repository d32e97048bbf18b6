"""A stateful model of the core: any messages in any order, against bookkeeping written another way.

The machine drives ``plan`` and ``step`` over a dict for a store, as the engine does: several
merchants, terminals, cards and currencies; the whole catalogue with advices, partial approvals,
repeats, the same keys with other content, reversals of each kind in any order with their originals;
holds that expire by a virtual clock; closes in and out of balance with uploads, and in flight with
other messages; cutovers; operators; reports of deliveries; restarts. Beside it a ``House`` of plain
bookkeeping keeps what must be true, from the invariants alone and without a line of the core. After
every step the two are compared and the store is audited (``core_audit``).
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.core_rules_house import Housed

TestCore = Housed.TestCase
TestCore.settings = settings(max_examples=50, stateful_step_count=50, deadline=None)


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_core_model_for_long() -> None:
    """The same machine, for minutes."""
    long = settings(max_examples=1_000, stateful_step_count=80, deadline=None)
    run_state_machine_as_test(Housed, settings=long)
