"""What the catalog tasks do: read, compute, write."""

import numpy as np
from numpy.typing import NDArray

from svmcore.catalogs import (
    Background,
    CatalogSettings,
    DetectionImage,
    FilterImage,
    ZeroPoint,
    catalog_head,
    catalog_settings,
    correlation_ratio,
    count_exposures,
    divide_by_depth,
    erode_mask,
    estimate_background,
    filter_catalog,
    find_points,
    find_segments,
    flag_sources,
    least_exposures,
    measure_apertures,
    measure_segments,
    near_saturation,
    smooth_weight,
    total_catalog,
)
from svmcore.catalogs.apertures import circle_sums
from svmcore.io.catalog_results import (
    read_measurements,
    read_point_sources,
    read_saturated,
    read_segment_sources,
    write_measurements,
    write_point_sources,
    write_segment_sources,
)
from svmcore.io.export_catalogs import write_catalog
from svmcore.io.mosaic_wcs import mosaic_wcs
from svmcore.io.mosaics import Mosaic, read_mosaic
from svmcore.model.catalog import (
    Measurements,
    PointSources,
    SegmentSources,
    SourceCatalog,
)
from svmcore.model.detector import DetectorKey
from svmcore.pipeline.catalog_payloads import (
    CatalogSections,
    FilterEntry,
    FindPayload,
    MeasurePayload,
    WritePayload,
)
from svmcore.pipeline.tasks import TaskCall

__all__ = ["find_sources", "measure_filter", "write_catalogs"]

_EDGE_PIXELS = 10  # no source is looked for nearer to the edge of the data
Sources = PointSources | SegmentSources


def _settings(sections: CatalogSections) -> CatalogSettings:
    return catalog_settings(sections.generation, sections.quality)


def _rates(mosaic: Mosaic) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return science in electron / s, and weight."""
    sci, wht = mosaic.rows(0, mosaic.shape[0])
    unit = str(mosaic.keyword("BUNIT", "")).upper()
    if unit and "/S" not in unit.replace(" ", ""):
        sci /= np.float32(max(_exposure_time(mosaic), 1e-3))
    return sci, wht


def _exposure_time(mosaic: Mosaic) -> float:
    return float(mosaic.keyword("EXPTIME", 0.0) or 0.0)


def _least_rms(mosaic: Mosaic, detector_key: DetectorKey) -> float:
    """Return the noise per pixel that the detector has without any sky."""
    time = max(_exposure_time(mosaic), 1e-3)
    if detector_key.detector == "sbc":
        return 1.0 / time
    noise = [mosaic.keyword(f"READNSE{amplifier}", 0.0) for amplifier in "ABCD"]
    largest = max((float(value or 0.0) for value in noise), default=0.0)
    if detector_key.instrument == "wfpc2":
        largest = largest or 5.0
    if detector_key.detector == "ir":
        largest /= np.sqrt(2.0)  # the keyword is for the difference of two reads
    number = max(float(mosaic.keyword("NUMEXP", 1) or 1), 1.0)
    hidden = _noise_ratio(mosaic, detector_key)
    return float(np.sqrt(number) * largest / time / hidden)


def _noise_ratio(mosaic: Mosaic, detector_key: DetectorKey) -> float:
    """Return the noise of large areas over the one that pixels suggest."""
    native = detector_key.traits.pixel_scale_arcsec
    pixfrac = float(mosaic.keyword("D001PIXF", 1.0) or 1.0)
    return correlation_ratio(pixfrac, mosaic.pixel_scale_arcsec / native)


def _background(
    mosaic: Mosaic,
    sci: NDArray[np.float32],
    mask: NDArray[np.bool_],
    settings: CatalogSettings,
    detector_key: DetectorKey,
) -> Background:
    return estimate_background(
        sci,
        mask,
        settings=settings,
        least_rms=_least_rms(mosaic, detector_key),
        may_be_zero=detector_key.detector == "sbc",
    )


def find_sources(call: TaskCall) -> None:
    """Find point sources and segments on the total image of a detector."""
    payload: FindPayload = call.payload
    settings = _settings(payload.sections)
    mosaic = read_mosaic(call.output / payload.drizzle_name)
    sci, wht = _rates(mosaic)
    mask = erode_mask(wht > 0, _EDGE_PIXELS)
    most_chips = float(mosaic.keyword("NDRIZIM", 1) or 1)
    image = DetectionImage(
        sci=sci,
        wht=wht,
        mask=mask,
        background=_background(mosaic, sci, mask, settings, payload.detector_key),
        regions=divide_by_depth(
            smooth_weight(wht, int(settings.number("region_size")))[::4, ::4],
            scale=max(settings.number("scale"), (most_chips - 1.0) / 2.0),
            sensitivity=settings.number("sensitivity"),
        ),
        fwhm_pix=settings.number("TWEAK_FWHMPSF") / mosaic.pixel_scale_arcsec,
    )
    write_point_sources(call.folder, find_points(image, settings))
    write_segment_sources(call.folder, find_segments(image, settings))


def _filter_image(
    mosaic: Mosaic, settings: CatalogSettings, detector_key: DetectorKey
) -> FilterImage:
    sci, wht = _rates(mosaic)
    mask = erode_mask(wht > 0, _EDGE_PIXELS)
    is_time = str(mosaic.keyword("D001WKEY", "EXP")).upper().startswith("EXP")
    time = wht if is_time else np.where(wht > 0, np.float32(_exposure_time(mosaic)), 0)
    return FilterImage(
        sci=sci,
        exposure_s=time,
        background=_background(mosaic, sci, mask, settings, detector_key),
        zero_point=ZeroPoint(
            float(mosaic.keyword("PHOTFLAM", 0.0) or 0.0),
            float(mosaic.keyword("PHOTPLAM", 0.0) or 0.0),
        ),
        pixel_scale_arcsec=mosaic.pixel_scale_arcsec,
        noise_ratio=_noise_ratio(mosaic, detector_key),
    )


def measure_filter(call: TaskCall) -> None:
    """Measure all sources of a detector in one filter."""
    payload: MeasurePayload = call.payload
    settings = _settings(payload.sections)
    mosaic = read_mosaic(call.output / payload.drizzle_name)
    image = _filter_image(mosaic, settings, payload.detector_key)
    counts = count_exposures(mosaic.ctx, image.exposure_s > 0)
    saturated = _saturated(call, mosaic)
    folder = call.inputs["sources"][0]
    points = read_point_sources(folder)
    segments = read_segment_sources(folder)
    for kind, sources in (("point", points), ("segment", segments)):
        columns = measure_apertures(image, sources.x, sources.y, settings)
        radius = settings.number("aperture_2") / image.pixel_scale_arcsec
        (total,) = circle_sums((counts,), sources.x, sources.y, radius)
        least = least_exposures(
            int(counts.max(initial=0)),
            is_single_enough=payload.detector_key.detector in {"ir", "sbc"},
        )
        flags = flag_sources(
            columns,
            limits=settings.limits(kind),
            is_saturated=near_saturation(
                sources.x, sources.y, saturated, radius=2.0 * round(radius + 0.5)
            ),
            has_few_exposures=total / (np.pi * radius**2) < least,
        )
        if isinstance(sources, SegmentSources):
            columns |= measure_segments(image, sources)
        write_measurements(call.folder, kind, Measurements({**columns, "Flags": flags}))


def _saturated(call: TaskCall, mosaic: Mosaic) -> NDArray[np.float64]:
    """Read where saturated pixels of all exposures lie; none for IR ramps."""
    payload: MeasurePayload = call.payload
    if payload.detector_key.detector == "ir":
        return np.zeros((0, 2))
    bit = payload.detector_key.traits.saturation_bit
    grid = mosaic_wcs(mosaic)
    return np.concatenate(
        [
            read_saturated(call.output / name, bit=bit, grid=grid)
            for name in payload.calibrated_names
        ]
    )


def write_catalogs(call: TaskCall) -> None:
    """Write the catalogs of a detector: of every filter and of the total."""
    payload: WritePayload = call.payload
    folder = call.inputs["sources"][0]
    remarks = _remarks(payload)
    points, segments = read_point_sources(folder), read_segment_sources(folder)
    for kind, sources in (("point", points), ("segment", segments)):
        measured = {
            entry.filter_name: read_measurements(results, kind)
            for entry, results in zip(
                payload.filters, call.inputs["measured"], strict=True
            )
        }
        for entry in payload.filters:
            found = measured[entry.filter_name]
            catalog = _filter_catalog(call, entry, sources, found, remarks)
            write_catalog(call.output, catalog)
        write_catalog(call.output, _total_catalog(call, sources, measured, remarks))


def _remarks(payload: WritePayload) -> tuple[str, ...]:
    """Say where single exposures leave cosmic rays in the images."""
    if not payload.detector_key.traits.has_cosmic_rays:
        return ()
    single = [each.filter_name for each in payload.filters if each.n_exposures == 1]
    if not single:
        return ()
    names = ", ".join(single)
    return (f"Cosmic rays are not removed from single exposures: {names}.",)


def _sky(mosaic: Mosaic, sources: Sources) -> NDArray[np.float64]:
    if len(sources) == 0:
        return np.zeros((0, 2))
    ra, dec = mosaic_wcs(mosaic).wcs_pix2world(sources.x, sources.y, 0)
    return np.column_stack((ra, dec))


def _kind(sources: Sources) -> str:
    return "point" if isinstance(sources, PointSources) else "segment"


def _filter_catalog(
    call: TaskCall,
    entry: FilterEntry,
    sources: Sources,
    measured: Measurements,
    remarks: tuple[str, ...],
) -> SourceCatalog:
    mosaic = read_mosaic(call.output / entry.drizzle_name)
    kind = _kind(sources)
    head = catalog_head(
        kind,
        entry.drizzle_name,
        mosaic.keywords,
        _settings(entry.sections),
        n_sources=len(sources),
        pixel_scale_arcsec=mosaic.pixel_scale_arcsec,
        remarks=remarks,
    )
    name = entry.point_name if kind == "point" else entry.segment_name
    return filter_catalog(name, sources, measured, _sky(mosaic, sources), head)


def _total_catalog(
    call: TaskCall,
    sources: Sources,
    measured: dict[str, Measurements],
    remarks: tuple[str, ...],
) -> SourceCatalog:
    payload: WritePayload = call.payload
    mosaic = read_mosaic(call.output / payload.drizzle_name)
    kind = _kind(sources)
    settings = _settings(payload.sections)
    largest = int(settings.number("flag_trim_value"))
    head = catalog_head(
        kind,
        payload.drizzle_name,
        mosaic.keywords,
        settings,
        n_sources=len(sources),
        pixel_scale_arcsec=mosaic.pixel_scale_arcsec,
        remarks=remarks,
    )
    name = payload.point_name if kind == "point" else payload.segment_name
    catalog = total_catalog(
        name, sources, measured, _sky(mosaic, sources), largest_flag=largest, meta=head
    )
    head["Number of sources"] = len(catalog)
    return catalog
