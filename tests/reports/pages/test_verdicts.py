"""The paper's claims on a page: the grid, the table of all figures, the methods over all genres."""

import re

import pytest

from reports.answers.aggregate import Aggregate, LeftOut, MethodAggregate
from reports.answers.claims import Answer, Claim, ClaimVerdict, CollapsedRuns, Measure, Open
from reports.answers.methods import Method
from reports.figures.style import METHOD_COLOURS
from reports.pages import verdicts as page
from reports.pages.view import view
from tests.reports.seedmeans import mean

FOUND = (
    ClaimVerdict(
        *(Claim.ANNEALING, Measure.BCE, Answer.DOES_NOT, None, mean(2.0, 2.0)),
        *({"jazz": mean(1.0, 1.0), "overall": mean(5.0)}, 2, 2),
        p=0.01,
        adjusted=0.04,
        smallest=0.002,
    ),
    ClaimVerdict(
        *(Claim.CONTROL, Measure.NLL, Answer.UNDECIDED, Open.NO_DIFFERENCE, mean(-1.0)),
        *({"rock": mean(-1.0)}, 1, 2),
        margin=1.5,
    ),
    ClaimVerdict(
        *(Claim.BOTH, Measure.COLLAPSED, Answer.NOT_TESTED, Open.NOT_MEASURED, None, {}, 0, 2),
    ),
    ClaimVerdict(
        *(Claim.BARWISE, Measure.COLLAPSED, Answer.HOLDS, None, mean(-0.5, -0.5), {}, 2, 2),
        collapsed=CollapsedRuns(0, 5, 10),
    ),
)


def test_a_verdict_has_a_row_with_every_genre_its_p_values_and_the_papers_figures():
    table = page._table(FOUND)
    assert table.columns == (
        *("claim", "arms", "measure", "verdict", "over genres", "jazz", "overall", "rock"),
        *("seeds", "p", "p over all claims", "smallest p", "in the paper"),
    )
    assert [[cell.text for cell in row] for row in table.rows] == [
        [
            *("annealing against vanilla", "VAE-BOW minus LSTM-VAE", "lower BCE"),
            *("does not hold", "+2.00 [+2.00, +2.00]", "+1.00 [+1.00, +1.00]", "+5.00", "-"),
            *("2 of 2", "0.01", "0.04", "0.002", "1,076 against 1,100 (-24)"),
        ],
        [
            "bar-wise against a KL weight below 1 of the same KL",
            *("MuseBar minus plain VAE of the same KL", "NLL no worse"),
            *("undecided: no significant difference", "-1.00", "-", "-", "-1.00"),
            *("1 of 2", "-", "-", "-", "-"),
        ],
        [
            *("both together against vanilla", "MuseBar-BOW minus LSTM-VAE", "fewer collapsed"),
            *("not tested: not measured", "-", "-", "-", "-", "0 of 2", "-", "-", "-", "-"),
        ],
        [
            "bar-wise regularisation against vanilla",
            *("MuseBar minus LSTM-VAE", "fewer collapsed", "holds"),
            *("0 against 5 of 10 runs collapsed", "-", "-", "-", "2 of 2", "-", "-", "-", "-"),
        ],
    ]
    first, second, third, last = table.rows
    assert [cell.value for cell in first][4:] == [2.0, 1.0, 5.0, None, 2, 0.01, 0.04, 0.002, None]
    assert [row[3].warning for row in table.rows] == [True, False, False, False]
    assert (second[4].value, third[4].value, last[4].value) == (-1.0, None, -0.5)
    assert " NLL no worse: by less than 1.50 nats. In the paper: Table 1" in table.caption
    assert "no worse" not in page._table(FOUND[:1]).caption


def test_a_claim_is_a_row_of_its_measures_in_the_look_of_its_answers():
    grid = str(page._grid(FOUND, ("a note",)))
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", grid, re.DOTALL)
    assert len(rows) == len(Claim)
    annealing = re.findall(r"<td>(.*?)</td>", rows[0])
    assert len(annealing) == len(Measure)
    assert annealing[2] == (
        '<b class="answer fails">does not hold</b> <span class="why">+2.00 [+2.00, +2.00]</span>'
    )
    assert set(annealing[:2] + annealing[3:]) == {'<span class="why">not asked</span>'}
    heads = re.findall(r'<th scope="col">(.*?)</th>', grid)
    assert heads == [
        *("claim", "more information", "higher KL", "lower BCE", "NLL no worse"),
        "fewer collapsed",
    ]
    assert '<b class="answer holds">holds</b>' in rows[1]
    assert '<span class="why">no significant difference</span>' in rows[-1]
    assert "<p>a note</p>" in grid


def test_a_chart_says_which_side_speaks_for_the_claim():
    chart = page._chart(FOUND, Measure.BCE)
    assert (chart.id, chart.data) == ("fig-verdicts-bce", "verdicts")
    assert "95% intervals: left of 0 speaks for the claim." in chart.caption
    assert "right of 0 speaks" in page._chart(FOUND, Measure.MI).caption
    assert [page._any(FOUND, measure) for measure in (Measure.BCE, Measure.MI)] == [True, False]


def over():
    def one(method, iqm, shares):
        low = tuple(share - 0.1 for share in shares)
        high = tuple(share + 0.2 for share in shares)
        runs = {"jazz": (1.0, 2.0), "rock": (3.0,)}
        return MethodAggregate(method, iqm, (iqm - 1, iqm + 2), runs, shares, low, high)

    methods = (one("lstm_vae", 3.0, (0.1, 0.5)), one("musebar", -2.0, (0.5, 0.75)))
    left = {"folk": LeftOut(Method.VAE_BOW, 7, 10), "overall": LeftOut(None, 0, 10)}
    return Aggregate(("jazz", "rock"), left, methods, (-5.0, 5.0))


def test_the_methods_over_all_genres_have_their_tables_and_say_who_is_left_out():
    section = page._over_genres(over())
    assert section.text == (
        "folk is left out: VAE-BOW has 7 of 10 seeds.",
        "overall is left out: the joint corpus, whose songs are those of the others.",
    )
    profiles, means = (one.table for one in section.charts)
    assert profiles.columns == ("score", "LSTM-VAE", "MuseBar")
    assert [[cell.text for cell in row] for row in profiles.rows] == [
        ["-5.00", "10% [0%, 30%]", "50% [40%, 70%]"],
        ["5.00", "50% [40%, 70%]", "75% [65%, 95%]"],
    ]
    assert [cell.value for cell in profiles.rows[0]] == [-5.0, 0.1, 0.5]
    assert [[cell.text for cell in row] for row in means.rows] == [
        ["LSTM-VAE", "+3.00 [2.00, 5.00]", "3"],
        ["MuseBar", "-2.00 [-3.00, 0.00]", "3"],
    ]
    assert [cell.value for cell in means.rows[1]] == [None, -2.0, 3]
    assert means.rows[1][0].swatch == METHOD_COLOURS["musebar"]


def test_answers_are_counted_in_the_words_of_the_grid(four_methods):
    (claims, *_) = page.verdict_sections(view(four_methods.tables()))
    said = re.search(r"<p>(.*?)</p>", str(claims.fragment))[1]
    counts = [
        int(n) for n in re.findall(r"(\d+) (?:holds|does not hold|undecided|not tested)", said)
    ]
    assert sum(counts) == 28
    assert "28 verdicts, stated before any run" in said
    assert "at 5% over all of them together" in said
    assert "where 80% of the seeds of both arms" in said
    assert [one.id for one in claims.charts] == ["fig-verdicts-mi-lower", "fig-verdicts-nll"]
    short = page.claims_grid(view(four_methods.tables()))
    assert short.sentences == claims.text
    assert "verdicts, stated before" not in short.grid


@pytest.mark.parametrize("made", [page.verdict_sections, page.claims_grid])
def test_a_study_that_asks_no_claims_shows_none(make_study, make_config, monkeypatch, made):
    monkeypatch.setattr(page, "verdicts", lambda _: ())
    study = make_study()
    study.add(make_config(8), [500.0])
    assert not made(view(study.tables()))
