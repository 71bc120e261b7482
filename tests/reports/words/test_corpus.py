"""What is said of a corpus on the command line, line by line."""

from types import SimpleNamespace

import pandas as pd
import pytest

from musebar_core.config import Grid
from musebar_core.corpus.account import Read
from reports.answers.music import Counts
from reports.words import corpus as words
from reports.words.corpus import description, description_text

SPLITS = ("train", "validation", "test")


def counts(songs, steps, windows):
    return Counts(*(dict(zip(SPLITS, each, strict=True)) for each in (songs, steps, windows)))


def genre(name, one, change, rest, baselines, tracks):
    return SimpleNamespace(
        genre=name,
        counts=one,
        n_groups=5,
        change_rate=change,
        rest_share=rest,
        baselines=baselines,
        tracks=tracks,
    )


SCORED = {"pitch_frequencies": 90.74, "markov": 62.0, "repeat_last": 98.0}
ACCOUNT = {
    "n_songs": 30,
    "n_rejected": 3,
    "n_ignored": 4,
    "rejected": {"too short": 2, "duplicate": 1},
    "left_out": ("'rock': too few",),
}


@pytest.fixture
def described():
    one = counts((10, 2, 1), (1000, 200, 100), (99, 20, 10))
    both = counts((20, 6, 4), (2000, 400, 200), (199, 40, 20))
    return SimpleNamespace(
        fingerprint="abc",
        source_kind="folder",
        snippet_steps=64,
        genres=(
            genre("jazz", one, 0.5, 0.125, SCORED, {"named": 1}),
            genre("overall", both, 0.25, 0.0, None, {"named": 12, "only one": 3}),
        ),
        read=(Read("abc", 3, lowest=1.0),),
        **ACCOUNT,
    )


def test_a_description_is_tables_and_an_account(described):
    assert description_text(described).splitlines() == [
        "genre    songs  train  validation  test  steps  validation windows",
        "jazz        13     10           2     1   1300                  20",
        "overall     30     20           6     4   2600                  40",
        "",
        "Melodies; baselines' validation BCE, nats a snippet of 64 steps",
        "genre    change rate  rests  pitch frequencies  markov  repeat last",
        "jazz           50.0%  12.5%               90.7    62.0         98.0",
        "overall        25.0%   0.0%                  -       -            -",
        "",
        "Melody's track",
        "      12  named",
        "       3  only one",
        "",
        "taken 30, rejected 3, ignored 4 files that are no music",
        "       2  too short",
        "       1  duplicate",
        "left out: 'rock': too few",
        "read by abc: 3; as many notes as counted in every source",
        "fingerprint abc",
    ]


def test_a_description_is_plain_data_too(described):
    corpus = SimpleNamespace(path="/data/x")
    found = description(described, corpus, Grid(1, 4, 64))
    assert (found["path"], found["fingerprint"], found["source_kind"]) == (
        "/data/x",
        "abc",
        "folder",
    )
    assert found["grid"]["snippet_steps"] == 64
    assert list(found["genres"]) == ["jazz", "overall"]
    assert found["genres"]["jazz"] == {
        "songs": {"train": 10, "validation": 2, "test": 1},
        "steps": {"train": 1000, "validation": 200, "test": 100},
        "windows": {"train": 99, "validation": 20, "test": 10},
        "groups": 5,
        "change_rate": 0.5,
        "rest_share": 0.125,
        "tracks": {"named": 1},
        "baselines_validation_bce": SCORED,
    }
    assert (found["n_rejected"], found["n_ignored"]) == (3, 4)
    assert found["rejected"] == {"too short": 2, "duplicate": 1}
    assert found["left_out"] == ["'rock': too few"]
    # what JSON has not is None
    assert found["readers"] == {
        "abc": {
            "n_songs": 3,
            "n_damaged": 0,
            "n_uncounted": 0,
            "least_read": None,
            "least_read_source": "",
            "lowest": 1.0,
            "lowest_source": "",
            "n_differing": 0,
        }
    }


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (Read("abc", 2), "read by abc: 2"),
        (Read("abc", 2, n_uncounted=1), "read by abc: 2; 1 not counted"),
        (
            Read("abc", 2, lowest=1.0, n_uncounted=1),
            "read by abc: 2; as many notes as counted in every source; 1 not counted",
        ),
        (
            Read("abc", 9, lowest=0.975, lowest_source="x.abc", n_differing=2),
            (
                "read by abc: 9; 2 with more or fewer notes than counted; lowest agreement with "
                "a source 97.5% (x.abc)"
            ),
        ),
        (
            Read("abc", 9, n_damaged=1, least_read=0.5, least_read_source="y.abc"),
            "read by abc: 9; 1 from damaged files, read to at least 50.0% of the notes (y.abc)",
        ),
    ],
)
def test_a_reader_says_how_much_it_read_and_how_far_it_agreed(read, said):
    assert words._reader_lines([read]) == [said]


def test_what_was_built_is_summed_up_in_the_same_words(monkeypatch):
    monkeypatch.setattr(words.music, "views", lambda _: ("jazz",))
    one = counts((10, 2, 1), (1000, 200, 100), (99, 20, 10))
    monkeypatch.setattr(words.music, "count", lambda view, grid: one)
    songs = pd.DataFrame({"reader": ["abc"], "agreement": [1.0], "source": ["a"], "damage": [""]})
    corpus = SimpleNamespace(
        info={"n_ignored": 4, "left_out": ["'rock'"]},
        rejected=pd.DataFrame({"reason": ["too short: 3", "too short: 4"]}),
        genre=lambda name: name,
        songs=songs,
    )
    assert words.summary(corpus, None).splitlines() == [
        "genre  songs  train  validation  test  steps  validation windows",
        "jazz      13     10           2     1   1300                  20",
        "",
        "taken 1, rejected 2, ignored 4 files that are no music",
        "       2  too short",
        "left out: 'rock'",
        "read by abc: 1; as many notes as counted in every source",
    ]
