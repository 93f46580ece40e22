"""Moves a file to a name that nobody has yet, in one step: to link and unlink costs the disk twice as much."""

import ctypes
import errno
import os
from pathlib import Path
from typing import Any

_AT_FDCWD, _RENAME_NOREPLACE = -100, 1  # renameat2(2)
_CANNOT = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})  # an old kernel, or a file system without it
_libc: Any = ctypes.CDLL(None, use_errno=True)


def moved(here: Path, there: Path) -> bool:
    """Rename the file unless ``there`` exists; whether it was renamed. Raises OSError."""
    if hasattr(_libc, "renameat2"):
        wanted = (_AT_FDCWD, os.fsencode(here), _AT_FDCWD, os.fsencode(there), _RENAME_NOREPLACE)
        if _libc.renameat2(*wanted) == 0:
            return True
        why = ctypes.get_errno()
        if why == errno.EEXIST:
            return False
        if why not in _CANNOT:
            raise OSError(why, os.strerror(why), str(here), None, str(there))
    return _linked(here, there)


def _linked(here: Path, there: Path) -> bool:
    try:
        os.link(here, there)
    except FileExistsError:
        return False
    here.unlink()
    return True
