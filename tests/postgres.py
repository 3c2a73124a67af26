"""A real PostgreSQL for tests: Debian's server, started on a free port in a folder of its own."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "ada", "s3cr&t/pw"


def programs() -> str | None:
    """The folder of initdb and postgres; None where no server is installed."""
    return max(glob.glob("/usr/lib/postgresql/*/bin"), default=None)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start a server that asks for a password; host and port of it, as in an address."""
    bin_ = programs()
    assert bin_ is not None
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:  # initdb refuses to run as root
        user = next(entry for entry in (_user("postgres"), _user("nobody")) if entry)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        for path in (folder, secret):
            shutil.chown(path, user.pw_uid, user.pw_gid)
        for parent in folder.parents:  # pytest's folders are for their owner alone
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    here: dict[str, object] = {"cwd": folder, "stdout": subprocess.DEVNULL, **as_user}
    initdb = [
        f"{bin_}/initdb",
        "-D",
        str(data),
        "-U",
        USER,
        "--pwfile",
        str(secret),
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
    ]
    subprocess.run(initdb, check=True, **here)  # type: ignore[call-overload]
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with open(folder / "log", "w") as log:
        # its own process, not a daemon's: whoever ends up as a daemon's parent here may never take note of its end
        server = subprocess.Popen([f"{bin_}/postgres", "-D", str(data), *options], stderr=log, **here)  # type: ignore[call-overload]
    try:
        ready = [f"{bin_}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready).returncode and server.poll() is None:
            time.sleep(0.05)
        assert server.poll() is None, (folder / "log").read_text()
        yield f"127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
