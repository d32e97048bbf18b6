"""A configuration made concrete: profiles, settings, world, ready to be put into force whole or not
at all.

Owns the plain data that passes from the composition root to the running server. Refuses to read
files.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_plan

from switch.errors import IsoswitchError
from switch.keys.port import Vault
from switch.model.copies import replace
from switch.model.risk_rules import Named, RiskRule, RiskRules
from switch.model.settings import Settings
from switch.model.words import Kind, Reason
from switch.server.limits import EngineLimits
from switch.server.profile import MacCover, Profile
from switch.server.world import World
from switch.values import Pan

# Dialect, kind of transaction, reason -> the response code that the terminal reads.
ResponseCodes = Mapping[str, Mapping[Kind, Mapping[Reason, str]]]


class StartRefusedError(IsoswitchError):
    """The server cannot start, or take over a new configuration: a port in use, a folder not
    writable.

    ``exit_code`` follows the sysexits of BSD: 69 something is not available, 73 a file cannot be
    made, 75 try later.
    """

    def __init__(self, said: str, exit_code: int = 69) -> None:
        super().__init__(said)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Port:
    """One listener to be. ``place`` is ``file:line`` of its section, for a refusal."""

    name: str
    host: str
    port: int
    dialect: str
    title: str
    framing: str
    profile: Profile
    tls: ssl.SSLContext | None
    place: str

    @property
    def address(self) -> tuple[str, int, str]:
        """What must be equal for a listener to live on over a reload; any free port goes by its
        name."""
        return (self.host, self.port, "" if self.port else self.name)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of the server besides those of engine and session."""

    connections: int
    per_source: int
    handshake_s: float
    drain_s: float


@dataclass(frozen=True, slots=True)
class RiskSeed:
    """A risk rule, and the cards that it names: their tokens are the vault's to make."""

    rule: RiskRule
    cards: Sequence[Pan] = ()


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """Everything that a configuration says, checked."""

    settings: Settings  # without the risk rules: ``settings_with`` adds them
    ports: Sequence[Port]
    world: World
    limits: ServerLimits
    engine: EngineLimits
    codes: ResponseCodes = field(default_factory=dict)
    risk: Sequence[RiskSeed] = ()
    officers: Mapping[str, str] = field(default_factory=dict)  # hash of the token by name

    @property
    def covers(self) -> Mapping[str, MacCover]:
        """By dialect, what the MAC of a message covers."""
        return {port.dialect: port.profile.mapper.cover for port in self.ports}

    def armed(self, vault: Vault) -> ServerPlan:
        """The plan with the vault in its listeners' hands: it seals their answers."""
        ports = [
            replace_plan(port, profile=replace_plan(port.profile, vault=vault))
            for port in self.ports
        ]
        return replace_plan(self, ports=tuple(ports))

    def settings_with(self, token: Callable[[Pan], str]) -> Settings:
        """The settings to put into force: risk rules know cards by their tokens only."""
        rules = []
        for item in self.risk:
            rule, tokens = item.rule, frozenset(map(token, item.cards))
            if tokens:
                rule = replace(rule, named=replace(rule.named or Named(), cards=tokens))
            rules.append(rule)
        return replace(self.settings, risk=RiskRules.of(rules))
