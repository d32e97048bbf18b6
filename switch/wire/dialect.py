"""Loads dialects: from ``specs/`` by name, from a file by path, overlays laid on, checked whole.

Owns where dialect files are found, ``extends``, and refusals with file and line. A pyiso8583 spec
dict (``.json``) is taken as a dialect for reading. What the keys mean is ``dialect_model`` and
``dialect_build``; the notation is told in specs/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from switch.errors import ConfigError
from switch.toml_lines import line_of, parse
from switch.wire.dialect_build import Mistake, build
from switch.wire.dialect_data import (
    Dialect,
    EntryModes,
    Identity,
    MessageRule,
    Place,
    TransactionRule,
)
from switch.wire.dialect_model import DialectFile
from switch.wire.spec_dict import load_spec

__all__ = [
    "Dialect",
    "EntryModes",
    "Identity",
    "MessageRule",
    "Place",
    "TransactionRule",
    "load_dialect",
    "shipped_dialects",
    "specs_folder",
]

LIMIT_BYTES: Final = 1_000_000
DEEPEST: Final = 8
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SUFFIX: Final = ".toml"

KeyPath = tuple[str | int, ...]


class _Source:
    """One file of a chain: its name for people, its text and its table."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        try:
            self.table = parse(text, name)
        except RecursionError:
            raise ConfigError(f"{name}:1", "is nested too deep") from None

    def refuse(self, path: KeyPath, reason: str) -> ConfigError:
        return ConfigError(f"{self.name}:{line_of(self.text, path)}", reason)

    def depth(self, path: KeyPath) -> int:
        """How much of a key path is written in this file."""
        found: Any = self.table
        for depth, key in enumerate(path):
            if isinstance(found, Mapping) and key in found:
                found = found[str(key)]
            elif isinstance(found, list) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return depth
        return len(path)


def specs_folder() -> Traversable:
    """Where the shipped dialects are: package data of the wheel, or ``specs/`` of the checkout."""
    try:
        folder = resources.files("isoswitch_specs")
        if any(item.name.endswith(_SUFFIX) for item in folder.iterdir()):
            return folder
    except (ModuleNotFoundError, OSError, ValueError):
        pass  # ValueError: an editable install, as Python 3.13 reads it
    return Path(__file__).resolve().parents[2] / "specs"


def shipped_dialects() -> tuple[str, ...]:
    """Names of the dialects that come with isoswitch, in order."""
    names = (item.name for item in specs_folder().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def load_dialect(name_or_path: str) -> Dialect:
    """A shipped dialect by name, or a file (``.toml``; ``.json``: a pyiso8583 spec dict, for
    reading).

    Raises ConfigError with file, line and reason.
    """
    if _NAME.fullmatch(name_or_path):
        return _shipped(name_or_path)
    path = Path(name_or_path)
    if path.suffix == ".json":
        return Dialect(path.stem, "pyiso8583 spec", load_spec(path), reading_only=True)
    return _load(_chain(_read(path), path.parent), _stem(path))


@lru_cache(maxsize=64)
def _shipped(name: str) -> Dialect:
    return _load(_chain(_read_shipped(name, name), None), name)


def _stem(path: Path) -> str:
    if not _NAME.fullmatch(path.stem):
        reason = "name the file in small letters, digits and hyphens, ending in .toml"
        raise ConfigError(str(path), reason)
    return path.stem


def _read_shipped(name: str, where: str) -> _Source:
    file = specs_folder().joinpath(name + _SUFFIX)
    if not file.is_file():
        shipped = ", ".join(shipped_dialects())
        raise ConfigError(where, f"there is no dialect {name}: shipped are {shipped}")
    return _Source(f"specs/{file.name}", file.read_text("utf-8"))


def _read(path: Path) -> _Source:
    try:
        with path.open("rb") as stream:
            data = stream.read(LIMIT_BYTES + 1)
    except OSError as failure:
        raise ConfigError(str(path), f"cannot be read: {failure.strerror}") from None
    except ValueError:
        raise ConfigError(repr(str(path)[:80]), "is no file name") from None
    if len(data) > LIMIT_BYTES:
        raise ConfigError(str(path), f"is larger than {LIMIT_BYTES} bytes")
    try:
        return _Source(str(path), data.decode())
    except UnicodeDecodeError as failure:
        line = data.count(b"\n", 0, failure.start) + 1
        raise ConfigError(f"{path}:{line}", "is not UTF-8") from None


def _chain(source: _Source, folder: Path | None) -> list[_Source]:
    """The file and what it extends, base first. Overlays in a folder may extend their neighbours as
    ``./name.toml``.
    """
    chain = [source]
    while "extends" in chain[0].table:
        top = chain[0]
        name = top.table["extends"]
        if not isinstance(name, str):
            raise top.refuse(("extends",), "extends: names a dialect")
        if len(chain) >= DEEPEST:
            raise top.refuse(("extends",), f"extends: more than {DEEPEST} files deep, or a circle")
        where = f"{top.name}:{line_of(top.text, ('extends',))}"
        if _NAME.fullmatch(name):
            chain.insert(0, _read_shipped(name, where))
            folder = None
        elif folder is not None and _NAME.fullmatch(name.removeprefix("./").removesuffix(_SUFFIX)):
            chain.insert(0, _read(folder / name))
        else:
            raise top.refuse(("extends",), "extends: a shipped dialect, or a neighbour ./name.toml")
    return chain


def _load(chain: Sequence[_Source], name: str) -> Dialect:
    try:
        file = DialectFile.model_validate(_merged(chain))
        return build(name, file)
    except ValidationError as failure:
        errors = failure.errors(include_input=False, include_url=False)
        said = [_refusal(chain, _key_path(error["loc"]), _reason(error)) for error in errors[:10]]
        more = "".join(f"\n{error}" for error in said[1:])
        raise ConfigError(said[0].where, said[0].reason + more) from None
    except Mistake as mistake:
        place = ".".join(map(str, mistake.path))
        raise _refusal(chain, mistake.path, f"{place}: {mistake.reason}") from None


def _merged(chain: Sequence[_Source]) -> dict[str, Any]:
    """One table: an overlay's tables are laid into those below, its other values replace them,
    ``remove`` takes away.
    """
    whole: dict[str, Any] = {}
    for source in chain:
        table = {key: value for key, value in source.table.items() if key != "extends"}
        for dotted in _removals(source, table.pop("remove", [])):
            _remove(source, whole, dotted)
        whole = _laid_on(whole, table)
    return whole


def _removals(source: _Source, names: object) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise source.refuse(("remove",), 'remove: a list of keys such as "fields.48"')
    return names


def _remove(source: _Source, whole: dict[str, Any], dotted: str) -> None:
    *above, last = dotted.split(".")
    table: Any = whole
    for key in above:
        table = table.get(key) if isinstance(table, dict) else None
    if not isinstance(table, dict) or last not in table:
        raise source.refuse(("remove",), f"remove: there is no {dotted[:60]!r} below")
    del table[last]


def _laid_on(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = {
        key: _laid_on(value, {}) if isinstance(value, dict) else value
        for key, value in below.items()
    }
    for key, value in above.items():
        base = below.get(key)
        if isinstance(value, dict) and isinstance(base, dict):
            result[key] = _laid_on(base, value)
        else:
            result[key] = value
    return result


def _refusal(chain: Sequence[_Source], path: KeyPath, reason: str) -> ConfigError:
    """The refusal at the line of the last file that says something about the path."""
    best = max(reversed(chain), key=lambda source: source.depth(path))
    return best.refuse(path, reason)


def _key_path(loc: Sequence[str | int]) -> KeyPath:
    """Pydantic's place without its own marks for keys of tables and branches of unions."""
    return tuple(
        key
        for key in loc
        if not (
            isinstance(key, str) and (key == "[key]" or key.startswith("constrained") or "[" in key)
        )
    )


def _reason(error: Any) -> str:
    place = ".".join(str(key) for key in _key_path(error["loc"]))
    match error["type"]:
        case "extra_forbidden":
            said = "there is no such key"
        case "missing":
            said = "is missing"
        case _:
            said = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {said}"
