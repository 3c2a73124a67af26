"""Names and texts as parts of a SQL statement."""


def quote(name: str) -> str:
    """A name as a SQL identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL literal, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
