"""Imported once by the server that worker processes are forked from."""

import astropy.io.fits
import astropy.wcs
import drizzle.cdrizzle
import numpy as np
import scipy.ndimage
import stwcs.wcsutil

import svmcore.pipeline.tasks

__all__: list[str] = []

_LOADED = (astropy, drizzle, np, scipy, stwcs, svmcore)
