"""``isoswitch backup`` and ``restore``: a store in a file, and back.

Owns options, the look at the data folder and at the master key, and words. A backup reads a second
view of the store, so the switch may be running; a restore needs an empty folder, so none is.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from switch.cli_control import data_option, json_option
from switch.data_folder import MASTER_NAME, STORE_NAME, state_folder
from switch.errors import IsoswitchError
from switch.keys.master import load_or_create
from switch.store.sqlite_backup import PARTIAL, Backup, back_up, inspect
from switch.store.sqlite_backup import restore as restore_store


class RestoreRefusedError(IsoswitchError):
    """The folder is not empty, or the master key is another one."""


@click.command(epilog="Example: isoswitch backup /backups/monday.db --data ./data")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@json_option
def backup(file: Path, data: Path | None, as_json: bool) -> None:
    """Copy the store of a running or stopped switch into the new FILE, whole and checked.

    The store is all that a switch remembers. Not in it: the master key (master.key in the data
    folder), without which the card numbers in FILE cannot be opened; keep it apart from FILE, for
    who has both has the numbers. Nor configuration, log and demo certificates.
    """
    folder = data or state_folder()
    made = back_up(folder / STORE_NAME, file)
    answer = _told(made) | {"file": str(file), "bytes": file.stat().st_size}
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(f"{file}: {answer['bytes']} bytes, {_words(made)}, checked")
    click.echo(
        f"the master key is not in it: keep {folder / MASTER_NAME} "
        f"(check value {made.key_check}) apart from it"
    )


@click.command(
    epilog="Example: isoswitch restore /backups/monday.db --data ./fresh --master-key master.key"
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--master-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The master key's file, to be put beside the store.",
)
@data_option
@json_option
def restore(file: Path, master_key: Path | None, data: Path | None, as_json: bool) -> None:
    """Check the backup FILE and put it into a data folder, which must be empty or new.

    Only a master key may be there already. What the switch did after the backup was taken is not in
    it: terminals may know of approvals that the store does not.
    """
    folder = data or state_folder()
    _refuse_used(folder)
    made = inspect(file)
    key_place = folder / MASTER_NAME
    if master_key is not None and key_place.exists():
        raise RestoreRefusedError(f"{key_place}: there is a master key already: leave one out")
    has_key = _fits(master_key or key_place, made)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if master_key is not None:
        _copy_key(master_key, key_place)
    restore_store(file, folder / STORE_NAME)
    answer = _told(made) | {"data": str(folder), "master_key": has_key}
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(f"{folder}: restored, {_words(made)}")
    if has_key:
        click.echo(f"start it with: isoswitch serve --data {folder}")
    else:
        click.echo(
            f"before you start it, put the master key with check value {made.key_check} "
            f"at {key_place}"
        )


def _refuse_used(folder: Path) -> None:
    """A folder with anything but a master key, or what a restore that was cut short left, is some
    switch's, which may be running.
    """
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except OSError as failure:
        raise RestoreRefusedError(f"{folder}: cannot be read: {failure.strerror}") from None
    cut_short = {name for name in names if name.startswith(STORE_NAME + PARTIAL)}
    used = names - {MASTER_NAME} - cut_short
    if used:
        raise RestoreRefusedError(
            f"{folder}: is not empty ({min(used)} is there): name a new folder with --data; "
            "a switch that works in this one would lose what it knows"
        )


def _fits(key: Path, made: Backup) -> bool:
    """Whether the backup's master key is there; another one is refused."""
    if not key.exists():
        return False
    master = load_or_create(key, may_create=False)
    found = master.check_value
    master.wipe()
    if made.key_check and found != made.key_check:
        raise RestoreRefusedError(
            f"{key}: this is the master key {found}, the backup was sealed under {made.key_check}: "
            "give that one"
        )
    return True


def _copy_key(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file, source.open("rb") as key:
        shutil.copyfileobj(key, file)
        file.flush()
        os.fsync(file.fileno())


def _told(made: Backup) -> dict[str, Any]:
    return {
        "ok": True,
        "journal": made.sequence,
        "as_of": _time(made),
        "master_key_check": made.key_check,
    }


def _words(made: Backup) -> str:
    return f"as of {_time(made)}, journal row {made.sequence}" if made.sequence else "empty"


def _time(made: Backup) -> str:
    return datetime.fromtimestamp(made.at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
