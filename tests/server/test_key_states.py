"""switch.server.key_desk: a key that is out of use gives nothing, whoever asks."""

from __future__ import annotations

import pytest

from tests.key_counter import KSN, NEW, Counter


@pytest.mark.parametrize(
    ("out_of_use", "command", "words"),
    [
        ("bdk.FFFF987654", "keys.initial_key", {"ksn": KSN}),
        ("bdk.FFFF987654", "keys.sheet", {"name": "bdk.FFFF987654"}),
        ("bdk.FFFF987654", "keys.inject", {"name": "bdk.FFFF987654"}),
        ("issuer.demo.pvk", "keys.export", {"name": "issuer.demo.pvk", "kek": "zone.bank.zmk"}),
        ("zone.bank.zmk", "keys.export", {"name": "issuer.demo.pvk", "kek": "zone.bank.zmk"}),
        ("zone.bank.zmk", "keys.import", {"name": NEW, "block": "D0", "kek": "zone.bank.zmk"}),
    ],
)
async def test_nothing_leaves_of_a_key_that_is_out_of_use(
    out_of_use: str, command: str, words: dict[str, str]
) -> None:
    """SR-KEY-14: a key's state counts for whoever asks, until it is put into use again."""
    counter = Counter()
    assert (await counter.says("keys.state", name=out_of_use, state="deactivated"))["ok"]
    said = await counter.says(command, **words)
    assert said["error"].startswith(f"the key {out_of_use} is deactivated: keys activate")
    assert (await counter.says("keys.state", name=out_of_use, state="active"))["ok"]
    said = await counter.says(command, **words)
    assert "deactivated" not in said.get("error", "")
