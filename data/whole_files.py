"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(content: bytes, target: Path, private: bool = False) -> None:
    """Write a file in one step: a reader sees the old one or the new one, never half of one.

    Parameters
    ----------
    content : bytes
    target : Path
        In a folder that is there; no link, which would be replaced.
    private : bool
        For its owner alone; else whoever the umask lets may read it.

    Raises
    ------
    OSError
        What was there stays.
    """
    temporary = target.with_name(f".{target.name[:40]}-{secrets.token_hex(8)}")
    # the umask is the kernel's to apply: to ask for it is to set it, for all threads
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if private else 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:  # also when ctrl+C falls into it
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
