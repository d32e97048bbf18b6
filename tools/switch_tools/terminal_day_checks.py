"""What is wrong with a script that has the right shape: steps that do not exist, keys that mean
nothing there, names that nobody has given.

Owns the rules of the notation. Each fault comes with the path of what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import fields

from switch_tools.terminal_acting import ENTRIES
from switch_tools.terminal_day_words import EXPECTED, INJECTED, SETTLED, WRONG, Cast, Step
from switch_tools.terminal_presenting import OF_CARD, pin_of
from switch_tools.terminal_security import SCHEMES

Path = tuple[str | int, ...]
Fault = tuple[Path, str]

_CARD: Final = frozenset({"card", "entry", "pin", "pin_format", "cvv2", "wrong"})
_SALE: Final = _CARD | {"amount", "advice", "approval_code", "partial"}
_ENDS: Final = frozenset({"expect", "reason", "code", "as_", "lose"})
_MAY: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("signon", "signoff", "echo", "cutover"), _ENDS),
    "purchase": _ENDS | _SALE | {"cashback"},
    "cash": _ENDS | _SALE,
    "preauth": _ENDS | _SALE,
    "balance": _ENDS | _CARD,
    "verify": _ENDS | _CARD,
    "increment": _ENDS | {"amount", "of"},
    "complete": _ENDS | {"amount", "of", "advice", "more"},
    "void": _ENDS | {"of", "advice"},
    "refund": _ENDS | _CARD | {"amount", "of", "advice"},
    "tip": _ENDS | {"amount", "of"},
    "reverse": _ENDS | {"of", "remaining"},
    "repeat": frozenset({"of", "expect", "reason", "code"}),
    "keys": frozenset({"expect"}),
    "inject": frozenset({"key"}),
    "flush": frozenset(),
    "settle": frozenset({"expect", "forget", "claim_extra", "claim_amount"}),
    "think": frozenset({"seconds"}),
    "wait": frozenset({"for_"}),
    "loop": frozenset({"times", "steps"}),
    "mix": frozenset({"times", "steps"}),
}
_MUST: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("purchase", "cash", "preauth", "increment", "tip"), ("amount",)),
    "inject": ("key",),
    "think": ("seconds",),
    "wait": ("for_",),
    "loop": ("steps",),
    "mix": ("steps",),
}
_DEFAULTS: Final = {field.name: field.default for field in fields(Step)}
_LOST: Final = ("request", "answer")
DEEPEST: Final = 8
LONGEST_ID: Final = 16


def faults_of(cast: Sequence[Cast], plays: Mapping[str, list[Step]]) -> Iterator[Fault]:
    """What is wrong, each with its place."""
    seen: dict[tuple[str, str], int] = {}
    if not cast:
        yield ("terminal",), "terminal: nobody plays"
    for place, one in enumerate(cast):
        path = ("terminal", place)
        yield from _of_cast(path, one, plays)
        for name in ids_of(one):
            if seen.setdefault((one.dialect, name), place) != place and name:
                yield (*path, "id"), f"terminal.{place}.id: another terminal is called {name}"
        yield from _of_list((*path, "steps"), one.steps)
    for name, steps in plays.items():
        yield from _of_list(("plays", name), steps)


def ids_of(cast: Cast) -> list[str]:
    """The ids of the terminals: ``id`` itself, or with a number behind it.

    >>> ids_of(Cast(id="SHOP", count=2))
    ['SHOP0001', 'SHOP0002']
    """
    if cast.count == 1:
        return [cast.id]
    return [f"{cast.id}{number:04d}" for number in range(1, cast.count + 1)]


def _of_cast(path: Path, cast: Cast, plays: Mapping[str, list[Step]]) -> Iterator[Fault]:
    if cast.play and cast.play not in plays:
        yield (*path, "play"), f"play: there is no [plays] {cast.play!r}"
    if bool(cast.play) == bool(cast.steps):
        yield path, "a terminal needs either steps or a play"
    if not 1 <= cast.count <= 9_999:
        yield (*path, "count"), "count: write 1 to 9999"
    if cast.count > 1 and not cast.id:
        yield (*path, "count"), "count: terminals with numbers need an id to put them behind"
    if cast.secure not in ("", *SCHEMES):
        yield (*path, "secure"), f"secure: write one of {', '.join(SCHEMES)}"
    if max(map(len, ids_of(cast)), default=0) > LONGEST_ID:
        yield (*path, "id"), f"id: a terminal's id has at most {LONGEST_ID} characters"


def _of_list(path: Path, steps: Sequence[Step]) -> Iterator[Fault]:
    """What a terminal does from its first step to its last."""
    named = set(_names(steps))
    yield from _of_steps(path, steps, named, depth=1, in_mix=False)


def _names(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        yield step.as_
        yield from _names(step.steps)


def _of_steps(
    path: Path, steps: Sequence[Step], named: set[str], *, depth: int, in_mix: bool
) -> Iterator[Fault]:
    for place, step in enumerate(steps):
        here = (*path, place)
        if step.do not in _MAY:
            yield (*here, "do"), f"do: there is no {step.do!r}: write one of {', '.join(_MAY)}"
            continue
        yield from _of_keys(here, step, in_mix=in_mix)
        yield from _of_values(here, step)
        for name in filter(None, (step.of, *step.forget, *step.claim_amount)):
            if name not in named:
                yield here, f"no step is called {name!r}: give it a name with as"
        if depth >= DEEPEST:
            yield here, f"lists of steps are more than {DEEPEST} deep"
            continue
        below = (*here, "steps")
        is_mix = step.do == "mix"
        yield from _of_steps(below, step.steps, named, depth=depth + 1, in_mix=is_mix)


def _of_keys(here: Path, step: Step, *, in_mix: bool) -> Iterator[Fault]:
    for name, default in _DEFAULTS.items():
        given = getattr(step, name)
        if name == "do" or not given or given == default or (name == "weight" and in_mix):
            continue
        if name not in _MAY[step.do]:
            yield (*here, name.rstrip("_")), f"{name.rstrip('_')}: means nothing to {step.do!r}"
    for name in _MUST.get(step.do, ()):
        if not getattr(step, name):
            yield here, f"{step.do} needs {name.rstrip('_')}"


def _of_values(here: Path, step: Step) -> Iterator[Fault]:
    known = SETTLED if step.do == "settle" else EXPECTED
    if step.expect and step.expect not in known:
        yield (*here, "expect"), f"expect: write one of {', '.join(known)}"
    if step.entry not in ENTRIES:
        yield (*here, "entry"), f"entry: write one of {', '.join(ENTRIES)}"
    yield from _of_secrets(here, step)
    if step.lose and step.lose not in _LOST:
        yield (*here, "lose"), f"lose: write one of {', '.join(_LOST)}"
    if not 1 <= step.times <= 1_000_000:
        yield (*here, "times"), "times: write 1 to 1000000"
    if step.weight <= 0:
        yield (*here, "weight"), "weight: write a number above 0"
    seconds = step.seconds if isinstance(step.seconds, tuple) else (step.seconds, step.seconds)
    if not 0 <= seconds[0] <= seconds[1] <= 86_400:
        yield (*here, "seconds"), "seconds: write 0 to 86400, or two numbers in order"
    if step.do == "refund" and step.card and not step.amount:
        yield here, "a refund to a card needs amount"


def _of_secrets(here: Path, step: Step) -> Iterator[Fault]:
    """PIN, codes, keys, and what is to be wrong with them. No fault repeats one."""
    if step.pin:
        try:
            pin_of(step.pin)
        except ValueError as failure:
            yield (*here, "pin"), f"pin: {failure}"
    if step.pin_format not in (None, 0, 1, 3, 4):
        yield (*here, "pin_format"), "pin_format: write 0, 1, 3 or 4"
    code = step.cvv2
    if code not in ("", OF_CARD) and not (code.isdecimal() and len(code) in (3, 4)):
        yield (*here, "cvv2"), f"cvv2: write 3 or 4 digits, or {OF_CARD}"
    if set(step.wrong) - set(WRONG):
        yield (*here, "wrong"), f"wrong: write some of {', '.join(WRONG)}"
    if step.key not in ("", *INJECTED):
        yield (*here, "key"), f"key: write one of {', '.join(INJECTED)}"
