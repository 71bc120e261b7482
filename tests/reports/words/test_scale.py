"""What of a study is smaller than in the paper."""

from dataclasses import replace

import pytest

from reports.answers.overview import Scale
from reports.words.scale import small_scale

PAPER = Scale((240,), (512,), (3000,), None, 10)


def test_a_study_of_the_papers_scale_is_not_small():
    assert PAPER.below_paper == ()
    assert small_scale(PAPER) is None


@pytest.mark.parametrize(
    ("smaller", "said"),
    [
        ({"snippet_steps": (64, 239)}, "240 steps a snippet"),
        ({"hidden": (511,)}, "512 hidden units"),
        ({"epochs": (2999,)}, "3,000 epochs"),
        ({"seeds": 9}, "10 seeds"),
        ({"hidden": (), "seeds": 1}, "512 hidden units, 10 seeds"),
    ],
)
def test_what_is_smaller_in_its_largest_run_is_named_with_the_papers_figure(smaller, said):
    found = replace(PAPER, **smaller)
    assert small_scale(found) == (
        f"Small scale: the paper used {said}. Figures do not carry over to it."
    )


def test_one_run_of_the_papers_size_is_enough():
    assert replace(PAPER, hidden=(48, 512), epochs=(100, 3000)).below_paper == ()
