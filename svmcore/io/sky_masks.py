"""The file that says which mask is whose when the sky is measured."""

import re
from dataclasses import dataclass
from pathlib import Path

from svmcore.errors import InputError

__all__ = ["SkyMask", "read_sky_masks"]

# Commas between files, not those in brackets or quotation marks.
_ITEM = re.compile(r"""((?:\[[^\]]*\]|\{[^}]*\}|"[^"]*"|'[^']*'|[^,\[{"'])*)(?:,|$)""")
_FILE = re.compile(r"""^(?P<name>[^\[{]*?)\s*(?:[\[{](?P<extensions>.*)[\]}])?$""")
_EXTENSION = re.compile(r"\(\s*([^(),]+)\s*,\s*([^(),]+)\s*\)|([^(),]+)")


@dataclass(frozen=True, slots=True)
class SkyMask:
    """A mask image of one chip.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    path : Path
        FITS file; pixels that are not 0 are good.
    extension : int or tuple
        HDU number, or EXTNAME and EXTVER.
    """

    extver: int
    path: Path
    extension: int | tuple[str, int] = 0


def read_sky_masks(path: Path) -> dict[str, tuple[SkyMask, ...]]:
    """Return the masks that ``skymask_cat`` names, by exposure file name.

    Parameters
    ----------
    path : Path
        Text with one exposure per line, as AstroDrizzle has it: its file
        name, then the mask of each SCI extension, with commas between;
        nothing, or ``None``, for a chip without a mask. Extensions may follow
        in brackets: of the exposure to say which chips are meant,
        ``a_flc.fits[sci,2]`` or ``a_flc.fits{('sci',1),('sci',2)}``, and of a
        mask, ``mask.fits[1]``. Masks lie beside this file, if their path is
        relative.

    Raises
    ------
    InputError
        If the file cannot be read, or a line is malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            str(path), f"cannot be read ({error.strerror})", "Correct skymask_cat."
        ) from error
    found: dict[str, tuple[SkyMask, ...]] = {}
    for number, line in enumerate(lines, start=1):
        text = line.split("#")[0].strip()
        if text:
            name, masks = _parsed(text, f"{path}, line {number}", path.parent)
            found[name] = (*found.get(name, ()), *masks)
    return found


def _parsed(text: str, subject: str, folder: Path) -> tuple[str, tuple[SkyMask, ...]]:
    items = [match.group(1).strip() for match in _ITEM.finditer(text)]
    if not text.endswith(","):
        items = items[:-1] if items[-1] == "" else items
    name, chips = _file_and_extensions(items[0], subject)
    extvers = [_extver(chip, subject) for chip in chips]
    masks = []
    for place, item in enumerate(items[1:]):
        if not item or item.upper() == "NONE":
            continue
        file, extensions = _file_and_extensions(item, subject)
        if extvers and place >= len(extvers):
            raise InputError(
                subject,
                f"has more masks than the {len(extvers)} extensions it names",
                "Name an extension for each mask.",
            )
        masks.append(
            SkyMask(
                extvers[place] if extvers else place + 1,
                folder / file,
                extensions[0] if extensions else 0,
            )
        )
    return Path(name).name, tuple(masks)


def _file_and_extensions(
    item: str, subject: str
) -> tuple[str, list[int | tuple[str, int]]]:
    match = _FILE.match(item)
    name = match["name"].strip("\"' ") if match else ""
    if match is None or not name:
        raise InputError(
            subject,
            f"{item!r} was found, a file name is expected",
            "Write the exposure, then its masks, with commas between.",
        )
    text = (match["extensions"] or "").replace('"', "").replace("'", "")
    if "*" in text:
        return name, []
    if re.fullmatch(r"\s*[A-Za-z]\w*\s*,\s*\d+\s*", text):
        text = f"({text})"
    found: list[int | tuple[str, int]] = []
    for extname, extver, alone in _EXTENSION.findall(text):
        single = alone.strip()
        if extname:
            found.append((extname.strip().upper(), int(extver)))
        elif single.isdecimal():
            found.append(int(single))
        elif single:
            found.append((single.upper(), 1))
    return name, found


def _extver(extension: int | tuple[str, int], subject: str) -> int:
    if isinstance(extension, tuple) and extension[0] == "SCI":
        return extension[1]
    raise InputError(
        subject,
        f"the extension {extension} was found, one named SCI is expected",
        "Write sci and its EXTVER, or no extension for all chips in order.",
    )
