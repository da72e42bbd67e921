"""What goes wrong: one exception class per kind, with the text the command line shows."""

from __future__ import annotations


class SluiceError(Exception):
    """Any error of Sluice's. `code` is its kind: the classes below."""

    code = "error"


class InputError(SluiceError, ValueError):
    """A model, an array or a file breaks a rule; the message says which, where, and what to do."""

    code = "bad_input"


class UnsupportedError(SluiceError, NotImplementedError):
    """Valid, but Sluice cannot do it yet; every place is named."""

    code = "unsupported"


class UsageError(SluiceError, ValueError):
    """An option that makes no sense."""

    code = "usage"


class InfeasibleError(SluiceError):
    """No design can meet what was asked, such as a board that is too small."""

    code = "infeasible"


class GaveUpError(SluiceError):
    """A search ended at its budget without a proof."""

    code = "gave_up"


class FileError(SluiceError, OSError):
    """A file or a tool could not be reached."""

    code = "io"


_BY_CODE = {
    kind.code: kind for kind in (InputError, UnsupportedError, UsageError, InfeasibleError, GaveUpError, FileError)
}


def make(code: str, message: str) -> SluiceError:
    """The exception for an error's code and text."""
    return _BY_CODE.get(code, SluiceError)(message)
