"""The tables of the README are true: each says what dialects, demo world and key room say.

Owns how a cell is read. Refuses to run anything: that is ``test_readme``'s.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from switch.config import demo_config
from switch.model.words import Kind, Reason
from switch.wire.dialect import load_dialect, shipped_dialects
from switch.wire.dialect_data import Dialect

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")

Line = tuple[str, frozenset[tuple[str, frozenset[str]]]]


def _of_dialect(dialect: Dialect, kind: Kind) -> set[Line]:
    """Message types of a kind, each with its conditions."""
    found: set[Line] = set()
    for rule in dialect.transactions:
        if rule.kind is kind:
            when = {(field, frozenset(values)) for field, values in rule.when}
            when |= {(place.field, frozenset({"is there"})) for place in rule.present}
            found |= {(message, frozenset(when)) for message in rule.messages}
    return found


def _of_cell(cell: str) -> set[Line]:
    """The same from the page: ``0200/0220 00 25=06 +37; ...``."""
    found: set[Line] = set()
    for line in (line.split() for line in cell.split(";") if cell.strip() != "none"):
        when = set()
        for word in line[1:]:
            field, _, values = word.rpartition("=")
            if word.startswith("+"):
                when.add((word[1:], frozenset({"is there"})))
            else:
                when.add((field or "3", frozenset(values.split("/"))))
        found |= {(message, frozenset(when)) for message in line[0].split("/")}
    return found


def test_table_of_kinds_is_that_of_the_dialects() -> None:
    """Each cell says exactly by which messages the dialects of its column tell the kind, and no
    kind that is served at a counter is left out.
    """
    table = README.split("| kind |")[1].split("\n\n")[0].splitlines()
    columns = [cell.strip(" `") for cell in table[0].split("|")[:-1]]
    shown = set()
    for row in table[2:]:
        name, *cells = row.strip("| ").split("|")
        kind = Kind(name.strip(" `"))
        shown.add(kind)
        for column, cell in zip(columns, cells, strict=True):
            for dialect in (name for name in shipped_dialects() if fnmatch(name, column)):
                assert _of_cell(cell) == _of_dialect(load_dialect(dialect), kind), (kind, dialect)
    declined = {Kind.FILE_ACTION, Kind.UNKNOWN}
    assert shown == {kind for kind in Kind if not kind.is_network} - declined


def _table(first_cell: str) -> list[list[str]]:
    """Rows of the table whose heading begins with that cell, without their frame; heading first."""
    lines = README[README.index(f"| {first_cell} |") :].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [rows[0], *rows[2:]]


COLUMNS: Final = {"1987": "iso87-", "1993": "iso93-", "`hypercom`": "hypercom"}


def _of_column(heading: str) -> list[Dialect]:
    beginnings = tuple(COLUMNS[one] for one in heading.split(", "))
    return [load_dialect(name) for name in shipped_dialects() if name.startswith(beginnings)]


def test_table_of_carriers_is_that_of_the_dialects() -> None:
    """Each cell names the fields of the meaning in its row, in every dialect of its column."""
    head, *rows = _table("carries")
    assert len(rows) == 6
    for carries, *cells in rows:
        meaning = carries.split("`")[1]
        for heading, cell in zip(head[1:], cells, strict=True):
            for dialect in _of_column(heading):
                own = (dialect.places[meaning].field,) if meaning != "mac" else dialect.mac_fields
                assert cell.split(", ") == [str(number) for number in own], (meaning, dialect.name)


def test_table_of_refusals_is_that_of_the_dialects() -> None:
    """Each reason has the code of its column, and none that secures a message is left out."""
    head, *rows = _table("what is wrong")
    shown = set()
    for _, named, *cells in rows:
        reasons = [Reason(name) for name in re.findall(r"`([\w.]+)`", named)]
        shown |= set(reasons)
        for heading, cell in zip(head[2:], cells, strict=True):
            for dialect in _of_column(heading):
                codes = [dialect.responses[reason] for reason in reasons]
                assert cell.split(", ") == codes, (named, dialect.name)
    kinds = ("mac.", "ksn.", "key.", "pin.", "cryptogram.", "card_verification.")
    assert {reason for reason in Reason if reason.value.startswith(kinds)} < shown


def test_keys_of_the_page_are_those_of_the_demo_world() -> None:
    """Whoever injects what the page says has the key that the switch has."""
    configured = {key.name: key.value.reveal() for key in demo_config().key}
    _, *rows = _table("`[[key]]`")
    assert len(rows) == 3
    for name, _, value in rows:
        assert configured[name.strip("`")] == value.replace(" ", "")


def test_modules_of_the_key_room_are_all_named() -> None:
    """Each module of `switch/keys/` stands in one row of the table, and no row is empty."""
    _, *rows = _table("in `switch/keys/`")
    patterns = [re.findall(r"`(\S+)`", names) for names, *_ in rows]
    modules = {path.name for path in (ROOT / "switch/keys").glob("*.py")} - {"__init__.py"}
    for module in modules:
        assert sum(fnmatch(module, one) for row in patterns for one in row) == 1, module
    assert all(any(fnmatch(m, one) for m in modules) for row in patterns for one in row)


def test_primitives_of_the_key_room_are_all_named() -> None:
    """SR-KEY-15: what the key room takes from the library is in the table."""
    _, *rows = _table("primitive")
    named = " ".join(" ".join(row) for row in rows)
    taken = set()
    for path in (ROOT / "switch/keys").glob("*.py"):
        for line in re.findall(r"from cryptography\S* import ([\w, ]+)", path.read_text("utf-8")):
            taken |= {word.strip() for word in line.split(",")}
    library = {"TripleDES": "TDES", "AESGCM": "GCM", "ec": "ECDSA", "AES256": "AES-256"}
    primitives = "TripleDES AES SM4 SM3 SHA256 AESGCM AES256 HKDF CMAC HMAC ec CBC".split()
    others = {
        "BlockCipherAlgorithm", "Cipher", "CipherContext", "hashes", "InvalidTag", "x509", "ECB",
        "CTR", "ExtendedKeyUsageOID", "NameOID",
    }  # fmt: skip
    assert taken <= {*primitives, *others}, "name it in the README"
    for name in primitives:
        assert library.get(name, name.replace("SHA256", "SHA-256")) in named, name


def test_table_of_ports_is_that_of_the_demo_world() -> None:
    """Ports and dialects of the table are those that `serve` opens, and none is left out."""
    rows = dict(re.findall(r"^\| (\d*) ?\| `([\w-]+)` \|", README, re.MULTILINE)[::-1])
    opened = {str(listener.port): listener.dialect for listener in demo_config().listener}
    assert {port: name for port, name in rows.items() if port} == opened
    assert {*rows.values()} == {*shipped_dialects()}
