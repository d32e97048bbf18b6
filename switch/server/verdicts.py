"""Questions of a plan to the vault: what of a message, of the rows and of the settings goes into
each, and which key is tried first.

Owns that way and back. Refuses to judge what comes out, which the core does, and to know a key: it
has names and blocks. A key before an exchange is tried where the current one does not fit, for as
long as it is still accepted. Whatever fails here otherwise is a defect, and a message that meets
one is not approved (SR-GEN-02).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar

from switch.core.terms import ACTIVE, key_row, terms_of
from switch.keys.mac import Scheme
from switch.keys.port import KeyMisused, KeyRefused, MadeKey, Vault
from switch.model.copies import replace
from switch.model.events import Event, RequestArrived
from switch.model.facts import Facts, Verdict, VerdictNeed
from switch.model.records import Card, SealedKey, key_of
from switch.model.request import Request
from switch.model.security import TERMINAL_ROLES, KeyOrder, KeyUse, Security, terminal_key
from switch.model.words import EntryMode
from switch.server.profile import MacCover
from switch.values import CardVerification

K = TypeVar("K")
WORKING_ROLES: Final = ("tpk", "tak")
HOUSE: Final = "house"  # how the PIN of a card is verified that is enrolled on first sight

_ABSENT: Final = Verdict("absent", "there is nothing to check")
_NONE: Final = Security(name="")
_NO_KEY: Final = ((None, 0),)
# Which verification value is on the track that was read this way.
_READ: Final = {
    EntryMode.MAGSTRIPE: "cvv",
    EntryMode.FALLBACK: "cvv",
    EntryMode.CHIP: "icvv",
    EntryMode.CONTACTLESS_CHIP: "icvv",
}


class Verdicts:
    """Asks the vault. ``covers``: by dialect, what the MAC of a message is made over."""

    def __init__(self, vault: Vault, covers: Mapping[str, MacCover]) -> None:
        self._vault = vault
        self.covers = covers
        self._questions: dict[str, Callable[[VerdictNeed, RequestArrived, Facts], Verdict]] = {
            "mac": self._mac,
            "pin": self._pin,
            "cryptogram": self._cryptogram,
            "card_verification": self._card_verification,
            "working_keys": self._working_keys,
        }

    def answer(self, need: VerdictNeed, event: Event, facts: Facts) -> Verdict:
        """The vault's verdict. A key that is not there is ``unknown_key``, one that must not or
        cannot do this is ``unusable``. Raises whatever else goes wrong.
        """
        if not isinstance(event, RequestArrived):
            raise TypeError(f"{type(event).__name__} has nothing to ask the vault about")
        try:
            return self._questions[need.question](need, event, facts)
        except _NoKeyError as failure:
            return failure.verdict
        except (KeyMisused, KeyRefused) as failure:
            return Verdict("unusable", str(failure))

    # -- the questions

    def _mac(self, need: VerdictNeed, event: RequestArrived, facts: Facts) -> Verdict:
        request, carried = event.request, event.carried
        if not request.mac or carried is None:
            return _ABSENT
        cover = self.covers[request.dialect]
        scheme = _security(facts, request).mac_scheme or cover.rule.scheme
        data = cover.covered(carried)
        mac = cover.received(request.mac, Scheme.parse(scheme).length)
        ask = partial(self._vault.check_mac, scheme=scheme, data=data, mac=mac, ksn=request.ksn)
        verdict = _first_good(_candidates(need.keys[0], event, facts), ask, "bad")
        if verdict.outcome != "bad":
            return verdict
        covered = [("", data), *cover.alternatives(carried)]
        key, others = _current(need.keys[0], facts), _own_keys(request, facts)
        why = self._vault.why_mac(key, scheme, covered, mac, request.ksn, others=others)
        return _explained(verdict, why)

    def _pin(self, need: VerdictNeed, event: RequestArrived, facts: Facts) -> Verdict:
        """A block that does not open under the current key is tried under the one before, a PIN
        that does not fit against the verification key before.
        """
        request = event.request
        block, pan = request.pin_block, request.pan
        if block is None or pan is None:
            return _ABSENT
        card = facts.find(Card, event.pan_token)
        names = [name for name in need.keys[1:] if name]
        verifying = tuple(_candidates(names[0], event, facts)) if names else _NO_KEY

        formats = _security(facts, request).pin_formats

        def under(pin_key: KeyUse) -> Verdict:
            ask = partial(
                self._vault.check_pin,
                pin_key,
                block,
                pan,
                HOUSE if card is None else card.pin_method,
                "" if card is None else card.pin_reference,
                formats=formats,
                ksn=request.ksn,
            )
            return _first_good(verifying, ask, "bad")

        verdict = _first_good(_candidates(need.keys[0], event, facts), under, "block_invalid")
        if verdict.outcome != "block_invalid":
            return verdict
        key, others = _current(need.keys[0], facts), _own_keys(request, facts)
        why = self._vault.why_pin(key, block, pan, formats=formats, ksn=request.ksn, others=others)
        return _explained(verdict, why)

    def _cryptogram(self, need: VerdictNeed, event: RequestArrived, facts: Facts) -> Verdict:
        request = event.request
        chip, pan, card = request.chip, request.pan, facts.find(Card, event.pan_token)
        if chip is None or pan is None or card is None:
            return _ABSENT
        sequence = card.sequence or request.card_sequence[-2:]
        ask = partial(
            self._vault.check_cryptogram, profile=card.chip, chip=chip, pan=pan, sequence=sequence
        )
        verdict = _first_good(_candidates(need.keys[0], event, facts), ask, "bad")
        if verdict.outcome not in ("bad", "incomplete"):
            return verdict
        key = _current(need.keys[0], facts)
        asked = None if request.amount is None else request.amount.minor
        why = self._vault.why_cryptogram(key, card.chip, chip, pan, sequence, asked)
        return _explained(verdict, why)

    def _card_verification(self, need: VerdictNeed, event: RequestArrived, facts: Facts) -> Verdict:
        """All values that the message bears; the first that is not good decides."""
        pan, verdict = event.request.pan, _ABSENT
        if pan is None:
            return verdict
        for kind, code, expiry, service_code in _verification_values(event, facts):
            if code is None:
                return Verdict("bad", "track 2 ends before its verification value")
            ask = partial(
                self._vault.check_card_verification,
                pan=pan,
                expiry=expiry,
                service_code=service_code,
                code=code,
                kind=kind,
            )
            verdict = _first_good(_candidates(need.keys[0], event, facts), ask, "bad")
            if verdict.outcome != "good":
                break
        return verdict

    def _working_keys(self, _need: VerdictNeed, event: RequestArrived, facts: Facts) -> Verdict:
        """Fresh ones, of the mark of the key that they will be handed out under: tried, so that no
        keys come into effect whose answer could not be written.
        """
        request = event.request
        security = _security(facts, request)
        cover = self.covers.get(request.dialect)
        scheme = security.mac_scheme or ("" if cover is None else cover.rule.scheme)
        master = terminal_key(request.terminal_id, "tmk")
        known = facts.rows.has(key_of(SealedKey.TABLE, master))
        row = facts.find(SealedKey, master) if known else None
        made = self._vault.working_keys(
            security.working,
            WORKING_ROLES,
            terminal=request.terminal_id,
            mac_scheme=scheme,
            form=security.exchange,
            mark="test" if row is None else row.mark,
        )
        if row is not None:
            working = tuple(
                (role, KeyUse(terminal_key(request.terminal_id, role), key.block))
                for role, key in made.items()
            )
            self._vault.hand_out(KeyOrder(KeyUse(master, row.block), working, security.exchange))
        return Verdict("made", data=_told(made))


def _told(made: Mapping[str, MadeKey]) -> dict[str, str]:
    """By role the block; behind the role what else may be told."""
    data: dict[str, str] = {}
    for role, key in made.items():
        spec = key.attributes
        data |= {
            role: key.block,
            f"{role}_check": key.check_value,
            f"{role}_usage": spec.usage,
            f"{role}_algorithm": spec.algorithm,
            f"{role}_mode": spec.mode,
            f"{role}_exportability": spec.exportability,
            f"{role}_length": str(spec.length),
            f"{role}_mark": spec.mark,
        }
    return data


def _verification_values(
    event: RequestArrived, facts: Facts
) -> Iterator[tuple[str, CardVerification | None, str, str]]:
    """Kind, value, expiry and service code of each verification value that the message bears."""
    request = event.request
    track, mode = request.track2, request.entry_mode
    if track is not None and mode in _READ:
        yield _READ[mode], track.verification, track.expiry or "", track.service_code
    if request.card_verification is not None:
        card = facts.find(Card, event.pan_token)
        known = "" if card is None else card.expiry
        yield "cvv2", request.card_verification, request.expiry or known, ""


class _NoKeyError(Exception):
    """There is no key to ask with."""

    def __init__(self, outcome: str, said: str) -> None:
        super().__init__(said)
        self.verdict = Verdict(outcome, said)


def _candidates(name: str, event: Event, facts: Facts) -> Iterator[tuple[KeyUse, int]]:
    """The key of that name, then those before it that are still accepted, newest first; with each
    how many exchanges it lies back.
    """
    row = facts.find(SealedKey, name)
    if row is None or not row.block:
        raise _NoKeyError("unknown_key", f"there is no key {name}")
    if row.state != ACTIVE:
        raise _NoKeyError("unusable", f"the key {name} is {row.state}")
    yield KeyUse(name, row.block), 0
    for back, former in enumerate(row.former, 1):
        if former.until_us > event.moment.wall_us:
            yield KeyUse(name, former.block), back


def _current(name: str, facts: Facts) -> KeyUse:
    """The key of that name as it is now; that there is one was found out before."""
    row = facts.find(SealedKey, name)
    assert row is not None
    return KeyUse(name, row.block)


def _own_keys(request: Request, facts: Facts) -> list[KeyUse]:
    """The terminal's keys, as far as their rows are there: they are where it has failed before."""
    names = [terminal_key(request.terminal_id, role) for role in TERMINAL_ROLES]
    fetched = [name for name in names if facts.rows.has(key_row(name))]
    rows = [facts.find(SealedKey, name) for name in fetched]
    return [KeyUse(row.id, row.block) for row in rows if row is not None and row.block]


def _explained(verdict: Verdict, why: str) -> Verdict:
    """The verdict, and with what the value would have fitted."""
    return replace(verdict, said=f"{verdict.said}; {why}") if why else verdict


def _first_good(
    candidates: Iterable[tuple[K, int]], ask: Callable[[K], Verdict], another: str
) -> Verdict:
    """The first verdict that is not ``another``; where all are, that of the current key."""
    first: Verdict | None = None
    for key, back in candidates:
        verdict = ask(key)
        if verdict.outcome != another:
            if not back:
                return verdict
            return replace(verdict, data={**verdict.data, "former": str(back)})
        first = verdict if first is None else first
    assert first is not None
    return first


def _security(facts: Facts, request: Request) -> Security:
    """What the sender keeps to."""
    return terms_of(request, facts) or _NONE
