"""Hypothesis profiles of the whole suite.

Owns how hard properties are tried: ``default`` for every run, ``deep`` for
``tools/dev.py proof``, ``quick`` where the same tests run once for each mutant. Knows no room.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.leak_watch"]

# A busy machine makes slow examples, which says nothing about the code: no deadline.
settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("deep", settings.get_profile("default"), max_examples=2_000)
settings.register_profile(
    "quick", settings.get_profile("default"), max_examples=10, derandomize=True, database=None
)
settings.load_profile("default")
