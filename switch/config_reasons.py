"""What is wrong with a setting, in the words of its file.

Owns how a complaint of the schema library reads. Refuses to know which settings there are; it is
told their names.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final

# What a pattern of the schema means; both are printed for editors as they are.
AMOUNT: Final = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_WRITTEN: Final = {
    AMOUNT: 'an amount is written as digits in quotes, such as "12.34"',
    NAME: "a name has letters, digits, dots, hyphens and underscores, 64 at most",
}


def reason(error: Mapping[str, Any], known: Iterable[str]) -> str:
    """Path and complaint of one entry of ``ValidationError.errors()``. ``known`` are the names of
    all settings, to guess what a misspelt one was meant to be."""
    path = ".".join(str(piece) for piece in error["loc"])
    return f"{path}: {_said(error, known)}"


def _said(error: Mapping[str, Any], known: Iterable[str]) -> str:
    match error["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(error["loc"][-1]), sorted(known), 1)
            return "there is no such setting" + "".join(f"; is it {name}?" for name in near)
        case "missing":
            return "is missing"
        case "string_pattern_mismatch":
            return _WRITTEN[error["ctx"]["pattern"]]
        case "too_short":
            return "is empty: name one, or leave it out"
        case "string_type":
            return "must be text in quotes"
        case "bool_type":
            return "must be true or false, without quotes"
        case "model_type" | "dict_type":
            return "must be a table"
    said = str(error["msg"]).removeprefix("Value error, ")
    return said.replace("Input should", "must").replace("String should", "must")
