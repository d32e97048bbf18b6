"""The virtual terminal as a person uses it: real commands, a real switch, every shipped dialect."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switch.wire.dialect import load_dialect, shipped_dialects
from tests.till import Till

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

WRITING = [name for name in shipped_dialects() if not load_dialect(name).reading_only]


@pytest.fixture
def till(host: HostProcess, tmp_path: Path) -> Till:
    """A terminal of the first dialect in front of a switch."""
    return _till(host, "iso87-ascii", tmp_path)


def _till(host: HostProcess, dialect: str, folder: Path) -> Till:
    to = f"127.0.0.1:{host.ports[dialect]}"
    return Till("--to", to, "--dialect", dialect, "--state", str(folder / f"till-{dialect}"))


def test_every_command_works_in_every_dialect(host: HostProcess, tmp_path: Path) -> None:
    """Sign-on, echo, purchase, repeat, decline, reversal and its repeat, sign-off (M-22..M-26,
    M-37)."""
    assert len(WRITING) >= 7
    for dialect in WRITING:
        till = _till(host, dialect, tmp_path)
        assert till.ask("signon", code=0)["kind"] == "sign_on"
        assert till.ask("echo", code=0)["result"] == "approved"

        bought = till.ask("purchase", "--card", "visa", "--amount", "12.34", code=0)
        assert bought["approval_code"], dialect
        assert bought["rrn"]
        assert bought["pan"] == "476173******0010"
        assert bought["ignored"] == []
        repeated = till.ask("purchase", "--repeat", code=0)
        told = ("stan", "code", "approval_code", "rrn")
        assert [repeated[name] for name in told] == [bought[name] for name in told]

        poor = till.ask("purchase", "--card", "poor", "--amount", "25.00", code=1)
        assert poor["reason"] == "funds.insufficient", dialect
        reversed_ = till.ask("reverse", code=0)
        assert reversed_["original_stan"] == bought["stan"]
        assert till.ask("reverse", "--repeat", code=0)["code"] == reversed_["code"]
        assert till.ask("signoff", code=0)["result"] == "approved"

    decided = host.await_log("transaction", len(WRITING) * 8)
    assert {line["dialect"] for line in decided} == set(WRITING)


def test_cards_of_the_demo_world_are_declined_for_what_they_are(till: Till) -> None:
    """Each of them is there to be declined for one reason, and exit code 1 says that it was."""
    for card in ("expired", "blocked", "lost"):
        said = till.ask("purchase", "--card", card, "--amount", "1", code=1)
        assert said["reason"] == f"card.{card}"
        assert said["approval_code"] == ""


def test_a_receipt_is_printed_with_the_number_masked(till: Till) -> None:
    """Both copies, amounts with the currency's decimals, no clear number and no expiry anywhere."""
    done = till.run_alone("purchase", "--card", "visa", "--amount", "12.3", "--copy", "both")
    assert done.returncode == 0
    assert done.stderr == ""
    for word in ("MERCHANT COPY", "CUSTOMER COPY", "12.30 USD", "APPROVED", "476173******0010"):
        assert word in done.stdout
    assert "4761739001010010" not in done.stdout


def test_no_answer_is_reversed_at_once(till: Till, host: HostProcess) -> None:
    """A time-out of nothing: the purchase left, nobody waited, the reversal is answered; exit code
    3."""
    said = till.ask("purchase", "--card", "visa", "--amount", "9", "--timeout", "0", code=3)
    assert said["result"] == "no_answer"
    assert said["reversal"]["result"] == "approved"
    assert said["reversal"]["original_stan"] == said["stan"]


def test_an_answer_that_was_never_read_is_reversed_before_anything_new(
    till: Till, host: HostProcess
) -> None:
    """The terminal hangs up right after sending (a power cut); the next purchase sends the reversal
    first."""
    assert till.ask("purchase", "--card", "visa", "--amount", "5", "--fault", "no-read", code=0)
    assert "reversal owed" in till.run("journal").stdout
    assert till.ask("purchase", "--card", "visa", "--amount", "6", code=0)["stan"] == "000003"
    journal = json.loads(till.run("journal", "--json").stdout)
    assert [entry["standing"] for entry in journal] == ["reversed", "approved", "approved"]
    kinds = [line["kind"] for line in host.await_log("transaction", 3)]
    assert kinds == ["purchase", "reversal", "purchase"]


def test_control_c_is_a_power_cut(till: Till, tmp_path: Path) -> None:
    """While the host says nothing: exit code 130, a sentence, and the next purchase reverses
    first."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = f"127.0.0.1:{silent.getsockname()[1]}"
        options = [*till.options, "--to", to]
        command = ["purchase", "--card", "visa", "--amount", "5"]
        # In a shell's background SIGINT is ignored, and by whatever is started from there.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with subprocess.Popen(
            [sys.executable, "-m", "switch", "terminal", command[0], *options, *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as person:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                person.send_signal(signal.SIGINT)
                said = person.communicate(timeout=30)
    assert person.returncode == 130
    assert said[0] == ""
    assert said[1].strip() == "interrupted: what may have been approved is reversed next time"
    assert till.ask("purchase", "--card", "visa", "--amount", "6", code=0)["stan"] == "000003"


def test_a_trace_explains_both_messages_without_showing_the_card(till: Till) -> None:
    """On standard error, so that the receipt can still be piped."""
    done = till.run("purchase", "--card", "visa", "--amount", "5", "--trace")
    assert done.exit_code == 0
    assert done.stderr.count("message type") == 2
    assert "476173******0010" in done.stderr
    assert "4761739001010010" not in done.stderr


def test_a_host_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """Exit code 4, what to do, no traceback, and no STAN used up."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        till = Till("--to", f"127.0.0.1:{port}", "--state", str(tmp_path))
        done = till.run("purchase", "--card", "visa", "--amount", "5")
    assert done.exit_code == 4
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Start one with: isoswitch serve" in done.stderr
    assert till.run("journal").stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("purchase",),
        ("purchase", "--card", "visum", "--amount", "5"),
        ("purchase", "--card", "visa", "--amount", "5.001"),
        ("purchase", "--card", "visa", "--amount", "5", "--currency", "XYZ"),
        ("purchase", "--card", "visa", "--amount", "5", "--dialect", "iso2003-binary"),
        ("signon", "--dialect", "no-such-dialect"),
        ("signon", "--to", "8583"),
        ("signon", "--framing", "morse"),
        ("signon", "--key", __file__),
        ("signon", "--terminal-id", "LONGER THAN EIGHT"),
        ("reverse",),
        ("reverse", "--stan", "1"),
        ("purchase", "--repeat"),
    ],
)
def test_wrong_usage_is_told_apart(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 2, which is neither declined nor unreachable, and never a traceback."""
    done = Till("--state", str(tmp_path)).run(*arguments)
    assert done.exit_code == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr != ""


def test_two_terminals_need_two_states(till: Till, tmp_path: Path) -> None:
    """The second is refused while the first lives, with exit code 5."""
    folder = tmp_path / "till-iso87-ascii"
    script = (
        "import sys, time; from pathlib import Path; from switch_tools.terminal_journal import *; "
        f"j = Journal(Path({str(folder)!r})); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        done = till.run("echo")
        other.communicate(b"")
    assert done.exit_code == 5
    assert "its own --state" in done.stderr
    assert till.run("echo").exit_code == 0


def test_tls_is_spoken_and_its_refusals_are_sentences(
    make_host: Callable[..., HostProcess], tmp_path: Path
) -> None:
    """``serve --tls`` and ``--ca``; a plain terminal and one that trusts nobody are told what is
    wrong (W-14)."""
    host = make_host("--port-base", "0", "--tls").start()
    told = re.search("demo authority for terminals: (.*)", host.errors())
    assert told is not None
    to = ("--to", f"127.0.0.1:{host.ports['iso87-ascii']}", "--state", str(tmp_path / "till"))
    assert Till(*to, "--ca", told[1]).ask("signon", code=0)["result"] == "approved"
    distrustful = Till(*to, "--tls").run("signon")
    assert distrustful.exit_code == 4
    assert "does --ca name the authority" in distrustful.stderr
    plain = Till(*to, "--timeout", "2").run("signon")
    assert plain.exit_code == 3
