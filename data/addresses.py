"""Which sources are servers, and how their addresses are shown: never with a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

_SERVERS = ("postgresql://", "postgres://", "md:")


def is_server(source: str) -> bool:
    """Whether a source is a server's address rather than a file's name."""
    return source.startswith(_SERVERS)


def without_secrets(source: str) -> tuple[str, tuple[str, ...]]:
    """An address as it may be shown, and what must not be: passwords, also in its options.

    Examples
    --------
    >>> without_secrets("postgresql://ada:pw@db/sweeps?sslmode=require")
    ('postgresql://ada@db/sweeps', ('pw', 'ada:pw'))
    """
    scheme, _, rest = source.partition(":")
    if not rest.startswith("//"):
        return f"{scheme}:{rest.partition('?')[0]}", tuple(_values(rest.partition("?")[2]))
    authority, slash, path = rest[2:].partition("/")
    user, at, host = authority.rpartition("@")
    name, _, password = user.partition(":")
    path, _, options = path.partition("?")
    secrets = [text for text in (password, unquote(password), user if password else "") if text]
    return f"{scheme}://{name}{at}{host}{slash}{path}", (*dict.fromkeys(secrets), *_values(options))


def without_user(source: str) -> str:
    """An address as it may be kept: the same for all who read the same place."""
    shown, _ = without_secrets(source)
    scheme, _, rest = shown.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _values(options: str) -> Iterator[str]:
    for option in options.split("&"):
        name, _, value = option.partition("=")
        if value and re.search("pass|token|key|secret", name, re.IGNORECASE):
            yield from dict.fromkeys((value, unquote(value)))
