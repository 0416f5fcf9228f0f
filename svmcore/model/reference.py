"""What a visit is aligned to: a file, services in order, or nothing."""

from dataclasses import dataclass
from pathlib import Path

from svmcore.errors import ReferenceCatalogError

__all__ = ["DEFAULT_SERVICE_URL", "SERVICE_CATALOGS", "ReferenceChoice"]

DEFAULT_SERVICE_URL = "https://gsss.stsci.edu/webservices"

# Catalogs by the name that the service and WCSNAME use. The last one is the
# Gaia archive itself, asked through astroquery.
SERVICE_CATALOGS = (
    "GAIAeDR3",
    "GAIADR3",
    "GAIADR2",
    "GAIADR1",
    "GSC242",
    "GSC241",
    "2MASS",
    "PS1DR2",
    "PS1BEST",
    "GAIA-ARCHIVE",
)
_SHORT_NAMES = {
    "gaia": "GAIAeDR3",
    "gsc": "GSC242",
    "ps1": "PS1DR2",
    "auto": "",
    "default": "",
}


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """Reference catalog of a run.

    Parameters
    ----------
    file : Path or None
        Local catalog; services are not asked if it is given.
    services : tuple of str
        Catalogs to ask for, in order; see `SERVICE_CATALOGS`. An empty name
        stands for the list in the parameter ``mosaic_catalog_list``.
    service_url : str
        Address of the catalog service.
    cache : Path or None
        Existing folder in which answers are kept and looked for first.
    is_offline : bool
        Whether only the cache may be used.
    is_required : bool
        Whether a catalog that is out of reach stops the run. Otherwise the
        exposures are aligned to each other only, and the result says why.
    """

    file: Path | None = None
    services: tuple[str, ...] = ()
    service_url: str = DEFAULT_SERVICE_URL
    cache: Path | None = None
    is_offline: bool = False
    is_required: bool = True

    @classmethod
    def from_user(
        cls,
        choice: "ReferenceChoice | Path | str | None",
        *,
        service_url: str | None = None,
        cache: Path | None = None,
        is_offline: bool = False,
    ) -> "ReferenceChoice":
        """Return the choice that a user's word or path stands for.

        Parameters
        ----------
        choice : ReferenceChoice, Path, str or None
            A file; one or more catalog names joined by commas (``gaia``,
            ``gsc``, ``2mass``, ``auto`` for the list in the parameters);
            ``none`` or None.
        service_url : str, optional
            Address of the catalog service.
        cache : Path, optional
            Existing folder for answers.
        is_offline : bool, optional
            Whether only the cache may be used.

        Raises
        ------
        ReferenceCatalogError
            If the text is neither a file nor a known catalog.

        Examples
        --------
        >>> ReferenceChoice.from_user("gaia,2MASS").services
        ('GAIAeDR3', '2MASS')
        """
        if isinstance(choice, ReferenceChoice):
            return choice
        if choice is None or str(choice).strip().lower() in ("", "none"):
            return cls()
        if isinstance(choice, Path) or Path(choice).is_file():
            return cls(file=_existing(Path(choice)))
        return cls(
            services=tuple(_catalog_name(word) for word in str(choice).split(",")),
            service_url=service_url or DEFAULT_SERVICE_URL,
            cache=cache,
            is_offline=is_offline,
        )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ReferenceCatalogError(
            str(path),
            "no such reference catalog file",
            "Give an existing file, a catalog name such as gaia, or none.",
        )
    return path


def _catalog_name(word: str) -> str:
    name = word.strip().lower()
    if name in _SHORT_NAMES:
        return _SHORT_NAMES[name]
    for known in SERVICE_CATALOGS:
        if name == known.lower():
            return known
    raise ReferenceCatalogError(
        word.strip() or "empty name",
        "is neither a file nor a known catalog",
        f"Give a file, none, auto, or one of {', '.join(SERVICE_CATALOGS)}.",
    )
