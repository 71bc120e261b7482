"""Verdicts and the methods over all genres, by the traces."""

from reports.answers.aggregate import Aggregate, MethodAggregate
from reports.answers.claims import Answer, Claim, ClaimVerdict, Measure, Open
from reports.figures.style import METHOD_COLOURS
from reports.figures.verdicts import LOOKS, SHORT, effects, interquartile_means, profiles
from tests.reports.seedmeans import mean


def verdict(claim, answer, effect, reason=None, measure=Measure.MI):
    return ClaimVerdict(claim, measure, answer, reason, effect, {}, 3, 3)


def test_an_effect_has_a_row_a_claim_in_the_look_of_its_answer():
    three = mean(1.0, 2.0, 3.0)
    drawn = effects(
        [
            verdict(Claim.ANNEALING, Answer.HOLDS, three),
            verdict(Claim.ANNEALING, Answer.HOLDS, mean(9.0), measure=Measure.KL),
            verdict(Claim.BARWISE, Answer.NOT_TESTED, None, Open.NOT_MEASURED),
            verdict(Claim.BOTH, Answer.DOES_NOT, mean(-4.0, -4.0, -4.0)),
            verdict(Claim.CONTROL, Answer.HOLDS, mean(5.0, 5.0, 5.0)),
        ],
        Measure.MI,
    )
    shown = [(one.name, list(one.x), list(one.y)) for one in drawn.data]
    assert shown == [("holds", [2.0, 5.0], [0, 2]), ("does not hold", [-4.0], [1])]
    holds, fails = drawn.data
    assert (holds.marker.color, holds.marker.symbol) == LOOKS[Answer.HOLDS]
    assert (fails.marker.color, fails.marker.symbol) == LOOKS[Answer.DOES_NOT]
    assert holds.error_x.array[0] == three.interval[1] - 2.0
    assert holds.text[0] == "annealing<br>holds; MI +2.00 [-0.48, +4.48] nats, 3 seeds"
    assert list(drawn.layout.yaxis.ticktext) == [
        SHORT[claim] for claim in (Claim.ANNEALING, Claim.BOTH, Claim.CONTROL)
    ]
    assert drawn.layout.xaxis.title.text == "difference in test MI (nats)"
    assert [(one.x0, one.x1) for one in drawn.layout.shapes] == [(0, 0)]
    bottom, top = drawn.layout.yaxis.range
    assert bottom > 2 > 0 > top


def test_every_claim_has_a_short_name_of_its_own():
    assert len(set(SHORT.values())) == len(SHORT) == len(Claim)


def aggregate():
    def one(method, iqm, shares):
        low = tuple(share - 0.1 for share in shares)
        high = tuple(share + 0.2 for share in shares)
        return MethodAggregate(method, iqm, (iqm - 1, iqm + 2), {}, shares, low, high)

    methods = (one("lstm_vae", 3.0, (0.0, 0.5)), one("musebar", -2.0, (0.5, 0.75)))
    return Aggregate(("jazz",), {}, methods, (-5.0, 5.0))


def test_an_interquartile_mean_has_a_row_a_method_with_its_interval():
    drawn = interquartile_means(aggregate())
    first, second = drawn.data
    assert (list(first.x), list(first.y), first.name) == ([3.0], [0], "LSTM-VAE")
    assert (list(second.x), list(second.y), second.name) == ([-2.0], [1], "MuseBar")
    assert list(second.text) == ["MuseBar -2.00% [-3.00, +0.00]"]
    assert (list(second.error_x.array), list(second.error_x.arrayminus)) == ([2.0], [1.0])
    assert second.marker.color == METHOD_COLOURS["musebar"]
    assert list(drawn.layout.yaxis.ticktext) == ["LSTM-VAE", "MuseBar"]
    assert [(one.x0, one.x1) for one in drawn.layout.shapes] == [(0, 0)]


def test_a_profile_has_its_band_behind_it():
    band, line, *_ = profiles(aggregate()).data
    assert (band.name, band.showlegend, line.name) == ("LSTM-VAE, 95% band", False, "LSTM-VAE")
    assert (list(line.x), list(line.y)) == ([-5.0, 5.0], [0.0, 0.5])
    # there along the upper end and back along the lower one
    assert list(band.x) == [-5.0, 5.0, 5.0, -5.0]
    assert list(band.y) == [0.2, 0.7, 0.4, -0.1]
    assert band.fillcolor == line.line.color == METHOD_COLOURS["lstm_vae"]
    assert profiles(aggregate()).layout.yaxis.tickformat == ".0%"
