"""Everything that a user can get wrong, as one family of errors.

A message is one line: what is wrong, with the value, then what to do. The command line maps the
classes to exit statuses, the screen to notices; neither ever shows a traceback for one of these.
"""


class AblateError(Exception):
    """Root of all errors that are the user's to mend."""

    exit_status = 1


class SourceError(AblateError):
    """A source that can't be read, or a file that can't be written."""


class HeldError(SourceError):
    """A database that another process holds."""


class BusyError(SourceError):
    """Another process is at the same work; it is done in a moment."""


class UsageError(AblateError):
    """A wrong command line, or a column, switch or level that isn't there."""

    exit_status = 2


def fault_words(error: BaseException | None) -> str:
    """What nobody can mend but us, in one line: an error that is none of these."""
    said = " ".join(str(error).split()) or "no message"
    return f"a fault of this program ({type(error).__name__}: {said})"


def one_of(value: str, allowed: list[str] | tuple[str, ...], limit: int = 12) -> str:
    """Say which values are allowed, the nearest first.

    Parameters
    ----------
    value : str
        What was asked for.
    allowed : sequence of str
        What there is.
    limit : int
        How many to name.

    Returns
    -------
    str
        For example ``did you mean "use_rms_norm"? there are: "a", "b" and 3 more``.
    """
    import difflib

    if not allowed:
        return "there are none"
    near = difflib.get_close_matches(value, allowed, n=1)
    names = [f'"{name}"' for name in allowed[:limit]]
    more = f" and {len(allowed) - limit} more" if len(allowed) > limit else ""
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"{hint}there are: {', '.join(names)}{more}"
