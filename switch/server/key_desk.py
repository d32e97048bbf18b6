"""The key desk: what comes over the control socket about keys.

Owns who may do what: a test key is one person's, a live key takes two officers, of whom the second
approves what the first has asked for (SR-KEY-07). Owns the trail too: each command is written down,
refused ones as well, before anything of it is carried out or handed out (SR-AUD-01, SR-AUD-07).
Secrets come beside the words of a command and go to the vault alone: no event, record or log line
ever has them. Refuses to know what the commands do (``key_works``).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, NamedTuple

import trio

from switch.keys.port import KeyVault, VaultError
from switch.model.records import Key, KeyDeed, Record, SealedKey, Terminal
from switch.server.clock import Clock
from switch.server.engine import Engine
from switch.server.key_words import LIVE, SHAPES, Given, KeyCommandError, Work, shown
from switch.server.key_works import KeyWorks
from switch.server.officers import OfficerError, Officers, Pending, Waiting
from switch.server.ports import EventLog
from switch.store.port import StoreBroken, StoreRefused, StoreUnavailable, View
from switch.values import ClearKey

PAGE: Final = 500
LONGEST_WORD: Final = 4_000  # a key block with all that may stand in its header
LONGEST_SECRET: Final = 400
OFFICER: Final = "token"  # the secret by which an officer is known
APPROVE: Final = "keys.approve"
_ASKED: Final = "give your token (--officer asks for it, --token-file reads it)"
_ID: Final = re.compile(r"[0-9a-f]{8}")  # of what waits for a second officer
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){1,64}")

Answer = dict[str, Any]


class Wanted(NamedTuple):
    """A command that waits: without secrets, for those that have any are not let wait. It is made
    ready anew when it is approved, from the keys as they are then.
    """

    command: str
    words: Mapping[str, str]
    key: str


class KeyDesk:
    """Answers commands about keys. ``busy`` is held while one is worked off: the vault belongs to
    one at a time.
    """

    def __init__(
        self,
        engine: Engine,
        vault: KeyVault,
        view: Callable[[], View],
        clock: Clock,
        log: EventLog,
        busy: trio.Lock,
        officers: Mapping[str, str],
    ) -> None:
        self._engine = engine
        self._view = view
        self._clock = clock
        self._log = log
        self._busy = busy
        self._works = KeyWorks(vault)
        self._order = count(1)
        self.officers = Officers(officers)
        self._waiting: Waiting[Wanted] = Waiting(lambda: clock.now().mono_ns)
        self._looks: dict[str, Callable[[Mapping[str, str]], Answer]] = {
            "keys.list": self._list,
            "keys.deeds": self._deeds,
            "keys.pending": self._pending,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Which commands there are."""
        return (*SHAPES, APPROVE, *self._looks)

    async def answer(self, name: str, line: Answer, who: str) -> Answer:
        """What became of the command; ``error`` says why it was refused and what to do."""
        async with self._busy:
            words: Mapping[str, str] = {}
            try:
                words, hidden = _read(name, line)
                if name in self._looks:
                    return await trio.to_thread.run_sync(self._looks[name], words)
                return await self._deal(name, words, hidden, who)
            except (StoreUnavailable, StoreBroken, StoreRefused) as failure:
                return _error(str(failure))
            except (KeyCommandError, OfficerError, VaultError) as failure:
                self._refused(name, shown(words.get("name", "")), who, str(failure))
                why = f"{_approved(words)}{failure}"
                await self._note(name, words.get("name", ""), who, (), "refused", why)
                return _error(str(failure))

    def _refused(self, command: str, key: str, who: str, why: str) -> None:
        self._log.tell("keys.refused", "warning", command=command, key=key, who=who, why=why)

    # -- who may

    async def _deal(
        self, name: str, words: Mapping[str, str], hidden: Mapping[str, str], who: str
    ) -> Answer:
        officer = self.officers.named(hidden[OFFICER]) if OFFICER in hidden else ""
        if name == APPROVE:
            return await self._approve(words.get("id", ""), officer, who)
        work = self._works.work(await self._given(name, words, hidden, who))
        if work.mark != LIVE:
            return await self._carry_out(work, (officer,) if officer else (), who)
        if not self.officers.hashes:
            raise OfficerError(
                "a live key takes two officers, and the configuration names none: "
                "isoswitch keys officer NAME makes the lines for one"
            )
        if not officer:
            raise OfficerError(f"a live key takes an officer: {_ASKED}")
        if not work.dual:
            return await self._carry_out(work, (officer,), who)
        pending = self._waiting.put(Wanted(name, words, work.key), officer, who)
        return await self._wait(pending, work)

    async def _wait(self, pending: Pending[Wanted], work: Work) -> Answer:
        said = f"waits for a second officer: keys approve {pending.id}"
        await self._need_note(work, pending.who, (pending.officer,), "pending", said)
        self._log.tell(
            "keys.pending",
            command=work.what,
            key=work.key,
            who=pending.who,
            officer=pending.officer,
            id=pending.id,
        )
        return {"ok": True, "pending": pending.id, "said": f"{work.what} {work.key} {said}"}

    async def _approve(self, pending_id: str, officer: str, who: str) -> Answer:
        if not officer:
            raise OfficerError(f"an officer approves: {_ASKED}")
        pending = self._waiting.take(pending_id, officer)
        command, words, _ = pending.what
        work = self._works.work(await self._given(command, words, {}, who))
        return await self._carry_out(work, (pending.officer, officer), who)

    # -- what is done

    async def _carry_out(self, work: Work, officers: tuple[str, ...], who: str) -> Answer:
        """The vault makes, the deed is written down, the core keeps, the person hears."""
        done = work.run(officers)
        await self._need_note(work, who, officers, "permitted", done.said)
        answer: Answer = {"ok": True, "said": done.said, **done.data}
        if done.core is not None:
            command, words = done.core
            by = ", ".join((who, *(f"officer {name}" for name in officers)))
            told = await self._engine.command(command, by, words)
            if not told.ok:
                self._refused(work.what, work.key, who, told.said)
                await self._note(work.what, work.key, who, officers, "failed", told.said)
                return _error(told.said)
            self._works.forget(done)
            answer = {"ok": True, **done.data, "said": told.said, **told.data}
        self._log.tell("keys.done", command=work.what, key=work.key, who=who, officers=officers)
        return answer

    async def _need_note(
        self, work: Work, who: str, officers: tuple[str, ...], outcome: str, said: str
    ) -> None:
        """Without the trail nothing is done (SR-AUD-07)."""
        if not await self._note(work.what, work.key, who, officers, outcome, said):
            raise StoreUnavailable("nothing was done, because it could not be written down")

    async def _note(
        self, what: str, key: str, who: str, officers: tuple[str, ...], outcome: str, said: str
    ) -> bool:
        """Write a deed down; whether it is durable."""
        at_us, order = self._clock.now().wall_us, next(self._order)
        number = f"{at_us:016d}-{order:06d}-{secrets.token_hex(4)}"
        words = {
            "id": number,
            "what": what,
            "key": shown(key),
            "officers": ",".join(officers),
            "outcome": outcome,
            "said": said,
        }
        return (await self._engine.command("keys.deed", who, words)).ok

    async def _given(
        self, name: str, words: Mapping[str, str], hidden: Mapping[str, str], who: str
    ) -> Given:
        """The command with what the store knows of the keys that it names."""
        taken = {
            word: _clear(word, hidden[word]) for word in SHAPES[name].secrets if word in hidden
        }
        names = KeyWorks.names(words)
        terminal = Key(Terminal.TABLE, _terminal_of(words.get("name", "")))
        wanted = [terminal, *(Key(SealedKey.TABLE, key) for key in names)]
        found = await trio.to_thread.run_sync(self._load, wanted)
        rows = {
            key: row if isinstance(row := found[Key(SealedKey.TABLE, key)], SealedKey) else None
            for key in names
        }
        return Given(name, words, taken, rows, who, self._exchange(found[terminal]))

    def _exchange(self, row: Record | None) -> str:
        """How the terminal is handed working keys."""
        securities = self._engine.settings.securities
        named = row.security if isinstance(row, Terminal) else self._engine.settings.enrol_security
        return securities[named].exchange if named in securities else "tr31"

    # -- what can be looked at. Runs in a thread.

    def _load(self, keys: list[Key]) -> Mapping[Key, Record | None]:
        with self._view() as reader:
            return reader.load(keys)

    def _list(self, words: Mapping[str, str]) -> Answer:
        """A page of keys: what may be told of them (SR-KEY-14)."""
        with self._view() as reader:
            page = reader.page(SealedKey, words.get("after", ""), PAGE)
        return {"ok": True, "keys": [_row(key) for key in page], "next": _next(page)}

    def _deeds(self, words: Mapping[str, str]) -> Answer:
        """A page of what was done with keys, in order of time."""
        with self._view() as reader:
            page = reader.page(KeyDeed, words.get("after", ""), PAGE)
        rows = [
            {name: getattr(deed, name) for name in deed.__struct_fields__ if name != "version"}
            for deed in page
        ]
        return {"ok": True, "deeds": rows, "next": _next(page)}

    def _pending(self, _words: Mapping[str, str]) -> Answer:
        now_ns = self._clock.now().mono_ns
        rows = [
            {
                "id": pending.id,
                "command": pending.what.command,
                "key": pending.what.key,
                "officer": pending.officer,
                "who": pending.who,
                "left_s": (pending.until_ns - now_ns) // 1_000_000_000,
            }
            for pending in self._waiting
        ]
        return {"ok": True, "pending": rows}


def _read(name: str, line: Answer) -> tuple[dict[str, str], dict[str, str]]:
    """Words and secrets of a line. Raises KeyCommandError, which repeats neither."""
    words, hidden = line.get("arguments", {}), line.get("secrets", {})
    if not (_are_texts(words, LONGEST_WORD) and _are_texts(hidden, LONGEST_SECRET)):
        raise KeyCommandError("arguments and secrets are texts by name")
    takes = ("after",) if name not in SHAPES else SHAPES[name].words
    if name == APPROVE:
        takes = ("id",)
    if odd := sorted(set(words) - set(takes)):
        has = ", ".join(takes) or "none"
        raise KeyCommandError(f"{name} has no argument {odd[0][:24]!r}: it has {has}")
    return words, hidden


def _approved(words: Mapping[str, str]) -> str:
    """What was to be approved, in front of why it was not; an id that is none might be a token."""
    number = words.get("id", "")
    return f"{number}: " if _ID.fullmatch(number) else ""


def _are_texts(given: object, longest: int) -> bool:
    return isinstance(given, dict) and all(
        isinstance(name, str) and isinstance(value, str) and len(value) <= longest
        for name, value in given.items()
    )


def _clear(word: str, text: str) -> ClearKey:
    digits = text.replace(" ", "").strip()
    if not _HEX.fullmatch(digits):
        raise KeyCommandError(f"{word} is hex digits, two for a byte")
    return ClearKey(digits.upper())


def _terminal_of(name: str) -> str:
    """The terminal that a key of that name belongs to; empty where it is no terminal's."""
    kind, _, rest = name.partition(".")
    return rest.rpartition(".")[0] if kind == "terminal" else ""


def _row(key: SealedKey) -> Answer:
    row = {
        name: getattr(key, name)
        for name in key.__struct_fields__
        if name not in ("id", "version", "block", "former")
    }
    former = [{"check_value": f.check_value, "until_us": f.until_us} for f in key.former]
    return {"name": key.id, **row, "former": former}


def _next(page: list[Any]) -> str:
    return page[-1].id if len(page) == PAGE else ""


def _error(said: str) -> Answer:
    return {"ok": False, "error": said}
