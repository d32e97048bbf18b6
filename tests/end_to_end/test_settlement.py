"""A batch from the counter to the report: real commands, a real switch, every shipped dialect; and
what a killed switch has left of a close.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.core import totals
from switch.data_folder import STORE_NAME
from switch.model.records import (
    Account,
    Batch,
    Day,
    Posting,
    Terminal,
    Transaction,
    UploadItem,
)
from switch.model.words import Kind
from switch.store.sqlite_reader import SqliteReader
from switch.wire.dialect import load_dialect, shipped_dialects

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Dialled, HostProcess

WRITING = [name for name in shipped_dialects() if not load_dialect(name).reading_only]
SETTLED = "merchant:DEMOMERCHANT001:840", "payable:DEMOMERCHANT001:840"


def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> Any:
    """What a command says for programs."""
    result = CliRunner(catch_exceptions=False).invoke(main, [*arguments, "--json"])
    assert result.exit_code in codes, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("dialect", WRITING)
def test_a_day_is_closed_in_balance_and_out_of_it(
    town: HostProcess, tmp_path: Path, dialect: str
) -> None:
    """M-34, M-35, must-show 5: one missing, one extra, one differing item are named by class; where
    there is no upload, the difference as a whole (INV-53).
    """
    terminal = f"S{WRITING.index(dialect):07d}"
    to = f"127.0.0.1:{town.ports[dialect]}"
    state = tmp_path / "till"
    options = ("--to", to, "--dialect", dialect, "--state", str(state), "--terminal-id", terminal)

    def till(command: str, *more: str, codes: tuple[int, ...] = (0,)) -> Any:
        return run("terminal", command, *options, *more, codes=codes)

    def buy() -> list[str]:
        amounts = ("10.00", "20.00", "30.00")
        return [till("purchase", "--card", "visa", "--amount", one)["stan"] for one in amounts]

    buy()
    assert till("settle")["balanced"]
    lost, differing, _ = buy()
    wrong = ("--forget", lost, "--claim-amount", f"{differing}=25.00", "--claim-extra", "7.50")
    settled = till("settle", *wrong, codes=(1,))
    assert (settled["closed"], settled["balanced"]) == (True, False)

    def batches(*more: str) -> Any:
        return run("batches", *more, "--data", str(town.data))

    first, second = batches("--terminal", terminal)
    assert (first["state"], first["differences"]) == ("closed", 0)
    assert [one["amount"] for one in second["net"]] == ["60.00 USD"]
    told = batches("show", f"{terminal}/2")
    left = [
        (one["class"], one["claimed"]["minor"], one["counted"]["minor"], one["rule"])
        for one in told["differences"]
    ]
    if load_dialect(dialect).policy.upload:
        assert left == [
            ("missing_at_host", 750, 0, "suspense"),
            ("missing_at_terminal", 0, 1_000, "suspense"),
            ("amount_differs", 2_500, 2_000, "suspense"),
        ]
        assert [one["stan"] for one in told["differences"]] == ["", lost, differing]
        assert len(told["uploaded"]) == 3
    else:
        assert left == [("totals_differ", 6_250, 6_000, "suspense")]
        assert told["uploaded"] == []
    assert till("settle")["balanced"], "the next batch is empty, and closes"


def _reconciliation(peer: Dialled, stan: int, amount: int | None) -> bytes:
    """A close that states two sales of that amount in all, or nothing."""
    stated = {} if amount is None else {"de76": "2".zfill(10), "de88": f"{amount:016d}"}
    unwanted = dict.fromkeys(("de2", "de3", "de4", "de14", "de22", "de25"), "")
    return peer.purchase(stan, det="0500", **stated, **unwanted)


def _answered(peer: Dialled, data: bytes) -> dict[str, str]:
    peer.send(data)
    answer = peer.receive()
    assert answer is not None
    return answer


def test_requests_in_flight_end_in_exactly_one_batch(
    town: HostProcess, dial: Callable[..., Dialled]
) -> None:
    """M-36: sales and closes that arrive together; each sale is in one batch, and the totals of
    each batch are those of its items. A close that states nothing closes on the host's count.
    """
    peer = dial(town)
    frames = [
        _reconciliation(peer, stan, None) if stan % 4 == 0 else peer.purchase(stan)
        for stan in range(1, 41)
    ]
    peer.send(b"".join(frames))
    answers = [peer.receive() for _ in frames]
    assert [answer["39"] for answer in answers if answer is not None] == ["00"] * len(frames)
    with SqliteReader(town.data / STORE_NAME) as reader:
        sales = [
            one
            for one in reader.find_all(Transaction, terminal_id=peer.terminal)
            if one.kind is Kind.PURCHASE
        ]
        closed = list(reader.find_all(Batch, terminal_id=peer.terminal))
        assert len(sales) == 30
        assert len(closed) == 10
        for batch in closed:
            items = [one for one in sales if one.batch == batch.id]
            counted = totals.read(batch.counted)
            amount = sum(one.amount.minor for one in items if one.amount is not None)
            assert (counted["debits_number"], counted["debits_amount"]) == (len(items), amount)
        assert {one.batch for one in sales} <= {batch.id for batch in closed}


@pytest.mark.parametrize("pause_s", [0.0, 0.005])
def test_a_switch_killed_during_a_close_has_closed_or_has_not(
    make_host: Callable[..., HostProcess], dial: Callable[..., Dialled], pause_s: float
) -> None:
    """S-02: batch close, upload and cutover happened wholly or not at all, and the same message
    again is safe. INV-51: the repeated close gets the same answer.
    """
    host = make_host().start()

    def killed_during(*frames: bytes) -> Dialled:
        peer = dial(host)
        for frame in frames:
            peer.send(frame)
        time.sleep(pause_s)
        host.kill()
        _whole(host)
        host.start()
        return dial(host)

    peer = dial(host)
    sales = [peer.buy(stan) for stan in (1, 2)]
    assert [one["39"] for one in sales] == ["00", "00"]
    wrong, right = (_reconciliation(peer, stan, amount) for stan, amount in ((3, 1), (9, 2_000)))
    item = peer.purchase(4, det="0320", de37=sales[0]["37"], de2="", de14="", de22="")

    peer = killed_during(wrong)
    assert _answered(peer, wrong)["39"] == "95"
    peer = killed_during(item)
    assert _answered(peer, item)["39"] == "00"
    peer = killed_during(right)
    closed = _answered(peer, right)
    assert closed["39"] == "00"
    assert _answered(peer, right) == closed
    with SqliteReader(host.data / STORE_NAME) as reader:
        assert [one.version for one in reader.find_all(UploadItem)] == [1]
        (batch,) = reader.find_all(Batch)
        assert batch.state == "closed"
        terminal = reader.find(Terminal, peer.terminal)
        assert terminal is not None
        assert terminal.batch_number == 2
        settled = [one for one in reader.find_all(Posting) if one.kind == "settlement"]
        assert len(settled) == 1

    command = host.command("cutover", "--data", str(host.data))
    asking = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(pause_s * 20)
    host.kill()
    asking.wait(30)
    host.start()
    run("cutover", "--data", str(host.data))
    with SqliteReader(host.data / STORE_NAME) as reader:
        (day,) = reader.find_all(Day)
        assert day.version == 1
        assert day.date > batch.settlement_date
    assert dial(host).buy(20)["15"] == day.date[-4:]


def _whole(host: HostProcess) -> None:
    """Nothing of a close is there without the rest of it."""
    with SqliteReader(host.data / STORE_NAME) as reader:
        accounts = {one.id: one.balance_minor for one in reader.find_all(Account)}
        assert sum(accounts.values()) == 0
        closed = any(one.state == "closed" for one in reader.find_all(Batch))
        open_minor, settled_minor = (accounts.get(name, 0) for name in SETTLED)
        assert (open_minor, settled_minor) == ((0, 2_000) if closed else (2_000, 0))
        assert reader.verify() == []
