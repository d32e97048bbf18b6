"""Risk rules on the wire: declined with their code, told in the log, remembered over a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.small_world import small_world

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Dialled, HostProcess

STOLEN = "5413330089010434"
RULES = f"""
[[card]]
name = "found"
pan = "{STOLEN}"
balance = "100.00"

[[risk]]
name = "stolen"
check = "deny_list"
cards = ["{STOLEN}"]
reason = "card.stolen"

[[risk]]
name = "keyed"
check = "keyed"
limit = "5.00"
mode = "flag"

[[risk]]
name = "often"
check = "velocity"
per = "card"
count = 2
window_s = 3600
"""
CHIP, KEYED = "052", "012"


def test_rules_decide_count_and_tell(
    make_host: Callable[..., HostProcess], dial: Callable[..., Dialled], tmp_path: Path
) -> None:
    """A denied card, a flag, a window that outlives a crash, another number after a reload."""
    file = tmp_path / "shop.toml"
    head = '[settings]\ntest_ranges = ["4761739", "5413"]\n'
    text = small_world("1000.00", head) + RULES
    file.write_text(text)
    host = make_host("--config", str(file)).start()
    peer = dial(host)
    assert peer.buy(1, de2=STOLEN)["39"] == "43"
    assert [peer.buy(2, de22=KEYED)["39"], peer.buy(3, de22=CHIP)["39"]] == ["00", "00"]
    assert peer.buy(4, de22=CHIP)["39"] == "65"

    (flag,) = host.await_log("risk.flagged")
    assert (flag["rule"], flag["saw"]) == ("keyed", "keyed, 10.00 USD")
    trail = host.await_log("transaction", 4)[-1]["trail"]
    assert trail[-1]["said"] == "often: at most 2 of a card in 60 minutes"
    assert trail[-1]["remedy"] == "one more in 60 minutes"
    assert STOLEN not in host.log_path.read_text()

    host.kill()
    host.start()
    peer = dial(host)
    assert peer.buy(5, de22=CHIP)["39"] == "65"
    file.write_text(text.replace("count = 2", "count = 3"))
    host.forget_log()
    host.signal(1)
    host.await_log("reload.done")
    assert [peer.buy(6, de22=CHIP)["39"], peer.buy(7, de22=CHIP)["39"]] == ["00", "65"]


def test_the_demo_world_denies_a_card_and_refers_what_is_very_dear(
    town: HostProcess, dial: Callable[..., Dialled]
) -> None:
    """The rules of the demo world that are switched on."""
    peer = dial(town)
    assert peer.buy(1, de2="4000000000000002")["39"] == "59"
    assert peer.buy(2, de4="000005000001")["39"] == "01"
    assert peer.buy(3, de4="000002500100", de22=KEYED)["39"] == "57"
    assert peer.buy(4, de4="000002500100", de22=CHIP)["39"] == "00"
