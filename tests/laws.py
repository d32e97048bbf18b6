"""The laws of the house, read from the source: each takes a checkout and lists what breaks it.

Owns what may be where (floors, libraries, calls, words); ``tests/test_architecture.py`` holds the
checkout to them and proves that each can fail. Refuses to run any of the code that it reads.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Final

FLOORS: Final = (  # lowest first; rooms of one floor may know each other, unless in APART
    (
        "config_inherit",
        "config_reasons",
        "data_folder",
        "errors",
        "money",
        "tlv",
        "toml_lines",
        "values",
    ),
    (
        "config",
        "config_checks",
        "config_file",
        "config_keys",
        "config_keys_checks",
        "config_risk",
        "config_risk_checks",
        "config_scripts",
        "config_scripts_checks",
        "config_sections",
        "config_triggers",
        "config_types",
        "keys",
        "model",
    ),
    ("core", "store", "wire"),
    ("server",),
    (
        "app",
        "cli",
        "cli_admin",
        "cli_backup",
        "cli_batches",
        "cli_config",
        "cli_control",
        "cli_explain",
        "cli_open",
        "cli_calc",
        "cli_keys",
        "cli_keys_ask",
        "cli_selfcheck",
        "cli_serve",
        "cli_transitions",
        "cli_triggers",
        "calc",
        "inquiry",
        "selfcheck",
        "__init__",
        "__main__",
    ),
)
APART: Final = ("core", "store", "wire")
ALL: Final = ("switch/*", "tools/*")
LIBRARIES: Final[dict[str, tuple[str, ...]]] = {
    "apsw": ("switch/store/sqlite*.py",),
    "click": ("switch/cli*.py", "tools/switch_tools/*"),
    "cryptography": ("switch/keys/*",),
    # The bench calls the yardstick bare, without the reference's own work around it.
    "iso8583": ("switch/wire/reference.py", "tools/switch_tools/bench*.py"),
    "msgspec": (
        "switch/model/*",
        "switch/money.py",
        "switch/store/*",
        "switch/server/*",
        "tools/switch_tools/*",
    ),
    "outcome": ("switch/server/*",),
    "pydantic": ("switch/config*.py", "switch/wire/dialect*.py"),
    "structlog": ("switch/server/*", "switch/app.py", "tools/switch_tools/*"),
    "switch": ("switch/*", "tools/switch_tools/*"),
    "switch_tools": ("tools/switch_tools/*",),
    "trio": ("switch/server/*", "tools/switch_tools/*"),
}
PURE: Final = frozenset(  # all that the core may take from the standard library
    "__future__ abc bisect calendar collections dataclasses decimal enum fractions functools "
    "hashlib itertools math operator re string types typing".split()
)
IMPURE_CALLS: Final = frozenset(
    "now today utcnow localtime monotonic time open print input".split()
)
UNSAFE_MODULES: Final = frozenset("pickle marshal shelve dill cloudpickle yaml".split())
EXEC_ALLOWED: Final = ("switch/wire/source.py",)  # the compiler turns validated dialects into code
WITHOUT_FIELD_NUMBERS: Final = ("switch/model/*", "switch/core/*", "switch/keys/*",
                                "switch/store/*", "switch/server/*")  # fmt: skip
FIELD_NUMBER: Final = re.compile(r"[0-9]{1,3}")
FIELD_NAME: Final = re.compile(r"(?i)(de|f|field|bit|element)_?[0-9]{1,3}")
LONGEST_FILE: Final = 400
# Pieces, so that this file does not hold what it forbids.
HOSTS: Final = tuple("".join(parts) for parts in (
    ("pypi", ".org"), ("python", "hosted"), ("npm", "js.org"), ("deb.", "debian"),
    ("crates", ".io"), ("pack", "agecloud"), ("artifact", "ory"),
))  # fmt: skip
OUTSIDE: Final = "../" + "shared"  # what users do not have: corpus and vectors
LOOKS_OUTSIDE: Final = ("tests/conformance/*", "tests/keys/vector_files.py")
PLACES: Final = re.compile(r"(?<![\w.~$}])/(root|work|tmp|home/\w+)/")
UNFINISHED: Final = re.compile("TO" + "DO|FIX" + "ME|X" + "XX|NotImplemented" + "Error")
SKIPS: Final = ("pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail")
TOP: Final = frozenset(
    ".ci .gitignore .github CHANGELOG.md LICENSE NOTICE README.md constraints.txt docker "
    "pyproject.toml specs switch tests tools".split()
)


class Checkout:
    """The files of a checkout, and the parsed Python among them, by path relative to its root."""

    def __init__(self, root: Path, files: list[str]) -> None:
        self.root = root
        self.files = sorted(file for file in files if (root / file).is_file())

    def text(self, file: str) -> str:
        """A file's text; bytes that are none are replaced."""
        return (self.root / file).read_text(encoding="utf-8", errors="replace")

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """All Python files, parsed."""
        return {f: ast.parse(self.text(f)) for f in self.files if f.endswith(".py")}

    def source(self, *patterns: str) -> Iterator[tuple[str, ast.Module]]:
        """Python files whose path fits one of the patterns."""
        return ((f, tree) for f, tree in self.trees.items() if _fits(f, patterns))


def _fits(file: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(file, pattern) for pattern in patterns)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, at any depth; ``from a import b`` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _room(file: str) -> str:
    return Path(file).parts[1].removesuffix(".py")


def _floor(room: str) -> int | None:
    return next((n for n, rooms in enumerate(FLOORS) if room in rooms), None)


def floors(checkout: Checkout) -> list[str]:
    """Every module is on a floor, nothing imports upward, core, wire and store stay strangers."""
    found = []
    for file, tree in checkout.source("switch/*.py"):
        here = _room(file)
        level = _floor(here)
        if level is None:
            found.append(f"{file}: {here} is on no floor")
            continue
        for line, name in _imports(tree):
            package, _, rest = name.partition(".")
            room = rest.partition(".")[0]
            there = _floor(room) if package == "switch" else None
            if package == "switch_tools" or (there is not None and there > level):
                found.append(f"{file}:{line}: {here} imports upward: {name}")
            elif room in APART and here in APART and room != here:
                found.append(f"{file}:{line}: {here} must not know {room}")
    return found


def circles(checkout: Checkout) -> list[str]:
    """No module needs itself, by way of whatever others, to be imported."""
    modules = {
        file.removeprefix("tools/").removesuffix(".py").replace("/", "."): tree
        for file, tree in checkout.source("switch/*.py", "tools/switch_tools/*.py")
    }
    needs = {
        name: {target for _, used in _top_imports(tree) for target in _owners(used, modules)}
        for name, tree in modules.items()
    }
    while free := {name for name, wanted in needs.items() if not wanted & needs.keys()}:
        needs = {name: wanted for name, wanted in needs.items() if name not in free}
    return [f"{name} is part of, or stands on, a circle of imports" for name in sorted(needs)]


def _top_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imports(node)


def _owners(used: str, modules: dict[str, ast.Module]) -> Iterator[str]:
    """The module that a full name is or comes from."""
    if used in modules:
        yield used
    elif (parent := used.rpartition(".")[0]) in modules:
        yield parent


def libraries(checkout: Checkout) -> list[str]:
    """Each library only in its rooms; one that no rule names may be nowhere."""
    return [
        f"{file}:{line}: {name.partition('.')[0]} is not for this room"
        for file, tree in checkout.source(*ALL)
        for line, name in _imports(tree)
        if (library := name.partition(".")[0]) not in sys.stdlib_module_names
        and not _fits(file, LIBRARIES.get(library, ()))
    ]


def pure_core(checkout: Checkout) -> list[str]:
    """No async, clock, random, time zone, I/O or log in the core."""
    found = []
    for file, tree in checkout.source("switch/core/*"):
        for line, name in _imports(tree):
            module = name.partition(".")[0]
            if module not in PURE and module != "switch":
                found.append(f"{file}:{line}: the core does without {module}")
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
                found.append(f"{file}:{node.lineno}: the core does not wait")
            elif isinstance(node, ast.Call) and _called(node) in IMPURE_CALLS:
                found.append(f"{file}:{node.lineno}: the core does without {_called(node)}()")
    return found


def _called(call: ast.Call) -> str:
    target = call.func
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def reveals(checkout: Checkout) -> dict[str, int]:
    """Where clear values are taken out: calls of ``reveal``, by ``file:function``."""
    found: dict[str, int] = {}
    for file, tree in checkout.source(*ALL):
        for place, node in _placed(tree, ""):
            if _takes_out(node):
                found[f"{file}:{place}"] = found.get(f"{file}:{place}", 0) + 1
    return found


def _takes_out(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        words = {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
        by_name = _called(node) in ("getattr", "attrgetter", "methodcaller")
        return _called(node) == "reveal" or (by_name and bool(words & {"reveal", "_clear"}))
    past_it = isinstance(node, ast.Attribute) and node.attr == "_clear"
    return past_it and ast.unparse(node).partition(".")[0] not in ("self", "other")


def _placed(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
    """All nodes below, each with the dotted name of the class and function that it stands in."""
    for child in ast.iter_child_nodes(node):
        yield place, child
        named = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        name = getattr(child, "name", "")
        yield from _placed(child, f"{place}.{name}".lstrip(".") if named else place)


def field_numbers(checkout: Checkout) -> list[str]:
    """Above the wire an element has a name, never a number."""
    found = []
    for file, tree in checkout.source(*WITHOUT_FIELD_NUMBERS):
        for node in ast.walk(tree):
            names = [getattr(node, attribute, None) for attribute in ("id", "attr", "arg", "name")]
            if any(isinstance(name, str) and FIELD_NAME.fullmatch(name) for name in names):
                found.append(f"{file}:{getattr(node, 'lineno', 0)}: a name made of a field number")
            if any(_is_number_text(key) for key in _keys(node)):
                found.append(f"{file}:{getattr(node, 'lineno', 0)}: a field number as a key")
    return found


def _keys(node: ast.AST) -> list[ast.expr | None]:
    """What a node looks up or stores under."""
    if isinstance(node, ast.Subscript):
        return [node.slice]
    if isinstance(node, ast.Dict):
        return list(node.keys)
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        return [node.left]
    if isinstance(node, ast.Call) and _called(node) in ("get", "pop", "setdefault"):
        return list(node.args[:1])
    return []


def _is_number_text(node: ast.expr | None) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, str) and FIELD_NUMBER.fullmatch(value) is not None


def frozen_words(checkout: Checkout) -> list[str]:
    """What crosses a room cannot be changed: a frozen struct, or a frozen, slotted dataclass."""
    found = []
    for file, tree in checkout.source("switch/model/*"):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and "Struct" in map(ast.unparse, node.bases):
                said = [f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords]
                if "frozen=True" not in said:
                    found.append(f"{file}:{node.lineno}: a struct that can be changed")
            for made in getattr(node, "decorator_list", ()):
                if not ast.unparse(made).startswith("dataclass"):
                    continue
                words = ast.unparse(made)
                if "frozen=True" not in words or "slots=True" not in words:
                    found.append(f"{file}:{made.lineno}: a dataclass that can be changed")
    return found


def unsafe_calls(checkout: Checkout) -> list[str]:
    """No eval, exec, shell or unpickling; the compiler of dialects alone makes code."""
    found = []
    for file, tree in checkout.source("switch/*", "tools/*", "tests/*"):
        for line, name in _imports(tree):
            if name.partition(".")[0] in UNSAFE_MODULES:
                found.append(f"{file}:{line}: {name} can run what it reads")
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            bare = isinstance(node.func, ast.Name)
            if bare and _called(node) in ("eval", "exec") and not _fits(file, EXEC_ALLOWED):
                found.append(f"{file}:{node.lineno}: {_called(node)}()")
            if ast.unparse(node.func) in ("os.system", "os.popen") or any(
                word.arg == "shell" and ast.unparse(word.value) != "False" for word in node.keywords
            ):
                found.append(f"{file}:{node.lineno}: a shell")
    return found


def shape_of_files(checkout: Checkout) -> list[str]:
    """Modules say what they own, and are short; specs are data; nothing is left unfinished."""
    found = []
    for file, tree in checkout.trees.items():
        if not ast.get_docstring(tree):
            found.append(f"{file}: no docstring says what it owns")
        lines = len(checkout.text(file).splitlines())
        if lines > LONGEST_FILE:
            found.append(f"{file}: {lines} lines; {LONGEST_FILE} at most")
        if file.startswith("specs/"):
            found.append(f"{file}: specs hold data, no code")
        if mark := UNFINISHED.search(checkout.text(file)):
            found.append(f"{file}: {mark[0]}")
    return found


def silent_skips(checkout: Checkout) -> list[str]:
    """A test that does not run says why."""
    found = []
    for file, tree in checkout.source("tests/*"):
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            name = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if name not in SKIPS:
                continue
            call = calls.get(id(node))
            named = call is not None and any(word.arg == "reason" for word in call.keywords)
            said = call is not None and name == "pytest.skip" and bool(call.args)
            if not named and not said:
                found.append(f"{file}: {name} without a reason")
    return found


def foreign_words(checkout: Checkout) -> list[str]:
    """No address of a package registry, no place on somebody's machine, a short root listing."""
    found = [
        f"{name}: not for the root" for name in {f.split("/")[0] for f in checkout.files} - TOP
    ]
    for file in checkout.files:
        text = checkout.text(file)
        found += [f"{file}: names {host}" for host in HOSTS if host in text.lower()]
        found += [f"{file}: names {place[0]}" for place in PLACES.finditer(text)]
        if OUTSIDE in text and not _fits(file, LOOKS_OUTSIDE):
            found.append(f"{file}: reaches out of the checkout")
    return found


LAWS: Final[tuple[Callable[[Checkout], list[str]], ...]] = (
    floors, circles, libraries, pure_core, field_numbers, frozen_words, unsafe_calls,
    shape_of_files, silent_skips, foreign_words,
)  # fmt: skip
