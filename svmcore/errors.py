"""Every exception that the package raises on purpose."""

__all__ = [
    "AlignmentError",
    "CatalogError",
    "DrizzleError",
    "InputError",
    "ParameterError",
    "PipelineError",
    "ReferenceCatalogError",
    "StoreError",
    "SvmError",
]


class SvmError(Exception):
    """Base of all errors raised on purpose: subject, problem, remedy.

    Parameters
    ----------
    subject : str
        The file, line, keyword or parameter that is wrong.
    problem : str
        What was found and what was expected.
    remedy : str, optional
        What the user can do about it.
    """

    def __init__(self, subject: str, problem: str, remedy: str = "") -> None:
        # All three go to the base class, so that the error can be pickled.
        super().__init__(subject, problem, remedy)

    @property
    def subject(self) -> str:
        """The file, line, keyword or parameter that is wrong."""
        return str(self.args[0])

    @property
    def problem(self) -> str:
        """What was found and what was expected."""
        return str(self.args[1])

    @property
    def remedy(self) -> str:
        """What the user can do about it; empty if nothing is known."""
        return str(self.args[2])

    def __str__(self) -> str:
        text = f"{self.subject}: {self.problem.rstrip('.')}."
        return f"{text} {self.remedy}".rstrip()


class InputError(SvmError):
    """A list, poller, exposure or header that cannot be used."""


class ParameterError(SvmError):
    """A parameter name, value or file that cannot be used."""


class ReferenceCatalogError(SvmError):
    """A reference catalog that cannot be read or reached."""


class AlignmentError(SvmError):
    """An alignment that cannot go on."""


class DrizzleError(SvmError):
    """A drizzling step that cannot go on."""


class CatalogError(SvmError):
    """A source catalog that cannot be made."""


class StoreError(SvmError):
    """A result or output folder that cannot be read or written."""


class PipelineError(SvmError):
    """A plan that cannot be made or run."""
