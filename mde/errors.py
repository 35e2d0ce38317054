"""The one error that is the user's to solve."""

from __future__ import annotations


class InputError(Exception):
    """What a user passed, or a file that a user named, cannot be used.

    The message is one line: the value, what was expected, and what to do. Commands print it
    without a traceback and end with exit status 2; every other exception is a fault of ours.
    It is no ValueError, so that no handler of broken numbers swallows it on its way.
    """
