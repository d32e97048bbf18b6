"""``isoswitch explain`` of what a terminal has just done, while the switch runs and when it is
stopped."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Dialled, HostProcess


def _explain(host: HostProcess, *options: str) -> subprocess.CompletedProcess[str]:
    command = host.command("explain", "--data", str(host.data), *options)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_decline_is_explained_by_stan_by_rrn_and_as_the_last(
    town: HostProcess, dial: Callable[..., Dialled]
) -> None:
    """The same story whatever it is asked by; the remedy says what would have been approved."""
    peer = dial(town)
    answer = peer.buy(71, de2="4000000000009995", de4="000000001234")
    assert answer["39"] == "51"
    told = [
        json.loads(_explain(town, *options, "--json").stdout)
        for options in (
            ("--terminal", peer.terminal, "--stan", "71"),
            ("--rrn", answer["37"]),
            ("--terminal", peer.terminal),
        )
    ]
    story = told[0]
    assert told[1:] == [story, story]
    assert story["decided_by"] == "check funds"
    assert story["outcome"]["response_code"] == "51"
    assert "10.00 USD" in story["would_have_changed_it"][0]
    page = _explain(town, "--rrn", answer["37"])
    assert page.returncode == 0
    assert "DECLINED (51)" in page.stdout
    assert "4000000000009995" not in page.stdout + page.stderr


def test_what_is_not_there_is_told_in_a_sentence(town: HostProcess) -> None:
    """Nothing fits: exit code 1."""
    none = _explain(town, "--rrn", "000000000000")
    assert none.returncode == 1
    assert none.stderr.startswith("isoswitch: no transaction with rrn 000000000000")


def test_a_stopped_switch_is_explained_as_well(
    make_host: Callable[..., HostProcess], dial: Callable[..., Dialled]
) -> None:
    """The store is read; nobody need be running."""
    host = make_host().start()
    peer = dial(host)
    assert peer.buy(72)["39"] == "00"
    assert host.stop() == 0
    story = json.loads(_explain(host, "--last", "--json").stdout)
    assert story[0]["what"]["stan"] == "000072"
    assert story[0]["postings"]
    assert json.loads(_explain(host, "--json").stdout) == story[0]
