"""The counters of test cards: up with each transaction, over restarts and over terminals."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from switch_tools.terminal_kept import KeptFileError
from switch_tools.terminal_wallet import LAST_ATC, CardWornOut, Wallet


def test_a_card_counts_on_in_whoever_holds_it(tmp_path: Path) -> None:
    """A chip never says a counter twice, or its issuer refuses it."""
    assert [Wallet(tmp_path).next_atc("a") for _ in range(3)] == [1, 2, 3]
    assert Wallet(tmp_path).next_atc("b") == 1


def test_terminals_side_by_side_share_a_wallet(tmp_path: Path) -> None:
    """No counter is handed out twice, and none is left out."""
    found: list[int] = []

    def counts() -> None:
        found.extend(Wallet(tmp_path).next_atc("a") for _ in range(20))

    threads = [threading.Thread(target=counts) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 81))


def test_a_card_at_its_end_is_refused(tmp_path: Path) -> None:
    """65535 transactions are a chip's life."""
    wallet = Wallet(tmp_path)
    wallet.next_atc("a")
    file = tmp_path / "cards"
    file.write_bytes(file.read_bytes().replace(b":1", b":%d" % LAST_ATC))
    with pytest.raises(CardWornOut, match="another card"):
        wallet.next_atc("a")


def test_a_damaged_wallet_is_refused(tmp_path: Path) -> None:
    """And not taken for an empty one."""
    wallet = Wallet(tmp_path)
    wallet.next_atc("a")
    file = tmp_path / "cards"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(KeptFileError, match="is damaged"):
        wallet.next_atc("a")
