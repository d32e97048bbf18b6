"""The configured test keys, written as records: their key blocks, made by the vault.

Owns when a key of the configuration takes the place of the one in the store: where there is none,
and where the configuration says another key than at the last time. A key that was rotated or
destroyed at the running switch stays so over a restart. Refuses to keep a key: a check value is all
that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from switch.keys.port import KeySpec, KeyVault, MadeKey
from switch.model.records import Key, Record, SealedKey, next_version
from switch.server.world_said import Said, found
from switch.values import ClearKey

WHO: Final = "configuration"
TEST: Final = "test"


@dataclass(frozen=True, slots=True)
class KeySeed:
    """A test key as configured, in clear: only the vault may take it out."""

    name: str
    spec: KeySpec
    value: ClearKey


def key_records(
    keys: Sequence[KeySeed], known: Mapping[Key, Record | None], vault: KeyVault, at_us: int
) -> Iterator[Record]:
    """The records of the keys that are new or changed. Raises VaultError for one that the vault
    does not take.
    """
    for item in keys:
        made = vault.import_clear(item.spec, bytearray.fromhex(item.value.reveal()), item.name)
        content = _content(made)
        said = Said(known, Key(SealedKey.TABLE, item.name), content)
        record = found(known, SealedKey, item.name)
        if record is None:
            yield SealedKey(id=item.name, block=made.block, made_by=WHO, made_us=at_us, **content)
        elif said.changed():
            yield next_version(
                record,
                block=made.block,
                state="active",
                generation=record.generation + 1,
                former=(),
                changed_by=WHO,
                changed_us=at_us,
                **content,
            )
        yield from said.record()


def _content(made: MadeKey) -> dict[str, Any]:
    """What may be told of a key."""
    spec = made.attributes
    return {
        "usage": spec.usage,
        "algorithm": spec.algorithm,
        "mode": spec.mode,
        "exportability": spec.exportability,
        "mark": spec.mark,
        "length": spec.length,
        "check_value": made.check_value,
    }
