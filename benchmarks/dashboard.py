"""Processor time of what the dashboard does at a click, and bytes to the browser.

    python benchmarks/dashboard.py                    # 63 small exposures
    python benchmarks/dashboard.py --exposures 4      # a small visit

A click must feel immediate: 50 ms of processor time is the aim for each line. The
visit is simulated with tiny chips, for only the number of exposures counts here.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import ipywidgets

from svmcore.simulation import VisitConfig, write_visit
from svmwidgets import Dashboard

AIM_MS = 50.0
LARGEST_MESSAGE = 10_000_000


class Clock:
    """Times actions in this thread alone; background answers come in between."""

    def __init__(self, dashboard, repeats):
        self.dashboard, self.repeats = dashboard, repeats
        self.found = {}

    def __call__(self, name, action):
        times = []
        for number in range(self.repeats):
            start = time.thread_time()
            action(number)
            times.append(1000 * (time.thread_time() - start))
            self.dashboard.session.wait(120)
        self.found[name] = {
            "median_ms": round(statistics.median(times), 1),
            "largest_ms": round(max(times), 1),
        }


def measure(dashboard, repeats):
    session, clock = dashboard.session, Clock(dashboard, repeats)
    names = [v.rootname for v in session.prepared.verdicts if v.accepted]

    def reject(number):
        reason = f"reason {number}"
        session.filtering.override(names[:1], accepted=False, reason=reason)

    for step in session.steps:
        session.step = "inputs" if step.name != "inputs" else "export"
        session.wait(120)
        clock(f"go to {step.title}", lambda _, s=step: setattr(session, "step", s.name))
        clock(f"reject on {step.title}", reject)
    session.step = "parameters"
    form = dashboard.controls["parameters.form"].name
    text = {"event": "change", "id": "astrodrizzle→final_pixfrac"}
    for scope in ("this product", "visit"):
        session.parameters.scope = scope
        clock(
            f"parameter, {scope}",
            lambda k: dashboard.send(form, {**text, "text": f"{0.5 + k / 100}"}),
        )
    clock(
        "search parameters",
        lambda k: dashboard.set("parameters.search", "pix" if k % 2 else "sky"),
    )
    clock("undo", lambda _: dashboard.undo())
    clock("redo", lambda _: dashboard.redo())
    session.step = "products"
    nodes = [node.basename for node in session.products.nodes]
    clock(
        "pick a product",
        lambda k: dashboard.set("products.tree.selected", nodes[k % len(nodes)]),
    )
    session.step = "inputs"
    clock(
        "pick an exposure",
        lambda k: dashboard.set("inputs.table.selected", [names[k % len(names)]]),
    )
    return clock.found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exposures", type=int, default=30, help="per filter")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    sizes = []

    def send(_widget, message, buffers=None):
        size = sum(memoryview(part).nbytes for part in buffers or [])
        sizes.append(size + len(str(message)))

    ipywidgets.Widget._send = send  # noqa: SLF001
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = VisitConfig(exposures=arguments.exposures, chip_shape=(96, 96))
        visit = write_visit(folder / "visit", config).exposure_list
        start = time.process_time()
        dashboard = Dashboard(visit, output=folder / "out", state_folder=folder)
        opened = time.process_time() - start
        dashboard.session.wait(300)
        found = measure(dashboard, arguments.repeats)
        count = len(dashboard.session.prepared.visit.exposures)
    slow = [name for name, one in found.items() if one["median_ms"] > AIM_MS]
    report = {
        "exposures": count,
        "open_cpu_s": round(opened, 2),
        "actions": found,
        "slower_than_the_aim": slow,
        "largest_message_bytes": max(sizes),
        "messages_too_large": sum(size > LARGEST_MESSAGE for size in sizes),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
