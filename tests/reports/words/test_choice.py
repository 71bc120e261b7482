"""The words of a choice: what of several is settled, and how far it is from one."""

import pytest

from reports.answers.headline import Headline, Settled, Verdict
from reports.words.choice import settled_parts, settled_text, unsteady_text, verdict_text


def headline(members, *settings, collapsed=0):
    verdict = Verdict.ANY_OF if len(members) > 1 else Verdict.USE_THIS
    return Headline(verdict, tuple(members), settings, collapsed)


LENGTH = Settled("latent_length", (8, 16), 3, free=False)
KIND = Settled("annealing", ("cosine",), 4, free=False)
SWITCH = Settled("output_bias", (True,), 4, free=False)
FREE = Settled("regularizers", (1, 4), 4, free=True)


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (headline("a"), "use this", ""),
        (headline("a", KIND), "use this", ""),
        (headline("abcd", KIND), "any of 4", "settled: annealing cosine (all 4)"),
        (headline("abcd", LENGTH), "any of 4", "settled: latent length 8 or 16 (3 of 4)"),
        (headline("abcd", FREE), "any of 4", "free, as among all candidates: regularizers"),
        (
            headline("abcd", LENGTH, FREE, SWITCH, collapsed=1),
            "any of 4",
            (
                "settled: latent length 8 or 16 (3 of 4); output bias on (all 4); free, as among "
                "all candidates: regularizers; 1 of these 4 collapses in over one seed of five"
            ),
        ),
        (headline("ab"), "any of 2", ""),
        (
            headline("ab", collapsed=2),
            "any of 2",
            "2 of these 2 collapse in over one seed of five",
        ),
    ],
)
def test_what_is_settled_and_what_is_free_is_said_of_several(found, verdict, said):
    assert verdict_text(found) == verdict
    assert settled_text(found) == said


def test_settled_and_free_stand_apart():
    assert settled_parts(headline("abcd", LENGTH, FREE)) == (
        "latent length 8 or 16 (3 of 4)",
        "regularizers",
    )
    assert settled_parts(headline("a", LENGTH, FREE)) == ("", "")
    assert unsteady_text(headline("a")) == ""
