"""The detectors whose visits can be processed, and what sets them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DETECTORS", "DetectorKey", "DetectorTraits"]


@dataclass(frozen=True, slots=True, order=True)
class DetectorKey:
    """Instrument and detector, in the lower case of HAP file names.

    Parameters
    ----------
    instrument : {'acs', 'wfc3', 'wfpc2'}
        Instrument.
    detector : {'wfc', 'hrc', 'sbc', 'uvis', 'ir', 'pc'}
        Detector; all four chips of WFPC2 go by ``pc``.
    """

    instrument: str
    detector: str

    @property
    def label(self) -> str:
        """Name as printed, for example ``WFC3/IR``."""
        return f"{self.instrument}/{self.detector}".upper()

    @property
    def slug(self) -> str:
        """Name as used in file names, for example ``wfc3_ir``."""
        return f"{self.instrument}_{self.detector}"

    @property
    def traits(self) -> "DetectorTraits":
        """What sets this detector apart."""
        return DETECTORS[self]


@dataclass(frozen=True, slots=True)
class DetectorTraits:
    """Fixed facts of one detector.

    Parameters
    ----------
    chips : int
        Number of chips of a full frame.
    chip_shape : tuple of int
        Shape (ny, nx) of one calibrated full-frame chip [pixel].
    pixel_scale_arcsec : float
        Nominal size of an undistorted pixel [arcsec].
    psf_fwhm_pix : float
        Typical width of the point-spread function [pixel].
    has_cosmic_rays : bool
        Whether single exposures hold cosmic rays (not for IR ramps and the
        photon-counting SBC).
    is_rate : bool
        Whether calibrated pixels are rates [electron/s] instead of counts.
    saturation_bit : int
        DQ bit of a saturated pixel.
    """

    chips: int
    chip_shape: tuple[int, int]
    pixel_scale_arcsec: float
    psf_fwhm_pix: float
    has_cosmic_rays: bool
    is_rate: bool
    saturation_bit: int


# Scales: instrument handbooks (ACS 7.1, WFC3 5.2 and 5.3, WFPC2 5.1). The
# shapes are those of calibrated (FLT/FLC) files, overscan removed.
DETECTORS: Mapping[DetectorKey, DetectorTraits] = MappingProxyType(
    {
        DetectorKey("acs", "wfc"): DetectorTraits(
            chips=2,
            chip_shape=(2048, 4096),
            pixel_scale_arcsec=0.05,
            psf_fwhm_pix=2.0,
            has_cosmic_rays=True,
            is_rate=False,
            saturation_bit=256,
        ),
        DetectorKey("acs", "hrc"): DetectorTraits(
            chips=1,
            chip_shape=(1024, 1024),
            pixel_scale_arcsec=0.025,
            psf_fwhm_pix=2.1,
            has_cosmic_rays=True,
            is_rate=False,
            saturation_bit=256,
        ),
        DetectorKey("acs", "sbc"): DetectorTraits(
            chips=1,
            chip_shape=(1024, 1024),
            pixel_scale_arcsec=0.025,
            psf_fwhm_pix=2.5,
            has_cosmic_rays=False,
            is_rate=False,
            saturation_bit=256,
        ),
        DetectorKey("wfc3", "uvis"): DetectorTraits(
            chips=2,
            chip_shape=(2051, 4096),
            pixel_scale_arcsec=0.0396,
            psf_fwhm_pix=1.9,
            has_cosmic_rays=True,
            is_rate=False,
            saturation_bit=256,
        ),
        DetectorKey("wfc3", "ir"): DetectorTraits(
            chips=1,
            chip_shape=(1014, 1014),
            pixel_scale_arcsec=0.12825,
            psf_fwhm_pix=1.1,
            has_cosmic_rays=False,
            is_rate=True,
            saturation_bit=256,
        ),
        DetectorKey("wfpc2", "pc"): DetectorTraits(
            chips=4,
            chip_shape=(800, 800),
            pixel_scale_arcsec=0.0996,
            psf_fwhm_pix=1.6,
            has_cosmic_rays=True,
            is_rate=False,
            saturation_bit=8,
        ),
    }
)
