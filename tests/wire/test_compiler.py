"""The compiler: no text of a layout gets into source, and what it writes is what it should be."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.wire.codec import COMPILE_AFTER, Codec
from switch.wire.compile_decode import decoder_source
from switch.wire.compile_encode import encoder_source
from switch.wire.cutting import Unsupported
from switch.wire.layout import BitmapLayout, Content, FieldLayout, Layout, Part, SubKind, SubLayout
from switch.wire.source import Refused, Source, expression, joined

# Nodes that generated code may consist of: assignments, tests, slices, sums, calls of constants.
ALLOWED = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.If,
    ast.Raise, ast.Return, ast.Expr, ast.Name, ast.Load, ast.Store, ast.Constant, ast.Subscript,
    ast.Slice, ast.Tuple, ast.Dict, ast.Call, ast.Attribute, ast.Compare, ast.In, ast.NotIn,
    ast.NotEq, ast.Lt, ast.UnaryOp, ast.Not, ast.BoolOp, ast.Or, ast.BinOp, ast.Add, ast.BitAnd,
    ast.RShift,
)  # fmt: skip
METHODS = {
    "hex", "upper", "decode", "encode", "isdecimal", "isdigit", "isascii", "isprintable", "replace",
    "translate", "values",
}  # fmt: skip
TEXTS = {"'latin-1'", "'ascii'", "'D'", "'='", "'t'", "'h'", "'end'"}
HOSTILE = "'); __import__('os').system('true') #\n{0}{x}"


def texts_of(source: str) -> set[str]:
    """The string constants of generated code, but for field numbers; fails for anything odd."""
    texts = set()
    for node in ast.walk(ast.parse(source)):
        assert isinstance(node, ALLOWED), ast.dump(node)
        if isinstance(node, ast.Attribute):
            assert node.attr in METHODS
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(repr(node.value))
    return {text for text in texts if not text.strip("'").isdecimal()}


def layout(text: str) -> Layout:
    """A layout whose every free text is ``text``."""
    part = Part("1", text, 2, content=Content.N)
    inside = SubLayout(SubKind.POSITIONAL, (part, replace(part, id="2")))
    fields = {
        2: FieldLayout("2", text, "b", 19, "bcd", 1, True),
        3: FieldLayout("3", text, "ascii", 4, sub=inside),
        4: FieldLayout("4", text, "cp500", 12, content=Content.N),
        43: FieldLayout("43", text, "gbk", 40, "b", 1),
        70: FieldLayout("70", text, "b", 3, nibbles=True),
    }
    header = FieldLayout("h", text, "ascii", 2)
    return Layout(text, "b", BitmapLayout("ascii"), fields, header, notes={text: text})


@given(st.text() | st.just(HOSTILE))
def test_no_text_of_a_layout_gets_into_source(text: str) -> None:
    """Names, notes and parts do not change one character of what is written."""
    made, plain = layout(text), layout("plain")
    keys = ("h", "t", "2", "3", "4", "43", "70")

    decoder, encoder = decoder_source(made, made.fields, 32), encoder_source(made, keys)

    assert decoder.text == decoder_source(plain, plain.fields, 32).text
    assert encoder.text == encoder_source(plain, keys).text
    assert texts_of(decoder.text) | texts_of(encoder.text) <= TEXTS


@pytest.mark.parametrize("text", ["x; y", "__import__", "v2.x", "V2", "", "v2\n", "v22222222", "C"])
def test_only_names_of_ours_get_into_templates(text: str) -> None:
    """A template takes integers, variables like ``v2`` and constants like ``C7``."""
    with pytest.raises(ValueError, match="only integers, names and expressions"):
        expression("{}", text)
    with pytest.raises(ValueError, match="only integers, names and expressions"):
        joined(", ", [text])


def test_odd_values_do_not_get_into_templates_either() -> None:
    """Booleans, floats and subclasses of ``int`` are no integers."""
    for value in (True, 1.5, None):
        with pytest.raises(ValueError, match="only integers"):
            expression("{}", value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a name"):
        Source("s): pass\ndef x(")


def test_generated_code_has_no_builtins() -> None:
    """Only ``len`` is there: what is not written by the compiler cannot be called."""
    source = Source("s")
    source.line("return eval(s)")

    with pytest.raises(NameError):
        source.build()("1")


def test_a_message_cut_short_is_refused_by_generated_code() -> None:
    """Slices of Python are patient; the length test at the end is not."""
    made = Layout(
        "ascii",
        "ascii",
        BitmapLayout("ascii"),
        {3: FieldLayout("3", "", "ascii", 6), 48: FieldLayout("48", "", "ascii", 99, "ascii", 2)},
    )
    decode = decoder_source(made, [3, 48], 16).build()
    data = b"02002000000000010000" + b"123456" + b"04ABCD"

    assert decode(data) == {"t": "0200", "3": "123456", "48": "ABCD"}
    for end in range(len(data)):
        with pytest.raises((ValueError, LookupError)):
            decode(data[:end])
    with pytest.raises(Refused):
        decode(data + b"E")


def test_shapes_without_a_fast_way_say_so() -> None:
    """They are left to the reader and the writer."""
    text = FieldLayout("3", "", "ascii", 4, nibbles=True)
    bare = Layout("x", "ascii", BitmapLayout("ascii"), {3: text})
    with pytest.raises(Unsupported):
        decoder_source(bare, [3], 16)
    with pytest.raises(Unsupported):
        encoder_source(bare, ("t", "3"))
    unpadded = FieldLayout("3", "", "b", 3, nibbles=True, pads="")
    with pytest.raises(Unsupported):
        encoder_source(replace(bare, fields={3: unpadded}), ("t", "3"))


def test_codings_that_cannot_be_cut_are_still_read_right() -> None:
    """A coding with digits of another script among its bytes is not cut through the whole message:
    its digits would pass for ours."""
    made = Layout(
        "x",
        "ascii",
        BitmapLayout("ascii"),
        {3: FieldLayout("3", "", "cp864", 4, content=Content.N)},
    )
    codec = Codec(made)
    good = b"02002000000000000000" + b"1234"
    for _ in range(COMPILE_AFTER + 1):
        assert codec.decode(good)["3"] == "1234"

    arabic = b"\xb1\xb2\xb3\xb4"
    assert arabic.decode("cp864").isdecimal()
    with pytest.raises(Exception, match="must be digits"):
        codec.decode(good[:-4] + arabic)
