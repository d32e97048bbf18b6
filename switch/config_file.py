"""The configuration file as a whole: its sections, and where in the text each setting stands.

Owns the composition. Refuses to read files and to judge.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, PrivateAttr

from switch.config_keys import ConfiguredKey, Officer, Security
from switch.config_risk import Risk
from switch.config_scripts import Rule, Scripting
from switch.config_sections import (
    Authorization,
    Card,
    Limits,
    Listener,
    Log,
    Merchant,
    Server,
    Settings,
    Settlement,
    Terminal,
)
from switch.config_types import Section
from switch.toml_lines import line_of


class Config(Section):
    """The whole file."""

    server: Server = Server()
    settings: Settings = Settings()
    authorization: Authorization = Authorization()
    settlement: Settlement = Settlement()
    limits: Limits = Limits()
    log: Log = Log()
    listener: tuple[Listener, ...] = Field(default=(), strict=False)
    merchant: tuple[Merchant, ...] = Field(default=(), strict=False)
    terminal: tuple[Terminal, ...] = Field(default=(), strict=False)
    card: tuple[Card, ...] = Field(default=(), strict=False)
    security: tuple[Security, ...] = Field(default=(), strict=False)
    key: tuple[ConfiguredKey, ...] = Field(default=(), strict=False)
    officer: tuple[Officer, ...] = Field(default=(), strict=False)
    risk: tuple[Risk, ...] = Field(default=(), strict=False)
    scripting: Scripting = Scripting()
    rule: tuple[Rule, ...] = Field(default=(), strict=False)

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
