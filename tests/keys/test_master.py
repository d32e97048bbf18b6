"""The master key's file: private, whole or not at all, never replaced by accident (SR-KEY-12,
SR-GEN-04).
"""

from __future__ import annotations

import copy
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from switch.keys.master import MasterKey, MasterKeyError, load_or_create

KEY = bytes(range(32))


def fixed(length: int) -> bytes:
    """A generator that everybody can foresee."""
    return KEY[:length]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key's file is or will be."""
    return tmp_path / "data" / "master.key"


def test_first_start_makes_a_private_file(path: Path) -> None:
    """Mode 0600 in a folder of mode 0700, whatever the umask, and no draft is left."""
    before = os.umask(0)
    try:
        load_or_create(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_later_starts_load_the_same_key(path: Path) -> None:
    """The file is not touched again."""
    first = load_or_create(path)
    content = path.read_bytes()
    assert load_or_create(path).check_value == first.check_value
    assert path.read_bytes() == content


def test_two_keys_differ(tmp_path: Path) -> None:
    """By default the key comes from the operating system's generator (SR-KEY-11)."""
    made = {load_or_create(tmp_path / name).check_value for name in "abc"}
    assert len(made) == 3


def test_check_value_is_the_cmac_of_a_zero_block(path: Path) -> None:
    """SR-KEY-08: five bytes; here CMAC (NIST SP 800-38B) is done by hand from one AES block."""
    block = Cipher(AES256(KEY), ECB()).encryptor()
    subkey = int.from_bytes(block.update(bytes(16))) << 1
    if subkey >> 128:
        subkey ^= (1 << 128) | 0x87
    expected = block.update(subkey.to_bytes(16))[:5].hex().upper()
    assert load_or_create(path, fixed).check_value == expected == "377822C093"


def test_derived_keys_are_hkdf_with_a_label_each(path: Path) -> None:
    """One purpose, one key; the derived key is overwritten when its block ends."""
    master = load_or_create(path, fixed)
    expected = HKDF(SHA256(), 32, salt=None, info=b"isoswitch data key 1").derive(KEY)
    with master.derived("data key 1", 32) as key, master.derived("token key 1", 32) as other:
        assert key == expected
        assert key != other
    assert key == bytes(32)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    """SR-GEN-04: says which mode it has and what to do."""
    load_or_create(path)
    path.chmod(mode)
    with pytest.raises(MasterKeyError, match=f"mode {mode:04o}.*chmod 600"):
        load_or_create(path)


def test_a_missing_key_of_an_existing_store_is_not_made_anew(path: Path) -> None:
    """A new key would open nothing: the refusal says so, and no file appears."""
    with pytest.raises(MasterKeyError, match="the master key is missing, and there is a store"):
        load_or_create(path, may_create=False)
    assert not path.exists()
    load_or_create(path)
    load_or_create(path, may_create=False)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: b"", "no master key file"),
        (lambda content: b"hello" + content, "no master key file"),
        (lambda content: content[:-1], "damaged"),
        (lambda content: content + b"\n", "damaged"),
        (lambda content: content[:-6] + bytes([content[-6] ^ 1]) + content[-5:], "check value"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "check value"),
    ],
)
def test_a_damaged_file_is_refused_and_kept(path: Path, damage: object, said: str) -> None:
    """Every change of the file is seen; nothing of its content is in the message."""
    load_or_create(path, fixed)
    assert callable(damage)
    content = damage(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(MasterKeyError, match=said) as refused:
        load_or_create(path)
    assert path.read_bytes() == content
    assert KEY.hex() not in str(refused.value)


def test_what_is_no_regular_file_is_refused(path: Path) -> None:
    """A pipe would block the start, a folder has no content."""
    path.parent.mkdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(MasterKeyError, match="regular file"):
        load_or_create(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(MasterKeyError):
        load_or_create(path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The reason comes without a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(MasterKeyError, match="cannot be"):
        load_or_create(tmp_path / "file" / "master.key")


def test_a_file_made_by_another_process_meanwhile_is_taken(path: Path) -> None:
    """Two first starts at once end up with the same key."""

    def slow(length: int) -> bytes:
        load_or_create(path, fixed)
        return os.urandom(length)

    assert load_or_create(path, slow).check_value == load_or_create(path).check_value
    assert load_or_create(path).check_value == MasterKey(bytearray(KEY)).check_value


def test_a_key_shows_nothing_and_goes_nowhere(path: Path) -> None:
    """SR-KEY-13: the check value is all that is printed; no copy, and so no pickle."""
    master = load_or_create(path, fixed)
    for text in (repr(master), str(master), f"{master}"):
        assert text == f"MasterKey(check value {master.check_value})"
    for use in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            use(master)


def test_a_wiped_key_derives_nothing(path: Path) -> None:
    """Overwritten, not merely forgotten."""
    master = load_or_create(path)
    master.wipe()
    with pytest.raises(MasterKeyError, match="wiped"), master.derived("data key 1", 32):
        pass


def test_a_key_of_another_length_is_refused() -> None:
    """AES-256 or nothing."""
    with pytest.raises(MasterKeyError, match="32 bytes"):
        MasterKey(bytearray(16))
