"""Columns of the catalogs, as rows of data."""

from collections.abc import Sequence

from svmcore.model.catalog import CatalogColumn

__all__ = ["FILTER_POINT_COLUMNS", "FILTER_SEGMENT_COLUMNS", "total_columns"]

_C = CatalogColumn
_RATE = "electron / s"
_RATE_PIX = "electron / (pix s)"
_MAG = "mag(AB)"
_PIX2 = "pix2"

_POSITION = (
    _C("RA", "deg", 7, 13, "Right ascension, ICRS"),
    _C("DEC", "deg", 7, 13, "Declination, ICRS"),
    _C("ID", "", 0, 7, "Number of the source, the same in every filter"),
)
_SMALL = (
    _C("MagAp1", _MAG, 3, 7, "AB magnitude in the small aperture"),
    _C("MagErrAp1", _MAG, 3, 7, "Its error"),
    _C("FluxAp1", _RATE, 4, 10, "Flux in the small aperture, sky subtracted"),
    _C("FluxErrAp1", _RATE, 4, 10, "Its error"),
)
_LARGE_MAG = (
    _C("MagAp2", _MAG, 3, 7, "AB magnitude in the large aperture"),
    _C("MagErrAp2", _MAG, 3, 7, "Its error"),
)
_LARGE_FLUX = (
    _C("FluxAp2", _RATE, 4, 10, "Flux in the large aperture, sky subtracted"),
    _C("FluxErrAp2", _RATE, 4, 10, "Its error"),
)
_SKY = _C("MSkyAp2", _RATE_PIX, 3, 7, "Sky in the ring around the source")
_SKY_SIGMA = _C("StdevAp2", _RATE_PIX, 3, 7, "Scatter of the sky in that ring")
_CI = _C("CI", _MAG, 3, 7, "Concentration index, MagAp1 - MagAp2")
_FLAGS = _C("Flags", "", 0, 5, "Sum of flag bits")

FILTER_POINT_COLUMNS: tuple[CatalogColumn, ...] = (
    _C("X-Center", "pix", 3, 10, "Centre, 0-based"),
    _C("Y-Center", "pix", 3, 10, "Centre, 0-based"),
    *_POSITION,
    *_SMALL,
    *_LARGE_MAG,
    _SKY,
    _SKY_SIGMA,
    *_LARGE_FLUX,
    _CI,
    _FLAGS,
)

FILTER_SEGMENT_COLUMNS: tuple[CatalogColumn, ...] = (
    _C("X-Centroid", "pix", 3, 10, "Flux-weighted centre on the total image, 0-based"),
    _C("Y-Centroid", "pix", 3, 10, "Flux-weighted centre on the total image, 0-based"),
    *_POSITION,
    _CI,
    _FLAGS,
    *_SMALL,
    *_LARGE_MAG,
    *_LARGE_FLUX,
    _SKY,
    _C("Bck", _RATE, 4, 10, "Background within the segment"),
    _C("Area", _PIX2, 3, 8, "Pixels of the segment"),
    _C("FWHM", "pix", 3, 8, "Width of the Gaussian with the same moments"),
    _C("MagSegment", _MAG, 3, 7, "AB magnitude of the segment"),
    _C("FluxSegment", _RATE, 4, 10, "Flux of the segment, background subtracted"),
    _C("FluxSegmentErr", _RATE, 4, 10, "Its error"),
    _C("KronRadius", "pix", 4, 8, "First moment of the radius"),
    _C("Xmin", "pix", 0, 8, "First column of the segment"),
    _C("Ymin", "pix", 0, 8, "First row of the segment"),
    _C("Xmax", "pix", 0, 8, "Last column of the segment"),
    _C("Ymax", "pix", 0, 8, "Last row of the segment"),
    _C("X2", _PIX2, 4, 8, "Variance along x"),
    _C("Y2", _PIX2, 4, 8, "Variance along y"),
    _C("XY", _PIX2, 4, 8, "Covariance of x and y"),
    _C("CXX", "1 / pix2", 5, 9, "Coefficient of the ellipse"),
    _C("CYY", "1 / pix2", 5, 9, "Coefficient of the ellipse"),
    _C("CXY", "1 / pix2", 5, 9, "Coefficient of the ellipse"),
    _C("Elongation", "", 2, 7, "Major axis over minor axis"),
    _C("Ellipticity", "", 2, 7, "1 - minor axis over major axis"),
    _C("Theta", "deg", 3, 8, "Angle of the major axis from +x towards +y"),
)


def total_columns(kind: str, filters: Sequence[str]) -> tuple[CatalogColumn, ...]:
    """Return the columns of a total catalog.

    Parameters
    ----------
    kind : {'point', 'segment'}
        Kind of sources.
    filters : sequence of str
        Filter parts of names, in processing order.
    """
    word = "Center" if kind == "point" else "Centroid"
    columns = [
        _C("ID", "", 0, 7, "Number of the source, the same in every filter"),
        _C(f"X-{word}", "pix", 3, 10, "Centre, 0-based"),
        _C(f"Y-{word}", "pix", 3, 10, "Centre, 0-based"),
        *_POSITION[:2],
    ]
    for name in filters:
        columns += [
            _C(f"MagAP2_{name}", _MAG, 3, 7, "AB magnitude in the large aperture"),
            _C(f"CI_{name}", _MAG, 3, 7, "Concentration index"),
            _C(f"Flags_{name}", "", 0, 5, "Sum of flag bits"),
        ]
    return tuple(columns)
