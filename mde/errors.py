"""The one error that is the user's to solve."""

from __future__ import annotations


class InputError(Exception):
    """What a user passed, or a file that a user named, cannot be used.

    The message is one line: the value, what was expected, and what to do. Commands print it
    without a traceback and end with exit status 2; every other exception is a fault of ours.
    It is no ValueError, so that no handler of broken numbers swallows it on its way.
    `details`, where one line cannot show it (a folder tree), are lines that commands print below.
    """

    def __init__(self, message: str, *, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class IncompleteError(Exception):
    """The work is done and written, but a part of the input could not be used; commands end with exit status 3."""
