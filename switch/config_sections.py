"""The sections of the configuration file, one model each, with names and defaults.

Owns what can be set about the process, its listeners and its world. Refuses to judge one section by
another: ``config_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from switch.config_keys import ChipProfile, PinMethod, PinValue, SequenceNumber
from switch.config_types import (
    Amount,
    CardNumber,
    Count,
    Currency,
    Days,
    Expiry,
    Name,
    Percent,
    Prefix,
    Seconds,
    Section,
    TimeOfDay,
    Zone,
)


class Server(Section):
    """The process."""

    node: Name = "1"
    data: str = Field(
        default="", description="folder of store, keys, log; empty: the user's state directory"
    )
    seed: str = Field(
        default="", description="fixed seed of reference numbers, for reproducible runs"
    )
    answer_s: Seconds = Field(
        default=20.0, description="the switch answers a terminal within this (INV-05)"
    )
    terminal_s: Seconds = Field(
        default=30.0, description="a terminal waits this long for its answer"
    )
    verify_every: Annotated[int, Field(ge=0)] = Field(
        default=0, description="re-read one message in so many with the reference codec; 0: none"
    )


class Limits(Section):
    """Every bound has a default; what happens at it is in the description (SR-NET-04)."""

    connections: Count = Field(default=10_000, description="one more is closed at once: conn.limit")
    per_source: Count = Field(
        default=8_000, description="surplus of one address is closed: conn.limit"
    )
    in_flight: Count = Field(default=1_024, description="requests beyond it are answered busy (96)")
    pipelined: Count = Field(default=32, description="per connection; reading stops there")
    batch: Count = Field(default=256, description="decisions in one commit")
    frame_s: Seconds = Field(default=10.0, description="from a frame's first byte to its last")
    write_s: Seconds = Field(default=10.0, description="for an answer to be taken by the peer")
    idle_s: Seconds = Field(default=300.0, description="between two messages")
    handshake_s: Seconds = Field(default=5.0, description="for a TLS handshake")
    drain_s: Seconds = Field(default=10.0, description="to finish what is in flight at a stop")
    out_bytes: Count = Field(
        default=262_144, description="unsent answers of a connection; then it reads no more"
    )
    cached_rows: Count = Field(default=8_192, description="records kept in memory; the oldest go")


class Log(Section):
    """The log of JSON lines."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str = Field(
        default="",
        description='path, or "-" for standard output; empty: log.jsonl in the data folder',
    )
    queue: Count = Field(
        default=10_000,
        description="lines waiting to be written; beyond it they are dropped and counted",
    )


class Tls(Section):
    """TLS of a listener (1.2 and 1.3). ``clients`` names the authorities of client certificates:
    mutual TLS."""

    certificate: str
    key: str
    clients: str = ""


class Listener(Section):
    """One port."""

    name: Name
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="0: any free port")]
    dialect: str = Field(description="a shipped dialect's name, or the path of a dialect file")
    framing: str = Field(
        default="", description="overrides the dialect's own, such as 'ascii-4 inclusive'"
    )
    tls: Tls | None = None


class Merchant(Section):
    """A card acceptor."""

    id: Annotated[str, Field(min_length=1, max_length=15)]
    name: str = ""
    category: str = ""
    status: Literal["active", "inactive"] = "active"
    currency: Currency = "840"
    zone: Zone = "UTC"


class Terminal(Section):
    """A point of service."""

    id: Annotated[str, Field(min_length=1, max_length=16)]
    merchant: str
    status: Literal["active", "inactive"] = "active"
    currency: Currency = "840"
    zone: Zone = "UTC"
    partial_approval: bool = Field(
        default=False, description="takes an approval for less than it asked for"
    )
    security: str = Field(
        default="", description="the [[security]] that it keeps to; empty: nothing is checked"
    )


class Card(Section):
    """A card of the built-in issuer, of a test range (SR-SAD-05). ``balance`` is posted once, at
    its first start."""

    name: Name
    pan: CardNumber
    expiry: Expiry = ""
    balance: Amount = "0"
    credit_limit: Amount = "0"
    currency: Currency = "840"
    status: Literal["active", "blocked", "lost", "stolen", "expired"] = "active"
    per_transaction_limit: Amount = "0"
    daily_limit: Amount = "0"
    cash_limit: Amount = Field(
        default="0", description="of the cash part of one transaction; 0: none"
    )
    issuer: Name | Literal[""] = Field(
        default="", description="whose keys judge it: issuer.NAME.pvk and so on; empty: nobody's"
    )
    pin: PinValue | None = Field(default=None, description="of a test card; kept as its reference")
    pin_method: PinMethod = Field(default="visa-pvv", description="how the PIN is verified")
    sequence: SequenceNumber = Field(default="", description="of the PAN, two digits")
    chip: ChipProfile = Field(
        default="", description="the profile of its chip; empty: no cryptogram is checked"
    )
    verification: bool = Field(default=False, description="whether CVV, CVV2 and so on are checked")


class Authorization(Section):
    """Numbers of the built-in issuer (INV-42, INV-43)."""

    hold_days: Days = Field(default=7.0, description="an authorization that is not captured lapses")
    preauthorization_hold_days: Days = Field(
        default=30.0, description="the same, of one that is marked as a pre-authorization"
    )
    completion_tolerance_percent: Percent = Field(
        default=0.0, description="how far completions may exceed what was pre-authorized"
    )
    tip_tolerance_percent: Percent = Field(
        default=20.0, description="how far a tip may raise the amount"
    )
    partial_approval: bool = Field(
        default=True, description="approve what is there, for terminals that can take it"
    )


class Differences(Section):
    """Where the settlement posts what terminal and host did not agree on, by class (INV-52)."""

    missing_at_host: Literal["merchant", "suspense"] = "suspense"
    missing_at_terminal: Literal["merchant", "suspense"] = "suspense"
    amount_differs: Literal["merchant", "suspense"] = "suspense"
    totals_differ: Literal["merchant", "suspense"] = "suspense"


class Settlement(Section):
    """Batches and business days."""

    cutover: TimeOfDay = Field(
        default="00:00", description="in the house zone: when the next business date begins"
    )
    differences: Differences = Differences()


class Settings(Section):
    """What decisions may depend on."""

    house_zone: Zone = "UTC"
    default_currency: Currency = Field(
        default="840", description="of merchants and cards that name none"
    )
    test_ranges: tuple[Prefix, ...] = Field(
        default=(), strict=False, description="PAN prefixes that are accepted"
    )
    enrol_unknown: bool = False
    enrol_merchant: str = ""
    enrol_balance: Amount = "100000"
    enrol_per_transaction_limit: Amount = "0"
    enrol_daily_limit: Amount = "0"
    enrol_security: str = Field(default="", description="the [[security]] of such terminals")
    enrol_issuer: Name | Literal[""] = Field(
        default="", description="whose keys judge such cards; needs enrol_pin"
    )
    enrol_pin: PinValue | None = Field(default=None, description="the test PIN of such cards")
