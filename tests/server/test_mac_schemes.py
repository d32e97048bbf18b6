"""MAC schemes and the fields that bear their MACs: what fits, and what is refused with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.config import demo_config, parse_config
from switch.errors import ConfigError
from switch.keys.mac import SCHEMES, Scheme
from switch.server.assemble import Assembler, Overrides
from switch.server.mac_schemes import misfit
from switch.wire.dialect import load_dialect

if TYPE_CHECKING:
    from pathlib import Path

LISTENER = """\
[[listener]]
name = "{name}"
port = 0
dialect = "{dialect}"
"""
DIALECT = """\
extends = "iso87-ascii"
title = "of the house"
[mac]
scheme = "{scheme}"
{more}
"""


def check(text: str, folder: Path | None = None) -> None:
    """Raises ConfigError for a file that cannot be put into force."""
    name = "shop.toml" if folder is None else str(folder / "shop.toml")
    Assembler(Overrides(), 100).plan(parse_config(text, name))


def refusal(text: str, folder: Path | None = None) -> ConfigError:
    """Why it cannot."""
    with pytest.raises(ConfigError) as caught:
        check(text, folder)
    return caught.value


def secured(scheme: str, *dialects: str, mac: str = "required") -> str:
    """Listeners, and from line 1 on a security whose third line names the scheme."""
    listeners = [LISTENER.format(name=f"l{n}", dialect=name) for n, name in enumerate(dialects)]
    security = f'[[security]]\nname = "s"\nmac_scheme = "{scheme}"\nmac = "{mac}"\n'
    return security + "".join(listeners)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dialect", ["iso87-ascii", "hypercom"])
def test_a_security_whose_macs_are_too_long_is_refused(scheme: str, dialect: str) -> None:
    """No answer could be sent; the sentence names the field's room and what to write."""
    text = secured(scheme, dialect)
    if SCHEMES[scheme].length <= 8:
        check(text)
        return
    failure = refusal(text)
    assert failure.where == "shop.toml:3"
    assert f"{SCHEMES[scheme].length} bytes of MAC, and the field bears 8" in failure.reason
    assert f"write {scheme}:8" in failure.reason
    check(secured(f"{scheme}:8", dialect))


def test_a_padding_stays_in_what_is_proposed() -> None:
    """Another padding would be another MAC."""
    assert "write sm4-cbc/2:8" in misfit(Scheme.parse("sm4-cbc/2"), load_dialect("iso87-ascii"))


def test_a_scheme_that_is_never_used_fits_anywhere() -> None:
    """No MAC is looked at, or nobody speaks."""
    check(secured("cmac-aes", "iso87-ascii", mac="none"))
    check(secured("cmac-aes"))


def house(folder: Path, scheme: str, more: str = "") -> str:
    """A configuration with a dialect of its own, in that folder; its fourth line names it."""
    (folder / "house.toml").write_text(DIALECT.format(scheme=scheme, more=more), "utf-8")
    return LISTENER.format(name="own", dialect="house.toml")


def test_one_dialect_that_bears_it_is_enough(tmp_path: Path) -> None:
    """A security may be for the terminals of one listener out of several."""
    wide = house(tmp_path, "x9.19:8", '[fields]\n64 = { as = "b16" }\n128 = { as = "b16" }')
    text = secured("cmac-aes", "iso87-ascii") + wide
    check(text, tmp_path)


@pytest.mark.parametrize(
    ("scheme", "more", "said"),
    [
        ("cmac-aes", "", "16 bytes of MAC, and the field bears 8: write cmac-aes:8"),
        ("x9.99", "", "is no MAC scheme"),
        ("cmac-aes:17", "", "bytes are right"),
        ("x9.19:8", "text = true", "in 16 characters, and the field bears 4: write x9.19"),
        ("unionpay-ecb", "text = true", "in 16 characters, and the field bears 4: name another"),
    ],
)
def test_a_dialect_whose_macs_do_not_fit_is_refused(
    tmp_path: Path, scheme: str, more: str, said: str
) -> None:
    """With the line of the listener that speaks it. Eight hex characters written as hex characters
    are sixteen.
    """
    failure = refusal(house(tmp_path, scheme, more), tmp_path)
    assert failure.where.endswith("shop.toml:4")
    assert "dialect 'house': [mac] scheme" in failure.reason
    assert said in failure.reason


@pytest.mark.parametrize(("scheme", "more"), [("x9.19", "text = true"), ("unionpay-ecb", "")])
def test_a_dialect_whose_macs_fit_is_taken(tmp_path: Path, scheme: str, more: str) -> None:
    """Four bytes as eight characters; eight characters as they are."""
    check(house(tmp_path, scheme, more), tmp_path)


def test_the_demo_world_fits() -> None:
    """Every shipped dialect with its own scheme."""
    Assembler(Overrides(), 100).plan(demo_config())
