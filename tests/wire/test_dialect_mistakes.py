"""Dialect files that are wrong: refused with file, line and reason, and nothing hostile comes
through.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.errors import ConfigError
from switch.wire.dialect import Dialect, load_dialect, specs_folder
from switch.wire.semantics import SENSITIVE_ELEMENTS, is_sensitive
from tests.wire_messages import overlay


def refusal(path: str) -> ConfigError:
    """The error that loading ends in."""
    with pytest.raises(ConfigError) as caught:
        load_dialect(path)
    return caught.value


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
    ("[transactions.x]\nmessages = ['0200']\nkind = 'void'\nwith = ['mood']\n", 5, "mood"),
    ("[transactions.x]\nmessages = ['0200']\nkind = 'void'\ninstead = [165]\n", 5, "field 165"),
    ("[messages.0320]\nparts.11 = [{ as = 'n7', name = 'x' }]\n", 3, "longer than field 11"),
    ("[messages.0320]\nparts.60 = [{ as = 'n6', means = 'pan' }]\n", 3, "sensitive"),
    ("[messages.0320]\nmeans = { 60 = 'track2' }\n", 3, "sensitive"),
    ("[messages.0320]\nmeans = { 165 = 'totals' }\n", 3, "no field 165"),
    ("[identity]\noriginal_of = { batch_upload = ['stan'] }\n", 3, "part by part"),
    ("[amount_types]\ntip = '4'\n", 3, "pattern"),
    ("[indicators]\nlast = ''\n", 3, "pattern"),
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
    ("[mac]\nscheme = 'X9.19'\n", 3, "x9.19/2 .padding."),
    ("[mac]\nscheme = 'x9.19:100'\n", 3, "way of making MACs"),
    ("[mac]\nscheme = 'x9.19/2; import os'\n", 3, "way of making MACs"),
    ("[mac]\nscheme = ''\n", 3, "way of making MACs"),
    ("[mac]\ncovers = 'envelope'\n", 3, "message"),
    ("[mac]\ncovers = 'tpdu'\n", 3, "mac.covers: this dialect has no TPDU"),
    ("[mac]\ncovers = 'header'\n", 3, "mac.covers: this dialect has no header"),
    ("[mac]\nbit = 'gone'\n", 3, "cleared"),
    ("[mac]\nfield = 'spaces'\n", 3, "zeros"),
    ("[mac]\ntext = 'yes'\n", 3, "boolean"),
    ("[mac]\nmessages = ['0600']\n", 3, "mac.messages: there is no message 0600"),
    ("[mac]\nmessages = ['0210']\n", 3, "pattern"),
    ("[mac]\nkey = '0123'\n", 3, "no such key"),
    ("[fields.64]\nas = 'b..8'\n", 3, "fixed length, such as b8"),
    ("[fields.125]\nas = 'ans...32'\n", 2, "pin_block_long is written as b"),
    ("remove = ['fields.200']\n", 2, "there is no"),
    ("remove = 'fields.48'\n", 2, "list"),
    ("remove = ['transactions']\n", 2, "transactions"),
    ("remove = ['mac.scheme']\n", 2, "scheme: is missing"),
    ("remove = ['fields.64', 'fields.128']\n", 2, "mac.scheme: no field of this dialect means mac"),
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
