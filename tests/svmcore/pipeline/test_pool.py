"""Worker processes: ended, killed, and started from unguarded scripts."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

from svmcore.pipeline import events as ev
from svmcore.pipeline.outcome import State
from svmcore.pipeline.run import run_plan
from svmcore.pipeline.tasks import Task, TaskCall

SECONDS = 600  # far more than any step takes, even on a busy machine


def run_script(folder, source):
    """Run a script that guards nothing, as a user writes it; its words."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(source))
    done = subprocess.run(
        [sys.executable, str(script)],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.split()


def sleep_long(call: TaskCall) -> None:
    time.sleep(2 * SECONDS)
    (call.folder / "n").write_text(str(call.payload))


def die_once(call: TaskCall) -> None:
    flag = call.output / f"died-{call.payload}"
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (call.folder / "n").write_text("alive")


def die_always(call: TaskCall) -> None:
    assert call.folder.is_dir()
    os.kill(os.getpid(), signal.SIGKILL)


def test_unguarded_script_is_not_run_again_by_workers(tmp_path):
    words = run_script(
        tmp_path,
        """
        from svmcore.pipeline.pool import WorkerPool
        print("started", flush=True)
        pool = WorkerPool(1)
        print(pool.submit(abs, -3).result(), flush=True)
        pool.shutdown()
        """,
    )
    assert words == ["started", "3"]


def test_workers_end_with_a_killed_coordinator(tmp_path):
    (process,) = run_script(
        tmp_path,
        """
        import os, signal
        from svmcore.pipeline.pool import WorkerPool
        pool = WorkerPool(1)
        print(pool.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    end = time.monotonic() + SECONDS
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_cancel_ends_running_workers_at_once(tmp_path):
    cancel = threading.Event()

    def on_event(event):
        if isinstance(event, ev.TaskStarted):
            threading.Timer(1.0, cancel.set).start()

    start = time.monotonic()

    outcome = run_plan(
        [Task("sleep", "1", sleep_long, 1, 1)],
        output=tmp_path,
        workers=1,
        on_event=on_event,
        cancel=cancel,
    )
    assert time.monotonic() - start < SECONDS  # the task sleeps twice as long
    assert outcome.states["sleep: 1"] is State.CANCELLED


def test_dying_worker_costs_one_retry(tmp_path):
    tasks = [Task("die", str(n), die_once, 1, n) for n in (1, 2)]
    outcome = run_plan(tasks, output=tmp_path, workers=1)
    assert outcome.is_complete


def test_task_that_always_dies_fails_with_advice(tmp_path):
    outcome = run_plan([Task("die", "1", die_always, 1, 1)], output=tmp_path, workers=1)
    assert outcome.states["die: 1"] is State.FAILED
    assert "use fewer workers" in outcome.messages["die: 1"]


def test_workers_collect_garbage_but_not_what_they_share(tmp_path):
    enabled, frozen, enabled_here = run_script(
        tmp_path,
        """
        import gc
        from svmcore.pipeline.pool import WorkerPool
        pool = WorkerPool(1)
        frozen = pool.submit(gc.get_freeze_count).result()
        print(pool.submit(gc.isenabled).result(), frozen, gc.isenabled())
        pool.shutdown()
        """,
    )
    assert (enabled, enabled_here) == ("True", "True")
    assert int(frozen) > 1000


def test_an_idle_worker_loads_ahead(tmp_path):
    (tmp_path / "loaded_ahead_of_time.py").write_text("")
    words = run_script(
        tmp_path,
        """
        from svmcore.pipeline.pool import WorkerPool
        pool = WorkerPool(1)
        pool.load_ahead({"loaded_ahead_of_time"})
        code = "'loaded_ahead_of_time' in __import__('sys').modules"
        print(pool.submit(eval, code).result())
        pool.shutdown()
        """,
    )
    assert words == ["True"]


def test_workers_use_one_thread_of_linear_algebra(tmp_path):
    words = run_script(
        tmp_path,
        """
        from threadpoolctl import threadpool_info
        from svmcore.pipeline.pool import WorkerPool
        pool = WorkerPool(1)
        found = pool.submit(threadpool_info).result()
        print(*(each["num_threads"] for each in found))
        pool.shutdown()
        """,
    )
    assert set(words) == {"1"}
