"""What the preview tasks are told: names of products and of their pictures."""

from dataclasses import dataclass

__all__ = ["ColorPreview", "GrayPreview"]


@dataclass(frozen=True, slots=True)
class GrayPreview:
    """Payload of the preview of one drizzled product.

    Parameters
    ----------
    drizzle_name : str
        Drizzled product in the output folder.
    preview_name, thumbnail_name : str
        Files to write.
    """

    drizzle_name: str
    preview_name: str
    thumbnail_name: str


@dataclass(frozen=True, slots=True)
class ColorPreview:
    """Payload of the colour composite of one detector.

    Parameters
    ----------
    drizzle_names : tuple of str
        Filter products in the output folder, from red to blue.
    preview_name, thumbnail_name : str
        Files to write.
    """

    drizzle_names: tuple[str, ...]
    preview_name: str
    thumbnail_name: str
