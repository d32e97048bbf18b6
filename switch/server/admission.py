"""What an event gets before it is decided: token and seal of its PAN, the facts that need no store.

Owns the settings in force, the calendar and the names drawn for a request. Refuses to decide.
"""

from __future__ import annotations

from typing import Final

from switch.keys.port import Vault
from switch.model.copies import replace
from switch.model.events import BrokenArrived, Event, RequestArrived
from switch.model.facts import Decision, Facts, Fresh
from switch.model.records import Card, Key
from switch.model.settings import DialectPolicy, Settings
from switch.model.words import Reason
from switch.server.clock import Calendar, FreshNames
from switch.server.working import WorkingSet

NO_NAMES: Final = Fresh("", "")
NO_POLICY: Final = DialectPolicy("")


class Entry:
    """One event on its way through a batch.

    ``facts`` hold the settings that were in force when it came (P-08); ``asked`` names the keys'
    rows that their verdicts stand on. It ends with a decision, or is refused for a defect of ours.
    """

    __slots__ = ("asked", "decision", "event", "facts", "refused")

    def __init__(self, event: Event, facts: Facts) -> None:
        self.event = event
        self.facts = facts
        self.asked: tuple[Key, ...] = ()
        self.decision: Decision | None = None
        self.refused: Reason | None = None


class Admission:
    """Makes entries."""

    def __init__(
        self, vault: Vault, settings: Settings, names: FreshNames, rows: WorkingSet
    ) -> None:
        self._vault = vault
        self._names = names
        self._rows = rows
        self._day = ""
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Settings for events that come from now on."""
        self.settings = settings
        self._calendar = Calendar(settings.house_zone, settings.settlement.cutover)

    def cut_over(self, date: str) -> None:
        """The business date is never before this one (YYYYMMDD) from now on (INV-54)."""
        self._day = max(self._day, date)

    def renew(self, entry: Entry) -> None:
        """An event that waits is moved to the business date as it is now."""
        if entry.facts.business_date < self._day:
            entry.facts = replace(entry.facts, business_date=self._day)

    def entry(self, event: Event) -> Entry:
        """The event with what is known before any row is."""
        if isinstance(event, RequestArrived):
            event = self._sealed(event)
        return Entry(event, self._facts(event))

    def _facts(self, event: Event) -> Facts:
        settings = self.settings
        date, month = self._calendar.dates(event.moment.wall_us)
        date = max(date, self._day)
        names, policy = NO_NAMES, NO_POLICY
        if isinstance(event, RequestArrived):
            request = event.request
            names = self._names.draw(request.request_key, date)
            policy = settings.policies.get(request.dialect, NO_POLICY)
        elif isinstance(event, BrokenArrived):
            policy = settings.policies.get(event.request.dialect, NO_POLICY)
        minutes = self._calendar.minutes
        return Facts(self._rows, settings, policy, names, date, month, minutes=minutes)

    def _sealed(self, event: RequestArrived) -> RequestArrived:
        """The event with token and seal of its PAN: core and store keep no more of it.

        The seal for an enrolment is made only where enrolment is on and the card is not known.
        """
        request = event.request
        pan = request.pan
        if pan is None:
            return event
        token = self._vault.token(pan)
        card_sealed = ""
        if self.settings.enrol_unknown:
            card = Key(Card.TABLE, token)
            if not self._rows.has(card) or self._rows.get(card) is None:
                card_sealed = self._vault.seal(pan, token)
        pan_sealed = self._vault.seal(pan, request.request_key)
        return RequestArrived(
            event.moment, event.origin, request, token, pan_sealed, card_sealed, event.carried
        )
