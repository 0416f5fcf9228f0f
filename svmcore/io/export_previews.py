"""Previews as JPEG files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from svmcore.io.atomic import write_atomically

__all__ = ["THUMBNAIL_PIXELS", "write_preview"]

THUMBNAIL_PIXELS = 256
_QUALITY = 90


def _save(image: Image.Image, path: Path) -> None:
    with write_atomically(path) as temporary:
        image.save(temporary, format="JPEG", quality=_QUALITY, subsampling=0)


def write_preview(
    pixels: NDArray[np.uint8], path: Path, *, thumbnail: Path | None = None
) -> tuple[Path, ...]:
    """Write a picture and its thumbnail.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (ny, nx) or (ny, nx, 3)
        Picture in the order of FITS rows: the first row is at the bottom.
    path : Path
        JPEG file; replaced if it exists.
    thumbnail : Path, optional
        JPEG file of the whole picture, 256 pixels on its longer side.

    Returns
    -------
    tuple of Path
        Files written.

    Raises
    ------
    StoreError
        If a file cannot be written.

    Notes
    -----
    Equal pixels give equal bytes: the files carry no date.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels[::-1]))
    written = [path]
    _save(image, path)
    if thumbnail is not None:
        longest = max(image.size)
        if longest > THUMBNAIL_PIXELS:
            factor = THUMBNAIL_PIXELS / longest
            size = tuple(max(1, round(side * factor)) for side in image.size)
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        _save(image, thumbnail)
        written.append(thumbnail)
    return tuple(written)
