"""The master key: made on first start, kept in a file of its own outside the store, mode 0600
(SR-KEY-12).

Owns the file and its format. Refuses a file that others can read, that is damaged, or that is not
the one which the store was made with. The key is held in a ``bytearray`` that is overwritten at the
end; Python and its libraries may leave copies.

The file is binary: a line of text that names it, 32 bytes of key, 5 bytes of check value.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC
from io import FileIO
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from switch.keys.ciphers import Uncopied, same, wipe
from switch.keys.port import VaultError

_HEADING: Final = b"isoswitch master key, version 1, test\n"
_KEY_LENGTH: Final = 32
# Bytes of the CMAC over a zero block: the check value of an AES key (SR-KEY-08).
_CHECK_LENGTH: Final = 5
_FILE_LENGTH: Final = len(_HEADING) + _KEY_LENGTH + _CHECK_LENGTH


class MasterKeyError(VaultError):
    """The master key cannot be used: says which file, why, and what to do."""


class MasterKey(Uncopied):
    """The key that all others come from. Shows its check value and nothing else."""

    __slots__ = ("_key", "check_value")
    check_value: str  # 10 hex digits

    def __init__(self, key: bytearray) -> None:
        if len(key) != _KEY_LENGTH:
            raise MasterKeyError(f"a master key has {_KEY_LENGTH} bytes, this one has {len(key)}")
        self._key = key
        self.check_value = _check_value(key).hex().upper()

    @contextmanager
    def derived(self, purpose: str, length: int) -> Iterator[bytearray]:
        """A key for one purpose (HKDF-SHA-256, RFC 5869), overwritten when the block ends."""
        if not any(self._key):
            raise MasterKeyError("the master key was wiped and derives no more keys")
        hkdf = HKDF(SHA256(), length, salt=None, info=f"isoswitch {purpose}".encode())
        key = bytearray(length)
        try:
            hkdf.derive_into(self._key, key)
            yield key
        finally:
            wipe(key)

    def wipe(self) -> None:
        """Overwrite the key; what was derived from it goes on working."""
        wipe(self._key)

    def __repr__(self) -> str:
        return f"MasterKey(check value {self.check_value})"


def load_or_create(
    path: Path,
    random_bytes: Callable[[int], bytes] = os.urandom,
    *,
    may_create: bool = True,
) -> MasterKey:
    """The master key of the file; made there if it is absent and ``may_create``.

    Say ``may_create=False`` when there is a store already: a new key would not open what the lost
    one sealed. Raises MasterKeyError.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        pass
    if not may_create:
        raise MasterKeyError(
            f"{path}: the master key is missing, and there is a store that was sealed with it: "
            "put the file back from where you keep its copy, or begin with an empty data folder"
        )
    try:
        _create(path, random_bytes)
        return _load(path)
    except OSError as failure:
        raise MasterKeyError(f"{path}: the master key cannot be made: {failure.strerror}") from None


def _load(path: Path) -> MasterKey:
    """Raises FileNotFoundError for an absent file, else MasterKeyError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as failure:
        raise MasterKeyError(f"{path}: the master key cannot be read: {failure.strerror}") from None
    content = bytearray(_FILE_LENGTH + 1)
    try:
        with FileIO(descriptor, "r") as file:
            _refuse_shared(path, os.fstat(descriptor))
            length = file.readinto(content)
        return _parse(path, content, length)
    except OSError as failure:
        raise MasterKeyError(f"{path}: the master key cannot be read: {failure.strerror}") from None
    finally:
        wipe(content)


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise MasterKeyError(f"{path}: the master key must be a regular file")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise MasterKeyError(
            f"{path}: the master key can be read by others (mode {mode:04o}): run chmod 600 on it, "
            "and change the key if they may have"
        )
    if status.st_uid not in (os.geteuid(), 0):
        raise MasterKeyError(f"{path}: the master key belongs to another user, {status.st_uid}")


def _parse(path: Path, content: bytearray, length: int) -> MasterKey:
    heading = content[: len(_HEADING)]
    if heading != _HEADING:
        raise MasterKeyError(f"{path}: this is no master key file of isoswitch")
    if length != _FILE_LENGTH:
        raise MasterKeyError(f"{path}: the master key file is damaged: restore it from its copy")
    key = content[len(_HEADING) : len(_HEADING) + _KEY_LENGTH]
    check = content[len(_HEADING) + _KEY_LENGTH : _FILE_LENGTH]
    if not same(check, _check_value(key)):
        wipe(key)
        raise MasterKeyError(
            f"{path}: the master key does not fit its check value: the file is damaged, "
            "restore it from its copy"
        )
    return MasterKey(key)


def _create(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Write the file whole or not at all; a file that another process made meanwhile stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = bytearray(random_bytes(_KEY_LENGTH))
    content = bytearray(_HEADING) + key + _check_value(key)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with FileIO(descriptor, "w") as file:
            os.fchmod(descriptor, 0o600)
            if file.write(content) != len(content):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
        _sync_folder(path.parent)
    finally:
        wipe(key)
        wipe(content)
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_value(key: bytearray) -> bytes:
    mac = CMAC(AES256(key))
    mac.update(bytes(16))
    return mac.finalize()[:_CHECK_LENGTH]
