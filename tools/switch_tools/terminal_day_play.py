"""Plays a day: all terminals of a script at once, each step by step, and notes how each step ended.

Owns concurrency, chance, thinking and waiting for each other. What a terminal does is
``terminal_engine``'s. Chance comes from the script's seed and a terminal's name, so that it does
not depend on who is served first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import trio

from switch.errors import EncodeError
from switch.model.words import Kind
from switch.money import Money
from switch.server.asking import ControlError
from switch_tools.cards import CardInHand
from switch_tools.terminal_acting import ENTRIES
from switch_tools.terminal_day import Day
from switch_tools.terminal_day_cast import Player
from switch_tools.terminal_day_meetings import Meeting, meetings_of, waits
from switch_tools.terminal_day_secrets import inject, presented
from switch_tools.terminal_day_words import REQUESTS, Step
from switch_tools.terminal_engine import Outcome, Settled, StillOwed
from switch_tools.terminal_file import JournalError
from switch_tools.terminal_injecting import InjectionRefused
from switch_tools.terminal_lines import Sent
from switch_tools.terminal_link import LinkError
from switch_tools.terminal_model import Wish
from switch_tools.terminal_outcome import Result
from switch_tools.terminal_report import standing_of
from switch_tools.terminal_targets import TerminalError
from switch_tools.terminal_wrong import Wrong, claim_wrongly

_RESULTS = {
    Result.APPROVED: "approved",
    Result.DECLINED: "declined",
    Result.NO_ANSWER: "no_answer",
    Result.OWED: "owed",
    Result.TOLD_LATER: "owed",
    Result.UNREAD: "no_answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a step ended. ``wrong`` says what was expected instead; empty: it is as it should be."""

    terminal: str
    dialect: str
    place: str
    do: str
    result: str
    said: str = ""
    outcome: Outcome | None = None
    settled: Settled | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class PlayedDay:
    """All steps of all terminals, in the order in which they ended."""

    players: tuple[Player, ...]
    steps: tuple[Played, ...]

    @property
    def unmet(self) -> tuple[Played, ...]:
        """The steps that did not end as they should."""
        return tuple(step for step in self.steps if step.wrong)


async def play_day(
    day: Day,
    players: Sequence[Player],
    *,
    speed: float = 0.0,
    heard: Callable[[Played], None] | None = None,
) -> PlayedDay:
    """Play a script with the terminals of ``terminal_day_cast.players_of``; their journals are
    closed at the end. Thinking takes its time by ``speed`` (1: as it is written, 0: none of the
    wall's time, only the terminal's own clock goes on). ``heard`` is told each step as it ends.
    """
    meetings = meetings_of([player.steps for player in players])
    done: list[Played] = []

    def note(played: Played) -> None:
        done.append(played)
        if heard is not None:
            heard(played)

    try:
        async with trio.open_nursery() as nursery:
            for player in players:
                nursery.start_soon(_Part(day, player, meetings, speed, note).play)
    finally:
        for player in players:
            player.device.journal.close()
    return PlayedDay(tuple(players), tuple(done))


class _Part:
    """What one terminal does this day."""

    def __init__(
        self,
        day: Day,
        player: Player,
        meetings: dict[str, Meeting],
        speed: float,
        note: Callable[[Played], None],
    ) -> None:
        self._day = day
        self._player = player
        self._meetings = meetings
        self._speed = speed
        self._note = note
        self._named: dict[str, Sent] = {}

    async def play(self) -> None:
        """From the first step to the last. What a device cannot go on from ends its day."""
        try:
            await self._all(self._player.steps, by_chance=False)
        except (LinkError, StillOwed, JournalError, InjectionRefused, ControlError) as failure:
            said = str(failure)
            self._note(self._played(self._last, "stopped", said, wrong=f"the day ends: {said}"))
        finally:
            for name in waits(self._player.steps):
                self._meetings[name].leave()
            await self._player.device.close()

    async def _all(self, steps: Sequence[Step], *, by_chance: bool) -> None:
        for step in steps:
            self._last = step
            match step.do:
                case "loop":
                    for _ in range(step.times):
                        await self._all(step.steps, by_chance=by_chance)
                case "mix":
                    weights = [one.weight for one in step.steps]
                    for _ in range(step.times):
                        chosen = self._player.rng.choices(step.steps, weights)
                        await self._all(chosen, by_chance=True)
                case "think":
                    await self._think(step)
                case "wait":
                    await self._meetings[step.for_].wait()
                case "settle":
                    await self._settle(step)
                case "inject":
                    inject(self._player, step)
                case "flush":
                    await self._player.device.flush()
                case _:
                    await self._request(step, by_chance=by_chance)

    async def _think(self, step: Step) -> None:
        seconds = step.seconds
        if isinstance(seconds, tuple):
            seconds = self._player.rng.uniform(*seconds)
        await trio.sleep(seconds * self._speed)
        self._player.ahead += timedelta(seconds=seconds * max(0.0, 1 - self._speed))

    # -- requests ----------------------------------------------------------------------------------

    async def _request(self, step: Step, *, by_chance: bool) -> None:
        try:
            outcome = await self._outcome(step)
        except (TerminalError, EncodeError) as failure:
            self._skip(step, failure, fine=by_chance or step.expect == "skipped")
            return
        if step.as_:
            self._named[step.as_] = outcome.entry.sent
        result, heard = _RESULTS[outcome.result], outcome.heard
        said = outcome.why if heard is None else f"{heard.code} {heard.said}"
        self._note(
            self._played(step, result, said, outcome=outcome, wrong=_unmet(step, result, outcome))
        )

    def _skip(self, step: Step, failure: Exception, *, fine: bool) -> None:
        """It cannot be asked for now: nothing was sent."""
        if isinstance(failure, StillOwed):
            raise failure
        said = str(failure)
        self._note(self._played(step, "skipped", said, wrong="" if fine else said))

    def _called(self, name: str) -> Sent:
        """What a step of before has named. Raises TerminalError where it was not done."""
        named = self._named.get(name)
        if named is None:
            raise TerminalError(f"nothing is called {name!r} yet")
        return named

    async def _outcome(self, step: Step) -> Outcome:
        device, line = self._player.device, self._player.line
        if step.lose:
            await device.flush()  # what is owed is not what gets lost
            line.lose = step.lose
        try:
            if step.do == "repeat":
                return await self._repeat(step)
            return await device.do(self._wish(step))
        finally:
            line.lose = ""

    async def _repeat(self, step: Step) -> Outcome:
        if not step.of:
            return await self._player.device.repeat()
        named = self._called(step.of)
        # In some dialects a reversal bears its original's STAN: the kind tells them apart.
        return await self._player.device.repeat(named.stan, named.kind)

    def _wish(self, step: Step) -> Wish:
        kind = REQUESTS[step.do]
        amount = self._amount(step)
        cash = None if not step.cashback else self._player.money(step.cashback)
        if cash is not None and amount is not None:
            kind, amount = Kind.CASHBACK, Money(amount.minor + cash.minor, amount.currency)
        card = self._card(step, kind)
        return Wish(
            kind=kind,
            card=card,
            amount=amount,
            cash=cash,
            entry_mode=ENTRIES[step.entry],
            advice=step.advice,
            stan=self._called(step.of).stan if step.of else None,
            remaining=None if not step.remaining else self._player.money(step.remaining),
            final=not step.more,
            partial=step.partial,
            approval_code=step.approval_code,
            presented=presented(step, card),
        )

    def _card(self, step: Step, kind: Kind) -> CardInHand | None:
        if step.card:
            return self._player.held[step.card]
        return self._player.rng.choice(self._player.cards) if kind in _WITH_CARD else None

    def _amount(self, step: Step) -> Money | None:
        if not step.amount:
            return None
        if isinstance(step.amount, str):
            return self._player.money(step.amount)
        low, high = map(self._player.money, step.amount)
        return Money(self._player.rng.randint(low.minor, high.minor), low.currency)

    # -- the end of a day --------------------------------------------------------------------------

    async def _settle(self, step: Step) -> None:
        try:
            claim_wrongly(self._player.device, self._wrong(step))
            settled = await self._player.device.settle()
        except TerminalError as failure:
            self._skip(step, failure, fine=False)
            return
        result = standing_of(settled)
        unmet = step.expect not in ("", result)
        self._note(
            self._played(
                step,
                result,
                f"batch {settled.batch:06d}",
                settled=settled,
                wrong=f"expected {step.expect}, is {result}" if unmet else "",
            )
        )

    def _wrong(self, step: Step) -> Wrong:
        money = self._player.money
        claims = step.claim_amount.items()
        return Wrong(
            forgotten=[self._called(name).stan for name in step.forget],
            amounts=[(self._called(name).stan, money(text)) for name, text in claims],
            extra=[money(text) for text in step.claim_extra],
            card=self._player.cards[0],
        )

    def _played(
        self,
        step: Step,
        result: str,
        said: str = "",
        *,
        outcome: Outcome | None = None,
        settled: Settled | None = None,
        wrong: str = "",
    ) -> Played:
        return Played(
            terminal=self._player.name,
            dialect=self._player.dialect,
            place=self._day.place(step),
            do=step.do,
            result=result,
            said=said,
            outcome=outcome,
            settled=settled,
            wrong=wrong,
        )


_WITH_CARD = frozenset(
    {Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.BALANCE, Kind.VERIFICATION}
)


def _unmet(step: Step, result: str, outcome: Outcome) -> str:
    """What was expected otherwise, in words."""
    heard = outcome.heard
    reason, code = ("", "") if heard is None else (heard.reason, heard.code)
    said = [
        f"expected {name} {wanted}, is {found or 'nothing'}"
        for name, wanted, found in (
            ("result", step.expect, result),
            ("reason", step.reason, reason),
            ("code", step.code, code),
        )
        if wanted and wanted != found
    ]
    return "; ".join(said)
