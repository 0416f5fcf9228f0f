"""Jobs run off the loop, report in order, and stop when asked."""

import asyncio
import threading
import time

import pytest

from svmcore.errors import InputError
from svmwidgets.jobs import Courier, Jobs, LatestWins


class Outcome:
    """Notes what a job delivers, and in which thread."""

    def __init__(self):
        self.batches, self.done, self.failed, self.threads = [], [], [], set()

    def start(self, jobs, work, **options):
        jobs.start(
            work,
            on_events=self._noting(self.batches),
            on_done=self._noting(self.done),
            on_failed=self._noting(self.failed),
            **options,
        )

    def _noting(self, values):
        def note(value):
            values.append(value)
            self.threads.add(threading.get_ident())

        return note


def emit_many(emit, _cancel):
    for number in range(300):
        emit(number)
        time.sleep(0.001)
    return "over"


def test_every_event_arrives_in_order_in_few_batches():
    jobs, outcome = Jobs(Courier()), Outcome()
    outcome.start(jobs, emit_many)
    jobs.wait(20)
    assert [e for batch in outcome.batches for e in batch] == list(range(300))
    assert len(outcome.batches) < 30
    assert outcome.done == ["over"]
    assert outcome.threads == {threading.get_ident()}


def test_waiting_runs_in_the_callers_thread():
    jobs, outcome = Jobs(Courier()), Outcome()
    outcome.start(jobs, lambda _emit, _cancel: threading.get_ident(), wait=True)
    assert outcome.done == [threading.get_ident()]
    assert not jobs.is_busy


def test_cancel_reaches_the_work():
    jobs, outcome = Jobs(Courier()), Outcome()
    outcome.start(jobs, lambda _emit, cancel: cancel.wait(10))
    jobs.cancel()
    jobs.wait(5)
    assert outcome.done == [True]


def test_second_job_is_refused_while_one_runs():
    jobs, outcome = Jobs(Courier()), Outcome()
    outcome.start(jobs, lambda _emit, cancel: cancel.wait(10))
    with pytest.raises(RuntimeError, match="under way"):
        outcome.start(jobs, emit_many)
    jobs.cancel()
    jobs.wait(5)


def test_error_becomes_a_problem_with_remedy():
    jobs, outcome = Jobs(Courier()), Outcome()

    def fail(_emit, _cancel):
        raise InputError("visit.out", "line 3 is empty", "Remove it.")

    outcome.start(jobs, fail, wait=True)
    (problem,) = outcome.failed
    assert (problem.subject, problem.remedy) == ("visit.out", "Remove it.")
    assert "InputError" in problem.traceback
    assert not outcome.done


def test_loop_is_used_where_there_is_one():
    outcome = Outcome()

    async def main():
        jobs = Jobs(Courier.of_this_thread())
        outcome.start(jobs, emit_many)
        while jobs.is_busy:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert outcome.done == ["over"]
    assert outcome.threads == {threading.get_ident()}


def test_only_the_latest_question_is_answered():
    latest, answers, asked = LatestWins(Courier(), delay_s=0.03), [], []

    def question(number):
        return lambda: asked.append(number) or number

    for number in range(20):
        latest.ask(question(number), on_answer=answers.append, on_failed=print)
    latest.wait(5)
    assert answers == [19]
    assert asked == [19]


def test_overtaken_answer_is_dropped():
    latest, answers = LatestWins(Courier(), delay_s=0.0), []
    gate, begun = threading.Event(), threading.Event()

    def slow():
        begun.set()
        gate.wait(5)
        return "slow"

    latest.ask(slow, on_answer=answers.append, on_failed=print)
    assert begun.wait(5)
    latest.ask(lambda: "new", on_answer=answers.append, on_failed=print)
    gate.set()
    latest.wait(5)
    assert answers == ["new"]
