"""What the paper claims and what it printed, and what is kept of tables."""

import pytest

from reports.answers.claims import COMPARISONS, STATED, Claim, Measure, printed
from reports.answers.kept import of_tables
from reports.answers.methods import DEFAULT, VANILLA, Method
from reports.answers.paper import TABLE_1


def test_each_claim_is_of_two_methods_the_better_one_first():
    assert {claim: (one.better, one.rival) for claim, one in COMPARISONS.items()} == {
        Claim.ANNEALING: (Method.VAE_BOW, Method.LSTM_VAE),
        Claim.BARWISE: (Method.MUSEBAR, Method.LSTM_VAE),
        Claim.BOTH: (Method.MUSEBAR_BOW, Method.LSTM_VAE),
        Claim.BOTH_OVER_ANNEALING: (Method.MUSEBAR_BOW, Method.VAE_BOW),
        Claim.BOTH_OVER_BARWISE: (Method.MUSEBAR_BOW, Method.MUSEBAR),
        Claim.CONTROL: (Method.MUSEBAR, None),
    }
    assert (VANILLA, DEFAULT) == (Method.LSTM_VAE, Method.MUSEBAR_BOW)


def test_at_one_kl_neither_kl_nor_collapse_is_asked_for():
    asked = [measure for claim, measure in STATED if claim is Claim.CONTROL]
    assert asked == [Measure.MI, Measure.BCE, Measure.NLL]
    others = [measure for claim, measure in STATED if claim is Claim.BOTH]
    assert others == list(Measure)


@pytest.mark.parametrize(
    ("claim", "measure", "pair"),
    [
        (Claim.BOTH, Measure.BCE, (1068.0, 1100.0)),
        (Claim.BOTH, Measure.KL, (27.0, 0.1)),
        (Claim.BOTH_OVER_BARWISE, Measure.MI, (21.0, 20.0)),
        (Claim.BOTH, Measure.NLL, None),
        (Claim.BOTH, Measure.COLLAPSED, None),
        (Claim.CONTROL, Measure.BCE, None),
    ],
)
def test_what_the_paper_printed_is_its_overall(claim, measure, pair):
    assert printed(claim, measure) == pair


def test_in_four_cells_of_the_papers_table_mi_lies_above_kl():
    above = [
        (cell.genre, cell.method)
        for cell in TABLE_1
        if cell.kl is not None and cell.mi is not None and cell.mi > cell.kl
    ]
    assert above == [
        ("overall", "lstm_vae"),
        ("classical", "lstm_vae"),
        ("jazz", "vae_bow"),
        ("electronic", "lstm_vae"),
    ]


@pytest.mark.parametrize("genre", sorted({cell.genre for cell in TABLE_1}))
def test_in_every_genre_of_the_paper_both_together_have_the_least_bce_and_the_most_code(genre):
    cells = [cell for cell in TABLE_1 if cell.genre == genre]
    assert [cell.method for cell in cells] == list(Method)
    *others, both = cells
    assert both.bce < min(cell.bce for cell in others)
    assert both.kl > max(cell.kl or 0 for cell in others)
    assert both.mi > max(cell.mi or 0 for cell in others)


def sums(by):
    """BCE, KL and MI of the paper's table, added up; what it leaves blank adds nothing."""
    found = {}
    for cell in TABLE_1:
        total = found.setdefault(getattr(cell, by), [0.0, 0.0, 0.0])
        total[:] = [
            sum(pair) for pair in zip(total, (cell.bce, cell.kl or 0, cell.mi or 0), strict=True)
        ]
    return found


def test_the_papers_table_adds_up_by_method_and_by_genre():
    assert sums("method") == {
        "lstm_vae": pytest.approx([6472, 0.45, 2.2]),
        "vae_bow": pytest.approx([6358, 110, 97]),
        "musebar": pytest.approx([6343, 146, 116]),
        "musebar_bow": pytest.approx([6274, 186.6, 134.4]),
    }
    assert sums("genre") == {
        "overall": pytest.approx([4322, 68.1, 58.7]),
        "classical": pytest.approx([4432, 67.08, 41.8]),
        "jazz": pytest.approx([4456, 67, 56.7]),
        "electronic": pytest.approx([4026, 87.8, 65.9]),
        "pop": pytest.approx([4114, 75.99, 59.47]),
        "rock": pytest.approx([4097, 77.08, 67.03]),
    }


class Tables:
    def __init__(self, n):
        self.n = n


def test_what_is_worked_out_of_tables_is_kept_while_they_are_there():
    asked = []

    @of_tables
    def work(tables):
        asked.append(tables.n)
        return [tables.n]

    one = Tables(1)
    assert work(one) is work(one)
    assert work(Tables(2)) == [2]
    # other tables may have the address of tables that are gone
    assert [work(Tables(n)) for n in range(50)] == [[n] for n in range(50)]
    assert asked == [1, 2, *range(50)]
