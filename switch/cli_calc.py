"""``isoswitch calc``: the calculators of the trade, offline, and ``calc check`` for vector files.

Owns how inputs reach a calculator (flag, file, standard input) and how the result is printed; each
topic's calculators are described in ``switch.calc`` and imported when they are asked for. Refuses
to calculate.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from switch.calc.calculator import Calculator, Given, Input, Outcome
from switch.calc.inputs import InputRefused
from switch.errors import IsoswitchError
from switch.keys.steps import Steps

# Topic: modules and one line of help.
TOPICS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "dukpt": (("dukpt", "dukpt_use"), "Keys of a key serial number, TDES and AES; use of them."),
    "pinblock": (("pinblock",), "PIN blocks, formats 0 to 4: made, taken apart, translated."),
    "pin": (("pin",), "PIN verification: Visa PVV, IBM 3624."),
    "mac": (("mac",), "MACs of every scheme; padding."),
    "cvv": (("cvv",), "CVV, CVV2, iCVV, dCVV, CVC3."),
    "kcv": (("kcv",), "Check values, parity, components, weak keys."),
    "keyblock": (("keyblock",), "Key blocks (X9.143, TR-31): read, unwrap, wrap."),
    "emv": (("emv",), "Chip cards: keys, cryptograms, answers, scripts."),
    "sm": (("sm",), "SM4 and SM3 of the UnionPay line."),
    "cipher": (("cipher",), "TDES, AES and SM4 as such."),
}
SECRETS: Final = """Inputs can be given as a value, as @FILE, or as - (one line of standard input
for each -, in the order of the options below; --stdin NAME says the same). What stands on a command
line can be read by others in the list of processes: give keys and PINs as @FILE or -."""


class Topics(click.Group):
    """Topics by name, imported when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The topics, then what was added here."""
        return [*TOPICS, *sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the topic."""
        if cmd_name not in TOPICS:
            return super().get_command(ctx, cmd_name)
        modules, about = TOPICS[cmd_name]
        group = _Topic(cmd_name, help=about)
        for module in modules:
            for calculator in import_module(f"switch.calc.{module}").CALCULATORS:
                group.add_command(_command(cmd_name, calculator))
        return group

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and one-line helps, without importing anything."""
        rows = [(name, about) for name, (_, about) in TOPICS.items()]
        rows += [(name, each.get_short_help_str(80)) for name, each in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Topic(click.Group):
    """The calculators of one topic. A word that names none is not repeated: it may be a key."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The calculator and what is left of the command line."""
        if args and args[0] not in self.commands:
            known = ", ".join(self.commands)
            raise click.UsageError(f"A calculator comes first, one of {known}; then inputs.", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Topics, epilog="Example: isoswitch calc kcv value --help")
def calc() -> None:
    """Calculators of payment cryptography, offline: each prints its steps nibble by nibble.

    They are the functions that the switch itself uses. For test keys: nothing here is kept, and
    nothing here is a secure cryptographic device.
    """


@calc.command(epilog="Example: isoswitch calc check vectors/mac.json")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Run vector files: a line for each case that failed, then how many passed and failed.

    A file's topic is its name (mac.json, tr31.json ...). Unknown topics, operations, cases and
    fields count as failed; a negative case passes only if it is refused. Exit code 1 if any failed.
    """
    from switch.calc.vectors import check_files

    report = check_files(files)
    if as_json:
        failures = [failure._asdict() for failure in report.failures]
        document = {"passed": report.passed, "failed": len(failures), "failures": failures}
        click.echo(json.dumps({"ok": not failures, **document}))
    else:
        for failure in report.failures:
            click.echo(str(failure))
        click.echo(str(report))
    ctx.exit(1 if report.failures else 0)


def _command(topic: str, calculator: Calculator) -> click.Command:
    """One calculator as a command."""
    options: list[click.Parameter] = [_option(each) for each in calculator.inputs]
    if calculator.inputs:
        options.append(
            click.Option(
                ["--stdin"], metavar="NAME", multiple=True,
                help="An input that is read from standard input.",
            )
        )  # fmt: skip
    options += [
        click.Option(["--no-steps"], is_flag=True, help="Print the result alone."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
    ]
    example = f"\b\nExample:\n  isoswitch calc {topic} {calculator.name} {calculator.example}"

    def run(stdin: tuple[str, ...] = (), **texts: str) -> None:
        _run(calculator, stdin, texts)

    return click.Command(
        calculator.name,
        params=options,
        callback=run,
        help=f"{calculator.about}\n\n{SECRETS}" if calculator.inputs else calculator.about,
        short_help=calculator.about,
        epilog=example,
        # What stands there without a name is refused by us: click would repeat it.
        context_settings={"allow_extra_args": True},
    )


def _option(wanted: Input) -> click.Option:
    """Read as text, whatever it is: refusals are the calculator's, and never repeat it."""
    notes = [wanted.about]
    if wanted.choices:
        notes.append(f"One of {', '.join(wanted.choices)}.")
    if wanted.default:
        notes.append(f"[{wanted.default}]")
    if wanted.required:
        notes.append("Required.")
    if wanted.secret:
        notes.append("Secret: better @FILE or -.")
    return click.Option([f"--{wanted.name}"], metavar="TEXT", help=" ".join(notes))


def _run(calculator: Calculator, stdin: tuple[str, ...], flags: dict[str, Any]) -> None:
    from switch.calc.printing import as_object, as_text

    if click.get_current_context().args:
        raise click.UsageError("Inputs are given by name, such as --key.")
    as_json, bare = flags.pop("as_json"), flags.pop("no_steps")
    given = Given(_texts(calculator, stdin, flags))
    steps = Steps()
    try:
        outcome = calculator.run(given, steps)
    except IsoswitchError:
        # How far it came is what shows where it went wrong.
        if steps.lines and not (as_json or bare):
            click.echo(as_text(Outcome({}), steps))
        raise
    if as_json:
        click.echo(json.dumps(as_object(outcome, steps)))
    else:
        click.echo(as_text(outcome, None if bare else steps))
    click.get_current_context().exit(0 if outcome.good else 1)


def _texts(
    calculator: Calculator, stdin: tuple[str, ...], flags: dict[str, str | None]
) -> dict[str, str]:
    """All inputs as text: from flags, files and standard input, or their defaults."""
    names = [each.name for each in calculator.inputs]
    asked = {name.strip().lstrip("-") for part in stdin for name in part.split(",")}
    unknown = sorted(asked - set(names))
    if unknown:
        raise InputRefused("--stdin", f"no such input; there are {', '.join(names)}")
    texts = {}
    for each in calculator.inputs:
        value = flags[each.name.replace("-", "_")]
        if each.name in asked:
            if value is not None:
                raise InputRefused(f"--{each.name}", "is given twice, as a flag and by --stdin")
            value = "-"
        text = _fetched(each, value)
        if each.choices and text:
            text = Given({each.name: text}).choice(each.name, each.choices)
        texts[each.name] = text
    return texts


def _fetched(wanted: Input, value: str | None) -> str:
    flag = f"--{wanted.name}"
    if value is None:
        if wanted.required:
            raise click.UsageError(f"{flag} is missing: give it as a value, as @FILE or as -")
        return wanted.default
    if value == "-":
        line = sys.stdin.readline()
        if not line:
            raise InputRefused(flag, "standard input has no line left for it")
        return line.rstrip("\r\n")
    if value.startswith("@"):
        try:
            return Path(value[1:]).read_text(encoding="utf-8").strip()
        except OSError as failure:
            raise InputRefused(flag, f"its file cannot be read: {failure.strerror}") from None
        except ValueError:
            raise InputRefused(flag, "its file is no text") from None
    return value
