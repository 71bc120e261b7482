"""The page of runs on their way: a row a run, by genre."""

from types import SimpleNamespace

from reports.pages import running as page
from reports.pages.site import Site
from reports.pages.view import StudyView, view


def run(config, seed, *evaluations, genre="jazz"):
    rows = tuple(
        SimpleNamespace(epoch=epoch, validation=SimpleNamespace(bce=bce, kl=kl))
        for epoch, bce, kl in evaluations
    )
    return SimpleNamespace(
        genre=genre, config=config, seed=seed, evaluations=rows, epoch=rows[-1].epoch
    )


def test_a_run_says_how_far_it_is_and_what_it_has_reached(make_config):
    config = make_config(8, epochs=3000)
    cells = page._row("named", run(config, 1000, (50, 640.0, 1.0), (1500, 620.0, 2.5)))
    assert [cell.text for cell in cells] == [
        *(config.config_id, "named", "1000", "1,500", "3,000", "620.0", "2.50"),
    ]
    assert [cell.value for cell in cells] == [None, None, 1000, 1500, 3000, 620.0, 2.5]


def test_runs_stand_by_genre_named_as_in_the_study_or_by_all_their_settings(
    make_study, make_config
):
    study = make_study(genres=("jazz", "rock"), state="running")
    study.add(make_config(8), [500.0])
    tables = study.tables()
    known, new = make_config(8), make_config(16)
    runs = (
        run(known, 1001, (50, 640.0, 1.0)),
        run(new, 1002, (50, 650.0, 1.0), genre="rock"),
        run(new, 1000, (50, 645.0, 1.0)),
    )
    seen = StudyView(tables, view(tables).genres, 10, running=runs)
    text = page.running_page(seen, Site(()))
    assert "3 seed runs on the way, as their last checkpoints" in text
    said = "latent length 16, 1 of 16 bars regularized, constant KL weight 1"
    jazz, rock = text.split("<section id=")[1:]
    assert jazz.startswith('"running-jazz-part"')
    assert rock.startswith('"running-rock-part"')
    assert "<td>L 8 · r 1 · constant</td>" in jazz
    assert f"<td>{said}</td>" in jazz
    assert f"<td>{said}</td>" in rock
    assert ("1001" in jazz, "1000" in jazz, "1002" in jazz) == (True, True, False)
    assert "Markov chain 627.0" in rock
    assert page.PAGE.has(seen)
    assert not page.PAGE.has(view(tables))
