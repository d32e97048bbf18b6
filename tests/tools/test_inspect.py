"""``isoswitch inspect``: what it takes, what it prints, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect, shipped_dialects
from switch.wire.framer import wrap
from switch.wire.framing import Framing
from switch_tools.inspect import inspect

PAN = "4761739001010010"
FIELDS = {
    "t": "0200",
    "2": PAN,
    "3": "000000",
    "4": "000000001230",
    "7": "1124120000",
    "11": "000001",
    "12": "120000",
    "13": "1124",
    "22": "051",
    "41": "DEMO0001",
    "42": "DEMOMERCHANT001",
    "49": "840",
}


def message(name: str, **changes: str) -> bytes:
    """A purchase in that dialect, bare."""
    return Codec(load_dialect(name).layout).encode({**FIELDS, **changes})


def framed(name: str) -> bytes:
    """The same in the dialect's framing."""
    return wrap(load_dialect(name).framing, message(name))


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    """The command's result; nothing but a deliberate exit ends it."""
    result = CliRunner().invoke(inspect, list(arguments), input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def told(*arguments: str, stdin: bytes | None = None) -> dict[str, Any]:
    """Its JSON."""
    answer: dict[str, Any] = json.loads(run(*arguments, "--json", stdin=stdin).output)
    return answer


def test_a_good_message_ends_with_zero_and_a_broken_one_with_one() -> None:
    """Scripts go by the exit code."""
    data = message("iso87-binary")
    assert run(data.hex(), "--dialect", "iso87-binary").exit_code == 0
    assert run(data[:-1].hex(), "--dialect", "iso87-binary").exit_code == 1


def test_the_json_has_the_promised_shape() -> None:
    """mti, fields by pyiso8583's ids, warnings, error; masked unless revealed."""
    data = framed("hypercom").hex()
    answer = told(data, "--dialect", "hypercom")
    assert answer["mti"] == "0200"
    assert answer["error"] is None
    assert answer["warnings"] == []
    assert set(answer["fields"]) == {"p", *FIELDS}
    assert answer["fields"]["2"]["value"] == "476173******0010"
    assert answer["fields"]["t"]["offset"] == 7
    clear = told(data, "--dialect", "hypercom", "--reveal")
    assert clear["fields"]["2"]["value"] == PAN


def test_an_error_names_field_place_reason_and_cure() -> None:
    """A letter in the amount: the error points at the field's data, counted from the first byte
    given.
    """
    data = message("iso87-ascii")
    broken = data.replace(b"000000001230", b"00000000I230")
    answer = told(wrap(Framing(), broken).hex(), "--dialect", "iso87-ascii")
    error = answer["error"]
    at = 2 + data.index(b"000000001230")
    assert (error["field"], error["offset"], error["at"]) == ("4", at, at + 8)
    assert error["reason"] == "must be digits"
    assert "hint" in error
    assert "11" not in answer["fields"]
    assert answer["fields"]["3"]["value"] == "000000"


@pytest.mark.parametrize("name", shipped_dialects())
def test_without_a_dialect_it_finds_the_one_that_fits(name: str) -> None:
    """Every shipped dialect is recognised from its own traffic, framing included."""
    dialect = load_dialect(name)
    version = {"0": "0200", "1": "1200", "2": "2200"}[dialect.version]
    known = {"2": PAN, "37": "632912000001"}
    body = Codec(dialect.layout).encode({"t": version, **known})
    answer = told(wrap(dialect.framing, body).hex())
    assert answer["dialects"][0]["name"] == name
    assert answer["dialects"][0]["fits"]
    assert answer["framing"]["kind"] == str(dialect.framing)
    assert answer["error"] is None
    assert {one["name"] for one in answer["dialects"]} == set(shipped_dialects())
    text = run(wrap(dialect.framing, body).hex()).output
    assert text.startswith(f"fits     {name} best; also: ")


def test_without_a_dialect_any_framing_is_recognised() -> None:
    """An ASCII message behind a length in four digits that counts itself."""
    framing = Framing.parse("ascii-4,inclusive")
    answer = told(wrap(framing, message("iso87-ascii")).hex())
    assert (answer["dialect"], answer["framing"]["kind"]) == ("iso87-ascii", "ascii-4,inclusive")
    assert answer["error"] is None


def test_noise_fits_nothing_and_says_so() -> None:
    """The best dialect explains how far it comes."""
    result = run("ff" * 40)
    assert result.exit_code == 1
    assert result.output.startswith("fits     no shipped dialect")
    assert "wrong:" in result.output


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "an HTTP request"),
        (b"SSH-2.0-OpenSSH_9\r\n", "an SSH banner"),
        (b"", "there is nothing to read"),
    ],
)
def test_what_is_no_message_at_all_is_called_by_its_name(stdin: bytes, said: str) -> None:
    """And no dialect's opinion on it is offered as a cure."""
    assert said in told("-", stdin=stdin)["error"]["hint"]


def test_a_named_framing_is_used() -> None:
    """Where recognition is not wanted."""
    data = wrap(Framing.parse("hex-4"), message("iso87-ascii")).hex()
    good = told(data, "--dialect", "iso87-ascii", "--framing", "hex-4")
    assert good["error"] is None
    assert good["fields"]["t"]["offset"] == 4
    bad = told(data, "--dialect", "iso87-ascii", "--framing", "none")
    assert bad["error"]["field"] == "t"
    free = told(data, "--framing", "hex-4")
    assert free["dialects"][0]["name"] == "iso87-ascii"


@pytest.mark.parametrize("form", ["bytes", "hex", "spaced", "dump", "pipe", "pipe-hex"])
def test_input_may_be_a_file_or_a_pipe_in_any_form(form: str, tmp_path: Path) -> None:
    """Bytes, hex, a dump; from a file or from standard input."""
    data = framed("iso87-binary")
    path = tmp_path / "message.secret"
    rows = [data[at : at + 16].hex(" ") for at in range(0, len(data), 16)]
    texts = {
        "bytes": data,
        "hex": data.hex().encode() + b"\n",
        "spaced": data.hex(" ").upper().encode(),
        "dump": "\n".join(f"{16 * k:08x}: {row}" for k, row in enumerate(rows)).encode(),
    }
    if form in texts:
        path.write_bytes(texts[form])
        answer = told(str(path), "--dialect", "iso87-binary")
    else:
        stdin = data if form == "pipe" else data.hex().encode()
        answer = told("-", "--dialect", "iso87-binary", stdin=stdin)
    assert answer["error"] is None
    assert answer["fields"]["41"]["value"] == "DEMO0001"


def test_a_text_message_made_of_digits_is_not_taken_for_hex(tmp_path: Path) -> None:
    """An ASCII message may consist of nothing but hex digits: what reads well counts."""
    layout = load_dialect("iso87-ascii").layout
    body = Codec(layout).encode({"t": "0800", "7": "1124120000", "11": "000001", "70": "301"})
    path = tmp_path / "message"
    path.write_bytes(body)
    assert told(str(path), "--dialect", "iso87-ascii")["error"] is None
    path.write_bytes(body.hex().encode())
    assert told(str(path), "--dialect", "iso87-ascii")["error"] is None


SPEC = {
    "h": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0, "desc": ""},
    "t": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 4, "desc": ""},
    "p": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": ""},
    "1": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": ""},
    "2": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 2, "max_len": 19, "desc": "PAN"},
    "13": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 4, "desc": "date"},
    "35": {
        "data_enc": "b",
        "len_enc": "bcd",
        "len_type": 1,
        "max_len": 37,
        "len_count": "nibbles",
        "right_pad": "0",
        "desc": "track 2",
    },
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_spec_reads_the_bare_message(wrapped: bool, tmp_path: Path) -> None:
    """Bare or in its wrapper; values as pyiso8583 has them, the canonical one beside it."""
    path = tmp_path / "spec.json"
    document = {"pyiso8583": SPEC, "canonical": {"35": "t2eq"}} if wrapped else SPEC
    path.write_text(json.dumps(document))
    body = b"0200" + bytes.fromhex("4008000020000000") + b"16" + PAN.encode() + b"9099"
    track = PAN + "D28122010000000000000"[: 37 - len(PAN)]
    body += b"\x37" + bytes.fromhex(track + "0")
    answer = told(body.hex(), "--spec", str(path))
    assert answer["error"] is None
    assert answer["fields"]["2"]["value"] == "476173******0010"
    assert answer["fields"]["35"]["value"] == "[hidden]"
    assert [(one["field"], one["offset"]) for one in answer["warnings"]] == [("13", 30)]
    clear = told(body.hex(), "--spec", str(path), "--reveal")["fields"]["35"]
    assert clear["value"] == track
    assert clear.get("canonical") == (track.replace("D", "=") if wrapped else None)


def test_an_empty_message_lacks_its_message_type(tmp_path: Path) -> None:
    """No bytes at all: field t at byte 0."""
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    result = run("", "--spec", str(path), "--json")
    error = json.loads(result.output)["error"]
    assert (result.exit_code, error["field"], error["offset"]) == (1, "t", 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["0800", "--dialect", "no-such-dialect"], "no-such-dialect"),
        (["0800", "--dialect", "hypercom", "--spec", "spec.json"], "spec.json"),
        (["0800", "--spec", "absent.json"], "absent.json"),
        (["0800", "--dialect", "hypercom", "--framing", "binary-3"], "binary-3"),
        (["08008", "--dialect", "hypercom"], "5 hex digits"),
        (["absent.bin", "--dialect", "hypercom"], "neither a file nor hex"),
        ([], "HEX|FILE|-"),
    ],
)
def test_mistakes_of_usage_end_with_two(arguments: list[str], said: str) -> None:
    """They are told from broken messages, and say what was wrong."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_dialect_and_a_spec_exclude_each_other(tmp_path: Path) -> None:
    """Which of them should it be?"""
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    result = run("0800", "--dialect", "hypercom", "--spec", str(path))
    assert result.exit_code == 2
    assert "exclude" in result.output


def test_nothing_is_coloured_where_no_person_looks() -> None:
    """A pipe gets plain text."""
    assert "\x1b" not in run(framed("hypercom").hex(), "--dialect", "hypercom").output


def test_the_help_has_an_example() -> None:
    """And the example works."""
    help_text = run("--help").output
    assert "Example: isoswitch inspect" in help_text
    words = " ".join(help_text.split()).partition("Example: isoswitch inspect ")[2].split()
    assert run(*words[:3]).exit_code == 0
