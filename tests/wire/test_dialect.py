"""Dialect files: what ships is whole, and overlays lie on what they extend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from switch.model.words import Kind, Reason
from switch.wire.dialect import load_dialect, shipped_dialects, specs_folder
from switch.wire.dialect_data import Place
from switch.wire.layout import Canon, Coding, Content, SubKind
from switch.wire.mapping import Mapper
from switch.wire.semantics import MEANINGS, SENSITIVE_ELEMENTS
from tests.wire_messages import SALE_87, overlay

SHIPPED = (
    "hypercom",
    "iso2003-binary",
    "iso87-ascii",
    "iso87-ascii-bb",
    "iso87-binary",
    "iso87-ebcdic",
    "iso93-ascii",
    "iso93-binary",
)
SPEAKING = tuple(name for name in SHIPPED if name != "iso2003-binary")
OF_1987 = tuple(name for name in SPEAKING if "93" not in name)

# The defaults of the 1987 profile.
CODES_1987 = {
    "format.error": "30",
    "pan.invalid": "14",
    "card.expired": "54",
    "funds.insufficient": "51",
    "limit.exceeded": "61",
    "terminal.unknown": "58",
    "merchant.unknown": "03",
    "mac.invalid": "63",
    "ksn.replay": "63",
    "key.unknown": "63",
    "pin.wrong": "55",
    "pin.tries_exceeded": "75",
    "pin.block_invalid": "81",
    "not_found": "25",
    "amount.invalid": "13",
    "transaction.invalid": "12",
    "duplicate.mismatch": "94",
    "reconcile.mismatch": "95",
    "upstream.unavailable": "91",
    "no_route": "92",
    "internal": "96",
    "store.unavailable": "96",
    "partial": "10",
    "approved.no_original": "00",
}


# -- what ships


def test_shipped_dialects_are_these() -> None:
    """No dialect is lost on the way into the package, none sneaks in."""
    assert shipped_dialects() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_element_is_described(name: str) -> None:
    """Elements 2 to 128 have a layout and a name; 65 announces a third bitmap and is no element."""
    dialect = load_dialect(name)
    assert set(dialect.layout.fields) == set(range(2, 129)) - {65}
    assert all(dialect.field_name(number) for number in dialect.layout.fields)
    assert dialect.name == name
    assert dialect.title


@pytest.mark.parametrize("name", SHIPPED)
def test_sensitive_elements_are_typed(name: str) -> None:
    """Card number, tracks, PIN data and chip data are named as such and marked for masking."""
    dialect = load_dialect(name)
    for number, meaning in {**SENSITIVE_ELEMENTS, 55: "chip"}.items():
        assert dialect.meaning_of(number) == meaning
        assert dialect.layout.fields[number].sensitive
    assert not dialect.layout.fields[11].sensitive


@pytest.mark.parametrize("name", SPEAKING)
def test_every_reason_has_a_code(name: str) -> None:
    """Whatever the core decides, the terminal hears a code of the right length, for every kind."""
    dialect = load_dialect(name)
    length = 3 if "93" in name else 2
    for kind in Kind:
        table = {**dialect.responses, **dialect.responses_for.get(kind, {})}
        assert set(table) == set(Reason)
        assert {len(code) for code in table.values()} == {length}


@pytest.mark.parametrize("name", OF_1987)
def test_codes_of_1987_are_those_of_the_fault_table(name: str) -> None:
    """The head of the fault scenarios: reason and DE 39."""
    dialect = load_dialect(name)
    assert {reason: dialect.responses[Reason(reason)] for reason in CODES_1987} == CODES_1987


@pytest.mark.parametrize("name", SPEAKING)
def test_every_code_has_words(name: str) -> None:
    """A code that an answer can carry can be explained."""
    dialect = load_dialect(name)
    tables = [dialect.responses, *dialect.responses_for.values()]
    for code in {code for table in tables for code in table.values()}:
        assert dialect.in_words("response_code", code)


@pytest.mark.parametrize("name", SPEAKING)
def test_nothing_sensitive_is_echoed(name: str) -> None:
    """No track, PIN block or chip data goes back to where it came from."""
    dialect = load_dialect(name)
    echoed = {number for rule in dialect.messages.values() for number in rule.echo}
    assert {n for n in echoed if dialect.layout.fields[int(n)].sensitive} <= {"2"}


def test_encodings_of_one_table() -> None:
    """One field table, four ways of writing it: text, raw bytes, packed, EBCDIC."""
    ascii_, bytes_, packed, ebcdic = (
        load_dialect(f"iso87-{kind}").layout.fields
        for kind in ("ascii", "ascii-bb", "binary", "ebcdic")
    )
    assert (ascii_[2].coding, ascii_[2].max_length, ascii_[2].length_size) == ("ascii", 19, 2)
    assert (packed[2].coding, packed[2].nibbles, packed[2].length_size) == (Coding.BINARY, True, 1)
    assert (packed[48].length_coding, packed[48].length_size) == (Coding.BCD, 2)
    assert ebcdic[41].coding == "cp500"
    assert (ascii_[52].coding, ascii_[52].max_length) == ("ascii", 16)
    assert (bytes_[52].coding, bytes_[52].max_length) == (Coding.BINARY, 8)
    assert (packed[35].canon, ascii_[35].canon) == (Canon.TRACK2, Canon.NONE)
    assert (packed[28].canon, packed[28].max_length, ascii_[28].max_length) == (Canon.SIGNED, 5, 9)
    assert (packed[22].pad_left, packed[2].pad_left) == (True, False)
    assert ascii_[2].content is Content.N


def test_inside_of_composites() -> None:
    """Sub-fields of DE 3, 22, 54, 55, 90 and 95 are described."""
    fields = load_dialect("iso87-binary").layout.fields
    kinds = {number: fields[number].sub.kind for number in (3, 22, 43, 54, 90, 95)}  # type: ignore[union-attr]
    assert set(kinds.values()) == {SubKind.POSITIONAL}
    chip, amounts, processing = fields[55].sub, fields[54].sub, fields[3].sub
    assert chip is not None
    assert (chip.kind, chip.binary, chip.lenient) == (SubKind.BER_TLV, True, False)
    assert amounts is not None
    assert amounts.repeat
    assert sum(part.length for part in amounts.parts) == 20
    # Parts that cannot fail where the field does not are not looked at for every message.
    assert processing is not None
    assert processing.lenient


def test_words_are_found_by_their_longest_beginning() -> None:
    """A processing code of six digits is explained by its first two."""
    dialect = load_dialect("iso87-ascii")
    assert dialect.in_words("processing_code", "003000") == "goods and services"
    assert dialect.in_words("network_code", "301") == "echo"
    assert dialect.in_words("processing_code", "77") == ""
    assert dialect.in_words("no_such_meaning", "00") == ""


def test_names_of_the_readme_are_the_names_of_the_program() -> None:
    """Every meaning is told in specs/README.md (totals as a span)."""
    told = specs_folder().joinpath("README.md").read_text("utf-8")
    span = {name for name in MEANINGS if name.endswith(("_number", "_amount"))} - {"batch_number"}
    assert {name for name in MEANINGS if f"`{name}`" not in told} <= span


# -- overlays


def test_example_of_the_readme_loads(tmp_path: Path) -> None:
    """The worked overlay: framing, parts, removal, a message, a transaction, a code, words."""
    told = specs_folder().joinpath("README.md").read_text("utf-8")
    example = re.search(r"```toml\n(.*?)```", told, re.DOTALL)
    assert example is not None
    path = tmp_path / "corner-bank.toml"
    path.write_text(example[1], "utf-8")
    dialect = load_dialect(str(path))
    assert (dialect.name, dialect.title) == ("corner-bank", "Corner Bank POS")
    assert dialect.framing.length == "ascii-4"
    assert 63 not in dialect.layout.fields
    loyalty = dialect.layout.fields[48].sub
    assert loyalty is not None
    assert [part.name for part in loyalty.parts] == ["card of the loyalty scheme", "points"]
    assert "25" in dialect.messages["0200"].required
    assert dialect.messages["0200"].echo == load_dialect("iso87-ascii").messages["0200"].echo
    names = {rule.name for rule in dialect.transactions}
    assert "lunch" in names
    assert "cash" not in names
    assert dialect.responses[Reason.NOT_FOUND] == "21"
    assert dialect.in_words("response_code", "21") == "no action taken"


def test_overlay_leaves_its_base_alone(tmp_path: Path) -> None:
    """Loading an overlay changes nothing of what it extends."""
    before = load_dialect("iso87-ascii")
    load_dialect(overlay(tmp_path, 'title = "x"\nremove = ["fields.63"]\n'))
    assert 63 in load_dialect("iso87-ascii").layout.fields
    assert load_dialect("iso87-ascii") is before


def test_neighbours_may_be_extended(tmp_path: Path) -> None:
    """A house's own base stands beside its overlays."""
    (tmp_path / "house.toml").write_text('extends = "hypercom"\ntitle = "House"\n', "utf-8")
    path = tmp_path / "branch.toml"
    path.write_text('extends = "./house.toml"\n[framing]\ntpdu = "echo"\n', "utf-8")
    dialect = load_dialect(str(path))
    assert (dialect.title, dialect.framing.tpdu) == ("House", "echo")


def test_spec_dict_is_taken_for_reading(tmp_path: Path) -> None:
    """A pyiso8583 spec in JSON stands where a dialect stands, for reading."""
    head = '{"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": %d, "desc": ""}'
    entries = {"h": 0, "t": 4, "p": 16, "1": 16, "11": 6}
    body = ", ".join(f'"{key}": {head % length}' for key, length in entries.items())
    path = tmp_path / "house.json"
    path.write_text(f"{{{body}}}", "utf-8")
    dialect = load_dialect(str(path))
    assert dialect.reading_only
    assert set(dialect.layout.fields) == {11}


def test_a_field_may_mean_something_else_in_one_message(tmp_path: Path) -> None:
    """Whole or part by part; elsewhere it means what it did, and what it meant is not there."""
    dialect = load_dialect("hypercom")
    meanings = {
        mti: {name for name, place in dialect.messages[mti].places.items() if place.field == "60"}
        for mti in ("0200", "0220", "0320", "0500")
    }
    assert meanings == {
        "0200": {"batch_number"},
        "0220": {"amount_original"},
        "0320": {"original_message", "original_stan"},
        "0500": {"batch_number"},
    }
    text = "[messages.0320]\nparts.48 = [{ as = 'an2' }, { as = 'ans12', means = 'rrn' }]\n"
    rule = load_dialect(overlay(tmp_path, text)).messages["0320"]
    assert rule.places["rrn"] == Place("48", 2, 14)
    assert [part.length for part in rule.parts["48"]] == [2, 12]


def test_a_line_may_ask_for_what_is_there(tmp_path: Path) -> None:
    """``with``: the element holds something; the line that asks for it is the more specific one."""
    text = (
        "[transactions.late]\nmessages = ['0200']\nwhen = { processing_code = '00' }\n"
        "with = ['approval_code']\nkind = 'completion'\ncaptures = true\n"
    )
    mapper = Mapper(load_dialect(overlay(tmp_path, text)))
    for code, kind in (("A1B2C3", Kind.COMPLETION), ("      ", Kind.PURCHASE)):
        assert mapper.request({**SALE_87, "38": code}).kind is kind
    assert mapper.request(SALE_87).kind is Kind.PURCHASE
