"""The first page: what each table and each sentence of it says."""

from dataclasses import replace

import pytest

from reports.answers.overview import GenreProgress, Scale
from reports.pages import overview as page
from reports.pages.listen import LISTEN
from reports.pages.overview import asked_line, scale_line
from reports.pages.site import Place, Site
from reports.pages.view import view
from reports.words.slugs import page_name
from study.spec import specfile


def cells(table, name):
    at = table.columns.index(name)
    return [row[at] for row in table.rows]


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


@pytest.fixture
def study(make_study, make_config):
    """Jazz has a choice above the paper's default, rock only undertrained runs, folk too few."""
    study = make_study(genres=("jazz", "rock", "folk"))
    study.add(make_config(8), [500.0] * 10, collapsed=1, mi=(2.0, 3.0))
    study.add(
        make_config(16, 8, "linear"), [510.0] * 10, method="musebar_bow", phase="methods", kl=6.0
    )
    study.add(make_config(8), [700.0] * 10, genre="rock")
    study.add(make_config(8), [500.0], genre="folk", planned=10, failed=2)
    return study


def test_a_line_of_the_answers_is_of_test_and_of_its_genre(study):
    seen = view(study.tables())
    jazz = next(one for one in seen.genres if one.name == "jazz")
    table = page._answer((jazz,))
    assert dict(zip(table.columns, (cell.text for cell in table.rows[0]), strict=True)) == {
        "genre": "jazz",
        "answer": "use this",
        "recommended": "L 8 · r 1 · constant",
        "test BCE": "501.0 [501.0, 501.0]",
        "Markov": "627.0",
        # one of ten collapsed: 1.8 and 2.71
        "test MI": "1.80 to 2.71",
        "collapsed": "1 of 10",
        "tie set": "1 of 2",
        "over the default": "10 of 10 seeds",
        "cost": "0.20 CPU-hours",
        "configuration": jazz.chosen.config_id,
    }
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["genre"].href == page_name("jazz")
    assert (row["Markov"].value, row["test MI"].value) == (627.0, pytest.approx(1.8))
    assert (row["collapsed"].value, row["tie set"].value) == (1, 1)
    assert (row["over the default"].value, row["cost"].value) == (1.0, pytest.approx(0.2))
    assert not any(cell.warning for cell in table.rows[0])


def test_a_genre_without_an_answer_says_whether_anything_works(study):
    seen = view(study.tables())
    table = page._answer(seen.genres)
    said = {row[0].text: row[1] for row in table.rows}
    assert (said["rock"].text, said["rock"].warning) == ("nothing works yet", True)
    assert (said["folk"].text, said["folk"].warning) == ("none yet", True)
    assert {len(row) for row in table.rows} == {len(table.columns)}


@pytest.mark.parametrize(
    ("n", "method", "tied", "over"),
    [
        (10, "musebar_bow", "2 of 2", "itself"),
        (10, "musebar", "2 of 2", "not known"),
        (2, "musebar", "2 of 2", "not known"),
        (1, "musebar", "too few seeds", "not known"),
    ],
)
def test_the_tie_set_is_counted_unless_seeds_are_too_few(
    make_study, make_config, n, method, tied, over
):
    study = make_study(confirm=n)
    for latent in (8, 16):
        study.add(make_config(latent), [500.0] * n, method=method, phase="methods")
    (genre,) = view(study.tables()).genres
    found = page._sureness(genre.found.answer.card)
    assert [cell.text for cell in found] == [tied, over]


def test_of_one_candidate_alone_the_tie_set_is_one(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(8), [500.0])
    (genre,) = view(study.tables()).genres
    assert page._sureness(genre.found.answer.card)[0].text == "1 of 1"


def test_what_is_better_than_the_choice_stands_in_its_answer_and_is_not_repeated(default_better):
    seen = view(default_better(state="running").tables())
    (genre,) = seen.genres
    shown = page._genre(seen, genre, Site(()))
    assert shown["kind"] == "open"
    assert shown["first"].startswith("The paper's default is better: ")
    # small scale and the running study are said above, of all genres
    assert page._warnings(genre.found) == []
    (row,) = page._answer(seen.genres).rows
    assert row[2].warning


def test_other_warnings_are_said_of_their_genre(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2, collapsed=1)
    (genre,) = view(study.tables()).genres
    first, second = page._warnings(genre.found)
    assert first.startswith("1 of 2 seeds collapsed on validation")
    assert second.startswith("Only 2 seeds")


def test_an_answer_leads_to_its_configuration_and_to_what_it_plays(study):
    seen = replace(view(study.tables()), music={"jazz": None})
    jazz = next(one for one in seen.genres if one.name == "jazz")
    shown = page._genre(seen, jazz, Site((Place(LISTEN),)))
    assert (shown["verdict"], shown["kind"], shown["first"]) == ("use this", "holds", "")
    assert shown["href"] == f"config-{jazz.chosen.config_id}.html"
    assert shown["listen"] == "listen.html#genre-jazz"
    assert shown["card"] == page_name("jazz")
    assert shown["called"] == "L 8 · r 1 · constant"
    assert shown["command"].startswith("musebar recommend jazz --study demo")
    assert page._genre(seen, jazz, Site(()))["listen"] == ""
    silent = replace(seen, music={"rock": None})
    assert page._genre(silent, jazz, Site((Place(LISTEN),)))["listen"] == ""


def test_a_genre_without_an_answer_says_what_is_lacking(study):
    seen = view(study.tables())
    shown = {one.name: page._genre(seen, one, Site(())) for one in seen.genres}
    assert (shown["rock"]["verdict"], shown["rock"]["kind"]) == ("nothing works yet", "fails")
    assert (shown["folk"]["verdict"], shown["folk"]["kind"]) == ("none yet", "open")
    assert shown["folk"]["said"].startswith("No configuration has all 10 seeds yet: ")
    assert shown["folk"]["said"].endswith(".")
    assert (shown["folk"]["command"], shown["folk"]["chosen"]) == ("", None)


def test_every_known_genre_stands_against_the_markov_chain(study):
    seen = view(study.tables())
    chart = page._standings(seen)
    # test 501 and 511 against 627
    assert texts(chart.table) == [
        ["jazz", "-126.0 [-126.0, -126.0]", "-116.0 [-116.0, -116.0]"],
    ]
    study.baselines = {}
    assert page._standings(view(study.tables())) is None


def test_runs_are_counted_genre_by_genre_and_what_lacks_warns():
    table = page._progress(
        (
            GenreProgress("jazz", 1200, 1100, 3, 2, 1, {"CPU": 0.5, "GPU": 1.0}),
            GenreProgress("rock", 5, 5, 0, 0, 0, {}),
        )
    )
    assert table.columns == (
        *("genre", "planned", "done", "failed", "undertrained", "collapsed", "cost"),
    )
    assert texts(table) == [
        ["jazz", "1,200", "1,100", "3", "2", "1", "0.50 CPU-hours and 1.00 GPU-hours"],
        ["rock", "5", "5", "0", "0", "0", "-"],
    ]
    assert [cell.value for cell in table.rows[0]] == [None, 1200, 1100, 3, 2, 1, 1.5]
    assert [cell.warning for cell in table.rows[0]] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    assert not any(cell.warning for cell in table.rows[1])
    assert table.rows[0][0].href == page_name("jazz")


def test_the_music_is_listed_by_genre(make_study):
    tables = make_study(genres=("rock", "jazz")).tables()
    tables.genres["test_songs"] = 13
    tables.genres["test_snippets"] = 2000
    table = page._corpora(tables)
    assert table.columns == (
        *("genre", "fingerprint", "train songs", "validation songs", "test songs"),
        *("validation snippets", "test snippets"),
    )
    assert texts(table) == [
        [genre, "f" * 12, "96", "12", "13", "1,024", "2,000"] for genre in ("jazz", "rock")
    ]


@pytest.mark.parametrize(
    ("decided", "hours", "said"),
    [
        (1, {"CPU": 3.0}, "3.00 CPU-hours for the one recommendation."),
        (2, {"CPU": 3.0, "GPU": 1.0}, "1.50 CPU-hours and 0.50 GPU-hours for each of 2 recommend"),
        (0, {"CPU": 3.0}, ""),
        (2, {}, ""),
    ],
)
def test_the_cost_is_shared_among_the_recommendations(
    make_study, make_config, decided, hours, said
):
    study = make_study(genres=("jazz", "rock", "new"), confirm=2)
    for genre in ("jazz", "rock")[:decided]:
        study.add(make_config(8), [500.0] * 2, genre=genre)
    found = page._per_decision(view(study.tables()), hours)
    assert found.startswith(said)
    assert bool(found) is bool(said)


def test_a_code_too_long_for_its_snippets_is_said_once_for_all_genres_of_which_it_is_true(
    make_study, make_config
):
    study = make_study(genres=("jazz", "rock", "folk"), confirm=2)
    study.snippets = 200
    for genre in ("jazz", "rock"):
        study.add(make_config(8), [500.0] * 2, genre=genre)
        study.add(make_config(32), [550.0] * 2, genre=genre)
    study.add(make_config(8), [500.0] * 2, genre="folk")
    ((names, said),) = page._short(view(study.tables()).genres)
    assert names == "jazz, rock"
    assert said.startswith("For the longest code run, L = 32: ")


def test_a_citation_names_the_study_its_music_its_versions_and_its_year(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0])
    study.rows[0]["versions"] = '{"musebar-study":"1.2"}'
    assert page._citation(view(study.tables())) == (
        "@misc{musebar-demo,\n"
        "  title = {MuseBar study demo},\n"
        "  year = {2026},\n"
        f"  note = {{study demo; music jazz {'f' * 12}; musebar-study 1.2; data of 2026-01-01}},\n"
        "}\n"
    )
    assert "year" not in page._citation(view(make_study().tables()))


def test_a_grid_is_asked_for_in_whole(make_study):
    tables = replace(make_study().tables(), spec=specfile.load("paper-latent"))
    assert asked_line(tables) == "Every configuration of the space “latent_length”, on 10 seeds."


def test_what_was_asked_counts_configurations_and_seeds(make_study):
    tables = make_study(confirm=1, purpose="density").tables()
    assert asked_line(tables).startswith(
        "60 configurations of the space “full” a genre, each on 2 seeds to search; the best 3 and "
        "the paper's four methods on 1 seed to confirm. Asked for density"
    )
    search = tables.spec.search.model_copy(update={"methods": False, "finalists": 1})
    spec = tables.spec.model_copy(update={"search": search})
    said = asked_line(replace(tables, spec=spec))
    assert "to search; the best one on 1 seed to confirm." in said


@pytest.mark.parametrize(
    ("scale", "parts"),
    [
        (
            Scale((240,), (512,), (3000,), None, 10),
            ["T = 240 steps a snippet", "H = 512 units", "3,000 epochs", "10 seeds"],
        ),
        (
            Scale((64, 240), (48, 64, 512), (100, 200), (96, 1200), 1),
            [
                *("T = 64 to 240 steps a snippet", "H = 48 to 512 units", "100 to 200 epochs"),
                *("96 to 1,200 training songs a genre", "1 seed"),
            ],
        ),
        (
            Scale((64,), (48,), (100,), (96, 96), 2),
            [
                *("T = 64 steps a snippet", "H = 48 units", "100 epochs"),
                *("96 training songs a genre", "2 seeds"),
            ],
        ),
    ],
)
def test_a_scale_is_a_line(scale, parts):
    assert scale_line(scale).split(" · ") == parts


def test_no_hours_are_a_dash_and_their_sum_sorts():
    assert (page._cost({}).text, page._cost({}).value) == ("-", None)
    assert page._cost({"CPU": 1.0, "GPU": 0.5}).value == 1.5


def test_no_password_of_the_spec_or_the_corpus_is_on_the_page(make_study, make_config):
    study = make_study(confirm=2)
    study.about = "of s3://key:word@bucket"
    study.add(make_config(8), [500.0] * 2)
    tables = replace(study.tables(), corpus_path="s3://other:pass@bucket/corpus")
    seen = replace(view(tables), silent={"b": "no checkpoint", "a": "no checkpoint"})
    text = page.overview_page(seen, Site(()))
    assert "of s3://***@bucket" in text
    assert "s3://***@bucket/corpus" in text
    assert not any(secret in text for secret in ("word@", "pass@", "db/ledger", "ann:secret"))
    # genres that play nothing stand in order
    assert 0 < text.index("<b>a:</b> no checkpoint") < text.index("<b>b:</b> no checkpoint")


def shown(study):
    return " ".join(page.overview_page(view(study.tables()), Site(())).split())


def test_hours_nodes_and_versions_are_said_and_mixed_versions_warn(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2, failed=1)
    study.rows[0] |= {"versions": '{"numpy":"2.0","torch":"2.8.0"}', "node": "attic"}
    text = shown(study)
    assert (
        "<b>0.03 CPU-hours</b> of seed runs, 0.01 CPU-hours of them in runs that failed. Attempts "
        "that failed and were retried are not counted. That is 0.03 CPU-hours for the one "
        "recommendation. Run on attic, box.</p>"
    ) in text
    assert "<li><b>numpy</b> 2.0</li>" in text
    assert '<li class="warning"><b>torch</b> 2.8.0, 2.9.0 (mixed)</li>' in text
    assert "Not finished" not in text
    assert '<p class="eyebrow">Study, finished</p>' in text


def test_a_study_without_hours_says_whether_anything_has_run(make_study, make_config):
    study = make_study(genres=(), state="running")
    text = shown(study)
    assert "Nothing has run yet." in text
    assert "<b>Not finished.</b> The study is running" in text
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    for row in study.rows:
        row["seconds"] = None
    assert "No run has recorded its time yet." in shown(study)


def test_an_answer_at_a_glance_leads_to_its_whole(study):
    text = shown(study)
    glance = text[text.index('<ul class="glance"') : text.index("</ul>", text.index("glance"))]
    assert (
        '<a href="#answer-jazz">jazz</a> <b class="verdict holds">use this</b> '
        "<span>L 8 · r 1 · constant</span>"
    ) in glance
    rock = '<a href="#answer-rock">rock</a> <b class="verdict fails">nothing works yet</b></li>'
    assert rock in glance
    assert '<article class="genre-answer" id="answer-jazz">' in text
    assert "<dt>To train one</dt><dd>36 CPU-seconds a training; about" in text
