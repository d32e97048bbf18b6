"""``[[rule]]`` in the configuration: what is refused, with which line, and what a rule becomes."""

from __future__ import annotations

from functools import cache

import pytest

from switch.config import demo_config, parse_config
from switch.config_scripts import script_of
from switch.config_triggers import TABLE, rules_of, scripts_of
from switch.errors import ConfigError
from switch.model.scripts import DIVISIBLE, FORCIBLE, AmountTest, Behaviour, FieldTest, Script
from switch.model.words import Flow, Kind, Reason
from switch.server.assemble import Assembler, Overrides
from switch.server.scripts import Heard, scripts_in_force
from switch.values import Pan
from switch.wire.dialect import load_dialect
from tests.small_world import small_world

HEAD = '[settings]\ntest_ranges = ["4761739"]'
RULE = "[[rule]]"  # stands at line 18 of a small world with HEAD


@cache
def heard() -> Heard:
    """What the one listener speaks."""
    dialect = load_dialect("iso87-ascii")
    return Heard(dialect, dialect.framing)


def world(rules: str) -> str:
    """A small world with these rules behind it."""
    return small_world("100.00", HEAD) + "\n" + rules


def first_line() -> int:
    """The line at which the rules begin."""
    return world("").count("\n") + 1


def loaded(rules: str) -> list[Script]:
    """The rules of a world, checked as a start does."""
    book = scripts_in_force(parse_config(world(rules), "x.toml"), {"iso87-ascii": heard()})
    return [] if book is None else list(book.rules)


def a_rule(when: str, then: str = "silent = true", name: str = "a") -> str:
    """The text of a rule; ``when`` and ``then`` stand on its third and fourth line."""
    return f'{RULE}\nname = "{name}"\nwhen = {{ {when} }}\nthen = {{ {then} }}\n'


# -- refused, with file and line: (when, then, line within the rule, words)

REFUSED = [
    # what the file alone tells
    ('kind = "sale"', "silent = true", 3, "must be 'sign_on'"),
    ('colour = "red"', "silent = true", 3, "there is no such setting"),
    ('listener = "iso87-asci"', "silent = true", 3, "is it iso87-ascii?"),
    ('card = "viso"', "silent = true", 3, "there is no card 'viso'; is it visa?"),
    ('card = "4761739001010011"', "silent = true", 3, "check digit"),
    ('card = "5413330089010434"', "silent = true", 3, "is in none of settings.test_ranges"),
    ('card_range = "5"', "silent = true", 3, "5 never comes"),
    ('card = "visa", card_range = "476173999"', "silent = true", 3, "when.card is not in it"),
    ('kind = ["echo", "sign_on"], card = "visa"', "silent = true", 3, "echo and sign_on have none"),
    ('kind = "reconciliation", amount = "5.00"', "silent = true", 3, "have none"),
    ("amount = 5.00", "silent = true", 3, "must be text in quotes, or a list of such texts"),
    ('fields = { "48" = 5 }', "silent = true", 3, "must be text in quotes, or a list of such"),
    ("", 'silent = "yes"', 4, "must be true or false, without quotes"),
    ('amount = "12,50"', "silent = true", 3, "an amount is written as digits in quotes"),
    ('amount = { from = "2", to = "1.99" }', "silent = true", 3, "from 2 is above to 1.99"),
    ("amount = {}", "silent = true", 3, "write an amount, a list of amounts, or from and to"),
    ("amount = []", "silent = true", 3, "is empty: name one"),
    ('currency = "JPY", amount = "951.50"', "silent = true", 3, "JPY has 0 decimals"),
    ('fields = { "48" = {} }', "silent = true", 3, "write one of one_of, prefix, regex"),
    ('fields = { "48" = { prefix = "A", present = true } }', "silent = true", 3, "write one of"),
    ('fields = { "48" = { from = "A" } }', "silent = true", 3, "a number is written as 18 digits"),
    ('fields = { "48" = { from = "2", to = "1" } }', "silent = true", 3, "from 2 is above to 1"),
    ('fields = { "DE48" = "A" }', "silent = true", 3, "name a field by meaning or number"),
    ('fields = { "48" = [] }', "silent = true", 3, "is empty: name one"),
    ("nth = 2, every = 3", "silent = true", 3, "cannot be together with nth"),
    ("nth = 0", "silent = true", 3, "greater than or equal to 1"),
    ('per = "card"', "silent = true", 3, "counts nothing without nth or every"),
    ('nth = 1, per = "shop"', "silent = true", 3, "must be 'card'"),
    ("chance = 1.5", "silent = true", 3, "less than 1"),
    ("", "", 4, "does nothing"),
    ("", "repeats = true", 4, "does nothing"),
    ("", 'outcome = "funds.insuficient"', 4, "is it funds.insufficient?"),
    ("", 'outcome = "approved"', 4, "there is no outcome 'approved'"),
    ("", 'outcome = "5"', 4, "or write a response code"),
    ('kind = "reversal"', 'outcome = "approve"', 4, "approve cannot be forced on reversal"),
    ('kind = "refund"', 'outcome = "partial"', 4, "partial cannot be forced on refund"),
    ('flow = "advice"', 'outcome = "approve"', 3, "approve can be forced on a request alone"),
    ("", 'outcome = "approve", percent = 50', 4, "is for the outcome partial"),
    ("", 'fields = { "44" = "{pan}" }', 4, "there is no {pan}; there are amount"),
    ("", 'fields = { "44" = "{stan" }', 4, "has a brace alone"),
    ("", "delay = 1, late = true", 4, "which is a delay"),
    ("", "length_off_by = 0", 4, "0 changes nothing"),
    ("", "silent = true, copies = 2", 4, "is of no use with silent"),
    ("", 'silent = true, fields = { "44" = "A" }', 4, "is of no use with silent"),
    ("", "reset = true, truncate = 4", 4, "is of no use with reset"),
    ("", "reset = true, close = true", 4, "cannot be together with reset"),
    ("", "reset = true, silent = true", 4, "cannot be together with reset"),
    ("", "silent = true, delay = 1", 4, "needs no delay"),
    ("", "copies = 2, truncate = 9", 4, "cannot be together with truncate"),
    ("", "copies = 1", 4, "greater than or equal to 2"),
    ("", "truncate = 0", 4, "greater than or equal to 1"),
    ("", 'outcome = "busy", repeats = true', 4, "is about what is done to bytes"),
    # what the dialects tell
    ('dialect = "hypercom"', "silent = true", 3, "none of its listeners speaks hypercom"),
    ('kind = "sign_on", flow = "advice"', "silent = true", 3, "has no sign_on as advice"),
    ('flow = "answer"', "silent = true", 3, "has no such message"),
    ('fields = { "65" = "1" }', "silent = true", 3, "iso87-ascii has no such field"),
    ('fields = { entrymode = "05" }', "silent = true", 3, "is it entry_mode?"),
    ('fields = { "11" = "12" }', "silent = true", 3, "always has 6 characters"),
    ('fields = { "11" = ["000012", "12"] }', "silent = true", 3, "can never be '12'"),
    ('fields = { "48" = { regex = "(a+)+" } }', "silent = true", 3, "may take for ever"),
    ('fields = { "2" = "4761739001010010" }', "silent = true", 3, "is not to be seen"),
    ('fields = { "35" = { prefix = "4" } }', "silent = true", 3, "is not to be seen"),
    ('terminal = "DEMO00001"', "silent = true", 3, "has 8 characters at most"),
    ('fields = { stan = "000001", "11" = "000002" }', "silent = true", 3, "contradicts"),
    (
        'terminal = "DEMO0001", fields = { "41" = { prefix = "SHOP" } }',
        "silent = true",
        3,
        "contradicts",
    ),
    ('fields = { "48" = "A", "48.1" = "A" }', "silent = true", 3, "has no parts"),
    ("", 'outcome = "199"', 4, "a response code has 2"),
    ("", 'outcome = "00"', 4, "is an approval"),
    ("", 'fields = { "39" = "00" }', 4, "is set by then.outcome"),
    ("", 'fields = { "15" = "A" }', 4, "takes digits alone"),
    ("", 'fields = { "35" = "A" }', 4, "then.fields.35 holds what no rule sets"),
    ("", 'wrong_echo = "48"', 4, "is echoed in no answer"),
    ("", 'wrong_echo = "colour"', 4, "iso87-ascii has no such field"),
]  # fmt: skip


def test_a_list_of_mistakes_alone_is_not_told_to_be_empty() -> None:
    """What is wrong is said once."""
    with pytest.raises(ConfigError) as caught:
        loaded(a_rule('kind = "sale"'))
    assert "is empty" not in str(caught.value)


@pytest.mark.parametrize(("when", "then", "line", "said"), REFUSED)
def test_a_rule_that_makes_no_sense_is_refused_at_its_line(
    when: str, then: str, line: int, said: str
) -> None:
    """With the file, the line of the setting and a word of what to do."""
    with pytest.raises(ConfigError) as refused:
        loaded(a_rule(when, then))
    assert refused.value.where == f"x.toml:{first_line() + line - 1}"
    assert said in str(refused.value)
    assert "4761739001010010" not in str(refused.value)


CLASHES = [
    ('amount = "951"', 'amount = "951.00"', "contradicts it"),
    ("", 'terminal = "DEMO0001"', "never fires"),
    ('amount = { from = "900" }', 'amount = ["901", "902"]', "never fires"),
    ('fields = { entry_mode = { prefix = "0" } }', 'fields = { "22" = "051" }', "never fires"),
    ('card_range = "47617"', 'card = "visa"', "never fires"),
    ('listener = "iso87-ascii"', 'dialect = "iso87-ascii"', "contradicts it"),
    ("nth = 2", "nth = 2", "contradicts it"),
]


@pytest.mark.parametrize(("first", "second", "said"), CLASHES)
def test_rules_in_each_others_way_are_refused_naming_both(
    first: str, second: str, said: str
) -> None:
    """The later one at its line, the earlier one with its own."""
    text = a_rule(first) + "\n" + a_rule(second, 'outcome = "busy"', "b")
    with pytest.raises(ConfigError) as refused:
        loaded(text)
    start = first_line()
    assert refused.value.where == f"x.toml:{start + 5}"
    assert f"a (x.toml:{start})" in str(refused.value)
    assert said in str(refused.value)


def test_a_name_is_taken_once() -> None:
    """The second one is refused at its line."""
    text = a_rule('amount = "1"') + a_rule('amount = "2"')
    with pytest.raises(ConfigError, match=r"rule\.1\.name: a is taken by rule\.0") as refused:
        loaded(text)
    assert refused.value.where == f"x.toml:{first_line() + 5}"


def test_all_mistakes_are_told_at_once() -> None:
    """Ten at most; the first one is where editors jump to."""
    rules = "".join(a_rule('fields = { "65" = "1" }', name=f"r{n}") for n in range(12))
    with pytest.raises(ConfigError) as refused:
        loaded(rules)
    assert str(refused.value).count("has no such field") == 10


def test_a_rule_in_the_words_of_the_core() -> None:
    """Everything that can be written arrives."""
    when = (
        'kind = ["payments", "refund"], flow = "request", listener = "iso87-ascii", '
        'dialect = "iso87-ascii", terminal = ["DEMO0001"], merchant = "DEMOMERCHANT001", '
        'card = ["visa", "4761739001010010"], card_range = "47617", amount = { from = "1.50" }, '
        'currency = "USD", nth = [1, 3], per = "card", chance = 0.25, '
        'fields = { "48" = { regex = "A+" }, entry_mode = ["051", "052"], "3.1" = "00", '
        'stan = { from = "1", to = "9" }, "52" = { present = false } }'
    )
    then = (
        'outcome = "Z3", fields = { response_text = "HI {stan}" }, delay = 1.5, copies = 2, '
        'close = true, length_off_by = -2, wrong_echo = "stan", wrong_mac = true, repeats = true'
    )
    (rule,) = loaded(a_rule(when, then))
    assert rule == Script(
        name="a",
        place=f"x.toml:{first_line()}",
        kinds=(Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.REFUND),
        flows=(Flow.REQUEST,),
        listeners=("iso87-ascii",),
        dialects=("iso87-ascii",),
        terminals=("DEMO0001",),
        merchants=("DEMOMERCHANT001",),
        pans=(Pan("4761739001010010"),) * 2,
        prefixes=("47617",),
        amount=AmountTest(low=1_500, high=10**18),
        currency="840",
        fields=(
            FieldTest("48", "regex", ("A+",)),
            FieldTest("entry_mode", "one_of", ("051", "052")),
            FieldTest("3.1", "one_of", ("00",)),
            FieldTest("stan", "range", low=1, high=9),
            FieldTest("52", "present"),
        ),
        nth=(1, 3),
        per="card",
        chance=250_000,
        reason=Reason.SCRIPTED,
        code="Z3",
        texts=(("response_text", "HI {stan}"),),
        behaviour=Behaviour(
            delay_ms=1500,
            copies=2,
            close=True,
            length_off_by=-2,
            wrong_echo="stan",
            wrong_mac=True,
        ),
        repeats=True,
    )


def test_forced_approvals_are_for_what_can_be_forced() -> None:
    """Without kinds of its own such a rule is for requests of money alone."""
    (rule,) = loaded(a_rule("", 'outcome = "approve"'))
    assert set(rule.kinds) == FORCIBLE
    assert (rule.flows, rule.percent) == ((Flow.REQUEST,), 100)
    (rule,) = loaded(a_rule("", 'outcome = "partial"'))
    assert set(rule.kinds) == DIVISIBLE
    assert (rule.reason, rule.percent) == (Reason.PARTIAL, 50)
    (rule,) = loaded(a_rule("", 'outcome = "partial", percent = 10'))
    assert rule.percent == 10


def test_a_late_answer_comes_after_the_terminal_has_given_up() -> None:
    """A second after ``server.terminal_s``."""
    text = world(a_rule("", "late = true"))
    config = parse_config("[server]\nterminal_s = 2.0\nanswer_s = 1.0\n" + text, "x.toml")
    (source,) = rules_of(config)
    rule = script_of(source.rule, "", terminal_ms=2_000, cards={})
    assert rule.behaviour.delay_ms == 3_000
    assert next(scripts_of(config, [source])).behaviour == rule.behaviour


# -- the default table

MAGIC = "[scripting]\nmagic_amounts = true\n"


def test_the_default_table_is_off_unless_asked_for_and_on_in_the_demo_world() -> None:
    """Nobody's amounts get a meaning by surprise."""
    assert loaded("") == []
    names = {rule.name for rule in loaded(MAGIC)}
    demo = Assembler(Overrides(), 1000).plan(demo_config()).settings.scripts
    assert demo is not None
    assert {rule.name for rule in demo.rules} == names
    assert "magic-insufficient-funds" in names
    assert demo.others == (), "each waits for an exact amount, so that others cost one look"


def test_the_default_table_has_no_rule_in_the_way_of_another() -> None:
    """It would be left out, and nobody would be told."""
    config = demo_config()
    plan = Assembler(Overrides(), 1000).plan(config)
    assert plan.settings.scripts is not None
    assert len(plan.settings.scripts.rules) == len(rules_of(config))


def test_a_rule_of_the_file_comes_first_and_may_take_the_place_of_a_default_one() -> None:
    """By name, or by waiting for the same."""
    own = a_rule('amount = "951.00"', 'outcome = "busy"', "mine")
    named = a_rule('amount = "7.77"', 'outcome = "busy"', "magic-lost-card")
    rules = loaded(MAGIC + own + named)
    assert [rule.name for rule in rules[:2]] == ["mine", "magic-lost-card"]
    rest = {rule.name for rule in rules[2:]}
    assert not rest & {"magic-insufficient-funds", "magic-lost-card"}
    assert all(rule.place.startswith(TABLE) for rule in rules[2:])


def test_default_rules_for_which_a_world_has_no_place_are_left_out() -> None:
    """A listener whose frames state no length cannot state a wrong one."""
    text = world(MAGIC).replace(
        'dialect = "iso87-ascii"', 'dialect = "iso87-ascii"\nframing = "none stx"', 1
    )
    plan = Assembler(Overrides(), 1000).plan(parse_config(text, "x.toml"))
    assert plan.settings.scripts is not None
    names = {rule.name for rule in plan.settings.scripts.rules}
    assert "magic-length-too-long" not in names
    assert "magic-silence" in names
    own = text + a_rule("", "length_off_by = 1")
    with pytest.raises(ConfigError, match="states no length that could be wrong"):
        Assembler(Overrides(), 1000).plan(parse_config(own, "x.toml"))
