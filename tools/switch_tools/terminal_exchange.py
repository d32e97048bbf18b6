"""One virtual terminal's talk with its host: say something, wait, give up; or insist on an answer.

Owns the connection, waiting, and the pauses between repeats. Refuses to know what is said and what
follows from an answer: that is ``terminal_engine``'s.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import trio

from switch_tools.terminal_lines import Entry
from switch_tools.terminal_link import CannotConnect, LinkLost, Wire
from switch_tools.terminal_model import Heard, Language, Outgoing
from switch_tools.terminal_outcome import Patience

PAUSE_CEILING_S: Final = 60.0

# The next transmission of something: its entry in the journal, the message, whether it is a repeat.
Next = Callable[[], tuple[Entry, Outgoing, bool]]


@dataclass(slots=True)
class Wait:
    """What came while the terminal waited."""

    heard: Heard | None = None
    why: str = ""
    ignored: list[Heard] = field(default_factory=list)


@dataclass(slots=True)
class Insisting:
    """How it went to insist on an answer. ``entry`` is ``None`` where nothing could be sent."""

    entry: Entry | None = None
    heard: Heard | None = None  # final, or nothing
    why: str = ""
    repeat: bool = False
    tries: int = 0
    ignored: list[Heard] = field(default_factory=list)


class Exchange:
    """A connection that is dialled when it is needed. ``watch`` sees each message: ``True`` for
    ours, and its bytes."""

    def __init__(
        self,
        language: Language,
        dial: Callable[[], Awaitable[Wire]],
        rng: random.Random,
        watch: Callable[[bool, bytes], None] | None,
    ) -> None:
        self._language = language
        self._dial = dial
        self._rng = rng
        self._watch = watch
        self._link: Wire | None = None

    async def connect(self) -> Wire:
        """The connection. Raises CannotConnect."""
        if self._link is None:
            self._link = await self._dial()
        return self._link

    async def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            link, self._link = self._link, None
            await link.close()

    async def send(self, link: Wire, outgoing: Outgoing) -> None:
        """Send, and do not wait. Raises LinkLost."""
        self._show(True, outgoing.body)
        await link.send(outgoing.body)

    async def say(self, link: Wire, outgoing: Outgoing, patience_s: float) -> Wait:
        """Send, and wait for the answer.

        Other messages that come meanwhile are noted and change nothing (INV-16). An answer that is
        not to be trusted is none, and nothing better is waited for. After a failure the connection
        is given up: what still comes over it would be late.
        """
        waited = Wait(why=f"no answer within {patience_s:g} s")
        try:
            with trio.move_on_after(patience_s):
                await self.send(link, outgoing)
                while waited.heard is None:
                    body = await link.receive()
                    self._show(False, body)
                    heard = self._language.hear(outgoing, body)
                    if not heard.ours:
                        waited.ignored.append(heard)
                    elif heard.untrusted:
                        waited.why = heard.untrusted
                        break
                    else:
                        waited.heard = heard
        except LinkLost as failure:
            waited.why = str(failure)
        if waited.heard is None:
            await self.close()
        return waited

    async def insist(self, following: Next, patience: Patience) -> Insisting:
        """Send again and again until a final answer comes, or patience ends (INV-25). Never raises
        for a host that is not there."""
        done = Insisting()
        for tried in range(patience.reversal_tries):
            if tried:
                await trio.sleep(self._pause(tried, patience))
            try:
                link = await self.connect()
            except CannotConnect as failure:
                done.why = str(failure)
                continue
            done.entry, outgoing, done.repeat = following()
            done.tries = tried + 1
            waited = await self.say(link, outgoing, patience.reversal_s)
            done.ignored += waited.ignored
            if waited.heard is not None and waited.heard.final:
                done.heard = waited.heard
                return done
            done.why = waited.why if waited.heard is None else f"the host said {waited.heard.said}"
        done.tries = patience.reversal_tries
        return done

    def _pause(self, tried: int, patience: Patience) -> float:
        base: float = min(patience.pause_s * 2 ** (tried - 1), PAUSE_CEILING_S)
        jitter: float = self._rng.random()
        return base * (0.5 + jitter / 2)

    def _show(self, ours: bool, body: bytes) -> None:
        if self._watch is not None:
            self._watch(ours, body)
