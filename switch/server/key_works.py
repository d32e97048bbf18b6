"""Commands about keys, made ready: what each asks the vault, what the core is to keep and what the
person hears.

Nothing is done when a work is made, only when it is run, so that it can wait for a second officer.
Refuses to judge who may do what (``key_desk``), and to store anything. A test key may leave in
clear, to the owner of the socket and for injection; a live one leaves under a key-encrypting key
only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from switch.core.admin_keys import STATES
from switch.keys.ciphers import wipe
from switch.keys.permissions import need_export, need_one_mark
from switch.keys.port import KeySpec, KeyVault
from switch.model.key_roles import SIZES, names_in_words, role_of
from switch.model.security import KeyUse, base_key
from switch.server.key_words import (
    COMPONENTS,
    DESTROYED,
    LIVE,
    OVERLAP_S,
    TEST,
    Done,
    Given,
    KeyCommandError,
    Work,
    all_of,
    as_bytes,
    base_derivation,
    free,
    handed_over,
    in_use,
    installed,
    refuse_live,
    spec_of,
    taken,
    use_of,
    words_of,
)

_BY_LETTER: Final = {"T": "tdes-2", "A": "aes-128"}  # of what a device asks for


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key whose components are being entered."""

    name: str
    mark: str


class KeyWorks:
    """Makes works."""

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault
        self._entering: dict[str, _Entry] = {}
        self._makers: dict[str, Callable[[Given], Work]] = {
            "keys.generate": self._generate,
            "keys.import": self._import,
            "keys.components": self._components,
            "keys.export": self._export,
            "keys.rotate": self._rotate,
            "keys.state": self._state,
            "keys.destroy": self._destroy,
            "keys.sheet": self._sheet,
            "keys.initial_key": self._initial_key,
            "keys.inject": self._inject,
        }

    def work(self, given: Given) -> Work:
        """The command made ready. Raises KeyCommandError, VaultError."""
        return self._makers[given.what](given)

    def forget(self, done: Done) -> None:
        """What was destroyed is gone from the store: here as well (SR-KEY-14)."""
        self._vault.forget(done.gone)

    @staticmethod
    def names(words: Mapping[str, str]) -> list[str]:
        """The keys that a command names, whose rows it is given."""
        named = [
            words.get("name", ""),
            words.get("kek", ""),
            base_key(words.get("ksn", "").upper()),
        ]
        return [name for name in named if name]

    # -- keys that come

    def _generate(self, given: Given) -> Work:
        name, spec = free(given), self._spec(given)
        return Work(
            given.what, name, spec.mark, lambda _: installed(name, self._vault.make_key(spec, name))
        )

    def _import(self, given: Given) -> Work:
        name, vault, legacy = free(given), self._vault, given.yes("legacy")
        clear = given.secrets.get("value")
        ways = [bool(clear), bool(given.word("block")), bool(given.word("cryptogram"))]
        if sum(ways) != 1:
            raise KeyCommandError("a key comes in clear (test keys), as a block or a cryptogram")
        if clear is not None:
            spec = self._spec(given)
            if spec.mark != TEST:
                raise KeyCommandError(
                    "a live key comes in components or under a key, never in clear"
                )
            return Work(
                given.what,
                name,
                TEST,
                lambda _: installed(name, vault.import_clear(spec, taken(clear), name)),
            )
        kek = in_use(given.key("kek"))
        if given.word("block"):
            block = given.need("block")
            return Work(
                given.what,
                name,
                kek.mark,
                lambda _: installed(
                    name, vault.import_block(use_of(kek), block, name=name, legacy=legacy)
                ),
            )
        spec, check = self._spec(given, kek.mark), given.need("check_value")
        cryptogram = as_bytes(given.need("cryptogram"), "cryptogram")
        return Work(
            given.what,
            name,
            kek.mark,
            lambda _: installed(
                name,
                vault.import_cryptogram(
                    use_of(kek), spec, cryptogram, check, name=name, legacy=legacy
                ),
            ),
        )

    def _components(self, given: Given) -> Work:
        steps = {"begin": self._begin, "add": self._add, "drop": self._drop}
        step = given.need("step")
        if step not in steps:
            raise KeyCommandError(f"step is one of {', '.join(steps)}")
        return steps[step](given)

    def _begin(self, given: Given) -> Work:
        name, spec, count = free(given), self._spec(given), given.count("count", COMPONENTS)

        def run(_: tuple[str, ...]) -> Done:
            ticket = self._vault.begin_components(spec, count, name)
            self._entering[ticket] = _Entry(name, spec.mark)
            said = f"{count} components of {name} awaited"
            return Done(said, {"ticket": ticket, "missing": count})

        return Work(given.what, name, spec.mark, run, dual=False)

    def _add(self, given: Given) -> Work:
        ticket, component = given.need("ticket"), given.secrets.get("component")
        entry, check = self._entry(ticket), given.need("check_value")
        if component is None:
            raise KeyCommandError("the component is missing")

        def run(officers: tuple[str, ...]) -> Done:
            person = officers[0] if officers else given.who
            missing = self._vault.add_component(ticket, person, taken(component), check)
            if missing:
                return Done(f"taken, {missing} more awaited", {"missing": missing})
            made = self._vault.finish_components(ticket)
            del self._entering[ticket]
            return installed(entry.name, made)

        return Work(given.what, entry.name, entry.mark, run, dual=False)

    def _drop(self, given: Given) -> Work:
        ticket = given.need("ticket")
        entry = self._entry(ticket)

        def run(_: tuple[str, ...]) -> Done:
            self._vault.drop_components(ticket)
            del self._entering[ticket]
            return Done("forgotten", {})

        return Work(given.what, entry.name, entry.mark, run, dual=False)

    def _entry(self, ticket: str) -> _Entry:
        entry = self._entering.get(ticket)
        if entry is None:
            raise KeyCommandError("no components are awaited under that ticket: begin anew")
        return entry

    # -- keys that stay

    def _rotate(self, given: Given) -> Work:
        row, overlap = given.key(), given.count("overlap_s", OVERLAP_S)

        def run(_: tuple[str, ...]) -> Done:
            made = self._vault.next_generation(use_of(row))
            words = {**words_of(row.id, made), "overlap_s": str(overlap)}
            said = f"check value {made.check_value}, the one before for {overlap} s more"
            return Done(said, {}, ("keys.rotate", words))

        return Work(given.what, row.id, row.mark, run)

    def _state(self, given: Given) -> Work:
        row, state = given.key(), given.need("state")
        if state not in STATES:
            raise KeyCommandError(f"a key's state is one of {', '.join(STATES)}")
        done = Done(state, {}, ("keys.state", {"name": row.id, "state": state}))
        return Work(given.what, row.id, row.mark, lambda _: done)

    def _destroy(self, given: Given) -> Work:
        row = given.key()
        done = Done("", {}, ("keys.destroy", {"name": row.id}), all_of(row))
        return Work(given.what, row.id, row.mark, lambda _: done)

    # -- keys that go

    def _export(self, given: Given) -> Work:
        row, kek = in_use(given.key()), in_use(given.key("kek"))
        form, legacy, version = (
            given.word("form", "tr31"),
            given.yes("legacy"),
            given.word("version"),
        )
        if form not in ("tr31", "cryptogram"):
            raise KeyCommandError("form is tr31 or cryptogram")
        # Told before a second officer is asked; the vault judges by the block itself, when it runs.
        need_export(row.id, spec_of(row), kek.id, spec_of(kek), form)

        def run(officers: tuple[str, ...]) -> Done:
            if form == "cryptogram":
                handed = self._vault.export_cryptogram(
                    use_of(row), use_of(kek), legacy=legacy, officers=officers
                )
            else:
                handed = self._vault.export_block(
                    use_of(row), use_of(kek), version=version, officers=officers
                )
            return Done(f"{row.id} under {kek.id}", handed_over(handed))

        return Work(given.what, row.id, row.mark, run)

    def _sheet(self, given: Given) -> Work:
        row, count = in_use(given.key()), given.count("count", COMPONENTS)
        refuse_live(row)

        def run(_: tuple[str, ...]) -> Done:
            return Done(f"{row.id} in {count} components", self._in_clear(use_of(row), count))

        return Work(given.what, row.id, row.mark, run)

    def _initial_key(self, given: Given) -> Work:
        """Of a device: in clear under a test key, under a key-encrypting key otherwise."""
        ksn = given.need("ksn").upper()
        name = given.word("name") or base_key(ksn)
        row = in_use(given.key() if given.word("name") else base_derivation(given, name))
        kek = in_use(given.key("kek")) if given.word("kek") else None
        count = given.count("count", 1)
        if kek is None:
            refuse_live(row)
        else:
            need_one_mark(row.id, row.mark, kek.id, kek.mark)

        def run(officers: tuple[str, ...]) -> Done:
            made = self._vault.initial_key(use_of(row), ksn)
            use = KeyUse(f"the initial key of {ksn}", made.block)
            if kek is None:
                data = self._in_clear(use, count)
            else:
                data = handed_over(self._vault.export_block(use, use_of(kek), officers=officers))
            return Done(f"the initial key of {ksn}", {**data, "ksn": ksn})

        return Work(given.what, row.id, row.mark, run)

    def _inject(self, given: Given) -> Work:
        """A terminal's key in clear; made where there is none yet."""
        name, letter = given.need("name"), given.word("algorithm", "T")
        row, count = given.rows.get(name), given.count("count", 1)
        if row is None or row.state == DESTROYED:
            spec = self._spec(given, algorithm=_BY_LETTER.get(letter, letter))

            def make(_: tuple[str, ...]) -> Done:
                made = self._vault.make_key(spec, name)
                done = installed(name, made)
                return done._replace(data=self._in_clear(KeyUse(name, made.block), count))

            return Work(given.what, name, spec.mark, make)
        refuse_live(in_use(row))
        if letter in _BY_LETTER and row.algorithm != letter:
            raise KeyCommandError(f"{name} is a key of algorithm {row.algorithm}, not {letter}")

        def run(_: tuple[str, ...]) -> Done:
            return Done(f"{name} as it is", self._in_clear(use_of(row), count))

        return Work(given.what, name, row.mark, run)

    def _in_clear(self, key: KeyUse, count: int) -> dict[str, Any]:
        """A test key on its way into a device. The vault refuses any other."""
        data: dict[str, Any] = {"check_value": self._vault.key_check_value(key), "components": []}
        for part in self._vault.sheet(key, count):
            shown = {"value": part.value.hex().upper(), "check_value": part.check_value}
            data["components"].append(shown)
            wipe(part.value)
        if count == 1:
            data["key"] = data["components"][0]["value"]
        return data

    def _spec(self, given: Given, mark: str = "", *, algorithm: str = "") -> KeySpec:
        """What the key is to be. A terminal master key is for what its terminal's security hands
        out: key blocks or cryptograms.
        """
        name = given.need("name")
        role = role_of(name)
        if role is None:
            raise KeyCommandError(f"no key is called that: names are {names_in_words()}")
        size = SIZES.get(algorithm or given.need("algorithm"))
        if size is None:
            raise KeyCommandError(f"algorithm is one of {', '.join(SIZES)}")
        usual = role.usual(size.algorithm)
        if name.endswith(".tmk") and given.exchange == "cryptogram":
            usual = "K0"
        usage = given.word("usage") or usual
        if usage not in role.usages:
            raise KeyCommandError(f"usage: a key {name} is for {', '.join(role.usages)}")
        return KeySpec(
            usage,
            size.algorithm,
            size.length,
            role.mode,
            given.word("exportability", "E"),
            mark or (LIVE if given.yes("live") else TEST),
        )
