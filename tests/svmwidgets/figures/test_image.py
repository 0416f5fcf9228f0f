"""The viewer: what it tells the browser and what the browser tells it."""

import ipywidgets as widgets
import numpy as np
import pytest
import traitlets

from svmwidgets.figures import ImageClick, ImageFrame, ImageViewer


@pytest.fixture
def viewer():
    frame = ImageFrame.from_array(np.zeros((30, 40), np.float32), name="a")
    yield ImageViewer([frame])
    widgets.Widget.close_all()


def test_a_click_reaches_the_handlers_with_its_marker(viewer):
    clicks = []
    viewer.on_click(clicks.append)
    viewer._handle_custom_msg(
        {"event": "click", "x": 3, "y": 4.5, "frame": 0, "layer": "gaia", "id": "s1"},
        [],
    )
    assert clicks == [ImageClick(3.0, 4.5, 0, "gaia", "s1")]


def test_a_view_message_loads_a_tile(viewer):
    frame = ImageFrame.from_array(np.ones((3000, 3000), np.float32), name="mosaic")
    viewer.set_frames([frame])
    viewer._handle_custom_msg(
        {"event": "view", "frame": 0, "box": [-50, 400, 10, 300]}, []
    )
    assert (frame.tile["x0"], frame.tile["x1"]) == (0, 400)


def test_an_unknown_message_or_frame_changes_nothing(viewer):
    before = viewer.get_state()
    viewer._handle_custom_msg({"event": "view", "frame": 7, "box": [0, 1, 0, 1]}, [])
    viewer._handle_custom_msg({"event": "dance"}, [])
    assert viewer.get_state() == before


def test_a_layer_of_the_same_name_is_replaced_in_its_place(viewer):
    viewer.set_layer("detected", [1, 2], [3, 4])
    viewer.set_layer("reference", [5], [6], colour="red", ids=["g1"])
    viewer.set_layer("detected", [7], [8], kind="cross")
    first, second = viewer.layers
    assert (first["name"], first["kind"]) == ("detected", "cross")
    np.testing.assert_array_equal(np.frombuffer(first["x"], "<f8"), [7.0])
    assert (second["colour"], second["ids"]) == ("red", ["g1"])
    viewer.remove_layer("detected")
    assert [layer["name"] for layer in viewer.layers] == ["reference"]


def test_centring_twice_on_one_place_is_sent_twice(viewer):
    viewer.center_on(5, 6, zoom=4)
    first = viewer.target
    viewer.center_on(5, 6, zoom=4)
    assert viewer.target != first
    viewer.fit()
    assert set(viewer.target) == {"move"}


def test_a_stretch_that_is_none_is_refused(viewer):
    with pytest.raises(traitlets.TraitError, match="stretch"):
        viewer.stretch = "cube"


def test_fewer_frames_keep_the_index_valid(viewer):
    frames = [ImageFrame.from_array(np.zeros((3, 3)), name=str(k)) for k in range(3)]
    viewer.set_frames(frames, frame=2)
    viewer.set_frames(frames[:1], frame=2)
    assert viewer.frame == 0


def test_state_is_small_without_the_pixels(viewer):
    viewer.set_layer("detected", np.arange(500.0), np.arange(500.0))
    size = sum(len(layer["x"]) for layer in viewer.layers)
    assert size == 4000
    assert viewer.frames[0].pixels not in viewer.get_state().values()
