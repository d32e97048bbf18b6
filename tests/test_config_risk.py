"""``[[risk]]``: what a rule says, and every way in which it makes no sense, with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.config import parse_config
from switch.config_risk import SHAPES, Risk
from switch.errors import ConfigError
from switch.model.risk_rules import Mode, Named, RiskCheck, RiskRule
from switch.model.words import Kind, Reason
from switch.server.assemble import Assembler, Overrides
from switch.values import Pan

WORLD = """\
[settings]
test_ranges = ["4761739", "5413"]
[[merchant]]
id = "SHOP"
[[terminal]]
id = "T1"
merchant = "SHOP"
[[card]]
name = "visa"
pan = "4761739001010010"
"""
FIRST = WORLD.count("\n") + 1  # the line of the first [[risk]]


def with_rules(*rules: str) -> str:
    """The world with rules, each a table of its own."""
    return WORLD + "".join(f"[[risk]]\n{rule}\n" for rule in rules)


KEYED = 'name = "k"\ncheck = "keyed"\nlimit = "50.00"'
VELOCITY = 'name = "v"\ncheck = "velocity"\nper = "card"\nwindow_s = 600\ncount = 3'
NIGHT = 'name = "n"\ncheck = "unusual_hour"\nfrom = "01:00"\nto = "05:00"'
DENY = 'name = "d"\ncheck = "deny_list"\nranges = ["4761739"]'
ALLOW = 'name = "a"\ncheck = "allow_list"\ncards = ["visa"]\nterminals = ["T1"]\nranges = ["5413"]'


@pytest.mark.parametrize(
    ("rule", "line", "said"),
    [
        # one rule alone
        ('name = "x"\ncheck = "kyed"', 2, r"check: must be 'allow_list'"),
        ('name = "x"', 0, "check: is missing"),
        ('check = "keyed"\nlimit = "1"', 0, "name: is missing"),
        ('name = "a b"\ncheck = "keyed"', 1, "a name has letters"),
        (KEYED + "\nlimits = 1", 4, "no such setting; is it limit"),
        ('name = "x"\ncheck = "keyed"', 0, "limit: is missing: .* 'keyed' needs it"),
        (KEYED + "\nwindow_s = 60", 4, "a rule with check = 'keyed' has no such number"),
        (NIGHT + '\nlimit = "1"', 5, "a rule with check = 'unusual_hour' has no such number"),
        (VELOCITY.replace("600", "0"), 4, "window_s: must be greater than 0"),
        (VELOCITY.replace("600", "99999999"), 4, "window_s: must be less than"),
        (VELOCITY.replace("count = 3", "count = 0"), 5, "count: must be greater than"),
        (VELOCITY.replace("count = 3", "count = 1001"), 5, "count: must be less than .* 1000"),
        (VELOCITY.replace("count = 3", 'amount = "0"'), 5, "amount: must be above zero"),
        (VELOCITY.replace("\ncount = 3", ""), 2, "needs count or amount"),
        (VELOCITY.replace('per = "card"\n', ""), 0, "per: is missing"),
        (VELOCITY.replace('"card"', '"shop"'), 3, "per: must be 'card', 'terminal' or"),
        (NIGHT.replace("05:00", "01:00"), 4, "to: is the same time as from"),
        (NIGHT.replace("05:00", "24:00"), 4, "to: a time of day is written HH:MM"),
        (NIGHT.replace('"01:00"', '"1:00"'), 3, "from: a time of day is written HH:MM"),
        (NIGHT.replace('\nto = "05:00"', ""), 0, "to: is missing"),
        (KEYED.replace("50.00", "50.001"), 3, "limit: .* decimals"),
        (KEYED.replace('"50.00"', "50"), 3, "limit: must be text in quotes"),
        (KEYED.replace('"50.00"', '"50.00"\ncurrency = "JPY"'), 3, "JPY has 0"),
        (KEYED + '\ncurrency = "QQQ"', 4, "unknown currency"),
        (KEYED + '\nmode = "warn"', 4, "mode: must be 'decline', 'refer' or 'flag'"),
        (KEYED + '\nmode = "flag"\nreason = "limit.exceeded"', 5, "only a rule that declines"),
        (KEYED + '\nmode = "refer"\nreason = "limit.exceeded"', 5, "only a rule that declines"),
        (KEYED + '\nreason = "approved"', 4, "'approved' is none of a risk rule; there are"),
        (KEYED + '\nreason = "no.such"', 4, "reason: must be"),
        (ALLOW + '\nmode = "decline"', 6, "an allow list lets pass"),
        (ALLOW + '\nreason = "risk.refused"', 6, "an allow list lets pass"),
        (KEYED + '\nkinds = ["sale"]', 4, "kinds.0: must be"),
        (KEYED + '\nkinds = ["reversal"]', 4, "never fires for reversal; it can be about"),
        (KEYED + "\nkinds = []", 4, "kinds: is empty"),
        ('name = "x"\ncheck = "cash"\nlimit = "1"\nkinds = ["purchase"]', 4, "never fires"),
        ('name = "x"\ncheck = "refund_without_sale"\nkinds = ["cash"]', 3, "never fires"),
        ('name = "x"\ncheck = "currency"\ncurrencies = []', 3, "currencies: is empty"),
        ('name = "x"\ncheck = "currency"', 0, "currencies: is missing"),
        ('name = "x"\ncheck = "contactless_cumulative"', 2, "needs count or amount"),
        # its lists
        ('name = "x"\ncheck = "deny_list"', 2, "needs cards or ranges or terminals or merch"),
        (DENY.replace('["4761739"]', "[]"), 3, "ranges: is empty"),
        (DENY.replace('["4761739"]', '["47x"]'), 3, "ranges.0: a range is given by its first"),
        (DENY.replace('["4761739"]', '["476173900101"]'), 3, "11 at most"),
        (DENY.replace('["4761739"]', '["62"]'), 3, "62 never comes"),
        (DENY.replace('ranges = ["4761739"]', 'terminals = ["T9"]'), 3, "no terminal 'T9'"),
        (DENY.replace('ranges = ["4761739"]', 'merchants = ["M9"]'), 3, "no merchant 'M9'"),
        (DENY.replace('ranges = ["4761739"]', 'cards = ["amex"]'), 3, "no card 'amex'"),
        (DENY.replace('ranges = ["4761739"]', "cards = [1]"), 3, "by its name or its test number"),
        (DENY.replace('ranges = ["4761739"]', 'cards = [""]'), 3, "by its name or its test num"),
        (DENY.replace('ranges = ["4761739"]', 'cards = ["4761739001010011"]'), 3, "check digit"),
        (DENY.replace('ranges = ["4761739"]', 'cards = ["4761-7390-0101-0010"]'), 3, "as digits"),
        (DENY.replace('ranges = ["4761739"]', 'cards = ["4000000000009995"]'), 3, "test_ranges"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(rule: str, line: int, said: str) -> None:
    """P-07: each kind of mistake at its line, and no card number in what is said."""
    with pytest.raises(ConfigError, match=said) as caught:
        parse_config(with_rules(rule), "shop.toml")
    assert caught.value.where == f"shop.toml:{FIRST + line}"
    for digits in ("476173900101001", "400000000000999", "4761-7390"):
        assert digits not in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "line", "said"),
    [
        ((KEYED, KEYED), 5, "risk.1.name: k is taken by risk.0"),
        ((KEYED, KEYED.replace('"k"', '"l"')), 5, "l never fires: k above fires at least as soon"),
        (
            (VELOCITY, VELOCITY.replace('"v"', '"w"').replace("600", "60")),
            7,
            "w never fires: v above",
        ),
        ((DENY + '\ncards = ["visa"]', ALLOW), 4, r"476173\*+0010: let pass by a"),
        ((DENY.replace("4761739", "541333"), ALLOW), 3, "541333: let pass by a"),
        ((DENY + '\nterminals = ["T1"]', ALLOW), 4, "T1: let pass by a"),
    ],
)
def test_rules_that_leave_each_other_nothing_are_refused(
    rules: tuple[str, ...], line: int, said: str
) -> None:
    """Twice the same name; a rule in the shadow of another; a card denied and let pass."""
    with pytest.raises(ConfigError, match=said) as caught:
        parse_config(with_rules(*rules), "shop.toml")
    assert caught.value.where == f"shop.toml:{FIRST + line}"


@pytest.mark.parametrize(
    "rules",
    [
        (KEYED, KEYED.replace('"k"', '"l"').replace("50.00", "49.99")),
        (KEYED, KEYED.replace('"k"', '"l"').replace("50.00", "60") + '\ncurrency = "EUR"'),
        (KEYED + '\nmode = "flag"', KEYED.replace('"k"', '"l"')),
        (KEYED + "\non = false", KEYED.replace('"k"', '"l"')),
        (KEYED + '\nkinds = ["cash"]', KEYED.replace('"k"', '"l"')),
        (KEYED + '\nterminals = ["T1"]', KEYED.replace('"k"', '"l"')),
        (VELOCITY, VELOCITY.replace('"v"', '"w"').replace('"card"', '"merchant"')),
        (VELOCITY, VELOCITY.replace('"v"', '"w"').replace("600", "6000")),
        (VELOCITY, VELOCITY.replace('"v"', '"w"').replace("count = 3", 'amount = "9"')),
        (DENY + '\ncards = ["visa"]', ALLOW + "\non = false"),
        (DENY + '\ncards = ["visa"]', ALLOW + '\nkinds = ["refund"]'),
        (DENY, ALLOW),
    ],
)
def test_rules_that_have_something_left_to_do_stand_beside_each_other(
    rules: tuple[str, ...],
) -> None:
    """Stricter, of another currency, kind, place or subject, or where the other only flags."""
    assert len(parse_config(with_rules(*rules), "shop.toml").risk) == len(rules)


def test_unknown_terminals_can_be_named_where_newcomers_are_enrolled() -> None:
    """They may come any time."""
    rule = 'name = "d"\ncheck = "deny_list"\nterminals = ["T9"]\nmerchants = ["M9"]'
    text = with_rules(rule).replace(
        "[settings]", '[settings]\nenrol_unknown = true\nenrol_merchant = "SHOP"'
    )
    assert parse_config(text, "shop.toml").risk[0].terminals == ("T9",)


def test_a_configuration_prints_no_card_number() -> None:
    """SR-PAN-01: a card named by its number is masked wherever the configuration is printed."""
    text = with_rules(DENY.replace('ranges = ["4761739"]', 'cards = ["5413330089010434"]'))
    config = parse_config(text, "shop.toml")
    assert "5413330089010434" not in repr(config)
    assert "5413330089010434" not in config.model_dump_json()


@given(st.sampled_from(list(RiskCheck)))
def test_each_check_has_a_shape_that_can_be_written(check: RiskCheck) -> None:
    """The usual kinds are possible ones, and all that a shape names are settings of a rule."""
    shape = SHAPES[check]
    assert shape.usual
    assert set(shape.usual) <= set(shape.kinds)
    names = {field.alias or name for name, field in Risk.model_fields.items()}
    assert names.issuperset({*shape.needs, *shape.either, *shape.takes})


# -- what becomes of them


def token(pan: Pan) -> str:
    """Stands for the vault."""
    return "token-" + pan.last4


def in_force(*rules: str) -> dict[Kind, tuple[RiskRule, ...]]:
    """The rules that decide, by kind."""
    plan = Assembler(Overrides(), 100).plan(parse_config(with_rules(*rules), "shop.toml"))
    assert not plan.settings.risk.by_kind
    by_kind = plan.settings_with(token).risk.by_kind
    return {kind: (*rules.allow, *rules.judge) for kind, rules in by_kind.items()}


def test_numbers_become_minor_units_and_microseconds() -> None:
    """What is written in the file, as the core counts."""
    night = NIGHT.replace("05:00", "23:30") + '\nzone = "house"\nmode = "refer"'
    (velocity, hour) = in_force(VELOCITY + '\namount = "12.5"', night)[Kind.CASH]
    assert (velocity.name, velocity.check, velocity.per) == ("v", RiskCheck.VELOCITY, "card")
    assert (velocity.count, velocity.amount_minor, velocity.currency) == (3, 1_250, "840")
    assert velocity.window_us == 600_000_000
    assert velocity.reason is Reason.VELOCITY_EXCEEDED
    assert velocity.named is None
    assert (hour.minutes, hour.zone, hour.mode) == ((60, 23 * 60 + 30), "house", Mode.REFER)


def test_cards_become_tokens_and_nothing_else() -> None:
    """SR-PAN-03: by name or by number, the settings hold what the vault made of it."""
    rule = DENY + '\ncards = ["visa", "5413330089010434"]\nterminals = ["T1"]'
    (rules,) = set(in_force(rule).values())
    assert rules[0].named == Named(
        cards=frozenset({"token-0010", "token-0434"}),
        ranges=("4761739",),
        terminals=frozenset({"T1"}),
    )
    assert "5413330089010434" not in repr(rules)


def test_a_rule_that_is_off_is_checked_and_not_applied() -> None:
    """Its mistakes are told; it decides nothing."""
    assert in_force(KEYED + "\non = false") == {}
    with pytest.raises(ConfigError):
        parse_config(with_rules(KEYED.replace("50.00", "x") + "\non = false"), "shop.toml")


def test_rules_lie_by_kind_lists_first() -> None:
    """Allow lists, deny lists, then the others as they stand in the file."""
    rules = in_force(NIGHT, KEYED + '\nkinds = ["refund", "purchase"]', DENY, ALLOW)
    names = {kind: [rule.name for rule in found] for kind, found in rules.items()}
    assert names[Kind.PURCHASE] == ["a", "d", "n", "k"]
    assert names[Kind.REFUND] == ["a", "d", "k"]
    assert names[Kind.BALANCE] == ["a", "d"]
    assert Kind.REVERSAL not in names
