"""Messages of others, read from a corpus beside the repository: none of it lives in here.

The folder is ``ISOSWITCH_CORPUS``, or ``../shared/corpus`` from the root of the repository. Without
it the tests of this folder are skipped by name. A test asks for ``good_case`` (a well-formed
message), ``broken_case`` (a malformed one) or ``spec_name``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from switch.wire.layout import BitmapLayout, Layout
from switch.wire.spec_dict import layout_of_spec

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("ISOSWITCH_CORPUS") or ROOT.parent / "shared" / "corpus")
ABSENT = pytest.mark.skip(reason=f"no corpus in {CORPUS.name}: set ISOSWITCH_CORPUS")


@dataclass(frozen=True)
class Case:
    """One case of the corpus: its raw facts, the whole bytes, and the message inside them."""

    facts: dict[str, Any]
    spec: dict[str, Any]

    @property
    def whole(self) -> bytes:
        """Framing included."""
        return bytes.fromhex(self.facts["hex"])

    @property
    def offset(self) -> int:
        """Where the message starts."""
        return int(self.facts.get("body_offset", 0))

    @property
    def body(self) -> bytes:
        """The message alone."""
        return self.whole[self.offset :]

    @property
    def layout(self) -> Layout:
        """The spec as a layout, with the shape that the case's adapter names."""
        name = self.facts["spec"]
        return layout_of_spec(self.spec, name, bitmap=self._bitmap())

    def _bitmap(self) -> BitmapLayout | None:
        adapter = self.facts.get("adapter")
        if adapter is None:
            return None
        coding = self.spec["pyiso8583"]["p"]["data_enc"]
        name, _, place = adapter.partition("@")
        shapes = {
            "bitmap128": BitmapLayout(coding, fixed_16=True),
            "empty_secondary": BitmapLayout(coding, always_secondary=True),
            "bitmap_lower": BitmapLayout(coding, lower_case=True),
            "tertiary_in_place": BitmapLayout(
                coding, tertiary="in-place", tertiary_width=int(place.partition(":")[2] or 16)
            ),
        }
        return shapes[name]


@cache
def specs() -> dict[str, dict[str, Any]]:
    """The spec files by name."""
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted((CORPUS / "specs").glob("*.json"))
    }


@cache
def cases(broken: bool) -> list[Case]:
    """The malformed cases, or all others."""
    found = []
    for path in sorted(CORPUS.glob("*.json")):
        if (path.stem == "malformed") == broken:
            document = json.loads(path.read_text("utf-8"))
            found += [Case(facts, specs()[facts["spec"]]) for facts in document["cases"]]
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a case, or one skipped test where there is no corpus."""
    for name, broken in (("good_case", False), ("broken_case", True)):
        if name in metafunc.fixturenames:
            found = cases(broken)
            values: list[Any] = list(found) or [pytest.param(None, marks=ABSENT)]
            ids = [case.facts["id"] for case in found] or ["corpus"]
            metafunc.parametrize(name, values, ids=ids)
    if "spec_name" in metafunc.fixturenames:
        names: list[Any] = sorted(specs()) or [pytest.param("", marks=ABSENT)]
        metafunc.parametrize("spec_name", names)


@pytest.fixture
def spec(spec_name: str) -> dict[str, Any]:
    """The spec of that name."""
    return specs()[spec_name]


@pytest.fixture
def samples(spec_name: str) -> list[bytes]:
    """The well-formed messages of that spec in shapes that pyiso8583 has."""
    return [
        case.body
        for case in cases(False)
        if case.facts["spec"] == spec_name and not case.facts.get("adapter")
    ]
