"""The smallest configured world: a listener, a merchant, a terminal, a card. No enrolment."""

from __future__ import annotations

_WORLD = """\
[[listener]]
name = "iso87-ascii"
port = 0
dialect = "iso87-ascii"

[[merchant]]
id = "DEMOMERCHANT001"

[[terminal]]
id = "DEMO0001"
merchant = "DEMOMERCHANT001"

[[card]]
name = "visa"
pan = "4761739001010010"
balance = "{balance}"
"""


def small_world(balance: str, head: str = '[settings]\ntest_ranges = ["4761739"]') -> str:
    """The text of the configuration file: ``head`` stands in front, a blank line behind it."""
    return f"{head}\n\n{_WORLD.format(balance=balance)}"
