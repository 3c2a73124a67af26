"""Giving up a computation that nobody waits for any more."""


class Cancelled(Exception):
    """The computation was given up because the caller asked for it."""
