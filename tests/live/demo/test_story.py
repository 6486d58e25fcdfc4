"""The demo's stories hang together."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ecg_facial.labels import DEFAULT_TASK, get_task
from ecg_facial.live.demo.story import STORIES, Story
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.patient)


@each_story
def test_stimuli_follow_each_other_and_leave_time_for_rest(story: Story) -> None:
    """The first minute is the monitor's calibration at rest."""
    assert story.series[0].start_s >= 60
    for before, after in pairwise(story.series):
        assert after.start_s - before.end_s >= 20
    assert story.series[-1].end_s <= story.duration_s - 20


@each_story
def test_levels_are_those_that_the_demos_model_knows_and_no_trial_is_used_twice(story: Story) -> None:
    used = {one.level for one in story.series}
    assert used <= set(get_task(DEFAULT_TASK).class_names)
    for level in used:
        count = sum(one.count for one in story.series if one.level == level)
        assert count <= CohortSettings().trials_per_level


@each_story
def test_a_story_shows_pain_both_signals_lost_and_recovery(story: Story) -> None:
    kinds = {fault.kind for fault in story.faults}
    assert "lead off" in kinds
    assert kinds & {"cloth", "camera"}
    assert story.describe(story.duration_s - 1.0) == "SIMULATED: at rest"
    for fault in story.faults:
        assert 10 <= fault.end_s - fault.start_s <= 20


def test_nobody_of_the_demo_is_among_those_that_its_model_is_trained_on() -> None:
    assert min(story.index for story in STORIES) > 1000
    assert len({story.index for story in STORIES}) == len({story.patient for story in STORIES}) == len(STORIES)


def test_a_story_that_is_over_begins_again() -> None:
    story = STORIES[1]
    at_s = 340.0
    assert story.describe(at_s) == "SIMULATED: heat PA3 and an electrode is off"
    assert story.describe(at_s + 3 * story.duration_s) == story.describe(at_s)
