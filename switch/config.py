"""The configuration: one TOML file, checked whole, refused with file, line and reason.

Owns the names and defaults of every setting. Knows files of certificates by path, dialects by name;
refuses to know what is in them, and any key. The world (merchants, terminals, cards) is what a
first start writes into the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
)

from switch.config_inherit import inherit_currency
from switch.config_reasons import AMOUNT, NAME, reason
from switch.errors import ConfigError
from switch.money import Money, MoneyError, currency_number
from switch.toml_lines import line_of, parse
from switch.values import Pan

CONFIG_LIMIT_BYTES = 1_000_000


def _zone(name: str) -> str:
    try:
        if name != "UTC":
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"unknown time zone {name[:40]!r}: use a name such as Europe/Berlin"
        ) from None
    return name


def _currency(text: str) -> str:
    try:
        return currency_number(text)
    except MoneyError as failure:
        raise ValueError(str(failure)) from None


def _pan(digits: object) -> Pan:
    if not (isinstance(digits, str) and digits.isascii() and digits.isdigit()):
        raise ValueError("a card number is written as digits in quotes")
    if not 12 <= len(digits) <= 19:
        raise ValueError("a card number has 12 to 19 digits")
    pan = Pan(digits)
    if not pan.luhn_ok:
        raise ValueError("the check digit of the card number does not fit")
    return pan


def _prefix(digits: str) -> str:
    if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 19):
        raise ValueError("a range is given by its first digits")
    return digits


def _yymm(text: str) -> str:
    if text and not (len(text) == 4 and text.isdigit() and 1 <= int(text[2:]) <= 12):
        raise ValueError("an expiry is written YYMM, such as 3012")
    return text


Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
CardNumber = Annotated[
    Pan,
    PlainValidator(_pan),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{12,19}$"}),
]
Expiry = Annotated[str, AfterValidator(_yymm)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Amount = Annotated[str, Field(pattern=AMOUNT, description="such as 12.34")]
Name = Annotated[str, Field(pattern=NAME)]
Seconds = Annotated[float, Field(gt=0, le=86_400, strict=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Section(BaseModel):
    """Base: unknown names are mistakes, and ``"1"`` is not ``1``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


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


class Card(Section):
    """A card of the built-in issuer, of a test range (SR-SAD-05). ``balance`` is posted once, at
    its first start."""

    name: Name
    pan: CardNumber
    expiry: Expiry = ""
    balance: Amount = "0"
    credit_limit: Amount = "0"
    currency: Currency = "840"
    status: Literal["active", "blocked", "lost", "stolen"] = "active"
    per_transaction_limit: Amount = "0"
    daily_limit: Amount = "0"


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


class Config(Section):
    """The whole file."""

    server: Server = Server()
    settings: Settings = Settings()
    limits: Limits = Limits()
    log: Log = Log()
    listener: tuple[Listener, ...] = Field(default=(), strict=False)
    merchant: tuple[Merchant, ...] = Field(default=(), strict=False)
    terminal: tuple[Terminal, ...] = Field(default=(), strict=False)
    card: tuple[Card, ...] = Field(default=(), strict=False)

    _source: tuple[str, str] = PrivateAttr(default=("configuration", ""))

    def where(self, *path: str | int) -> str:
        """``file:line`` of a key path, for refusals that come later (a port in use, a dialect that
        does not load)."""
        name, text = self._source
        return f"{name}:{line_of(text, path)}"

    def remember(self, name: str, text: str) -> None:
        """Where the configuration was read from, so that later refusals can point into it."""
        self._source = (name, text)

    @property
    def name(self) -> str:
        """The file's name, as it was given."""
        return self._source[0]

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._source[1]

    @property
    def folder(self) -> Path:
        """What relative paths in the file start from: the folder of the file."""
        return Path(self._source[0]).parent


def load_config(path: str | Path) -> Config:
    """Read and check a configuration file. Raises ConfigError with file, line and reason; further
    mistakes follow."""
    name = str(path)
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(CONFIG_LIMIT_BYTES + 1)
    except OSError as failure:
        raise ConfigError(name, f"cannot be read: {failure.strerror}") from None
    if len(data) > CONFIG_LIMIT_BYTES:
        raise ConfigError(name, f"is larger than {CONFIG_LIMIT_BYTES} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as failure:
        line = data.count(b"\n", 0, failure.start) + 1
        raise ConfigError(f"{name}:{line}", "is not UTF-8") from None
    return parse_config(text, name)


def demo_config() -> Config:
    """The embedded demo world."""
    text = resources.files("switch").joinpath("demo.toml").read_text("utf-8")
    return parse_config(text, "demo.toml")


def parse_config(text: str, name: str) -> Config:
    """Check the text of a configuration file called ``name``. Raises ConfigError."""
    table = parse(text, name)
    inherit_currency(table)
    try:
        config = Config.model_validate(table)
    except ValidationError as failure:
        errors = failure.errors(include_input=False)
        errors.sort(key=lambda error: error["type"] == "missing")  # a misspelt name explains it
        mistakes = [(error["loc"], reason(error, _setting_names())) for error in errors]
        raise _refusal(text, name, mistakes) from None
    config.remember(name, text)
    if mistakes := list(_contradictions(config)):
        raise _refusal(text, name, mistakes)
    return config


def _refusal(
    text: str, name: str, mistakes: list[tuple[tuple[str | int, ...], str]]
) -> ConfigError:
    lines = [(f"{name}:{line_of(text, path)}", said) for path, said in mistakes]
    where, first = lines[0]
    more = "".join(f"\n{place}: {said}" for place, said in lines[1:10])
    return ConfigError(where, first + more)


def _setting_names() -> set[str]:
    """The names of all sections and of everything in them."""
    sections = (Server, Settings, Limits, Log, Listener, Merchant, Terminal, Card)
    return set(Config.model_fields).union(*(section.model_fields for section in sections))


def _contradictions(config: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Mistakes that lie between settings."""
    if config.server.answer_s >= config.server.terminal_s:
        said = (
            "must be below server.terminal_s, or a terminal gives up before it is answered (INV-05)"
        )
        yield ("server", "answer_s"), f"server.answer_s: {said}"
    yield from _twice("listener", [listener.name for listener in config.listener], "name")
    ports = [f"{item.host}:{item.port}" if item.port else "" for item in config.listener]
    yield from _twice("listener", ports, "port")
    yield from _twice("merchant", [merchant.id for merchant in config.merchant], "id")
    yield from _twice("terminal", [terminal.id for terminal in config.terminal], "id")
    yield from _twice("card", [card.name for card in config.card], "name")
    yield from _twice("card", [card.pan for card in config.card], "pan")
    merchants = {merchant.id for merchant in config.merchant}
    for place, terminal in enumerate(config.terminal):
        if terminal.merchant not in merchants:
            said = f"terminal.{place}.merchant: there is no merchant {terminal.merchant!r}"
            yield ("terminal", place, "merchant"), said
    settings = config.settings
    if settings.enrol_unknown and settings.enrol_merchant not in merchants:
        said = "settings.enrol_merchant: enrolment needs the id of a merchant"
        yield ("settings", "enrol_merchant"), said
    for place, card in enumerate(config.card):
        if not any(card.pan.starts_with(prefix) for prefix in settings.test_ranges):
            said = f"card.{place}.pan: is in none of settings.test_ranges"
            yield ("card", place, "pan"), said
    yield from _amounts(config)


def _amounts(config: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Amounts with more decimals than their currency has."""
    settings = config.settings
    amounts: list[tuple[tuple[str | int, ...], str, str]] = [
        (("card", place, name), getattr(card, name), card.currency)
        for place, card in enumerate(config.card)
        for name in ("balance", "credit_limit", "per_transaction_limit", "daily_limit")
    ]
    amounts += [
        (("settings", name), getattr(settings, name), settings.default_currency)
        for name in ("enrol_balance", "enrol_per_transaction_limit", "enrol_daily_limit")
    ]
    for path, text, currency in amounts:
        try:
            Money.parse(text, currency)
        except MoneyError as failure:
            yield path, f"{'.'.join(map(str, path))}: {failure}"


def _twice(
    section: str, values: list[Any], name: str
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    seen: dict[Any, int] = {}
    for place, value in enumerate(values):
        if value and seen.setdefault(value, place) != place:
            said = f"{section}.{place}.{name}: {value} is taken by {section}.{seen[value]}"
            yield (section, place, name), said
