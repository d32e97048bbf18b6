"""``isoswitch config``: check a configuration file as ``serve`` would, and print the schema for
editors.

Owns nothing but words; the checks are those of a start.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from switch.config import Config, demo_config, load_config
from switch.server.assemble import Assembler, Overrides


@click.group()
def config() -> None:
    """Check a configuration file, print its schema."""


@config.command(
    epilog="Example: isoswitch config check shop.toml", short_help="Check a file as serve would."
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(file: Path, as_json: bool) -> None:
    """Check FILE whole, with its dialects and certificates; a mistake is told with its line."""
    plan = Assembler(Overrides(), descriptors=1_000_000).plan(load_config(file))
    counts = {
        "listeners": len(plan.ports),
        "merchants": len(plan.world.merchants),
        "terminals": len(plan.world.terminals),
        "cards": len(plan.world.cards),
        "keys": len(plan.world.keys),
    }
    if as_json:
        click.echo(json.dumps({"ok": True, **counts}))
    else:
        counted = (
            f"{n} {name.removesuffix('s') if n == 1 else name}" for name, n in counts.items()
        )
        click.echo(f"{file}: good: " + ", ".join(counted))


@config.command(
    epilog="Example: isoswitch config schema > isoswitch.schema.json",
    short_help="Print the JSON Schema of the file.",
)
def schema() -> None:
    """Print the JSON Schema of the configuration file, for completion in editors."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(),
        "title": "isoswitch configuration",
    }
    click.echo(json.dumps(described, indent=2))


@config.command(
    epilog="Example: isoswitch config risk shop.toml", short_help="List the risk rules of a file."
)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def risk(file: Path | None, as_json: bool) -> None:
    """List the risk rules of FILE, or of the demo world, in the order of the file."""
    rules = [rule.told() for rule in (demo_config() if file is None else load_config(file)).risk]
    if as_json:
        click.echo(json.dumps({"ok": True, "rules": rules}))
        return
    for rule in rules:
        does = f"{rule['mode']} {rule['reason']}".strip() or "let pass"
        numbers = " ".join(f"{name}={_words(value)}" for name, value in rule["numbers"].items())
        on = "on" if rule["on"] else "off"
        click.echo(f"{on:3} {rule['name']:24} {rule['check']:22} {does:27} {numbers}".rstrip())


def _words(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


@config.command(
    epilog="Example: isoswitch config demo > shop.toml", short_help="Print the demo world's file."
)
def demo() -> None:
    """Print the configuration of the demo world, to begin one's own from."""
    click.echo(demo_config().text, nl=False)
