"""The bench compares like with like and says how its figures are come by. No figure is asserted."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest
from click.testing import CliRunner

from switch.data_folder import STORE_NAME
from switch.errors import IsoswitchError
from switch.model.facts import Verdict
from switch.model.records import Batch, Key, Transaction
from switch.selfcheck.run import selfcheck
from switch.store.journal import records_in
from switch.store.sqlite_reader import SqliteReader
from switch.values import luhn_ok
from switch_tools import (
    bench,
    bench_codec,
    bench_costs,
    bench_keys,
    bench_secured,
    bench_secured_world,
    bench_stages,
    bench_store,
    bench_timing,
    bench_whole,
)
from switch_tools.bench_bare import Bare, MadeClock
from switch_tools.bench_history import Past, Tills
from switch_tools.bench_load import LoadError, Till
from switch_tools.bench_rounds import in_turn, ratio
from switch_tools.bench_samples import ASCII, PACKED, SAMPLES, Sample
from switch_tools.bench_vault import BenchVault
from switch_tools.bench_world import (
    MOST_TERMINALS,
    Buyer,
    buyers,
    card_numbers,
)
from switch_tools.bench_world import (
    bench_codec as codec_of_bench,
)

REFUSED: Final = Verdict("block_invalid", "less")
TINY: Final = bench.Effort(1, 1, 0.2, 64, 1, 1, 1, 70, 1, 1, 2)


def test_jobs_are_measured_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drift of the machine meets all jobs alike: A B A B, never A A B B."""
    calls: list[str] = []
    clock = itertools.count(step=100_000_000)
    monkeypatch.setattr("time.process_time_ns", lambda: next(clock))
    found = in_turn({"a": lambda _: calls.append("a"), "b": lambda _: calls.append("b")}, rounds=3)
    assert "".join(calls).endswith("ababab")
    assert [len(figures) for figures in found.values()] == [3, 3]


def test_ratio_is_the_median_of_ratios_round_by_round() -> None:
    """One round that was disturbed does not move it."""
    assert ratio([8.0, 80.0, 10.0], [4.0, 40.0, 1.0]) == 2.0


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_both_codecs_give_the_same_answer(sample: Sample) -> None:
    """What is compared is the same work: same bytes in, same bytes out."""
    assert set(bench_codec.Pair(sample).jobs()) == {"decode", "encode", "decode, answer, encode"}


def test_samples_have_the_size_that_the_bench_states() -> None:
    """A text message of 20 elements, a packed one of 22."""
    assert [len(sample.request) - 1 for sample in (ASCII, PACKED)] == [20, 22]


def test_different_answers_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codecs that disagree make no figure, but an error."""
    monkeypatch.setattr(bench_codec.Pair, "_theirs", lambda self, data: b"")
    with pytest.raises(IsoswitchError, match="do not give the same answer"):
        bench_codec.Pair(ASCII)


def test_terminals_have_cards_and_trace_numbers_of_their_own() -> None:
    """No two terminals share a card, a purchase never repeats a trace or reference number, and the
    patched frame is the message that the codec would have written.
    """
    codec = codec_of_bench()
    made = buyers(codec)
    pans = [pan for pan, _ in zip(card_numbers(), made, strict=False)]
    assert len(set(pans)) == len(made) == MOST_TERMINALS
    assert all(luhn_ok(pan) for pan in pans)
    first, second = bytes(made[5].next_frame()), bytes(made[5].next_frame())
    fields = [codec.decode(frame[2:]) for frame in (first, second)]
    assert [one["11"] for one in fields] == ["000001", "000002"]
    assert [one["37"] for one in fields] == ["620914000001", "620914000002"]
    assert (fields[0]["41"], fields[0]["2"]) == ("BENCH006", pans[5])
    assert codec.encode(fields[1]) == second[2:]


@pytest.mark.parametrize("code, stan", [("51", "000001"), ("00", "000009")])
def test_load_takes_nothing_but_the_approval_of_its_purchase(code: str, stan: str) -> None:
    """A decline, or an answer to another purchase, ends the measurement."""
    here, there = socket.socketpair()
    with here, there:
        till = Till(Buyer("BENCH001", bytearray(12), 0, 6), here, code_at=-10)
        till.buy()
        there.sendall(b"\x00\x10" + stan.encode() + code.encode() + b"BENCH001")
        with pytest.raises(LoadError, match="not an approval"):
            till.answered()


def test_load_waits_for_the_rest_of_an_answer() -> None:
    """An answer in two pieces is one answer."""
    here, there = socket.socketpair()
    with here, there:
        till = Till(Buyer("BENCH001", bytearray(12), 0, 6), here, code_at=-10)
        till.buy()
        there.sendall(b"\x00\x10000001")
        assert not till.answered()
        there.sendall(b"00BENCH001")
        assert till.answered()


def test_stages_cover_a_purchase_from_frame_to_log(tmp_path: Path) -> None:
    """The bare pipeline decides real purchases with approvals, and keeps them in a real store."""
    stages, journal = bench_stages.measure(tmp_path, purchases=64)
    assert [stage.stage for stage in stages][:2] == ["frame and decode", "map to meaning"]
    assert len(stages) == 10
    assert [figure.group for figure in journal] == [1, 16, 64]
    assert all(stage.us > 0 for stage in stages)


def test_whole_purchases_over_loopback(tmp_path: Path) -> None:
    """A real switch answers real terminals; the server's CPU time is read from outside."""
    figures = bench_whole.measure(tmp_path, rounds=1, seconds=0.2, terminals=(1, 4))
    assert [figure.terminals for figure in figures] == [1, 4]
    assert all(figure.purchases > 0 and figure.server_us > 0 for figure in figures)


def test_the_key_room_is_asked_what_the_live_path_asks(tmp_path: Path) -> None:
    """Every question of a measurement is answered as a good message's is, or nothing is measured;
    derivations, PINs, MACs, cryptograms and key blocks are among them.
    """
    figures = bench_keys.measure(tmp_path, rounds=1, slice_s=0.001)
    assert figures[0].operation == bench_keys.YARDSTICK
    assert figures[0].times == 1.0
    said = " ".join(figure.operation for figure in figures)
    for words in ("DUKPT", "plain", "kept", "verification", "translation", "check", "ARPC", "warm"):
        assert words in said
    assert all(figure.us > 0 for figure in figures)


def test_secured_purchases_over_loopback(tmp_path: Path) -> None:
    """PIN, MAC and chip go through a real switch, and each answer's MAC is checked."""
    figures = bench_secured.measure(tmp_path, rounds=1, each=1, warm_up=0, terminals=2)
    assert [figure.variant for figure in figures] == list(bench_secured_world.VARIANTS)
    assert all(figure.purchases == 2 and figure.server_us > 0 for figure in figures)
    assert figures[0].times == 1.0


def test_an_answer_with_a_wrong_mac_ends_the_measurement() -> None:
    """One bit of it is enough."""
    made = bench_secured_world.bought(codec_of_bench(), 1)
    (one,) = made[bench_secured_world.TDES]
    one.prepare(1)
    one.heard(bytes(one.next_frame()))  # under the request's key, not the response's
    with pytest.raises(IsoswitchError, match="not sealed"):
        one.check()


def test_refused_pin_blocks_are_timed(tmp_path: Path) -> None:
    """SR-PIN-04: all that can be wrong with a PIN block is refused in the same words; of the times
    nothing is asserted.
    """
    figures = bench_timing.measure(tmp_path, rounds=2)
    assert [(figure.blocks, figure.where) for figure in figures] == [
        ("format 0, TDES", "in the block"),
        ("format 0, TDES", "around it"),
        ("format 4, AES", "in the block"),
        ("format 4, AES", "around it"),
    ]
    assert all(figure.causes >= 4 for figure in figures)


def test_a_cause_with_words_of_its_own_is_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SR-PIN-04: a vault that says more of one cause makes no figure, but an error."""
    vault = BenchVault(tmp_path)
    verdicts = itertools.chain([Verdict("block_invalid", "more")], itertools.repeat(REFUSED))
    monkeypatch.setattr(vault, "vault", SimpleNamespace(check_pin=lambda *_, **__: next(verdicts)))
    with pytest.raises(IsoswitchError, match="not all refused in the same words"):
        bench_timing.causes(vault, aes=False)


def test_a_switch_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason of the switch reaches whoever started the bench."""
    monkeypatch.setattr(bench_whole, "configuration", lambda: "nonsense = 1\n")
    with (
        pytest.raises(IsoswitchError, match=r"did not start: .*nonsense"),
        bench_whole.running_switch(tmp_path),
    ):
        pass


def test_command_prints_method_beside_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The page says how each figure is come by; ``--json`` gives the same to a program; the folder
    of the stores is gone afterwards.
    """
    codec = bench_codec.CodecFigure("text", 20, 260, "decode", 50.0, 5.0, 10.0)
    stage = bench_stages.StageFigure
    report = bench.Report(
        machine="a machine",
        effort=TINY,
        codec=[codec],
        stages=[stage("plan and look up", 30.0), stage("decide", 50.0)],
        journal=[bench_stages.JournalFigure(64, 40.0, 9000.0)],
        whole=[bench_whole.WholeFigure(64, 1000, 4000.0, 200.0, 2.0, 3.0, 9.0)],
        costs=[bench_costs.CostFigure("without trail", 20.0, 30.0, 40.0, 0.9)],
        keys=[bench_keys.KeysFigure("ARQC check", 50.0, 20_000.0, 5.0)],
        secured=[bench_secured.SecuredFigure("with PIN", 100, 2000.0, 480.0, 1.6)],
        timing=[bench_timing.TimingFigure("format 0", "in the block", 9, 9000, "no PIN", 80, 100)],
        store=bench_store.StoreReport(
            1_000_000, 10_000, 4000.0, 300.0, (bench_store.StoreFigure("restart", 1, 20, 20, 22),)
        ),
    )
    monkeypatch.setattr(bench, "run", lambda folder, effort, parts: report)
    said = CliRunner().invoke(bench.bench, ["--data", str(tmp_path)]).output
    for words in ("beside pyiso8583", "Medians of", "synchronous=FULL", "read from outside"):
        assert words in said
    assert "ARQC check  50.0     20000    5.0" in said
    assert "with PIN      2000            480           1.60" in said
    assert "format 0  in the block  no PIN         9     9000     80    100          0.8" in said
    assert "without trail  20.0  30.0    40.0                 0.90" in said
    assert "A store with 1,000,000 transactions and 10,000 cards (4,000 MB)" in said
    assert "restart      1.00    20.00  20.00               22.00" in said
    assert "sockets, loop, threads, cold caches  120.0    60%" in said
    told = json.loads(CliRunner().invoke(bench.bench, ["--quick", "--json"]).output)
    assert told["whole"][0]["times_reference"] == 2.0
    assert list(tmp_path.iterdir()) == []


def test_all_parts_are_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One report holds the figures of every part, measured as long as was asked for."""
    asked = _measured(monkeypatch)
    report = bench.run(tmp_path, replace(TINY, rounds=4))
    assert asked == [
        (4,),
        (tmp_path / "stages", 64),
        (tmp_path / "whole", 1, 0.2),
        (tmp_path / "costs", 1),
        (tmp_path / "keys", 4),
        (tmp_path / "secured", 1, 1),
        (tmp_path / "timing", 2),
        (tmp_path / "store", 1, 1, 70),
    ]
    assert report.effort.rounds == 4


def test_a_part_by_its_name_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--only`` measures what it names; the page tells of nothing else."""
    asked = _measured(monkeypatch)
    ran = CliRunner().invoke(bench.bench, ["--quick", "--only", "codec", "--json"])
    assert len(asked) == 1
    told = json.loads(ran.output)
    assert (told["whole"], told["store"]) == ([], None)
    assert list(bench.page(bench.Report("a machine", TINY))) == ["isoswitch bench: a machine"]


def _measured(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """No part measures anything; what each was asked for."""
    asked: list[object] = []

    def measured(found: object) -> Callable[..., object]:
        def measure(*arguments: object) -> object:
            asked.append(arguments)
            return found

        return measure

    for part in (bench_codec, bench_whole, bench_costs, bench_keys, bench_secured, bench_timing):
        monkeypatch.setattr(part, "measure", measured([]))
    monkeypatch.setattr(bench_stages, "measure", measured(([], [])))
    monkeypatch.setattr(bench_store, "measure", measured(bench_store.StoreReport()))
    return asked


def _newest(bare: Bare) -> list[Transaction]:
    """The transactions of the newest row of the journal that holds any."""
    *_, last = (row for row in bare.store.journal() if b'"transaction",{' in row.body)
    keys = [Key(table, name) for table, name, *_ in records_in(last.body)]
    found = bare.store.load(keys).values()
    return [record for record in found if isinstance(record, Transaction)]


def test_what_is_left_out_is_left_out(tmp_path: Path) -> None:
    """Without trail a purchase has none, without postings there is none though money moves, with
    rules they are asked: what the variants compare is what they say.
    """
    trails, postings, balances = {}, {}, {}
    for place, variant in enumerate(bench_costs.variants()):
        folder = tmp_path / str(place)
        folder.mkdir()
        bare = Bare(folder, variant.more, MadeClock(360))
        with variant.without():
            bare.batch([bytes(bare.buyers[0].next_frame())])
        (transaction,) = _newest(bare)
        trails[variant.name] = [check.name for check in transaction.trail]
        postings[variant.name] = bare.store.load([Key("posting", transaction.id)])
        account = Key("account", transaction.account)
        (found,) = bare.store.load([account]).values()
        balances[variant.name] = found.version if found is not None else 0
        bare.close()
    assert {name for name, trail in trails.items() if not trail} == {"without trail"}
    assert {name for name, trail in trails.items() if "risk" in trail} == {
        "with the demo's risk rules",
        "with all of them switched on",
        "velocity by card, 10 in its window",
        "velocity by merchant, over 1000 in its window",
    }
    without = {name for name, found in postings.items() if not any(found.values())}
    assert without == {"without postings", "without postings and accounts"}
    assert {name for name, version in balances.items() if version == 1} == {
        "without postings and accounts"
    }


def test_a_past_is_sound(tmp_path: Path) -> None:
    """What the quick way writes is what a switch would have written: every invariant holds, all
    batches are closed in balance, and work goes on from there.
    """
    bare = Bare(tmp_path)
    tills = Tills(bare, cards=MOST_TERMINALS + 6)
    written, _ = Past(bare, tills, items=3).write(300)
    assert written == 2 * 3 * MOST_TERMINALS
    bare.decide([tills.purchase(name) for name in tills.names])
    bare.decide([tills.close(tills.names[0])])
    bare.close()
    with SqliteReader(tmp_path / STORE_NAME) as reader, reader.snapshot():
        assert selfcheck(reader).sound
        closed = list(reader.find_all(Batch, state="closed"))
    assert len(closed) == 2 * MOST_TERMINALS + 1
    assert not any(batch.claimed != batch.counted for batch in closed)


def test_a_full_store_beside_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both do the same work, a restart of the whole process included."""
    monkeypatch.setattr(bench_store, "RESTARTS", 1)
    report = bench_store.measure(tmp_path, rounds=1, transactions=1, cards=70, items=2)
    assert (report.transactions, report.cards) == (2 * MOST_TERMINALS, 70)
    assert [figure.what for figure in report.figures][-2:] == ["restart, until ready", "selfcheck"]
    assert all(figure.empty_ms > 0 and figure.full_ms > 0 for figure in report.figures)
