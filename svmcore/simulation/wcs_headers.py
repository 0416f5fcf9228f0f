"""World-coordinate keywords, lookup tables and headerlets of a chip."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from svmcore.model.wcs import AlignedChip
from svmcore.simulation.geometry import ChipGeometry, DetectorGeometry

__all__ = [
    "ChipSolutions",
    "chip_wcs",
    "headerlet_bytes",
    "lookup_tables",
    "set_linear_terms",
    "set_solutions",
]

_AXES = (("CD1_1", 0, 0), ("CD1_2", 0, 1), ("CD2_1", 1, 0), ("CD2_2", 1, 1))
_BLOCK = 2880


@dataclass(frozen=True, slots=True, eq=False)
class ChipSolutions:
    """All given solutions of a chip, and the true one.

    Parameters
    ----------
    chip : ChipGeometry
        Distortion.
    corner : tuple of int
        Position (x, y) of the first pixel on the full chip [pixel].
    shape : tuple of int
        Shape (ny, nx) [pixel].
    apriori, distortion_only, uncalibrated, true : AlignedChip
        Linear terms: with guide stars put right, without, before the
        distortion model was applied, and as they are.
    """

    chip: ChipGeometry
    corner: tuple[int, int]
    shape: tuple[int, int]
    apriori: AlignedChip
    distortion_only: AlignedChip
    uncalibrated: AlignedChip
    true: AlignedChip

    @property
    def crpix(self) -> tuple[float, float]:
        """Reference pixel in the stored image, 1-based [pixel]."""
        return self.chip.crpix[0] - self.corner[0], self.chip.crpix[1] - self.corner[1]

    @property
    def uncalibrated_crpix(self) -> tuple[float, float]:
        """Reference pixel of the uncalibrated solution, 1-based [pixel]."""
        x, y = self.chip.uncalibrated_crpix
        return x - self.corner[0], y - self.corner[1]


def orientation(linear: AlignedChip) -> float:
    """Return the position angle of the y axis [deg]."""
    (_, cd12), (_, cd22) = linear.cd_deg
    return float(np.degrees(np.arctan2(cd12, cd22)))


def set_linear_terms(
    header: fits.Header,
    linear: AlignedChip,
    crpix: tuple[float, float],
    *,
    ctype: str = "TAN-SIP",
    alternate: str = "",
) -> None:
    """Set one solution in a header.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of a chip.
    linear : AlignedChip
        CRVAL and CD.
    crpix : tuple of float
        Reference pixel, 1-based [pixel].
    ctype : {'TAN-SIP', 'TAN'}
        Projection.
    alternate : str
        Letter of an alternate solution; empty for the primary one.
    """
    a = alternate
    header[f"WCSAXES{a}"] = (2, "Number of coordinate axes")
    for axis in (0, 1):
        n = axis + 1
        header[f"CRPIX{n}{a}"] = (crpix[axis], "Pixel coordinate of reference point")
        header[f"CUNIT{n}{a}"] = ("deg", "Units of coordinate increment and value")
        name = ("RA---", "DEC--")[axis]
        header[f"CTYPE{n}{a}"] = (f"{name}{ctype}", "Coordinate type")
        header[f"CRVAL{n}{a}"] = (
            linear.crval_deg[axis],
            "[deg] Coordinate value at reference point",
        )
    header[f"RADESYS{a}"] = ("ICRS", "Equatorial coordinate system")
    for name, row, column in _AXES:
        header[f"{name}{a}"] = (linear.cd_deg[row][column], "[deg / pixel]")


def set_distortion(
    header: fits.Header, chip: ChipGeometry, geometry: DetectorGeometry
) -> None:
    """Set SIP, lookup tables and the distortion model's own keywords."""
    for key, value in chip.sip.items():
        header[key] = (value, "SIP distortion coefficient")
    if chip.tables:
        first = 2 * chip.extver - 1
        for kind, prefix, error in (
            ("D2IMDIS", "D2IM", "D2IMERR"),
            ("CPDIS", "DP", "CPERR"),
        ):
            for axis in (1, 2):
                header[f"{kind}{axis}"] = ("LOOKUP", "Type of the lookup table")
                _set_table_record(header, f"{prefix}{axis}", first + axis - 1)
                header[f"{error}{axis}"] = chip.table_errors[f"{error}{axis}"]
        header["D2IMEXT"] = geometry.d2imfile
        header["NPOLEXT"] = geometry.npolfile
    for key, value in chip.constants.items():
        header[key] = (value, "From the IDCTAB")


def _set_table_record(header: fits.Header, keyword: str, extver: int) -> None:
    for text in (f"EXTVER: {extver}", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2"):
        header.append((keyword, text, "Lookup table"), end=True)


def lookup_tables(
    chips: Sequence[ChipSolutions],
) -> list[fits.ImageHDU]:
    """Return WCSDVARR and D2IMARR extensions of all chips."""
    tables = []
    for solutions in chips:
        first = 2 * solutions.chip.extver - 1
        for index, table in enumerate(solutions.chip.tables):
            name = ("WCSDVARR", "D2IMARR")[index // 2]
            hdu = fits.ImageHDU(table, name=name, ver=first + index % 2)
            for axis in (1, 2):
                hdu.header[f"CRPIX{axis}"] = 0.0
                hdu.header[f"CRVAL{axis}"] = float(-solutions.corner[axis - 1])
                hdu.header[f"CDELT{axis}"] = 64.0
            tables.append(hdu)
    return tables


def set_solutions(
    header: fits.Header,
    solutions: ChipSolutions,
    geometry: DetectorGeometry,
    names: Mapping[str, str],
) -> None:
    """Set all given solutions and the distortion in a SCI header.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of a SCI extension, changed in place.
    solutions : ChipSolutions
        Solutions of the chip.
    geometry : DetectorGeometry
        Names of reference files.
    names : Mapping of str to str
        HDRNAME by WCSNAME, the active one last.
    """
    bare, apriori = tuple(names)[1:]
    header["WCSNAMEO"] = ("OPUS", "Coordinate system title")
    header["WCSTYPEO"] = "pipeline default not aligned"
    set_linear_terms(
        header,
        solutions.uncalibrated,
        solutions.uncalibrated_crpix,
        ctype="TAN",
        alternate="O",
    )
    header["MJDREF"] = (0.0, "[d] MJD of fiducial time")
    header["MDRIZSKY"] = (0.0, "Sky value computed by AstroDrizzle")
    header["WCSNAMEA"] = (bare, "Coordinate system title")
    header["WCSTYPEA"] = "undistorted not aligned"
    header["HDRNAMEA"] = names[bare]
    set_linear_terms(header, solutions.distortion_only, solutions.crpix, alternate="A")
    header["WCSNAME"] = (apriori, "Coordinate system title")
    header["WCSTYPE"] = "undistorted a priori solution based on GSC240"
    header["HDRNAME"] = names[apriori]
    set_linear_terms(header, solutions.apriori, solutions.crpix)
    set_distortion(header, solutions.chip, geometry)
    header["ORIENTAT"] = orientation(solutions.apriori)


def chip_wcs(
    linear: AlignedChip, solutions: ChipSolutions, geometry: DetectorGeometry
) -> WCS:
    """Return a chip's full world coordinates for given linear terms.

    Parameters
    ----------
    linear : AlignedChip
        CRVAL and CD, for example the true ones.
    solutions : ChipSolutions
        Distortion and place of the image on the chip.
    geometry : DetectorGeometry
        Names of reference files.

    Returns
    -------
    astropy.wcs.WCS
        With SIP and lookup tables.
    """
    image = fits.ImageHDU()
    image.header["NAXIS"] = 2
    image.header["NAXIS1"], image.header["NAXIS2"] = solutions.shape[::-1]
    set_linear_terms(image.header, linear, solutions.crpix)
    set_distortion(image.header, solutions.chip, geometry)
    hdus = fits.HDUList([fits.PrimaryHDU(), *lookup_tables([solutions])])
    wcs = WCS(image.header, hdus)
    wcs.pixel_shape = solutions.shape[::-1]
    return wcs


def headerlet_bytes(
    chips: Sequence[ChipSolutions],
    geometry: DetectorGeometry,
    primary: fits.Header,
    *,
    wcsname: str,
    hdrname: str,
    extver: int,
) -> bytes:
    """Return an HDRLET extension with one solution of all chips.

    Parameters
    ----------
    chips : sequence of ChipSolutions
        Chips of the exposure.
    geometry : DetectorGeometry
        Names of reference files.
    primary : astropy.io.fits.Header
        Primary header of the exposure.
    wcsname, hdrname : str
        Names of the solution and of the headerlet.
    extver : int
        EXTVER of the extension.
    """
    names = {key: primary[key] for key in ("SIPNAME", "DISTNAME")}
    names |= {key: primary[key] for key in ("NPOLFILE", "D2IMFILE")}
    top = fits.PrimaryHDU()
    top.header["DESTIM"] = (primary["ROOTNAME"], "Destination observation root name")
    top.header["HDRNAME"] = (hdrname, "Headerlet name")
    top.header["DATE"] = primary["DATE-OBS"] + "T00:00:00"
    top.header["WCSNAME"] = (wcsname, "WCS name")
    top.header.update({**names, "IDCTAB": primary["IDCTAB"], "AUTHOR": "svmcore"})
    top.header.update({"DESCRIP": "", "RMS_RA": 0, "RMS_DEC": 0, "NMATCH": 0})
    top.header["CATALOG"] = "GSC240" if wcsname.endswith("GSC240") else ""
    top.header["UPWCSVER"], top.header["PYWCSVER"] = primary["UPWCSVER"], "5.3.3"
    content = fits.HDUList([top])
    has_distortion = wcsname != "OPUS"
    for solutions in chips:
        content.append(_sipwcs(solutions, geometry, wcsname))
    if has_distortion:
        content.extend(lookup_tables(chips))
    payload = io.BytesIO()
    content.writeto(payload, output_verify="ignore")  # verified by the tests
    return _extension(
        payload.getvalue(),
        len(content) - 1,
        names,
        (wcsname, hdrname),
        primary["DATE-OBS"],
        extver,
    )


def _sipwcs(
    solutions: ChipSolutions, geometry: DetectorGeometry, wcsname: str
) -> fits.ImageHDU:
    hdu = fits.ImageHDU(name="SIPWCS", ver=solutions.chip.extver)
    header = hdu.header
    header["CDELT1"], header["CDELT2"] = 1.0, 1.0
    linear = {"OPUS": solutions.uncalibrated}.get(
        wcsname,
        solutions.apriori if "-" in wcsname else solutions.distortion_only,
    )
    if wcsname == "OPUS":
        set_linear_terms(header, linear, solutions.uncalibrated_crpix, ctype="TAN")
    else:
        set_linear_terms(header, linear, solutions.crpix)
        set_distortion(header, solutions.chip, geometry)
    header["LONPOLE"], header["LATPOLE"] = 180.0, linear.crval_deg[1]
    header["WCSNAME"] = (wcsname, "Coordinate system title")
    header["ORIENTAT"] = orientation(linear)
    header["TG_ENAME"], header["TG_EVER"] = "SCI", solutions.chip.extver
    return hdu


def _extension(
    payload: bytes,
    extensions: int,
    names: Mapping[str, str],
    titles: tuple[str, str],
    date: str,
    extver: int,
) -> bytes:
    header = fits.Header()
    header["XTENSION"] = ("HDRLET", "FITS extension")
    header["BITPIX"], header["NAXIS"] = 8, 1
    header["NAXIS1"] = (len(payload), "Axis length")
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    for index in range(1, extensions + 1):
        header[f"XIND{index}"] = (0, f"byte offset of extension {index}")
    header["COMPRESS"] = (False, "Uses gzip compression")
    header["HDRNAME"] = (titles[1], "Headerlet name")
    header["DATE"] = f"{date}T00:00:00"
    header["WCSNAME"] = (titles[0], "WCS name")
    header.update(names)
    header["EXTNAME"], header["EXTVER"] = "HDRLET", extver
    text: bytes = header.tostring().encode("ascii")
    return text + payload + b"\0" * (-len(payload) % _BLOCK)
