"""What was read of a visit: its exposures, and what is wrong with the rest."""

from dataclasses import dataclass

from svmcore.model.exposure import Exposure, Note

__all__ = ["InputFault", "VisitInput"]


@dataclass(frozen=True, slots=True)
class InputFault:
    """One listed exposure that cannot be used: what an error would say.

    Parameters
    ----------
    subject : str
        File and line, or exposure file.
    problem : str
        What was found and what was expected.
    remedy : str
        What the user can do about it; may be empty.
    file_name : str
        Name of the exposure's file as it was listed; empty if there is none.
    is_missing : bool
        Whether the file was not found (an archive may have it).
    """

    subject: str
    problem: str
    remedy: str = ""
    file_name: str = ""
    is_missing: bool = False

    def __str__(self) -> str:
        text = f"{self.subject}: {self.problem.rstrip('.')}."
        return f"{text} {self.remedy}".rstrip()


@dataclass(frozen=True, slots=True)
class VisitInput:
    """All exposures of a visit as they were listed and found.

    Parameters
    ----------
    name : str
        Short name of the visit for titles: stem of the list, or the folder.
    source : str
        The list, folder or files that were read, as text.
    exposures : tuple of Exposure
        Readable exposures in the order in which they were listed.
    faults : tuple of InputFault
        Listed exposures that cannot be used.
    notes : tuple of Note
        Remarks on the list and on the visit as a whole; those on a single
        exposure are in its own notes.
    """

    name: str
    source: str
    exposures: tuple[Exposure, ...]
    faults: tuple[InputFault, ...] = ()
    notes: tuple[Note, ...] = ()
