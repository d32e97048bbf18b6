"""Any day of secured messages: each counter of a device for one message, each PIN try counted once.

Owns a machine that sends messages with and without MAC and PIN, repeats, batches, forgeries, and
restarts, beside a bookkeeping of which counters were taken and how many tries are left that knows
the invariants alone.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from switch.model.facts import Verdict
from switch.model.records import Card, Key, Terminal
from switch.model.request import Answer, Request
from switch.model.words import Reason
from tests.core.conftest import Shop
from tests.core.keyed import BLOCK, MAC, aes, secure, tdes

DEVICES = (tdes, aes)
COUNTERS = st.integers(1, 40)
# What the vault finds of MAC and PIN; none: the message bears none.
PROOFS = st.tuples(
    st.sampled_from(["good", "good", "good", "bad", "none"]),
    st.sampled_from(["good", "good", "bad", "block_invalid", "none"]),
).filter(lambda proof: proof != ("none", "none"))
SENDS = st.tuples(st.sampled_from((0, 1)), COUNTERS, PROOFS)
LIMIT = 1_000_000  # no terminal is locked here


class SecuredDays(RuleBasedStateMachine):
    """Messages in any order, over connections that meet in one store."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.number = 0
        self.window = 0
        self.sent: list[tuple[Request, Answer]] = []
        self.taken: dict[int, list[int]] = {0: [], 1: []}  # counters, in order
        self.tries = 3
        self.paid = 0
        self.failures = 0

    @initialize(window=st.integers(0, 20))
    def open(self, window: int) -> None:
        """A terminal whose devices may be so far out of order."""
        self.window = window
        secure(self.shop, window=window, failures=LIMIT)

    # -- the rules

    @rule(send=SENDS)
    def one(self, send: tuple[int, int, tuple[str, str]]) -> None:
        """A new message."""
        request = self.made(*send)
        self.judge(request, self.shop.ask(request), send)

    @rule(sends=st.lists(SENDS, min_size=2, max_size=5), again=st.booleans())
    def many(self, sends: list[tuple[int, int, tuple[str, str]]], again: bool) -> None:
        """Several that arrive during one commit; the first of them perhaps twice."""
        requests = [self.made(*send) for send in sends]
        arrived = [*requests, requests[0]] if again else requests
        answers = self.shop.batch(*arrived)
        for request, answer, send in zip(requests, answers, sends, strict=False):
            self.judge(request, answer, send)
        if again:
            self.judge_repeat(requests[0], answers[0], answers[-1])

    @rule(pick=st.integers(0, 99))
    def repeat(self, pick: int) -> None:
        """A message that was sent before."""
        if self.sent:
            request, first = self.sent[pick % len(self.sent)]
            self.judge_repeat(request, first, self.shop.ask(request))

    @rule()
    def restart(self) -> None:
        """Nothing but the store is left."""
        shop = Shop()
        shop.store = dict(self.shop.store)
        shop.settings, shop.policy = self.shop.settings, self.shop.policy
        shop.verdicts, shop.said = self.shop.verdicts, self.shop.said
        self.shop = shop

    @rule()
    def reset(self) -> None:
        """An operator lets the PIN be tried again."""
        card = self.card
        self.shop.change(Card, card.id, pin_tries_left=3, version=card.version + 1)
        self.tries = 3

    # -- what must follow

    def made(self, device: int, counter: int, proof: tuple[str, str]) -> Request:
        """A purchase of a cent."""
        self.number += 1
        key, (mac, pin) = f"K{self.number}", proof
        self.shop.said[key] = {"mac": Verdict(mac), "pin": Verdict(pin)}
        more: dict[str, Any] = {"ksn": DEVICES[device](counter)}
        if mac != "none":
            more["mac"] = MAC
        if pin != "none":
            more["pin_block"] = BLOCK
        return self.shop.purchase(key, 1, **more)

    def judge(
        self, request: Request, answer: Answer, send: tuple[int, int, tuple[str, str]]
    ) -> None:
        """The first of its key."""
        device, counter, (mac, pin) = send
        if mac != "bad":
            self.sent.append((request, answer))
        expected = self.expected(device, counter, mac, pin)
        assert answer.reason is expected, f"{answer.reason}, not {expected}: {send}"
        self.paid += answer.approved

    def expected(self, device: int, counter: int, mac: str, pin: str) -> Reason:
        """What the invariants say, and what it does to counters and tries."""
        if mac == "bad":
            self.failures += 1
            return Reason.MAC_INVALID
        taken = self.taken[device]
        if counter in taken or (taken and counter < max(taken) - self.window):
            self.failures += 1
            return Reason.KSN_REPLAY
        if mac == "good" or pin in ("good", "bad"):
            taken.append(counter)
        if pin == "none":
            return Reason.APPROVED
        if pin == "block_invalid":
            self.failures += 1
            return Reason.PIN_BLOCK_INVALID
        if self.tries == 0:
            return Reason.PIN_TRIES_EXCEEDED
        self.tries = 3 if pin == "good" else self.tries - 1
        if pin == "good":
            return Reason.APPROVED
        return Reason.PIN_WRONG if self.tries else Reason.PIN_TRIES_EXCEEDED

    def judge_repeat(self, request: Request, first: Answer, answer: Answer) -> None:
        """It gets the same answer and changes nothing, but for the count of forgeries (INV-11)."""
        if first.reason is Reason.MAC_INVALID:
            self.failures += 1
        assert answer == first

    @property
    def card(self) -> Card:
        """The one card, as it is stored."""
        record = self.shop.store[Key("card", "token-0010")]
        assert isinstance(record, Card)
        return record

    @invariant()
    def counters_and_tries_are_right(self) -> None:
        """INV-70, INV-71, SR-PIN-06, SR-PIN-08: store and bookkeeping agree, and money moved for
        approvals alone (INV-72)."""
        terminal = self.shop.store[Key("terminal", "T1")]
        assert isinstance(terminal, Terminal)
        assert self.card.pin_tries_left == self.tries
        assert terminal.crypto_failures == self.failures
        assert self.shop.balance("a-visa") == 100_000 - self.paid
        for taken in self.taken.values():
            assert len(taken) == len(set(taken))


TestSecuredDays = SecuredDays.TestCase
TestSecuredDays.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
