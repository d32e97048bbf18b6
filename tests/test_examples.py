"""The worked examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import switch
import switch_tools

MODULES = [
    module.name
    for package in (switch, switch_tools)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    """Every example of the module is true."""
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """The walk finds modules, and examples in them."""
    counts = {name: doctest.testmod(import_module(name)).attempted for name in MODULES}
    assert len(counts) > 80
    assert sum(counts.values()) > 20
