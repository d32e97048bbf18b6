"""What keeps clear keys in the memory of this process: no core dumps, and no page written to swap
where the system allows that (SR-KEY-13).

Owns the two calls. Refuses to insist: a process without the right to lock its memory runs on, and
says so.
"""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress
from typing import Final

# Of mlockall(2) on Linux: pages there now and later ones, each once it is first touched.
_CURRENT: Final = 1
_FUTURE: Final = 2
_ON_FAULT: Final = 4


def no_core_dumps() -> None:
    """A core file holds keys: none is written from now on."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def lock_memory() -> bool:
    """Keep all pages out of swap; whether that could be done.

    Only where the limit of locked memory (``ulimit -l``, LimitMEMLOCK of systemd) is unlimited:
    under any other one the process would fail for want of memory at some later time.
    """
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if most != resource.RLIM_INFINITY:
        return False
    with suppress(OSError, ValueError, AttributeError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
        library = ctypes.CDLL(None, use_errno=True)
        done: int = library.mlockall(_CURRENT | _FUTURE | _ON_FAULT)
        return done == 0
    return False
