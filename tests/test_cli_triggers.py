"""``isoswitch triggers``: what gets which answer, without reading source and without a switch."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from switch.cli import main
from switch.cli_triggers import condition
from switch.core.scripting_words import effects_in_words
from switch.model.scripts import AmountTest, Behaviour, FieldTest, Script
from switch.model.words import Flow, Kind, Reason
from switch.values import Pan
from tests.small_world import small_world


def run(*arguments: str) -> str:
    """What the command prints."""
    done = CliRunner().invoke(main, ["triggers", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_demo_world_lists_its_magic_amounts_with_the_codes_of_each_dialect() -> None:
    """The code that a terminal reads, by dialect; those that agree share a column."""
    head, _, *lines = run().splitlines()
    assert head.split()[:3] == ["when", "what", "happens"]
    assert "hypercom, iso87-*" in head
    assert "iso93-*" in head
    (funds,) = [line for line in lines if "951.00" in line]
    assert "payments" in funds
    assert "declined: funds.insufficient" in funds
    assert " 51 " in funds
    assert " 116 " in funds


def test_each_behaviour_has_a_magic_amount() -> None:
    """Nothing that can be done to an answer needs a file of one's own to be seen."""
    said = run()
    for words in (
        "approved by force for 50 %",
        "after 2 s",
        "after 31 s",
        "no answer",
        "2 copies",
        "then the connection is closed",
        "only 20 bytes",
        "off by +4",
        "off by -4",
        "stan comes back wrong",
        "the connection is reset",
        "response_text says",
    ):
        assert words in said, words


def test_json_has_every_dialect() -> None:
    """For programs: name, place, words, codes."""
    rows = json.loads(run("--json"))["rules"]
    (row,) = [row for row in rows if row["name"] == "magic-expired-card"]
    assert row["place"].startswith("triggers.toml:")
    assert row["codes"]["iso87-binary"] == "54"
    assert row["codes"]["iso93-binary"] == "101"
    (mute,) = [row for row in rows if row["name"] == "magic-silence"]
    assert (mute["then"], mute["codes"]) == ("no answer", {})


def test_a_world_of_ones_own(tmp_path: Path) -> None:
    """Its rules first; without any, how to get some; a mistake is the refusal of a start."""
    file = tmp_path / "shop.toml"
    file.write_text(small_world("1.00"))
    assert "magic_amounts = true" in run("--config", str(file))
    rule = '\n[[rule]]\nname = "a"\nwhen = { terminal = "DEMO0001" }\nthen = { outcome = "Z3" }\n'
    file.write_text(small_world("1.00") + rule)
    assert "terminal DEMO0001  declined with the code Z3  Z3" in run("--config", str(file))
    file.write_text(small_world("1.00") + rule.replace("DEMO0001", "DEMO00001"))
    done = CliRunner().invoke(main, ["triggers", "--config", str(file)])
    assert done.exit_code == 78


def test_conditions_in_words_show_no_card_number() -> None:
    """SR-PAN-01: masked, whatever is listed."""
    rule = Script(
        name="a",
        kinds=(Kind.REFUND,),
        flows=(Flow.REQUEST,),
        pans=(Pan("4761739001010010"),),
        prefixes=("54",),
        amount=AmountTest(low=1_500, high=2_005),
        currency="840",
        listeners=("left",),
        dialects=("hypercom",),
        merchants=("M1", "M2"),
        fields=(
            FieldTest("48", "regex", ("A+",)),
            FieldTest("22", "prefix", ("05", "07")),
            FieldTest("11", "range", low=1, high=10**18),
            FieldTest("52", "present"),
            FieldTest("3", "one_of", ("000000",)),
        ),
        nth=(1, 2),
        per="card",
        chance=250_000,
    )
    assert condition(rule) == (
        "amount 1.50 to 2.005, currency 840, card 476173******0010 or 54..., merchant M1 or M2, "
        "listener left, dialect hypercom, 48 ~ A+, 22 begins with 05 or 07, 11 from 1, 52 absent, "
        "3 = 000000, refund, request, time 1 or 2 per card, by a chance of 0.25"
    )
    assert condition(Script(name="a", every=3)) == "every 3 times per terminal"
    assert condition(Script(name="a")) == "anything"
    assert condition(Script(name="a", amount=AmountTest(low=0, high=10**18))) == "amount from 0.00"


def test_effects_in_words() -> None:
    """In the order in which they happen."""
    done = Behaviour(silent=True, close=True)
    rule = Script(name="a", reason=Reason.APPROVED, behaviour=done, repeats=True)
    words = "approved by force, no answer, then the connection is closed, repeats, too"
    assert effects_in_words(rule) == words
