import numpy as np
import pytest
from drizzled_images import grid_of_stars, paint_stars, write_mosaic
from PIL import Image

from svmcore.filtering import judge_exposures
from svmcore.pipeline.preview import preview_tasks
from svmcore.pipeline.tasks import TaskCall
from svmcore.products import group_products


def _total(exposures):
    return group_products(exposures, judge_exposures(exposures)).totals[0]


@pytest.fixture
def two_filters(exposure_with):
    return _total([exposure_with(number=1), exposure_with(number=2, FILTER="F110W")])


def test_every_drizzled_product_has_a_preview(two_filters):
    tasks = preview_tasks(two_filters)
    outputs = [name for task in tasks for name in task.outputs]
    assert outputs[-2:] == [
        "hst_11665_06_wfc3_ir_total_ib4606_f160w-f110w_drz.jpg",
        "hst_11665_06_wfc3_ir_total_ib4606_f160w-f110w_drz_thumb.jpg",
    ]
    assert len(outputs) == 2 * (2 + 2 + 1 + 1)
    assert tasks[0].needs == {"product": (f"drizzle product: {tasks[0].subject}",)}


def test_one_filter_has_no_colour(exposure_with):
    steps = {task.step for task in preview_tasks(_total([exposure_with()]))}
    assert steps == {"preview"}


def test_tasks_write_what_they_promise(two_filters, tmp_path):
    shape = (70, 90)
    for seed, product in enumerate((*two_filters.filters, two_filters)):
        sci = paint_stars(shape, *grid_of_stars(shape, step=30), seed=seed)
        write_mosaic(tmp_path / product.drizzle_name, sci)
    skipped = {member.basename for member in two_filters.members}
    for task in preview_tasks(two_filters):
        if task.subject in skipped:
            continue
        task.function(TaskCall(task.payload, {}, tmp_path, tmp_path))
        for name in task.outputs:
            picture = np.asarray(Image.open(tmp_path / name))
            assert picture.shape[:2] == shape
            assert picture.ndim == (3 if task.step == "color preview" else 2)
            assert np.ptp(picture) > 100
