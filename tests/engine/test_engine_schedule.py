"""The schedule, driven by hand: no threads, no clock."""

from __future__ import annotations

import pytest

from conformance.engine.schedule import Await, Begin, Confirm, Finished, Schedule
from conformance.model import observation as o
from conformance.model.plan import PlanStep

WAIT = o.Wait("recv", "by hand", "certain")


def step(number: int, actor: str, operation: str = "recv", **more) -> PlanStep:
    """A step, by default in a group of its own."""
    return PlanStep(**{"number": number, "actor": actor, "operation": operation, "group": number, **more})


def parked(number: int, actor: str, **more) -> PlanStep:
    """A step that may block."""
    return step(number, actor, may_block=True, **more)


def pending(number: int, actor: str, **more) -> PlanStep:
    """A step that asks for the result of a call that was left waiting."""
    return step(number, actor, pending=True, **more)


def together(*steps: PlanStep, kind: str = "together") -> list[PlanStep]:
    """These steps as one group."""
    group = steps[0].group
    return [PlanStep(**{**vars(each), "group": group, "group_kind": kind}) for each in steps]


def returned(value: object = None) -> o.Observation:
    """A call that came back."""
    return o.Observation(o.RETURNED, value)


def begin(schedule: Schedule, number: int) -> None:
    """Checks that the next command is to begin this step, and begins it."""
    assert schedule.command() == Begin(number)
    schedule.begun(number)


def park(schedule: Schedule, number: int) -> None:
    """Begins a step and proves it waiting."""
    begin(schedule, number)
    assert schedule.command() == Await((number,), frozenset({number}))
    schedule.waiting(number, WAIT)


def confirm(schedule: Schedule, *calls: int) -> None:
    """Proves the parked calls waiting again."""
    assert schedule.command() == Confirm(calls)
    schedule.confirmed()


def do(schedule: Schedule, number: int, result: o.Observation | None = None) -> None:
    """Begins a step whose call returns at once."""
    begin(schedule, number)
    schedule.ended(number, result or returned())


def kinds(schedule: Schedule) -> dict[int, str]:
    """Step number to the kind of its observation, after the last step."""
    assert schedule.command() == Finished()
    return {number: each.kind for number, each in sorted(schedule.observations.items())}


def test_steps_run_one_after_the_other():
    schedule = Schedule([step(1, "client", "send"), step(2, "server")])
    begin(schedule, 1)
    assert schedule.command() == Await((1,), frozenset())
    schedule.ended(1, returned(1))
    do(schedule, 2, returned("x"))
    assert kinds(schedule) == {1: o.RETURNED, 2: o.RETURNED}
    assert schedule.observations[1].canonical == 1


def test_asking_twice_changes_nothing():
    schedule = Schedule([step(1, "client")])
    assert schedule.command() == schedule.command() == Begin(1)


def test_an_empty_plan_is_finished():
    assert Schedule([]).command() == Finished()


def test_a_step_that_may_block_is_over_when_it_is_seen_waiting():
    schedule = Schedule([parked(1, "server"), step(2, "client", "send")])
    park(schedule, 1)
    confirm(schedule, 1)
    do(schedule, 2)
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.RETURNED}
    assert schedule.observations[1].wait == WAIT
    assert schedule.parked() == (1,)


def test_a_step_that_may_not_block_is_awaited_even_though_it_waits():
    schedule = Schedule([step(1, "server")])
    begin(schedule, 1)
    assert schedule.command() == Await((1,), frozenset())


def test_a_pending_step_tells_what_became_of_the_call_and_which_step_released_it():
    schedule = Schedule([parked(1, "server"), step(2, "client", "send"), pending(3, "server")])
    park(schedule, 1)
    confirm(schedule, 1)
    do(schedule, 2)
    assert schedule.command() == Await((3,), frozenset())
    assert schedule.call_of(3) == 1
    schedule.ended(1, returned("x"))
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.RETURNED, 3: o.RETURNED}
    assert schedule.observations[3].released_by == 2


def test_a_call_that_comes_back_while_it_is_confirmed_was_released_by_the_step_before():
    steps = [parked(1, "server"), step(2, "client", "send"), step(3, "other", "send"), pending(4, "server")]
    schedule = Schedule(steps)
    park(schedule, 1)
    confirm(schedule, 1)
    do(schedule, 2)
    assert schedule.command() == Confirm((1,))
    schedule.ended(1, returned("x"))
    schedule.confirmed()
    do(schedule, 3)
    assert kinds(schedule)[4] == o.RETURNED
    assert schedule.observations[4].released_by == 2


def test_a_pending_step_starts_nothing_so_that_several_may_follow_one_release():
    steps = [parked(1, "left"), parked(2, "right"), step(3, "client", "close"), pending(4, "left"), pending(5, "right")]
    schedule = Schedule(steps)
    park(schedule, 1)
    confirm(schedule, 1)
    park(schedule, 2)
    confirm(schedule, 1, 2)
    do(schedule, 3)
    schedule.command()
    schedule.ended(2, returned())
    schedule.ended(1, returned())
    kinds(schedule)
    assert (schedule.observations[4].released_by, schedule.observations[5].released_by) == (3, 3)


def test_a_pending_step_may_find_the_call_still_waiting_and_leaves_it_parked():
    schedule = Schedule([parked(1, "server"), pending(2, "server", may_block=True), pending(3, "server")])
    park(schedule, 1)
    assert schedule.command() == Await((2,), frozenset({2}))
    schedule.waiting(2, WAIT)
    assert schedule.command() == Await((3,), frozenset())
    schedule.ended(1, returned("x"))
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.BLOCKED, 3: o.RETURNED}


def test_a_pending_step_without_any_call_is_not_run():
    schedule = Schedule([pending(1, "server")])
    assert kinds(schedule) == {1: o.NOT_RUN}
    assert schedule.observations[1].reason == "no recv of server was left waiting"


def test_a_pending_step_of_a_call_that_never_waited_says_at_which_step_it_was_over():
    schedule = Schedule([parked(1, "server"), step(2, "client", "close"), pending(3, "server")])
    do(schedule, 1, returned("x"))
    do(schedule, 2)
    assert kinds(schedule) == {1: o.RETURNED, 2: o.RETURNED, 3: o.NOT_RUN}
    assert schedule.observations[3].blame == 1
    assert schedule.observations[3].reason == "recv was already over at step 1"


def test_a_second_pending_step_of_a_call_that_came_back_says_at_which_step_it_was_over():
    schedule = Schedule([parked(1, "server"), step(2, "client"), pending(3, "server"), pending(4, "server")])
    park(schedule, 1)
    confirm(schedule, 1)
    do(schedule, 2)
    schedule.command()
    schedule.ended(1, returned())
    assert kinds(schedule)[4] == o.NOT_RUN
    assert (schedule.observations[4].blame, schedule.observations[4].reason) == (3, "recv was already over at step 3")


def test_an_actor_that_waits_in_one_call_cannot_begin_another():
    schedule = Schedule([parked(1, "server"), step(2, "server", "send"), step(3, "client")])
    park(schedule, 1)
    confirm(schedule, 1)
    confirm(schedule, 1)
    do(schedule, 3)
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.NOT_RUN, 3: o.RETURNED}
    assert schedule.observations[2].blame == 1
    assert schedule.observations[2].reason == "server is still in recv of step 1"


def test_an_actor_is_free_again_when_its_call_has_come_back():
    schedule = Schedule([parked(1, "server"), step(2, "client", "send"), step(3, "server", "send")])
    park(schedule, 1)
    confirm(schedule, 1)
    do(schedule, 2)
    assert schedule.command() == Confirm((1,))
    schedule.ended(1, returned())
    schedule.confirmed()
    do(schedule, 3)
    assert kinds(schedule)[3] == o.RETURNED


def test_a_hung_call_counts_as_parked_and_may_be_picked_up_later():
    schedule = Schedule([step(1, "server"), step(2, "client", "send"), pending(3, "server")])
    begin(schedule, 1)
    schedule.command()
    schedule.expired(1, WAIT)
    confirm(schedule, 1)
    do(schedule, 2)
    schedule.command()
    schedule.ended(1, returned("x"))
    assert kinds(schedule) == {1: o.HUNG, 2: o.RETURNED, 3: o.RETURNED}
    assert (schedule.observations[1].wait, schedule.observations[3].released_by) == (WAIT, 2)


def test_a_pending_step_that_expires_leaves_its_call_to_the_next():
    schedule = Schedule([parked(1, "server"), pending(2, "server"), step(3, "client"), pending(4, "server")])
    park(schedule, 1)
    schedule.command()
    schedule.expired(2, None)
    confirm(schedule, 1)
    do(schedule, 3)
    schedule.command()
    schedule.ended(1, returned())
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.HUNG, 3: o.RETURNED, 4: o.RETURNED}


def test_a_step_whose_guard_fails_is_not_applicable_and_begins_nothing():
    schedule = Schedule([step(1, "server", applicable=False), step(2, "client")])
    do(schedule, 2)
    assert kinds(schedule) == {1: o.NOT_APPLICABLE, 2: o.RETURNED}


def test_a_pending_step_whose_guard_fails_is_not_applicable_and_takes_no_call():
    schedule = Schedule([parked(1, "server"), pending(2, "server", applicable=False), pending(3, "server")])
    park(schedule, 1)
    schedule.command()
    schedule.ended(1, returned())
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.NOT_APPLICABLE, 3: o.RETURNED}


def test_a_step_that_cannot_be_started_is_told_and_the_next_one_begins():
    schedule = Schedule([step(1, "server"), step(2, "client")])
    assert schedule.command() == Begin(1)
    schedule.impossible(1, o.Observation(o.NOT_RUN, reason="no such object"))
    do(schedule, 2)
    assert kinds(schedule) == {1: o.NOT_RUN, 2: o.RETURNED}


def test_after_a_step_that_is_not_supported_nothing_begins():
    schedule = Schedule([parked(1, "server"), step(2, "client"), step(3, "client"), pending(4, "server"),
                         step(5, "client", applicable=False)])  # fmt: skip
    park(schedule, 1)
    confirm(schedule, 1)
    begin(schedule, 2)
    schedule.ended(2, o.Observation(o.UNSUPPORTED, reason="no such call"))
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.UNSUPPORTED, 3: o.NOT_RUN, 4: o.NOT_RUN, 5: o.NOT_APPLICABLE}
    assert schedule.observations[3] == o.Observation(o.NOT_RUN, blame=2, reason="step 2 is not supported here")
    assert schedule.command() == Finished()


def test_what_began_together_with_a_step_that_is_not_supported_is_seen_through():
    schedule = Schedule([*together(step(1, "left"), step(2, "right")), step(3, "client")])
    assert schedule.command() == Begin(1)
    schedule.impossible(1, o.Observation(o.UNSUPPORTED, reason="no such call"))
    do(schedule, 2)
    assert kinds(schedule) == {1: o.UNSUPPORTED, 2: o.RETURNED, 3: o.NOT_RUN}


def test_together_begins_all_before_any_is_awaited():
    schedule = Schedule([*together(step(1, "left"), step(2, "right")), step(3, "client")])
    begin(schedule, 1)
    begin(schedule, 2)
    assert schedule.command() == Await((1, 2), frozenset())
    schedule.ended(2, returned())
    assert schedule.command() == Await((1,), frozenset())
    schedule.ended(1, returned())
    do(schedule, 3)
    assert kinds(schedule) == {1: o.RETURNED, 2: o.RETURNED, 3: o.RETURNED}


def test_together_is_over_when_each_has_come_back_or_waits():
    schedule = Schedule(together(parked(1, "left"), step(2, "right")))
    begin(schedule, 1)
    begin(schedule, 2)
    assert schedule.command() == Await((1, 2), frozenset({1}))
    schedule.waiting(1, WAIT)
    assert schedule.command() == Await((2,), frozenset())
    schedule.ended(2, returned())
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.RETURNED}


def test_parked_calls_are_confirmed_once_before_a_group_and_not_between_its_steps():
    schedule = Schedule([parked(1, "server"), *together(step(2, "left"), step(3, "right"))])
    park(schedule, 1)
    confirm(schedule, 1)
    begin(schedule, 2)
    begin(schedule, 3)


def test_exactly_one_is_over_when_one_came_back_and_the_others_were_seen_waiting_since():
    pair = together(pending(4, "left", group=4), pending(5, "right"), kind="exactly_one")
    schedule = Schedule([parked(1, "left"), parked(2, "right"), step(3, "client", "send"), *pair])
    park(schedule, 1)
    confirm(schedule, 1)
    park(schedule, 2)
    confirm(schedule, 1, 2)
    do(schedule, 3)
    assert schedule.command() == Await((4, 5), frozenset())
    schedule.ended(2, returned("x"))
    assert schedule.command() == Await((4,), frozenset({4}))
    schedule.waiting(4, WAIT)
    assert kinds(schedule) == {1: o.BLOCKED, 2: o.BLOCKED, 3: o.RETURNED, 4: o.BLOCKED, 5: o.RETURNED}
    assert schedule.parked() == (1,)


def test_exactly_one_tells_that_both_came_back():
    schedule = Schedule(together(step(1, "left"), step(2, "right"), kind="exactly_one"))
    begin(schedule, 1)
    begin(schedule, 2)
    schedule.command()
    schedule.ended(1, returned())
    assert schedule.command() == Await((2,), frozenset({2}))
    schedule.ended(2, returned())
    assert kinds(schedule) == {1: o.RETURNED, 2: o.RETURNED}


def test_exactly_one_tells_that_none_came_back():
    schedule = Schedule(together(step(1, "left"), step(2, "right"), kind="exactly_one"))
    begin(schedule, 1)
    begin(schedule, 2)
    schedule.command()
    schedule.expired(1, WAIT)
    assert schedule.command() == Await((2,), frozenset())
    schedule.expired(2, WAIT)
    assert kinds(schedule) == {1: o.HUNG, 2: o.HUNG}


def test_a_call_left_waiting_at_the_end_stays_parked_without_a_step_of_its_own():
    schedule = Schedule([parked(1, "server")])
    park(schedule, 1)
    assert kinds(schedule) == {1: o.BLOCKED}
    assert schedule.parked() == (1,)


@pytest.mark.parametrize("result", [returned(3), o.Observation(o.RAISED, {"name": "EPIPE", "class": "OSError"})])
def test_a_result_is_handed_on_unchanged(result):
    schedule = Schedule([step(1, "server")])
    do(schedule, 1, result)
    kinds(schedule)
    assert schedule.observations[1] == result
