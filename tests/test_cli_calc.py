"""``isoswitch calc``: how inputs reach a calculator and results a person; ``calc check``."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.calc.calculator import Calculator
from switch.cli import main
from switch.cli_calc import TOPICS
from tests.keys.vector_files import VECTORS

KEY: Final = "0123456789ABCDEFFEDCBA9876543210"
KCV: Final = ("calc", "kcv", "value", "--cipher", "TDES")
CASE: Final = {
    "id": "kcv-d001",
    "op": "kcv",
    "cipher": "TDES",
    "method": "ecb_zero",
    "key": KEY,
    "length": 3,
    "kcv": "08D7B4",
}
ALL: Final[list[tuple[str, Calculator]]] = [
    (topic, calculator)
    for topic, (modules, _) in TOPICS.items()
    for module in modules
    for calculator in import_module(f"switch.calc.{module}").CALCULATORS
]


def run(*words: str, stdin: str | None = None) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, words, input=stdin)


@pytest.mark.parametrize(
    ("topic", "calculator"), ALL, ids=[f"{topic} {each.name}" for topic, each in ALL]
)
def test_every_example_works(topic: str, calculator: Calculator) -> None:
    """As it stands in the help: for people, without steps, and for programs, the same results."""
    words = ("calc", topic, calculator.name, *shlex.split(calculator.example))
    shown = run(*words)
    assert shown.exit_code == 0, shown.output
    document = json.loads(run(*words, "--json").stdout)
    assert document["ok"] is True
    assert set(document) == {"ok", "result", "steps"}
    assert document["result"]
    bare = run(*words, "--no-steps").stdout
    assert len(bare.splitlines()) == len(document["result"])
    for name, value in document["result"].items():
        assert name in shown.stdout
        if calculator.name not in ("split", "wrap"):  # these two are random
            assert value.split()[0] in bare
    assert f"isoswitch {' '.join(words[:3])}" in run(*words[:3], "--help").output


def test_topics_are_listed_without_being_imported() -> None:
    """``isoswitch --help`` and ``isoswitch calc --help`` stay quick."""
    script = (
        "import sys; from switch.cli import main; main({words}, standalone_mode=False);"
        "print([name for name in sys.modules if name.startswith('switch.calc.') "
        "or name.startswith('cryptography')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script.format(words=["--help"])],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    assert said.endswith("[]\n")
    listed = run("calc", "--help").output
    for topic, (_, about) in TOPICS.items():
        assert topic in listed
        assert about.split(",")[0].split(":")[0] in listed
    assert "check" in listed


def test_inputs_come_from_flags_files_and_standard_input(tmp_path: Path) -> None:
    """The same result each way; @FILE may end in a line end."""
    file = tmp_path / "key.secret"
    file.write_text(f"{KEY}\n")
    ways = [
        run(*KCV, "--key", KEY),
        run(*KCV, "--key", f"@{file}"),
        run(*KCV, "--key", "-", stdin=f"{KEY}\n"),
        run(*KCV, "--key", "-", stdin=KEY),
        run(*KCV, "--stdin", "key", stdin=f"{KEY}\r\n"),
        run(*KCV, "--stdin", "--key", stdin=KEY),
    ]
    assert {way.stdout for way in ways} == {ways[0].stdout}
    assert {way.exit_code for way in ways} == {0}
    assert "08D7B4" in ways[0].stdout


def test_several_lines_of_standard_input_are_read_in_order_of_the_options() -> None:
    """One line for each -."""
    words = ("calc", "pinblock", "encipher", "--format", "0", "--pan", "1234567890120")
    key = "12345678123456781234567812345678"
    one = run(*words, "--pin", "-", "--key", "-", stdin=f"{key}\n1234\n")
    other = run(*words, "--stdin", "pin,key", stdin=f"{key}\n1234\n")
    assert "3C0CA40863092C3A" in one.stdout
    assert one.stdout == other.stdout


def test_a_required_input_that_is_missing_is_wrong_usage() -> None:
    """Exit code 2, as with any other command."""
    refused = run(*KCV)
    assert refused.exit_code == 2
    assert "--key is missing: give it as a value, as @FILE or as -" in refused.output


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        ((*KCV, "--key", "-"), "", "--key: standard input has no line left for it"),
        ((*KCV, "--key", "@no/such/file"), None, "--key: its file cannot be read: No such file"),
        ((*KCV, "--key", KEY, "--stdin", "key"), KEY, "--key: is given twice"),
        ((*KCV, "--key", KEY, "--stdin", "pan"), "", "--stdin: no such input; there are cipher"),
        ((*KCV[:3], "--cipher", "DES", "--key", KEY), None, "--cipher: there is no such choice"),
        ((*KCV, "--key", KEY[:-1]), None, "--key: 31 hex digits: two for each byte are right"),
        ((*KCV, "--key", f"{KEY[:-1]}O"), None, "--key: character 32 is no hex digit"),
        ((*KCV, "--key", KEY[:-2]), None, "has 15 bytes: 8 (single DES), 16 or 24 are right"),
        ((*KCV, "--key", KEY, "--length", "-3"), None, "--length: a whole number is right"),
    ],
)
def test_refusals_say_which_input_and_what_would_be_right(
    words: tuple[str, ...], stdin: str | None, said: str
) -> None:
    """Exit code 1, one sentence; as JSON for programs; never the input."""
    refused = run(*words, stdin=stdin)
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert said in refused.stderr
    told = run(*words, "--json", stdin=stdin)
    assert json.loads(told.stdout)["ok"] is False
    assert said in json.loads(told.stdout)["error"]
    assert KEY[:10] not in refused.output + told.output


def test_a_refusal_shows_how_far_it_came() -> None:
    """A block under another key: what came out of it is what tells a developer why."""
    words = ("calc", "pinblock", "decipher", "--format", "0", "--key", KEY)
    given = (*words, "--block", "0123456789ABCDEF", "--pan", "5555555551234567")
    refused = run(*given)
    assert refused.exit_code == 1
    assert refused.stdout == "PIN block  A C 8 0 C F 3 A  9 6 F 3 1 0 4 A\n\n"
    assert "holds no PIN" in refused.stderr
    assert run(*given, "--no-steps").stdout == ""
    assert json.loads(run(*given, "--json").stdout)["ok"] is False


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Keys are given in hex."""
    file = tmp_path / "key.secret"
    file.write_bytes(b"\xff\xfe\x00")
    assert "its file is no text" in run(*KCV, "--key", f"@{file}").stderr


@pytest.mark.parametrize(
    "words",
    [
        ("calc", "kcv", KEY),
        ("calc", "kcv", "value", KEY),
        (*KCV, "--key", KEY, KEY),
        (*KCV, "--kye", KEY),
        (*KCV, f"--kye={KEY}"),
        ("calc", "pinblock", "decode", "041261AAAAEDCBA9"),
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(words: tuple[str, ...]) -> None:
    """SR-KEY-13: nor by the parser of the command line."""
    refused = run(*words)
    assert refused.exit_code == 2
    assert "Usage" in refused.output
    assert KEY not in refused.output
    assert "041261" not in refused.output


# Finding zeros in a refusal says nothing: other inputs are zeros here.
NONSENSE = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="0"), min_size=6, max_size=40
)


@settings(max_examples=60)
@given(st.sampled_from(ALL), NONSENSE)
def test_whatever_is_given_no_crash_and_no_echo(chosen: tuple[str, Calculator], text: str) -> None:
    """Nonsense in every secret: a refusal in words that does not repeat it, or a result."""
    topic, calculator = chosen
    words = ["calc", topic, calculator.name]
    for each in calculator.inputs:
        if each.secret:
            words += ["--stdin", each.name]
        elif each.required:
            words += [f"--{each.name}", each.choices[0] if each.choices else "0000000000000000"]
    done = run(*words, stdin=f"{text}\n" * 9)
    assert done.exit_code in (0, 1), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.exit_code == 0 or text not in done.stderr


def test_a_check_that_says_no_ends_with_1() -> None:
    """For scripts; the JSON says it too."""
    words = ("calc", "kcv", "check", "--cipher", "TDES", "--key", KEY, "--kcv")
    assert run(*words, "08D7B4").exit_code == 0
    no = run(*words, "08D7B5", "--json")
    assert no.exit_code == 1
    assert json.loads(no.stdout) == {
        "ok": False, "result": {"check value": "does not fit"}, "steps": [],
    }  # fmt: skip


def test_secrets_are_said_to_be_visible() -> None:
    """In the help, with what to do instead."""
    said = " ".join(run(*KCV[:3], "--help").output.split())
    assert "can be read by others in the list of processes" in said
    assert "--key TEXT The key, hex. Required. Secret: better @FILE or -." in said


def vector_file(folder: Path, *cases: object) -> Path:
    """A file of the topic kcv."""
    file = folder / "kcv.vectors.json"
    file.write_text(json.dumps({"cases": cases}))
    return file


def test_check_prints_a_line_for_each_failure_and_a_last_one(tmp_path: Path) -> None:
    """Issue 4: exit code 1 on any failure."""
    good = vector_file(tmp_path, CASE)
    done = run("calc", "check", str(good))
    assert (done.exit_code, done.stdout) == (0, "1 passed, 0 failed\n")
    bad = vector_file(tmp_path, CASE, {**CASE, "id": "other", "kcv": "08D7B5"}, 7)
    done = run("calc", "check", str(bad), str(tmp_path / "mac.json"))
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "FAILED kcv.vectors.json other kcv: kcv comes out otherwise, from character 6 on",
        "FAILED kcv.vectors.json case 3: a case is an object with an id and an op",
        "FAILED mac.json: the file cannot be read: No such file or directory",
        "1 passed, 3 failed",
    ]


def test_check_for_programs(tmp_path: Path) -> None:
    """The same as one object."""
    bad = vector_file(tmp_path, CASE, {**CASE, "id": "other", "kcv": "08D7B5"})
    done = run("calc", "check", "--json", str(bad))
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert (said["ok"], said["passed"], said["failed"]) == (False, 1, 1)
    assert said["failures"] == [
        {
            "file": "kcv.vectors.json",
            "case": "other",
            "op": "kcv",
            "reason": "kcv comes out otherwise, from character 6 on",
        }
    ]
    good = json.loads(run("calc", "check", "--json", str(vector_file(tmp_path, CASE))).stdout)
    assert good == {"ok": True, "passed": 1, "failed": 0, "failures": []}


def test_check_wants_a_file() -> None:
    """No file is a mistake of use, not a pass."""
    assert run("calc", "check").exit_code == 2


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no vectors: set ISOSWITCH_VECTORS")
def test_all_vector_files_pass_from_the_command_line() -> None:
    """Issue 4, "must show" 1, as a user does it."""
    files = sorted(str(file) for file in VECTORS.glob("*.json"))
    done = subprocess.run(
        [sys.executable, "-m", "switch", "calc", "check", *files],
        capture_output=True, text=True, timeout=100, check=False, env={**os.environ},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "557 passed, 0 failed\n")
