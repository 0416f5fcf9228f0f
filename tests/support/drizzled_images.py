"""Small drizzled products with known stars."""

import numpy as np
from astropy.io import fits

SCALE_ARCSEC = 0.05
CENTER = (150.0, 2.0)


def paint_stars(shape, x, y, flux, *, fwhm=2.4, sky=0.05, noise=0.01, seed=1):
    """Image of Gaussian stars on a flat sky, with noise from a fixed seed."""
    rng = np.random.default_rng(seed)
    image = rng.normal(sky, noise, shape)
    sigma = fwhm / 2.3548
    for column, row, light in zip(x, y, flux, strict=True):
        left, low = max(int(column) - 14, 0), max(int(row) - 14, 0)
        yy, xx = np.mgrid[
            low : min(low + 30, shape[0]), left : min(left + 30, shape[1])
        ]
        # the pixel's own size widens a star as a quadrature sum would
        wide = sigma**2 + 1 / 12
        profile = np.exp(-0.5 * ((xx - column) ** 2 + (yy - row) ** 2) / wide)
        image[yy, xx] += light * profile / (2 * np.pi * wide)
    return image.astype(np.float32)


def grid_of_stars(shape, *, step=40, flux=30.0, seed=2):
    """Stars far from each other, each with its own place within a pixel."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[step // 2 : shape[0] : step, step // 2 : shape[1] : step]
    x = xx.ravel() + rng.uniform(-0.5, 0.5, xx.size)
    y = yy.ravel() + rng.uniform(-0.5, 0.5, yy.size)
    return x, y, np.full(x.size, flux)


def sky_header(shape):
    """Header of a north-up grid."""
    degrees = SCALE_ARCSEC / 3600
    return fits.Header(
        {
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRPIX1": (shape[1] + 1) / 2,
            "CRPIX2": (shape[0] + 1) / 2,
            "CRVAL1": CENTER[0],
            "CRVAL2": CENTER[1],
            "CD1_1": -degrees,
            "CD1_2": 0.0,
            "CD2_1": 0.0,
            "CD2_2": degrees,
            "RADESYS": "ICRS",
        }
    )


def write_mosaic(path, sci, *, wht=None, ctx=None, science=None, **primary):
    """Write a drizzled product; pixels without weight hold no data."""
    wht = np.full(sci.shape, 1000.0) if wht is None else wht
    ctx = (wht > 0).astype(np.int32) * 3 if ctx is None else ctx
    header = sky_header(sci.shape)
    header["BUNIT"] = "ELECTRONS/S"
    header["PHOTFLAM"] = 1e-19
    header["PHOTPLAM"] = 6000.0
    header["WCSNAME"] = "TEST-WCS"
    header.update(science or {})
    first = fits.Header({"EXPTIME": 1000.0, "NUMEXP": 2, "NDRIZIM": 2, **primary})
    planes = [
        fits.PrimaryHDU(header=first),
        fits.ImageHDU(sci.astype(np.float32), header=header, name="SCI"),
        fits.ImageHDU(wht.astype(np.float32), name="WHT"),
        fits.ImageHDU(ctx.astype(np.int32), name="CTX"),
    ]
    fits.HDUList(planes).writeto(path, overwrite=True)
    return path
