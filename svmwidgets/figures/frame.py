"""One image as the browser holds it: overview, full-resolution tile, mask, sky."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from svmwidgets.figures.limits import display_limits
from svmwidgets.figures.sky import SkyMapping

__all__ = ["MASK_CLASSES", "Box", "ImageFrame", "block_average"]

Box = tuple[int, int, int, int]
"""Columns ``x0:x1`` and rows ``y0:y1`` of an image: (x0, x1, y0, y1)."""

PixelReader = Callable[[Box], NDArray[Any]]
_Readers = tuple[PixelReader, PixelReader | None]

MASK_CLASSES: Sequence[Mapping[str, str]] = (
    {"label": "no data", "colour": "#2b3350"},
    {"label": "flagged in DQ", "colour": "#b5458f"},
    {"label": "cosmic ray", "colour": "#e8710a"},
)
"""Default meaning and colour of the mask values 1, 2 and 3."""

_LARGEST_PIXELS = 2_000_000  # 8 MB of float32: a message stays under 10 MB


class ImageFrame(widgets.Widget):
    """An image that viewers show; several viewers may share one frame.

    Make it with `from_array` or `from_reader`. A frame up to two million pixels
    is sent whole; of a larger one the browser gets a block-averaged overview at
    once, and full-resolution tiles of what is visible when it asks.
    """

    name = traitlets.Unicode("", help="Name shown with the readout").tag(sync=True)
    unit = traitlets.Unicode("", help="Unit of the pixel values").tag(sync=True)
    scale_group = traitlets.Unicode(
        "", help="Frames of one group can share display limits; by default the unit"
    ).tag(sync=True)
    shape = traitlets.List([1, 1], help="(ny, nx) at full resolution").tag(sync=True)
    channels = traitlets.Int(1, help="1 float32 values, 3 bytes of colour").tag(
        sync=True
    )
    block = traitlets.Int(1, help="Pixels averaged in the overview").tag(sync=True)
    pixels = traitlets.Bytes(b"", help="Overview, rows from the bottom").tag(sync=True)
    mask = traitlets.Bytes(b"", help="Class of each overview pixel").tag(sync=True)
    mask_classes = traitlets.List(help="Label and colour of each class").tag(sync=True)
    presets = traitlets.Dict(help="Name to [low, high] display limits").tag(sync=True)
    sky = traitlets.Dict(help="Wire form of the sky mapping").tag(sync=True)
    tile = traitlets.Dict(help="Full-resolution part that was asked for").tag(sync=True)

    def __init__(
        self, *, read_box: PixelReader, read_mask: PixelReader | None, **traits: Any
    ) -> None:
        super().__init__(**traits)
        self._read_box = read_box
        self._read_mask = read_mask

    @classmethod
    def from_array(cls, pixels: NDArray[Any], *, name: str, **options: Any) -> Self:
        """Return a frame of an array.

        Parameters
        ----------
        pixels : ndarray, shape (ny, nx) or (ny, nx, 3)
            Values, shown as float32; or 8-bit red, green, blue. Row 0 is the
            bottom row. Not copied if large: do not change it afterwards.
        name : str
            Shown beside the readout.
        **options
            ``unit`` (str): of the values; frames of one unit, or of one
            ``scale_group`` (str), can share display limits. ``mask`` (ndarray
            of int, shape (ny, nx)): 0 for a good pixel, k for
            ``mask_classes[k - 1]``. ``mask_classes`` (sequence of mapping):
            ``label`` and ``colour`` of the mask values from 1, by default
            `MASK_CLASSES`. ``sky`` (`SkyMapping`): for the readout, the
            compass, links and blinking at one sky position. ``presets`` (mapping
            of str to (low, high)): display limits on offer, by default those of
            `display_limits` from the pixels with mask 0.
        """
        readers, state = _describe_array(pixels, name=name, **options)
        return cls(read_box=readers[0], read_mask=readers[1], **state)

    @classmethod
    def from_reader(
        cls, shape: tuple[int, int], *, name: str, read_box: PixelReader, **options: Any
    ) -> Self:
        """Return a frame whose pixels are read by a function, in bands.

        Parameters
        ----------
        shape : tuple of int
            (ny, nx) of the whole image.
        name : str
            Shown beside the readout.
        read_box : callable
            Takes a `Box`, returns that part of the image.
        **options
            ``read_mask`` (callable): the same for the mask. ``channels`` (int):
            1 for values, 3 for 8-bit colour. ``presets``: display limits, by
            default `display_limits` of the overview. ``unit``, ``scale_group``,
            ``sky`` and ``mask_classes`` as for `from_array`.
        """
        readers, state = _describe_reader(
            shape, name=name, read_box=read_box, **options
        )
        return cls(read_box=readers[0], read_mask=readers[1], **state)

    def set_array(self, pixels: NDArray[Any], *, name: str, **options: Any) -> None:
        """Show another array in this frame, in every viewer that has it.

        Parameters
        ----------
        pixels, name, **options
            As for `from_array`. For live previews this is better than a new
            frame, which stays in memory until it is closed.
        """
        readers, state = _describe_array(pixels, name=name, **options)
        self._read_box, self._read_mask = readers
        with self.hold_sync():
            self.tile = {}
            for trait, value in state.items():
                setattr(self, trait, value)

    def load_tile(self, box: Box) -> None:
        """Send the box at the finest resolution that one message holds.

        Nothing is sent where the overview is as fine, or the present tile
        covers the box.
        """
        ny, nx = self.shape
        x0, x1 = max(0, min(box[0], nx)), max(0, min(box[1], nx))
        y0, y1 = max(0, min(box[2], ny)), max(0, min(box[3], ny))
        if self.block == 1 or x1 <= x0 or y1 <= y0:
            return
        block = _overview_block((y1 - y0, x1 - x0))
        if block >= self.block or self._is_covered((x0, x1, y0, y1), block):
            return
        pixels = _read_blocks(self._read_box, (x0, x1, y0, y1), block, self.channels)
        tile = {
            "x0": x0,
            "y0": y0,
            "x1": x1,
            "y1": y1,
            "block": block,
            "shape": list(pixels.shape[:2]),
            "pixels": _to_bytes(pixels, self.channels),
            "mask": b"",
        }
        if self._read_mask is not None:
            flags = _read_mask_blocks(self._read_mask, (x0, x1, y0, y1), block)
            tile["mask"] = flags.tobytes()
        self.tile = tile

    def _is_covered(self, box: Box, block: int) -> bool:
        tile = self.tile
        return bool(
            tile
            and tile["block"] <= block
            and tile["x0"] <= box[0]
            and tile["x1"] >= box[1]
            and tile["y0"] <= box[2]
            and tile["y1"] >= box[3]
        )


def _describe_array(
    pixels: NDArray[Any],
    *,
    mask: NDArray[np.integer] | None = None,
    presets: Mapping[str, Sequence[float]] | None = None,
    **options: Any,
) -> tuple[_Readers, dict[str, Any]]:
    """Return the readers and the traits of a frame of an array."""
    array = np.asarray(pixels)
    flags = None if mask is None else np.asarray(mask, np.uint8)
    if flags is not None and flags.shape != array.shape[:2]:
        msg = (
            "mask must have the shape of pixels, "
            f"got {flags.shape} and {array.shape[:2]}"
        )
        raise ValueError(msg)
    if presets is None and array.ndim == 2:
        is_used = None if flags is None else flags == 0
        presets = display_limits(array, is_used=is_used)

    def read_box(box: Box) -> NDArray[Any]:
        return np.asarray(array[box[2] : box[3], box[0] : box[1]])

    def read_mask(box: Box) -> NDArray[Any]:
        assert flags is not None  # noqa: S101 (used only where there is a mask)
        return flags[box[2] : box[3], box[0] : box[1]]

    return _describe_reader(
        (array.shape[0], array.shape[1]),
        read_box=read_box,
        read_mask=None if flags is None else read_mask,
        channels=3 if array.ndim == 3 else 1,
        presets=presets,
        **options,
    )


def _describe_reader(  # noqa: PLR0913 (a record: every field by name)
    shape: tuple[int, int],
    *,
    name: str,
    read_box: PixelReader,
    read_mask: PixelReader | None = None,
    channels: int = 1,
    unit: str = "",
    scale_group: str = "",
    sky: SkyMapping | None = None,
    presets: Mapping[str, Sequence[float]] | None = None,
    mask_classes: Sequence[Mapping[str, str]] = MASK_CLASSES,
) -> tuple[_Readers, dict[str, Any]]:
    """Return the readers and the traits of a frame."""
    block = _overview_block(shape)
    box = (0, shape[1], 0, shape[0])
    overview = _read_blocks(read_box, box, block, channels)
    flags = None if read_mask is None else _read_mask_blocks(read_mask, box, block)
    if presets is None and channels == 1:
        is_used = None if flags is None else flags == 0
        presets = display_limits(overview, is_used=is_used)
    limits = {k: [float(v[0]), float(v[1])] for k, v in (presets or {}).items()}
    return (read_box, read_mask), {
        "name": name,
        "unit": unit,
        "scale_group": scale_group,
        "shape": list(shape),
        "channels": channels,
        "block": block,
        "pixels": _to_bytes(overview, channels),
        "mask": b"" if flags is None else flags.tobytes(),
        "mask_classes": [] if read_mask is None else [dict(c) for c in mask_classes],
        "presets": limits,
        "sky": {} if sky is None else sky.to_wire(),
    }


def block_average(pixels: NDArray[Any], block: int) -> NDArray[np.float32]:
    """Return the mean of the finite values in blocks of ``block × block``.

    Parameters
    ----------
    pixels : ndarray of float, shape (ny, nx)
        Image. Blocks at the upper and right edge may be incomplete.
    block : int
        Side of a block [pixel].

    Returns
    -------
    ndarray of float32, shape (ceil(ny / block), ceil(nx / block))
        NaN where a block holds no finite value.
    """
    values = np.asarray(pixels, np.float32)
    if block == 1:
        return values
    sums = _block_sums(np.where(np.isfinite(values), values, np.float32(0)), block)
    counts = _block_sums(np.isfinite(values).astype(np.float32), block)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / counts, np.float32)


def _block_sums(values: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], block), axis=0)
    return np.add.reduceat(rows, np.arange(0, values.shape[1], block), axis=1)


def _overview_block(shape: tuple[int, int]) -> int:
    """Return the smallest block that keeps an image under the message limit."""
    block = 1
    while -(-shape[0] // block) * -(-shape[1] // block) > _LARGEST_PIXELS:
        block += 1
    return block


def _read_blocks(
    read_box: PixelReader, box: Box, block: int, channels: int
) -> NDArray[Any]:
    """Return the block averages of a box, read in bands of bounded size."""
    bands = []
    for band in _bands(box, block):
        part = np.asarray(read_box(band))
        if channels == 3:
            bands.append(part[::block, ::block])
        else:
            bands.append(block_average(part, block))
    return np.concatenate(bands)


def _read_mask_blocks(
    read_mask: PixelReader, box: Box, block: int
) -> NDArray[np.uint8]:
    """Return the largest class in each block, so that small flags stay visible."""
    bands = []
    for band in _bands(box, block):
        part = np.asarray(read_mask(band), np.uint8)
        rows = np.maximum.reduceat(part, np.arange(0, part.shape[0], block), axis=0)
        bands.append(
            np.maximum.reduceat(rows, np.arange(0, part.shape[1], block), axis=1)
        )
    return np.concatenate(bands)


def _bands(box: Box, block: int) -> list[Box]:
    x0, x1, y0, y1 = box
    height = max(block, 4_000_000 // max(x1 - x0, 1) // block * block)
    return [(x0, x1, y, min(y + height, y1)) for y in range(y0, y1, height)]


def _to_bytes(pixels: NDArray[Any], channels: int) -> bytes:
    return np.ascontiguousarray(pixels, "u1" if channels == 3 else "<f4").tobytes()
