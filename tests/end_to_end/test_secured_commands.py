"""``isoswitch terminal`` with keys, as a person types it: injected from a running switch,
exchanged, used, counted over processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.secured_tills import KEYS
from tests.till import Till

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

CARD = ("--card", "mastercard", "--amount", "12.34")
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def _town(
    host_class: type[HostProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostProcess]:
    """The demo world for this module alone: its chip cards count on, its terminals' keys change."""
    host = host_class(tmp_path_factory.mktemp("town") / "data")
    host.shared = True
    yield host.start()
    host.kill()


class SecuredTill(Till):
    """A terminal that knows where its switch's control socket is."""

    def __init__(self, town: HostProcess, folder: Path, name: str = "") -> None:
        self.town = town
        super().__init__(
            "--to",
            f"127.0.0.1:{town.ports['iso87-ascii']}",
            "--terminal-id",
            name or f"CMD{next(_NUMBERS):05d}",
            "--state",
            str(folder / "till"),
        )

    def told(self, command: str, *more: str) -> Any:
        """A command that lists keys; what it says as JSON."""
        done = self.run(command, "--json", *more)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def inject(self, *more: str) -> Any:
        """From the running switch."""
        return self.told("inject", "--data", str(self.town.data), *more)[0]


def test_injected_and_used_over_processes(town: HostProcess, tmp_path: Path) -> None:
    """INV-71: each command is a process of its own, and no counter comes twice; the second kind of
    DUKPT is taken up when it is injected, and the first is still there for who asks for it.
    """
    till = SecuredTill(town, tmp_path)
    first = till.inject()
    assert (first["name"], first["counter"]) == ("dukpt-tdes", 0)
    bought = till.ask("purchase", *CARD, "--pin", "1234")
    assert (bought["checked"]["mac"], bought["pin"]) == ("verified", True)
    assert till.inject("--aes")["name"] == "dukpt-aes"
    till.ask("purchase", *CARD, "--pin", "1234")
    till.ask("purchase", *CARD, "--pin", "1234", "--secure", "dukpt-tdes")
    counters = {key["name"]: key["counter"] for key in till.told("keys", "--show")}
    assert counters == {"dukpt-tdes": 2, "dukpt-aes": 1}


def test_working_keys_come_by_message(town: HostProcess, tmp_path: Path) -> None:
    """A master key for a terminal that had none, then an exchange, then traffic under its keys."""
    till = SecuredTill(town, tmp_path)
    assert till.run("keys").exit_code == 2
    assert till.inject("--tmk")["name"] == "tmk"
    done = till.ask("keys")
    assert [key["name"] for key in done["keys"]] == ["tpk", "tak"]
    first = "DUKPT keys are here too and go first"
    assert first not in till.run("keys").stdout
    bought = till.ask("purchase", *CARD, "--pin", "1234")
    assert bought["checked"]["mac"] == "verified"
    assert till.ask("purchase", *CARD, "--pin", "1234", "--bad-mac", code=1)["reason"] == (
        "mac.invalid"
    )
    till.inject()
    assert first in till.run("keys").stdout
    assert first not in till.run("keys", "--secure", "session").stdout


def test_a_key_sheet_of_somebody_else(town: HostProcess, tmp_path: Path) -> None:
    """The same key as the switch gives for that device, typed in; its check value is the same."""
    given = SecuredTill(town, tmp_path / "one").inject("--tmk", "--aes")
    assert given["algorithm"] == "AES"
    till = SecuredTill(town, tmp_path / "two", "DEMO0001")
    from_switch = till.inject("--tmk")
    value = KEYS["terminal.DEMO0001.tmk"].value.reveal()
    typed = till.told("inject", "--tmk", "--sheet", value)[0]
    assert typed["check_value"] == from_switch["check_value"]
    assert value not in (tmp_path / "two" / "till" / "keys").read_text()


@pytest.mark.parametrize("how", ["--pin", "file", "environment"])
def test_the_pin_comes_in_any_way(
    town: HostProcess, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As argument, from a file, from the environment; verified alike, and on no receipt."""
    till = SecuredTill(town, tmp_path)
    till.inject()
    options = ["--pin", "1234"]
    if how == "file":
        (tmp_path / "pin").write_text("1234\n")
        options = ["--pin-file", str(tmp_path / "pin")]
    elif how == "environment":
        monkeypatch.setenv("ISOSWITCH_PIN", "1234")
        options = []
    said = till.run("purchase", *CARD, *options).stdout
    assert "PIN VERIFIED" in said
    assert "Signature" not in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pin", "123"], "4 to 12 digits"),
        (["--pin", "12a4"], "4 to 12 digits"),
        (["--cvv2", "12"], "3 or 4 digits"),
        (["--cvv2", "card"], "give the code itself"),
        (["--pin", "1234", "--secure", "none"], "switched off"),
        (["--pin", "1234", "--secure", "session"], "no tpk: get one by"),
        (["--pin", "1234", "--pin-format", "4"], "has format 0 or 1"),
        (["--mac-scheme", "crc32"], "no MAC scheme"),
    ],
)
def test_what_cannot_be_secured_is_refused_before_anything_leaves(
    town: HostProcess, tmp_path: Path, options: list[str], said: str
) -> None:
    """Wrong usage (2), with what to do; the journal knows of nothing."""
    till = SecuredTill(town, tmp_path)
    till.inject()
    card = "4242424242424242" if "--cvv2" in options else "visa"
    done = till.run("purchase", "--card", card, "--amount", "1", *options)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.split())
    assert till.run("journal").stdout == ""


def test_a_chip_receipt_shows_what_the_schemes_want(town: HostProcess, tmp_path: Path) -> None:
    """Application, AID and cryptogram; the card's own counter survives in the terminal's folder."""
    till = SecuredTill(town, tmp_path)
    till.inject()
    cards = ("purchase", "--card", "chip-mastercard", "--amount", "5", "--entry", "chip")
    receipt = till.run(*cards, "--pin", "1234").stdout
    lines = [line.split() for line in receipt.splitlines()]
    assert ["Application", "MASTERCARD"] in lines
    assert ["AID", "A0000000041010"] in lines
    assert ["Issuer", "verified"] in lines
    assert "ARQC" in receipt
    again = till.ask(*cards)
    assert again["chip"]["atc"] == "0002"
    assert (again["checked"]["cryptogram"], again["pin"]) == ("verified", False)


def test_a_script_of_terminals_plays_it_too(town: HostProcess, tmp_path: Path) -> None:
    """``terminal run``: injection, exchange, PINs, codes and faults, each as it must end."""
    script = tmp_path / "day.toml"
    script.write_text("""\
[[terminal]]
id = "SCRIPT01"
dialect = "iso87-binary"
cards = ["unionpay"]
steps = [
  { do = "inject", key = "dukpt-aes" },
  { do = "purchase", amount = "1.00", pin = "1234", expect = "approved" },
  { do = "purchase", amount = "1.00", pin = "1234", wrong = ["ksn"], expect = "declined" },
  { do = "purchase", amount = "1.00", wrong = ["mac"], reason = "mac.invalid" },
  { do = "purchase", amount = "1.00", wrong = ["padding-2"], reason = "mac.invalid" },
  { do = "inject", key = "dukpt" },
  { do = "purchase", amount = "2.00", pin = "1234", pin_format = 3, expect = "approved" },
  { do = "purchase", card = "4242424242424242", amount = "2.00", pin = "1111", code = "55" },
  { do = "inject", key = "tmk" },
  { do = "keys", expect = "approved" },
  { do = "settle", expect = "balanced" },
]

[[terminal]]
id = "SCRIPT02"
dialect = "hypercom"
secure = "session"
cards = ["visa"]
steps = [
  { do = "inject", key = "tmk" },
  { do = "keys", expect = "approved" },
  { do = "purchase", amount = "3.00", pin = "1234", cvv2 = "card", expect = "approved" },
  { do = "keys", expect = "approved" },
  { do = "void", expect = "approved" },
  { do = "settle", expect = "balanced" },
]
""")
    to = [f"--to={name}=127.0.0.1:{town.ports[name]}" for name in ("iso87-binary", "hypercom")]
    done = Till(*to, "--fresh", "--data", str(town.data)).run("run", str(script))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ('{ do = "purchase", amount = "1", pin = "12" }', "pin: a PIN has 4 to 12 digits"),
        ('{ do = "purchase", amount = "1", pin_format = 2 }', "pin_format: write 0, 1, 3 or 4"),
        ('{ do = "purchase", amount = "1", wrong = ["crc"] }', "wrong: write some of mac"),
        ('{ do = "purchase", amount = "1", cvv2 = "1" }', "cvv2: write 3 or 4 digits"),
        ('{ do = "inject" }', "inject needs key"),
        ('{ do = "inject", key = "des" }', "key: write one of dukpt"),
        ('{ do = "void", pin = "1234" }', "pin: means nothing to 'void'"),
    ],
)
def test_a_script_is_refused_with_its_line(tmp_path: Path, step: str, said: str) -> None:
    """And no PIN or code is repeated."""
    script = tmp_path / "day.toml"
    script.write_text(f"[[terminal]]\nsteps = [\n  {step},\n]\n")
    done = Till("--fresh").run("run", str(script))
    assert done.exit_code == 2
    assert f"day.toml:3: {said}" in done.output
