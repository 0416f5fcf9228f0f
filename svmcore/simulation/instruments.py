"""The simulated instruments: photometry, noise and blemishes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

__all__ = ["INSTRUMENTS", "Filter", "Instrument"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Photometry of one filter.

    Parameters
    ----------
    photflam : float
        Inverse sensitivity [erg / (cm2 Angstrom electron)].
    pivot_angstrom : float
        Pivot wavelength [Angstrom].
    width_angstrom : float
        Root-mean-square width [Angstrom].
    sky : float
        Usual background [electron / (s pixel)].
    """

    photflam: float
    pivot_angstrom: float
    width_angstrom: float
    sky: float

    @property
    def zero_point_ab(self) -> float:
        """AB magnitude of a source of one electron per second."""
        return float(
            -2.5 * np.log10(self.photflam)
            - 21.10
            - 5.0 * np.log10(self.pivot_angstrom)
            + 18.6921
        )

    @property
    def photfnu(self) -> float:
        """Inverse sensitivity [Jy s / electron]."""
        return 3.33564e4 * self.pivot_angstrom**2 * self.photflam


@dataclass(frozen=True, slots=True)
class Instrument:
    """One detector as the simulation knows it.

    Parameters
    ----------
    name : str
        Slug, for example ``wfc3_ir``: name of its resource files.
    suffix : {'flt', 'flc'}
        Kind of calibrated file.
    root_letter : str
        First letter of rootnames.
    pixel_scale_arcsec : float
        Nominal size of an undistorted pixel [arcsec].
    is_rate : bool
        Whether pixels are rates [electron / s].
    read_noise : float
        Read noise of a calibrated exposure [electron].
    dark : float
        Dark current [electron / (s pixel)].
    full_well : float
        Saturation level [electron].
    diffusion_pix : float
        Charge diffusion, Gaussian sigma [pixel].
    coupling : float
        Inter-pixel capacitance: share of each neighbour.
    cosmic_ray_rate : float
        Cosmic-ray hits per second and square centimetre that stay in the
        image.
    pixel_cm : float
        Size of a pixel [cm].
    usual_filters : tuple of str
        Filters of a visit where none are named.
    usual_exptime_s : float
        Exposure time where none is given [s].
    usual_density : float
        Stars per square arcminute where none are given.
    grism : str
        Grism; empty for none.
    filters : Mapping of str to Filter
        Filters by name, the grism included.
    chip_scales_arcsec : tuple of float
        Nominal size of an undistorted pixel of each chip where the chips
        differ [arcsec]; empty where they do not.
    gains : tuple of float
        Electrons per data number of each chip where files hold data numbers;
        empty where they hold electrons or counted photons.
    shadow_pix : int
        Rows and columns of each chip that get no light, next to its first
        pixel [pixel].
    counts_photons : bool
        Whether single photons are counted: no read noise, no cosmic rays.
    """

    name: str
    suffix: str
    root_letter: str
    pixel_scale_arcsec: float
    is_rate: bool
    read_noise: float
    dark: float
    full_well: float
    diffusion_pix: float
    coupling: float
    cosmic_ray_rate: float
    pixel_cm: float
    usual_filters: tuple[str, ...]
    usual_exptime_s: float
    usual_density: float
    grism: str
    filters: Mapping[str, Filter]
    chip_scales_arcsec: tuple[float, ...] = ()
    gains: tuple[float, ...] = ()
    shadow_pix: int = 0
    counts_photons: bool = False

    def on_chip(self, extver: int) -> "Instrument":
        """Return the instrument with the pixel size of one of its chips."""
        if not self.chip_scales_arcsec:
            return self
        return replace(self, pixel_scale_arcsec=self.chip_scales_arcsec[extver - 1])


# Photometry: headers of archive files and the instruments' zero-point pages
# (2020 to 2023). Noise, dark, full well: WFC3 handbook 5.4 and 5.7, ACS
# handbook 4.3 and 7.1. Cosmic rays: WFC3 handbook 5.4.10, ACS handbook 4.3.3.
# WFPC2: data handbook table 5.1 (per data number of gain 7, here per electron),
# instrument handbook table 4.2; a pixel saturates where the converter does.
_IR = {
    "F098M": Filter(6.0501e-20, 9864.10, 500.84, 0.61),
    "F105W": Filter(3.0385e-20, 10551.05, 845.62, 1.01),
    "F110W": Filter(1.5318e-20, 11534.459, 1428.48, 1.66),
    "F125W": Filter(2.2446e-20, 12486.07, 866.28, 1.00),
    "F140W": Filter(1.4737e-20, 13922.907, 1132.38, 1.17),
    "F160W": Filter(1.9275e-20, 15369.176, 826.25, 0.80),
    "G141": Filter(1.4e-20, 13886.72, 1600.0, 1.30),
}
_UVIS = {
    "F275W": Filter(3.2186e-18, 2709.69, 164.44, 0.0005),
    "F336W": Filter(1.3129e-18, 3354.47, 158.44, 0.002),
    "F438W": Filter(6.6970e-19, 4326.23, 197.30, 0.018),
    "F475W": Filter(2.4878e-19, 4773.10, 421.33, 0.056),
    "F555W": Filter(1.8379e-19, 5307.91, 517.13, 0.070),
    "F606W": Filter(1.1429e-19, 5889.17, 656.84, 0.095),
    "F814W": Filter(1.4994e-19, 8039.06, 666.76, 0.080),
}
_WFC = {
    "F435W": Filter(3.1393e-19, 4329.86, 292.5, 0.030),
    "F475W": Filter(1.8091e-19, 4746.94, 420.1, 0.060),
    "F555W": Filter(1.9642e-19, 5361.03, 360.0, 0.056),
    "F606W": Filter(7.8624e-20, 5921.88, 672.3, 0.127),
    "F775W": Filter(9.9280e-20, 7693.47, 434.6, 0.079),
    "F814W": Filter(7.0331e-20, 8045.53, 652.0, 0.105),
}
_HRC = {
    "F435W": Filter(5.3658e-19, 4311.00, 310.3, 0.005),
    "F555W": Filter(3.0100e-19, 5356.00, 357.0, 0.010),
    "F606W": Filter(1.2781e-19, 5887.93, 664.89, 0.021),
    "F814W": Filter(1.2700e-19, 8115.40, 703.0, 0.017),
}
_SBC = {
    "F125LP": Filter(1.7218e-17, 1438.2, 130.0, 2e-4),
    "F140LP": Filter(2.7128e-17, 1528.0, 125.0, 3e-5),
    "F150LP": Filter(3.2464e-17, 1610.7, 108.0, 1e-5),
    "F165LP": Filter(1.3590e-16, 1757.9, 86.0, 1e-5),
}
_WFPC2_GAINS = (7.12, 7.12, 6.90, 7.10)
_WFPC2 = {
    "F336W": Filter(5.613e-17 / 7.12, 3342.0, 170.0, 0.002),
    "F450W": Filter(9.022e-18 / 7.12, 4556.0, 404.0, 0.022),
    "F555W": Filter(3.483e-18 / 7.12, 5443.0, 522.0, 0.050),
    "F606W": Filter(1.900e-18 / 7.12, 6001.0, 638.0, 0.085),
    "F814W": Filter(2.508e-18 / 7.12, 7996.0, 646.0, 0.055),
}

INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType(
    {
        "wfc3/ir": Instrument(
            name="wfc3_ir",
            suffix="flt",
            root_letter="i",
            pixel_scale_arcsec=0.12825,
            is_rate=True,
            read_noise=14.0,
            dark=0.048,
            full_well=70000.0,
            diffusion_pix=0.23,
            coupling=0.015,
            cosmic_ray_rate=0.0,
            pixel_cm=18e-4,
            usual_filters=("F110W", "F160W"),
            usual_exptime_s=352.939,
            usual_density=250.0,
            grism="G141",
            filters=MappingProxyType(_IR),
        ),
        "wfc3/uvis": Instrument(
            name="wfc3_uvis",
            suffix="flc",
            root_letter="i",
            pixel_scale_arcsec=0.03962,
            is_rate=False,
            read_noise=3.1,
            dark=0.0022,
            full_well=68000.0,
            diffusion_pix=0.42,
            coupling=0.0,
            cosmic_ray_rate=1.2,
            pixel_cm=15e-4,
            usual_filters=("F555W", "F814W"),
            usual_exptime_s=400.0,
            usual_density=250.0,
            grism="",
            filters=MappingProxyType(_UVIS),
        ),
        "acs/wfc": Instrument(
            name="acs_wfc",
            suffix="flc",
            root_letter="j",
            pixel_scale_arcsec=0.05,
            is_rate=False,
            read_noise=4.3,
            dark=0.011,
            full_well=80000.0,
            diffusion_pix=0.43,
            coupling=0.0,
            cosmic_ray_rate=1.2,
            pixel_cm=15e-4,
            usual_filters=("F606W", "F814W"),
            usual_exptime_s=400.0,
            usual_density=250.0,
            grism="",
            filters=MappingProxyType(_WFC),
        ),
        "acs/hrc": Instrument(
            name="acs_hrc",
            suffix="flt",
            root_letter="j",
            pixel_scale_arcsec=0.0265,  # mean of the oblong pixels
            is_rate=False,
            read_noise=4.7,
            dark=0.0058,
            full_well=155000.0,
            diffusion_pix=0.45,
            coupling=0.0,
            cosmic_ray_rate=1.2,
            pixel_cm=21e-4,
            usual_filters=("F555W", "F814W"),
            usual_exptime_s=300.0,
            usual_density=4000.0,
            grism="",
            filters=MappingProxyType(_HRC),
        ),
        "acs/sbc": Instrument(
            name="acs_sbc",
            suffix="flt",
            root_letter="j",
            pixel_scale_arcsec=0.032,  # mean of the oblong pixels
            is_rate=False,
            read_noise=0.0,
            dark=1.2e-5,
            full_well=30000.0,  # of a counter of 16 bits; brighter is not allowed
            diffusion_pix=0.55,
            coupling=0.0,
            cosmic_ray_rate=0.0,
            pixel_cm=25e-4,
            usual_filters=("F140LP", "F150LP"),
            usual_exptime_s=600.0,
            usual_density=12000.0,
            grism="",
            filters=MappingProxyType(_SBC),
            counts_photons=True,
        ),
        "wfpc2/pc": Instrument(
            name="wfpc2_pc",
            suffix="flt",
            root_letter="u",
            pixel_scale_arcsec=0.0996,
            is_rate=False,
            read_noise=5.3,
            dark=0.0015,
            full_well=26500.0,
            diffusion_pix=0.35,
            coupling=0.0,
            cosmic_ray_rate=1.2,
            pixel_cm=15e-4,
            usual_filters=("F555W", "F814W"),
            usual_exptime_s=300.0,
            usual_density=400.0,
            grism="",
            filters=MappingProxyType(_WFPC2),
            chip_scales_arcsec=(0.0455, 0.0996, 0.0996, 0.0996),
            gains=_WFPC2_GAINS,
            shadow_pix=45,
        ),
    }
)
