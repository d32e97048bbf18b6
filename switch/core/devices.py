"""Devices under DUKPT: one counter, one message (INV-71, SR-PIN-08).

Owns the check of key serial numbers and the record of which counters were used. A counter is used
up by a message whose MAC was right or, where it bears none, whose PIN block deciphered to one:
nobody else can use up another's counters. A repeat never gets here, it is answered as a repeat. A
number that no verdict rests upon is not looked at, because a reversal or an advice may copy the one
of its original.

A device may move to another terminal, as one in for repair does: that is noted and told, not
refused.
"""

from __future__ import annotations

from switch.core.case import Case, Objection
from switch.core.proof import refuse
from switch.core.replies import alert
from switch.core.terms import Refusal, read_ksn
from switch.model import ksn as numbers
from switch.model.ksn import Ksn
from switch.model.records import Device, Key, key_of
from switch.model.words import Reason

_NEW: Device = Device(id="", version=0)


def device_key(read: Ksn) -> Key:
    """Where the device is remembered."""
    return key_of(Device.TABLE, read.device)


def ksn(case: Case) -> Objection:
    """The key serial number can be (M-15), and no message before this one has used it (M-13), nor
    is it older than the window (M-14).
    """
    request, security = case.request, case.security
    if not request.ksn or security is None or not security.dukpt:
        return None
    rests = case.proven or (request.pin_block is not None and case.unforced)
    if not rests:
        return None
    read = read_ksn(request.ksn)
    if isinstance(read, Refusal):
        return refuse(case, read)
    known = _known(case, read)
    said = _against(known, read, security.window)
    if said:
        remedy = f"a counter that was not used, above {known.newest:X}"
        return refuse(case, Refusal("ksn", str(read), said, Reason.KSN_REPLAY, remedy, True))
    moved = known.terminal_id not in ("", request.terminal_id)
    came = f"the device was last at terminal {known.terminal_id}" if moved else "not used before"
    case.passed("ksn", f"device {read.device}, counter {read.counter:X}", came)
    if case.proven:
        use_up(case)
    return None


def is_new(case: Case) -> bool:
    """Whether no message has used the counter of this one yet; asked of a repeat."""
    request, security = case.request, case.security
    if not request.ksn or security is None:
        return False
    read = read_ksn(request.ksn)
    if isinstance(read, Refusal):
        return False
    return not _against(_known(case, read), read, security.window)


def use_up(case: Case) -> None:
    """Remember that this message has used its counter. Told where the device has no other left."""
    request, security = case.request, case.security
    if security is None or not request.ksn:
        return
    read = read_ksn(request.ksn)
    if isinstance(read, Refusal):
        return
    known = _known(case, read)
    use = numbers.use(known.newest, known.seen, read.counter, window=security.window)
    if not use.accepted:
        raise ValueError(f"device {read.device}: counter {read.counter:X} is used already")
    case.records.append(
        Device(
            id=read.device,
            version=known.version + 1,
            newest=use.newest,
            seen=use.seen,
            floor=max(known.floor, use.newest - security.window),
            terminal_id=request.terminal_id,
        )
    )
    if known.terminal_id not in ("", request.terminal_id):
        was = known.terminal_id
        case.tells.append(alert(case.event, "ksn.device_moved", device=read.device, was=was))
    if read.exhausted:
        case.tells.append(alert(case.event, "ksn.exhausted", device=read.device))


def _known(case: Case, read: Ksn) -> Device:
    return case.facts.find(Device, read.device) or _NEW


def _against(known: Device, read: Ksn, window: int) -> str:
    """Why the counter is not taken; empty where it is."""
    if known.version and read.counter < max(known.floor, known.newest - window):
        return f"is more than {window} behind {known.newest:X}, the device's newest"
    use = numbers.use(known.newest, known.seen, read.counter, window=window)
    return "" if use.accepted else "was used in another message"
