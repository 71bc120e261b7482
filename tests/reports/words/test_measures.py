"""What further measures of a model say, line by line."""

from musebar_core.measures import BesideSongs, Measures, RatePoint
from musebar_core.melodies import Character, Likeness
from reports.words.measures import measures_lines, melodies_lines

GENERATED = Character(12.5, 3.25, 0.125, 0.5, 0.0625)
SONGS = Character(None, 0.0, 1.0, None, None)
LIKE = Likeness(0.1, 0.2, 0.3, 0.4, 0.5)
UNKNOWN = Likeness(None, None, None, None, None)

OF_GENERATED = (
    "range 12.50 semitones, 3.25 notes a bar, 50% of bars repeat, 6% out of key, 12% rests"
)
OF_SONGS = "range - semitones, 0.00 notes a bar, - of bars repeat, - out of key, 100% rests"
LIKENESS = (
    "divergence 0.10 (pitch classes) 0.20 (intervals) bits, overlap 30% (density) "
    "40% (repetition), 50% of its runs of 4 notes are theirs"
)
NO_LIKENESS = (
    "divergence - (pitch classes) - (intervals) bits, overlap - (density) - (repetition), "
    "- of its runs of 4 notes are theirs"
)


def said(lines, indent=2):
    """Name to what is said of it; names stand in 26 characters."""
    return {line[indent : indent + 26].strip(): line[indent + 28 :] for line in lines}


def test_every_measure_has_a_line():
    found = Measures(
        importance_nll=510.25,
        rate_distortion=(RatePoint(0.0, 0.0, 560.04), RatePoint(1.0, 4.256, 505.5)),
        code_worth=7.25,
        path_ratio=1.5,
        largest_jump=0.25,
        generated=GENERATED,
        held_out=SONGS,
        likeness=LIKE,
        likeness_of_songs=UNKNOWN,
        n_snippets=8,
        draws=64,
    )
    lines = measures_lines(found)
    assert all(line.startswith("  ") for line in lines)
    assert said(lines) == {
        "importance-weighted NLL": "510.2 nats (64 draws)",
        "rate: distortion": "0.00: 560.0  4.26: 505.5 nats",
        "own code saves": "7.2 nats of BCE against another's",
        "interpolation": "1.50 times its ends' distance long, largest jump 25% of steps",
        "generated": OF_GENERATED,
        "held-out songs": OF_SONGS,
        "generated to held-out": LIKENESS,
        "training songs to held-out": NO_LIKENESS,
    }


def test_melodies_stand_beside_songs_or_say_why_not():
    beside = BesideSongs(
        melodies=GENERATED,
        songs=SONGS,
        likeness=LIKE,
        likeness_of_songs=UNKNOWN,
        steps=64,
        n_melodies=8,
        n_songs=5,
    )
    assert said(melodies_lines("samples", GENERATED, beside), 0) == {
        "samples": OF_GENERATED,
        "5 held-out snippets": OF_SONGS,
        "samples to held-out": LIKENESS,
        "training songs to held-out": NO_LIKENESS,
    }
    assert said(melodies_lines("samples", GENERATED, None, "no corpus"), 0) == {
        "samples": OF_GENERATED,
        "held-out songs": "not compared: no corpus",
    }
    assert said(melodies_lines("samples", GENERATED), 0) == {"samples": OF_GENERATED}
