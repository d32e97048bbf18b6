"""A vault that notes what it is asked, and one message to ask it about, for tests of verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switch.keys.port import HandedKey, KeyMisused, KeySpec, MadeKey
from switch.model.copies import replace
from switch.model.events import Moment, Origin, RequestArrived
from switch.model.facts import Facts, Verdict, VerdictNeed
from switch.model.records import Card, FormerKey, Key, Record, SealedKey, Terminal
from switch.model.security import KeyOrder, KeyUse, Security
from switch.server.admission import NO_NAMES, NO_POLICY
from switch.server.verdicts import Verdicts
from switch.server.working import WorkingSet
from switch.values import Carried
from switch.wire.dialect_data import MacRule
from tests.server_room import SETTINGS, purchase

NOW = Moment(1_000_000, 0)
TAK = "terminal.T1.tak"
TPK = "terminal.T1.tpk"
PVK = "issuer.demo.pvk"
IMK = "issuer.demo.imk_ac"
CVK = "issuer.demo.cvk"
SPEC = KeySpec("P0", "T", 16, "B")


class Asked:
    """A vault that notes what it is asked, and judges as the test says: by question, the outcome
    under each block."""

    def __init__(self, **outcomes: Callable[[str], str]) -> None:
        self.outcomes = outcomes
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.why = ""
        self.handed: list[KeyOrder] = []
        self.unfit = ""
        self.explained: list[tuple[str, str, tuple[Any, ...]]] = []

    def _judge(self, question: str, key: KeyUse | None, **given: Any) -> Verdict:
        block = "" if key is None else key.block
        self.asked.append((question, block, given))
        return Verdict(self.outcomes[question](block), f"under {block}")

    def check_mac(self, key: KeyUse, **given: Any) -> Verdict:
        return self._judge("mac", key, **given)

    def check_pin(self, pin_key: KeyUse, *given: Any, **more: Any) -> Verdict:
        _, _, method, reference, verifying = given
        verdict = self._judge(
            "pin", pin_key, method=method, reference=reference, verifying=verifying, **more
        )
        if verdict.outcome == "bad" and verifying is not None:
            return Verdict(self.outcomes["reference"](verifying.block))
        return verdict

    def check_cryptogram(self, key: KeyUse, **given: Any) -> Verdict:
        return self._judge("cryptogram", key, **given)

    def check_card_verification(self, key: KeyUse, **given: Any) -> Verdict:
        return self._judge(given["kind"], key, **given)

    def why_mac(self, key: KeyUse, *given: Any, others: Any) -> str:
        return self._why("mac", key, *given, others)

    def why_pin(self, key: KeyUse, *given: Any, **more: Any) -> str:
        return self._why("pin", key, *given, *more.values())

    def why_cryptogram(self, key: KeyUse, *given: Any) -> str:
        return self._why("cryptogram", key, *given)

    def _why(self, question: str, key: KeyUse, *given: Any) -> str:
        self.explained.append((question, key.block, given))
        return self.why

    def working_keys(self, working: str, roles: tuple[str, ...], **given: Any) -> dict[str, Any]:
        self.asked.append(("working", working, given))
        return {role: MadeKey(f"{role}-block", "ABCDEF", SPEC) for role in roles}

    def hand_out(self, order: KeyOrder) -> dict[str, HandedKey]:
        self.handed.append(order)
        if self.unfit:
            raise KeyMisused(self.unfit)
        return {
            role: HandedKey(order.form, key.block, "ABCDEF", SPEC) for role, key in order.working
        }

    @property
    def under(self) -> list[str]:
        """The blocks that it was asked with, in order."""
        return [block for _, block, _ in self.asked]


class Cover:
    """A dialect whose MAC covers everything but its last eight bytes."""

    rule = MacRule("x9.19")

    def covered(self, carried: Carried) -> bytes:
        return carried.reveal()[:-8]

    def received(self, value: str, length: int = 0) -> bytes:
        mac = bytes.fromhex(value)
        return mac if any(mac[length:]) else mac[:length]

    def alternatives(self, carried: Carried) -> list[tuple[str, bytes]]:
        return [("up to its end", carried.reveal())]


def sealed(name: str, block: str = "new", **changes: Any) -> SealedKey:
    """The row of a key."""
    return SealedKey(
        id=name, block=block, usage="M3", algorithm="T", mode="C", exportability="E", **changes
    )


FORMER = (FormerKey("old", "ABCDEF", 2_000_000), FormerKey("older", "ABCDEF", 1_000_000))
CARD = Card(
    id="token",
    pan_sealed="",
    account="a",
    currency="840",
    expiry="3012",
    issuer="demo",
    pin_method="visa-pvv",
    pin_reference="11234",
    chip="visa-cvn10",
    sequence="01",
)


def facts(*records: Record, absent: tuple[Key, ...] = (), **settings: Any) -> Facts:
    """What was fetched: these rows, a terminal, and ``absent`` ones."""
    rows = WorkingSet()
    everything = (Terminal(id="T1", merchant_id="SHOP", currency="840", security="shop"), *records)
    rows.learn({record.key: record for record in everything})
    rows.learn(dict.fromkeys(absent))
    chosen = replace(
        SETTINGS, securities={"shop": Security(name="shop", mac_scheme="x9.9")}, **settings
    )
    return Facts(rows, chosen, NO_POLICY, NO_NAMES, "20261124", "2611")


def event(**changes: Any) -> RequestArrived:
    """A message with a MAC, as it is asked about."""
    request = purchase(1, **{"mac": "0011223344556677", **changes})
    return RequestArrived(
        NOW, Origin(1, 1, "shop", "peer"), request, "token", carried=Carried(b"messageMACMACMA")
    )


def ask(
    vault: Asked,
    need: VerdictNeed,
    known: Facts,
    *,
    covers: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Verdict:
    """The answer to one question about one message."""
    given: Any = {"toy": Cover()} if covers is None else covers
    verdicts = Verdicts(vault, given)  # type: ignore[arg-type]
    return verdicts.answer(need, event(**changes), known)
