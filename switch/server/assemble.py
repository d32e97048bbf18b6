"""Turns a checked configuration into a server plan: dialects loaded, codecs compiled, certificates
read.

Owns the last checks that need other rooms, each refused with the line of the configuration that
asked for it. Puts nothing into force.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from switch.config import Config, Listener
from switch.config_keys_checks import PIN_ROLES
from switch.config_risk import SHAPES, Risk
from switch.errors import ConfigError, IsoswitchError
from switch.model.risk_rules import Named, RiskRule
from switch.model.scripts import ScriptBook
from switch.model.security import issuer_key
from switch.model.settings import Authorization, DialectPolicy, Settings, Settlement
from switch.model.words import Kind
from switch.money import Money
from switch.server.limits import EngineLimits
from switch.server.mac_schemes import refuse_unfit_dialect, refuse_unfit_securities
from switch.server.plan import Port, RiskSeed, ServerLimits, ServerPlan
from switch.server.profile import Profile, SessionLimits
from switch.server.scripts import Heard, scripts_in_force
from switch.server.tls import server_context
from switch.server.world import CardSeed, MerchantSeed, TerminalSeed, World
from switch.server.world_keys import KeySeed
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect, load_dialect
from switch.wire.framing import Framing
from switch.wire.map_answer import response_codes
from switch.wire.mapping import Mapper
from switch.wire.reference import Inexpressible, Reference
from switch.wire.scripted import FieldRules

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line puts over the listeners of the configuration."""

    bind: str = ""
    port_base: int | None = None  # listeners get base, base + 1, ... in order; 0: any free ports
    ports: Mapping[str, int] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None  # for listeners without a certificate of their own


class Assembler:
    """Builds plans; compiled dialects are kept from one reload to the next while their name
    stays."""

    def __init__(self, overrides: Overrides, descriptors: int) -> None:
        self._overrides = overrides
        self._descriptors = descriptors

    def plan(self, config: Config) -> ServerPlan:
        """Everything that the configuration says, or ConfigError."""
        limits = config.limits
        unknown = set(self._overrides.ports) - {item.name for item in config.listener}
        if unknown:
            known = ", ".join(item.name for item in config.listener)
            raise ConfigError("--port", f"no listener {min(unknown)!r}; there are {known}")
        dialects: dict[str, Dialect] = {}
        heard = {
            item.name: _heard(config, place, item, dialects)
            for place, item in enumerate(config.listener)
        }
        refuse_unfit_securities(config, dialects.values())
        scripts = scripts_in_force(config, heard)
        rules = {
            dialect.name: FieldRules(dialect, () if scripts is None else scripts.rules)
            for dialect in dialects.values()
        }
        ports = tuple(
            self._port(config, place, item, heard[item.name], rules)
            for place, item in enumerate(config.listener)
        )
        policies = {dialect.name: dialect.policy for dialect in dialects.values()}
        return ServerPlan(
            settings=_settings(config, policies, scripts),
            ports=ports,
            world=_world(config),
            limits=ServerLimits(
                connections=min(limits.connections, self._descriptors),
                per_source=limits.per_source,
                handshake_s=limits.handshake_s,
                drain_s=limits.drain_s,
            ),
            engine=EngineLimits(
                in_flight=limits.in_flight,
                batch=limits.batch,
                rows=limits.cached_rows,
                answer_s=config.server.answer_s,
            ),
            codes={
                dialect.name: {kind: response_codes(dialect, kind) for kind in Kind}
                for dialect in dialects.values()
            },
            risk=_risk(config),
            officers={officer.name: officer.token_hash for officer in config.officer},
        )

    def _port(
        self,
        config: Config,
        place: int,
        item: Listener,
        heard: Heard,
        rules: Mapping[str, FieldRules],
    ) -> Port:
        over, dialect, framing = self._overrides, heard.dialect, heard.framing
        port = item.port
        if item.name in over.ports:
            port = over.ports[item.name]
        elif over.port_base is not None:
            port = over.port_base + place if over.port_base else 0
        return Port(
            name=item.name,
            host=over.bind or item.host,
            port=port,
            dialect=dialect.name,
            title=dialect.title,
            framing=str(framing),
            profile=_profile(config, item.name, heard, rules[dialect.name]),
            tls=self._tls(config, item, config.where("listener", place, "tls")),
            place=config.where("listener", place, "port"),
        )

    def _tls(self, config: Config, item: Listener, where: str) -> ssl.SSLContext | None:
        if item.tls is None:
            return self._overrides.tls
        folder = config.folder
        clients = folder / item.tls.clients if item.tls.clients else None
        try:
            return server_context(folder / item.tls.certificate, folder / item.tls.key, clients)
        except ConfigError as failure:
            raise ConfigError(where, str(failure)) from None


def _heard(config: Config, place: int, item: Listener, dialects: dict[str, Dialect]) -> Heard:
    """Dialect and framing of a listener; a dialect is loaded once."""
    where = config.where("listener", place, "dialect")
    dialect = dialects.get(item.dialect)
    if dialect is None:
        dialect = dialects[item.dialect] = _dialect(config, item.dialect, where)
        refuse_unfit_dialect(dialect, where)
    if dialect.reading_only:
        raise ConfigError(where, f"dialect {dialect.name} is for reading messages only")
    if not item.framing:
        return Heard(dialect, dialect.framing)
    try:
        return Heard(dialect, Framing.parse(item.framing))
    except IsoswitchError as failure:
        raise ConfigError(config.where("listener", place, "framing"), str(failure)) from None


def _dialect(config: Config, name: str, where: str) -> Dialect:
    path = config.folder / name
    try:
        return load_dialect(str(path) if name.endswith(".toml") else name)
    except ConfigError as failure:
        said = failure.reason if failure.where == name else str(failure)
        raise ConfigError(where, f"dialect {name!r}: {said}") from None


def _profile(config: Config, listener: str, heard: Heard, rules: FieldRules) -> Profile:
    limits, dialect = config.limits, heard.dialect
    codec = Codec(dialect.layout)
    return Profile(
        listener=listener,
        framing=heard.framing,
        codec=codec,
        mapper=Mapper(dialect),
        limits=SessionLimits(
            pipelined=limits.pipelined,
            frame_s=limits.frame_s,
            write_s=limits.write_s,
            idle_s=limits.idle_s,
            out_bytes=limits.out_bytes,
        ),
        verify_every=config.server.verify_every,
        verify=_reference(dialect) if config.server.verify_every else None,
        judge=codec.accepts,
        scripting=rules,
        codes={kind: response_codes(dialect, kind) for kind in Kind},
    )


def _reference(dialect: Dialect) -> Callable[[bytes, Mapping[str, str]], list[str]] | None:
    """The second reader, where the dialect's shapes are such that it can express them."""
    try:
        return Reference(dialect.layout).differences
    except Inexpressible:
        return None


def _settings(
    config: Config, policies: dict[str, DialectPolicy], scripts: ScriptBook | None
) -> Settings:
    chosen = config.settings
    currency = chosen.default_currency
    return Settings(
        node=config.server.node,
        enrol_unknown=chosen.enrol_unknown,
        test_ranges=chosen.test_ranges,
        default_currency=currency,
        house_zone=chosen.house_zone,
        enrol_merchant=chosen.enrol_merchant,
        enrol_balance_minor=_minor(chosen.enrol_balance, currency),
        enrol_per_transaction_limit_minor=_minor(chosen.enrol_per_transaction_limit, currency),
        enrol_daily_limit_minor=_minor(chosen.enrol_daily_limit, currency),
        policies=policies,
        scripts=scripts,
        securities={item.name: item.words() for item in config.security},
        enrol_security=chosen.enrol_security,
        enrol_issuer=chosen.enrol_issuer,
        authorization=_authorization(config),
        settlement=Settlement(
            cutover=config.settlement.cutover.replace(":", ""),
            differences=config.settlement.differences.model_dump(),
        ),
    )


def _authorization(config: Config) -> Authorization:
    chosen = config.authorization
    return Authorization(
        hold_s=round(chosen.hold_days * _DAY_S),
        preauthorization_hold_s=round(chosen.preauthorization_hold_days * _DAY_S),
        completion_tolerance_bp=round(chosen.completion_tolerance_percent * 100),
        tip_tolerance_bp=round(chosen.tip_tolerance_percent * 100),
        partial_approval=chosen.partial_approval,
    )


def _risk(config: Config) -> tuple[RiskSeed, ...]:
    """The rules that are switched on, in the order of the file."""
    by_name = {card.name: card.pan for card in config.card}
    house = config.settings.default_currency
    return tuple(
        RiskSeed(_risk_rule(rule, house), rule.pans(by_name)) for rule in config.risk if rule.on
    )


def _risk_rule(rule: Risk, house: str) -> RiskRule:
    named = Named(
        ranges=rule.ranges,
        terminals=frozenset(rule.terminals),
        merchants=frozenset(rule.merchants),
    )
    limit, amount = (
        0 if text is None else rule.money(text, house).minor for text in (rule.limit, rule.amount)
    )
    return RiskRule(
        name=rule.name,
        check=rule.check,
        kinds=rule.about,
        mode=rule.effect,
        reason=rule.reason or SHAPES[rule.check].reason,
        named=None if named == Named() else named,
        currency=rule.currency or house,
        limit_minor=limit,
        count=rule.count or 0,
        amount_minor=amount,
        window_us=round((rule.window_s or 0) * 1_000_000),
        per=rule.per or "card",
        minutes=(_minute(rule.start), _minute(rule.end)),
        zone=rule.zone or "terminal",
        currencies=frozenset(rule.currencies),
    )


def _minute(time_of_day: str | None) -> int:
    hour, _, minute = (time_of_day or "00:00").partition(":")
    return int(hour) * 60 + int(minute)


def _minor(text: str, currency: str) -> int:
    return Money.parse(text, currency).minor


def _world(config: Config) -> World:
    return World(
        merchants=tuple(
            MerchantSeed(item.id, item.name, item.category, item.status, item.currency, item.zone)
            for item in config.merchant
        ),
        terminals=tuple(
            TerminalSeed(
                item.id,
                item.merchant,
                item.status,
                item.currency,
                item.zone,
                item.partial_approval,
                item.security,
            )
            for item in config.terminal
        ),
        cards=tuple(
            CardSeed(
                name=item.name,
                pan=item.pan,
                expiry=item.expiry,
                status=item.status,
                currency=item.currency,
                balance_minor=_minor(item.balance, item.currency),
                credit_limit_minor=_minor(item.credit_limit, item.currency),
                per_transaction_limit_minor=_minor(item.per_transaction_limit, item.currency),
                daily_limit_minor=_minor(item.daily_limit, item.currency),
                cash_limit_minor=_minor(item.cash_limit, item.currency),
                issuer=item.issuer,
                pin=item.pin,
                pin_method=item.pin_method,
                pin_key=issuer_key(item.issuer, PIN_ROLES[item.pin_method]),
                sequence=item.sequence,
                chip=item.chip,
                verification=item.verification,
            )
            for item in config.card
        ),
        keys=tuple(KeySeed(item.name, item.spec, item.value) for item in config.key),
        house_pin=config.settings.enrol_pin,
    )
