"""The configuration: one TOML file, checked whole, refused with file, line and reason.

Owns reading and refusing; the settings are in ``config_sections``, what must fit together in
``config_checks``. Knows files of certificates by path, dialects by name; refuses to know what is in
them, and any key but the test keys that stand in it. The world (merchants, terminals, cards, test
keys) is what a first start writes into the store.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from switch.config_checks import contradictions
from switch.config_file import Config
from switch.config_inherit import inherit_currency
from switch.config_reasons import reason
from switch.config_sections import Card, Listener
from switch.config_types import Mistake, Section
from switch.errors import ConfigError
from switch.toml_lines import line_of, parse

__all__ = ["Card", "Config", "Listener", "demo_config", "load_config", "parse_config"]

CONFIG_LIMIT_BYTES = 1_000_000


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
        wrong = {
            error["loc"][:-1] for error in errors
        }  # a list of nothing but mistakes is not empty
        mistakes = [
            (error["loc"], reason(error, _setting_names()))
            for error in errors
            if error["type"] != "too_short" or error["loc"] not in wrong
        ]
        raise _refusal(text, name, mistakes) from None
    config.remember(name, text)
    if mistakes := list(contradictions(config)):
        raise _refusal(text, name, mistakes)
    return config


def _refusal(text: str, name: str, mistakes: list[Mistake]) -> ConfigError:
    lines = [(f"{name}:{line_of(text, path)}", said) for path, said in mistakes]
    where, first = lines[0]
    more = "".join(f"\n{place}: {said}" for place, said in lines[1:10])
    return ConfigError(where, first + more)


def _setting_names() -> set[str]:
    """The names of all sections and of everything in them."""
    return {
        field.alias or name
        for section in Section.__subclasses__()
        for name, field in section.model_fields.items()
    }
