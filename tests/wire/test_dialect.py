"""Dialect files: what ships is whole, what is wrong is refused with file, line and reason, and
nothing hostile comes through.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.errors import ConfigError
from switch.model.words import Kind, Reason
from switch.wire.dialect import Dialect, load_dialect, shipped_dialects, specs_folder
from switch.wire.layout import Canon, Coding, Content, SubKind
from switch.wire.semantics import MEANINGS, SENSITIVE_ELEMENTS, is_sensitive

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


def overlay(tmp_path: Path, text: str, base: str = "iso87-ascii") -> str:
    """A dialect file that extends another one."""
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{base}"\n{text}', "utf-8")
    return str(path)


def refusal(path: str) -> ConfigError:
    """The error that loading ends in."""
    with pytest.raises(ConfigError) as caught:
        load_dialect(path)
    return caught.value


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


# -- refusals

MISTAKES = [
    ("[fields.48]\nas = 'ans..250'\n", 3, "two|2 digits"),
    ("[fields.48]\nas = 'letters'\n", 3, "notation"),
    ("[fields.48]\nas = 'ans...20'\nmeans = 'mood'\n", 4, "unknown meaning"),
    ("[fields.48]\nas = 'ans...20'\ncolour = 'red'\n", 4, "no such key"),
    ("[fields.35]\nas = 'z..37'\nmeans = 'response_text'\n", 2, "sensitive"),
    ("[fields.11]\nas = 'n6'\nmeans = 'stan'\n[fields.60]\nas = 'n6'\nmeans = 'stan'\n", 5, "stan"),
    ("[fields.2]\nas = 'ans..19'\n", 2, "written as n"),
    ("[fields.1]\nas = 'b8'\n", 2, "pattern"),
    ("[fields.200]\nas = 'b8'\n", 2, "pattern"),
    ("[messages.0200]\nrequired = [3, 165]\n", 3, "no field 165"),
    ("[messages.0200]\necho = [35]\n", 3, "never echoed"),
    ("[messages.0200]\necho = [3, 41]\n", 3, "answer_match"),
    ("[messages.0200]\nlike = '0600'\n", 3, "no other message"),
    ("[messages.0210]\nrequired = [3]\n", 2, "pattern"),
    ("[messages.1200]\nrequired = [3]\n", 2, "version 0"),
    ("[transactions.x]\nmessages = ['0600']\nkind = 'purchase'\n", 3, "no message 0600"),
    ("[transactions.x]\nmessages = ['0200']\nkind = 'gift'\n", 4, "kind"),
    ("[transactions.x]\nmessages = ['0200']\nkind = 'void'\nwhen = {invoice='x'}\n", 5, "when"),
    ("[transactions]\n'x;import os' = {messages=['0200'], kind='void'}\n", 3, "pattern"),
    ("[identity]\noriginal = ['stan']\n", 3, "part by part"),
    ("[identity]\nanswer_match = ['mood']\n", 3, "answer_match"),
    ("[identity]\nreference = ['mood']\n", 3, "reference"),
    ("[responses]\n'approved' = '000'\n", 3, "2 characters"),
    ("[responses]\n'sorry' = '00'\n", 3, "responses"),
    ("[policy]\nchecks = ['fields', 'mood']\n", 3, "mood"),
    ("[policy]\ntotals = 'guess'\n", 3, "totals"),
    ("[encoding]\ntext = 'utf-16'\n", 3, "one byte a digit"),
    ("[encoding]\nnumeric = 1\n", 3, "numeric"),
    ("[framing]\nlength = 'ascii-5'\n", 3, "length"),
    ("[framing]\nlimit_bytes = '8192'\n", 3, "integer"),
    ("[entry_mode]\ntemplate = '0021'\n", 3, "3 characters"),
    ("remove = ['fields.200']\n", 2, "there is no"),
    ("remove = 'fields.48'\n", 2, "list"),
    ("remove = ['transactions']\n", 2, "transactions"),
    ("remove = ['identity']\n", 2, "identity"),
    ('title = "a\\u001b[2Jb"\n', 2, "printed"),
    ('title = "a\\u202Eb"\n', 2, "printed"),
    (f"title = '{'x' * 121}'\n", 2, "120"),
    ("this is no toml\n", 2, "no TOML"),
]


@pytest.mark.parametrize(("text", "line", "said"), MISTAKES)
def test_mistakes_are_refused_with_their_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    """File, line, reason; the line is where the mistake was made, not somewhere in the base."""
    error = refusal(overlay(tmp_path, text))
    place = error.where
    if not text.startswith("remove = ['"):
        assert place == f"{tmp_path / 'mine.toml'}:{line}"
    assert re.search(said, error.reason), error.reason


def test_mistake_in_a_base_points_at_the_base(tmp_path: Path) -> None:
    """A chain is refused in the file that says the wrong thing."""
    (tmp_path / "house.toml").write_text(
        'extends = "iso87-ascii"\n[fields.48]\nas = "oops"\n', "utf-8"
    )
    path = tmp_path / "branch.toml"
    path.write_text('extends = "./house.toml"\n', "utf-8")
    assert refusal(str(path)).where == f"{tmp_path / 'house.toml'}:3"


@pytest.mark.parametrize(
    "base", ["nowhere", "../iso87-ascii", "/etc/passwd", "./a/b.toml", "https://x.example/y", ""]
)
def test_bases_are_shipped_or_neighbours(tmp_path: Path, base: str) -> None:
    """A dialect file cannot make the program read elsewhere."""
    assert refusal(overlay(tmp_path, "", base)).where == f"{tmp_path / 'mine.toml'}:1"


def test_circles_end(tmp_path: Path) -> None:
    """Two files that extend each other are refused."""
    for name, base in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.toml").write_text(f'extends = "./{base}.toml"\n', "utf-8")
    assert "circle" in refusal(str(tmp_path / "a.toml")).reason


def test_names_and_files_that_are_none(tmp_path: Path) -> None:
    """An unknown name lists what there is; files that cannot be read say why."""
    assert "hypercom" in refusal("iso99").reason
    assert "cannot be read" in refusal(str(tmp_path / "none.toml")).reason
    assert "file name" in refusal("a\0b.toml").reason
    odd = tmp_path / "Odd Name.toml"
    odd.write_text("", "utf-8")
    assert "small letters" in refusal(str(odd)).reason
    (tmp_path / "latin.toml").write_bytes(b"title = 'x'\nx = '\xff'\n")
    assert refusal(str(tmp_path / "latin.toml")).where.endswith("latin.toml:2")
    (tmp_path / "huge.toml").write_bytes(b"#" * 1_000_002)
    assert "larger" in refusal(str(tmp_path / "huge.toml")).reason
    (tmp_path / "deep.toml").write_text("x = " + "[" * 5000 + "]" * 5000, "utf-8")
    assert "deep" in refusal(str(tmp_path / "deep.toml")).reason


def test_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Who has made two mistakes need not load twice."""
    text = "[fields.48]\nas = 'oops'\n[fields.47]\nas = 'oops'\n"
    error = refusal(overlay(tmp_path, text))
    assert "mine.toml:3" in str(error)
    assert "mine.toml:5" in str(error)


BASE_LINES = specs_folder().joinpath("iso87-ascii.toml").read_text("utf-8").split("\n")


def loaded(path: str) -> tuple[Dialect | None, str]:
    """The dialect, or where it was refused."""
    try:
        return load_dialect(path), ""
    except ConfigError as error:
        return None, error.where


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_spoiled_files_load_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever stands in a line: a dialect, or ConfigError with file and line; nothing else."""
    lines = list(BASE_LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        cut = data.draw(st.integers(0, len(line)))
        lines[at] = data.draw(
            st.sampled_from(
                ["", line[:cut], line[:cut] + "9" + line[cut:], line[:cut] + line[cut + 1 :]]
            )
            | st.text(max_size=30)
            | st.just(lines[data.draw(st.integers(0, len(lines) - 1))])
        )
    path = tmp_path_factory.mktemp("spoiled") / "spoiled.toml"
    path.write_text("\n".join(lines), "utf-8")
    dialect, where = loaded(str(path))
    if dialect is None:
        assert re.search(r"spoiled\.toml:\d+$", where), where
        return
    for number, meaning in SENSITIVE_ELEMENTS.items():
        if number in dialect.layout.fields:
            assert is_sensitive(dialect.meaning_of(number)), meaning
