"""The checkout keeps the laws of the house, and each law is able to find a breach.

Owns the reviewed list of places where clear card data is taken out; the laws are ``tests/laws.py``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests import laws
from tests.laws import Checkout

ROOT: Final = Path(__file__).resolve().parent.parent
DOC: Final = '"""Says what it owns."""\n'

# Reviewed one by one: why each needs the clear value.
REVEALS: Final[dict[str, int]] = {
    "switch/keys/vault.py:SoftwareVault.seal": 1,  # enciphers the PAN
    "switch/keys/vault.py:SoftwareVault.token": 1,  # keyed hash of the whole PAN
    # PINs inside the vault: out of their blocks, against what is known of the card, and gone.
    "switch/keys/vault_pin.py:PinDesk.check_pin": 2,
    "switch/keys/vault_pin.py:PinDesk.keep_house_pin": 1,  # hashed at once
    "switch/keys/vault_pin.py:PinDesk.pin_reference": 2,  # of a test card
    "switch/keys/vault_pin.py:PinDesk.translate_pin": 2,
    # Cards inside the vault: chip data and number into a verdict or an answer for the card.
    "switch/keys/vault_chip.py:ChipDesk.check_card_verification": 2,
    "switch/keys/vault_chip.py:_presented": 2,
    # What would have fitted: of keys marked test, and no answer shows a value.
    "switch/keys/vault_doctor.py:DoctorDesk.why_cryptogram": 2,
    "switch/keys/vault_doctor.py:DoctorDesk.why_pin": 2,
    # The virtual terminal's side: what a device reads off a card goes into its message.
    "switch/wire/map_terminal.py:TerminalSide._put_card": 6,
    # And what a test card and its holder give: stripe and codes, chip, PIN block.
    "tools/switch_tools/cards.py:CardInHand.stripe": 2,
    "tools/switch_tools/cards.py:CardInHand._verification": 2,
    "tools/switch_tools/terminal_chip.py:InsertedCard.__init__": 3,
    "tools/switch_tools/terminal_chip.py:InsertedCard.hears": 1,
    "tools/switch_tools/terminal_security.py:Guard._pin_block": 3,
    # A message's own bytes, to make its MAC of; they go to the vault and nowhere else.
    "switch/wire/mac_cover.py:MacCover.covered": 1,
    "switch/wire/mac_cover.py:MacCover.alternatives": 1,
    # A test key in clear is on its way into the vault: from the configuration, from a person.
    "switch/config_keys_checks.py:_unfit": 1,  # whether the vault would take it, told with its line
    "switch/server/key_words.py:taken": 1,
    "switch/server/world_keys.py:key_records": 1,
}


def tracked() -> list[str]:
    """Files of the checkout: what git knows or would take in; without git, what is there."""
    program = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return listed.stdout.splitlines()
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [
        str(path) for path in found if path.parts[0] in laws.TOP and "__pycache__" not in path.parts
    ]


@pytest.fixture(scope="module")
def checkout() -> Checkout:
    """The checkout that these tests are part of."""
    return Checkout(ROOT, tracked())


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_law_is_kept(checkout: Checkout, law: Callable[[Checkout], list[str]]) -> None:
    """Nothing in the checkout breaks the law."""
    assert law(checkout) == []


def test_clear_values_are_taken_out_only_where_reviewed(checkout: Checkout) -> None:
    """A new ``reveal()`` call, or one that is gone, wants a look at the list above (SR-PAN-01)."""
    assert laws.reveals(checkout) == REVEALS


# What is planted where, and which law must find it. A "~" keeps a forbidden word out of this file.
BREACHES: Final = [
    (laws.floors, "switch/money.py", "from switch.model.words import Kind"),
    (laws.floors, "switch/core/x.py", "def f():\n    import switch.server.engine"),
    (laws.floors, "switch/core/x.py", "from switch.store.port import Store"),
    (laws.floors, "switch/wire/x.py", "from switch import core"),
    (laws.floors, "switch/server/x.py", "import switch_tools.bench"),
    (laws.floors, "switch/attic.py", ""),
    (laws.libraries, "switch/app.py", "import trio"),
    (laws.libraries, "switch/wire/codec.py", "import iso8583"),
    (laws.libraries, "switch/server/tls.py", "from cryptography import x509"),
    (laws.libraries, "switch/core/x.py", "from pydantic import BaseModel"),
    (laws.libraries, "switch/store/memory.py", "import apsw"),
    (laws.libraries, "tools/switch_tools/x.py", "import requests"),
    (laws.libraries, "tools/dev.py", "import click"),
    (laws.libraries, "tools/dev.py", "import switch.money"),
    (laws.pure_core, "switch/core/x.py", "import time"),
    (laws.pure_core, "switch/core/x.py", "from zoneinfo import ZoneInfo"),
    (laws.pure_core, "switch/core/x.py", "import logging"),
    (laws.pure_core, "switch/core/x.py", "import random"),
    (laws.pure_core, "switch/core/x.py", "async def f() -> None: ..."),
    (laws.pure_core, "switch/core/x.py", "def f(path):\n    return path.open()"),
    (laws.pure_core, "switch/core/x.py", "def f(datetime):\n    return datetime.now()"),
    (laws.field_numbers, "switch/core/x.py", "def f(fields):\n    return fields['39']"),
    (laws.field_numbers, "switch/server/x.py", "def f(fields):\n    return fields.get('11')"),
    (laws.field_numbers, "switch/store/x.py", "def f(fields):\n    return '2' in fields"),
    (laws.field_numbers, "switch/keys/x.py", "answer = {'39': 'x'}"),
    (laws.field_numbers, "switch/core/x.py", "DE39 = 'x'"),
    (laws.field_numbers, "switch/core/x.py", "def f(field_41): ..."),
    (laws.frozen_words, "switch/model/x.py", "@dataclass(frozen=True)\nclass A: ..."),
    (laws.frozen_words, "switch/model/x.py", "@dataclass\nclass A: ..."),
    (laws.frozen_words, "switch/model/x.py", "class A(Struct): ..."),
    (laws.frozen_words, "switch/model/x.py", "class A(Struct, frozen=False): ..."),
    (laws.unsafe_calls, "switch/wire/codec.py", "exec('1')"),
    (laws.unsafe_calls, "tools/switch_tools/x.py", "eval('1')"),
    (laws.unsafe_calls, "switch/store/x.py", "import pickle"),
    (laws.unsafe_calls, "tests/x.py", "subprocess.run('ls', shell=True)"),
    (laws.unsafe_calls, "tools/dev.py", "os.system('ls')"),
    (laws.shape_of_files, "switch/core/x.py", "\n" * 401),
    (laws.shape_of_files, "specs/x.py", ""),
    (laws.shape_of_files, "tools/dev.py", "# TO~DO: later"),
    (laws.shape_of_files, "switch/core/x.py", "raise NotImplemented~Error"),
    (laws.silent_skips, "tests/test_x.py", "@pytest.mark.skipif(True)\ndef test_x(): ..."),
    (laws.silent_skips, "tests/test_x.py", "@pytest.mark.skip\ndef test_x(): ..."),
    (laws.silent_skips, "tests/test_x.py", "pytest.ski~p()"),
    (laws.foreign_words, "README.md", "see https://" + laws.HOSTS[0]),
    (laws.foreign_words, "README.md", "look into /ro~ot/project"),
    (laws.foreign_words, "tests/test_x.py", "CORPUS = '../sha~red/corpus'"),
    (laws.foreign_words, "tests/test_x.py", "PLACE = '/tm~p/x'"),
    (laws.foreign_words, "tests/core/test_x.py", "CORPUS = '../sha~red/corpus'"),
    (laws.foreign_words, "notes.md", ""),
]  # fmt: skip


@pytest.mark.parametrize(("law", "file", "source"), BREACHES)
def test_law_finds_what_breaks_it(
    tmp_path: Path, law: Callable[[Checkout], list[str]], file: str, source: str
) -> None:
    """Planted alone in an empty checkout, a breach is found, in its file."""
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(DOC + source.replace("~", ""), encoding="utf-8")
    found = law(Checkout(tmp_path, [file]))
    assert found
    assert all(line.startswith((f"{file}:", file.split("/", maxsplit=1)[0])) for line in found)


def test_circles_are_found(tmp_path: Path) -> None:
    """Two modules that need each other are both named, one that needs neither is not."""
    sources = {
        "switch/core/a.py": "from switch.core import b",
        "switch/core/b.py": "from switch.core.a import f",
        "switch/core/c.py": "import dataclasses",
    }
    for file, source in sources.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(DOC + source, encoding="utf-8")
    found = laws.circles(Checkout(tmp_path, list(sources)))
    assert [line.split()[0] for line in found] == ["switch.core.a", "switch.core.b"]


@pytest.mark.parametrize(
    "source",
    ["pan.reveal()", "getattr(pan, 'reveal')()", "pan._clear", "map(methodcaller('reveal'), x)"],
)
def test_a_new_reveal_is_found(tmp_path: Path, source: str) -> None:
    """A clear value taken out is found by function, whichever way it is written."""
    planted = tmp_path / "switch/core/x.py"
    planted.parent.mkdir(parents=True)
    planted.write_text(f"class A:\n    def f(self, pan):\n        {source}\n", encoding="utf-8")
    assert laws.reveals(Checkout(tmp_path, ["switch/core/x.py"])) == {"switch/core/x.py:A.f": 1}


def test_layers_tool_agrees_and_can_fail(tmp_path: Path) -> None:
    """import-linter keeps the same floors by its own reading, and breaks on an upward import."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "switch", tmp_path / "switch", ignore=ignored)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=ignored)
    kept = _lint_imports(tmp_path)
    assert kept.returncode == 0, kept.stdout
    upward = tmp_path / "switch" / "money.py"
    upward.write_text(f"{upward.read_text()}\nimport switch.server.engine\n", encoding="utf-8")
    broken = _lint_imports(tmp_path)
    assert broken.returncode == 1
    assert "switch.money" in broken.stdout


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(
        program,
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{folder / 'tools'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
