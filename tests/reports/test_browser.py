"""Every page in a real, headless Chromium: Debian's, driven by Playwright."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from reports.output.singlefile import write_single_file
from reports.output.site import Source as ReportSource
from reports.output.site import build_report, build_site
from tests.services import missing

pytestmark = pytest.mark.browser

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
VIEWS = [
    pytest.param("light", DESKTOP, id="light-desktop"),
    pytest.param("dark", PHONE, id="dark-phone"),
    pytest.param("dark", DESKTOP, id="dark-desktop", marks=pytest.mark.slow),
    pytest.param("light", PHONE, id="light-phone", marks=pytest.mark.slow),
]
HOSTILE = '<img src=x onerror="alert(1)">&"\' 🎷 ' + "long " * 60

CHARTS = """() => [...document.querySelectorAll("script[data-figure]")].map((script) => {
  const plot = document.getElementById(script.dataset.figure);
  const wanted = JSON.parse(script.textContent).data;
  const marks = plot.querySelectorAll(
    ".trace path, .trace line, .point, .heatmaplayer image, .contourlayer path");
  const seen = [...marks].filter((mark) => {
    const box = mark.getBoundingClientRect();
    return box.width + box.height > 0;
  });
  return { id: plot.id, wanted: wanted.length, drawn: (plot.calcdata || []).length,
           seen: seen.length };
})"""


@pytest.fixture(scope="module")
def chromium():
    from playwright import sync_api

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium is not installed: make debian")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def real(tiny_settings, tmp_path_factory):
    """The report of a tiny study that was really run, with its music."""
    home = tmp_path_factory.mktemp("home")
    settings = tiny_settings | {"search.configurations": "12"}
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    for command in (
        ["study", "launch", "search", "--name", "tiny", *given],
        ["report", "build", "tiny"],
    ):
        subprocess.run(
            [sys.executable, "-c", "from musebar.cli import main; main()", *command],
            env=os.environ | {"MUSEBAR_HOME": str(home)},
            check=True,
            timeout=1500,
        )
    return home / "tiny" / "report"


@pytest.fixture(scope="module")
def simulated(rich_tables, tmp_path_factory):
    """Two studies side by side, with names that would break a careless page."""
    out = tmp_path_factory.mktemp("simulated") / "report"
    build_site(
        [
            ReportSource(rich_tables("demo", ("jazz", HOSTILE))),
            ReportSource(rich_tables("other", ("jazz",), state="running")),
        ],
        out,
    )
    return out


class Opened:
    """A page that was opened, and everything that it asked for or complained about."""

    def __init__(self, browser, file, scheme="light", size=DESKTOP):
        self.errors, self.requests = [], []
        context = browser.new_context(color_scheme=scheme, viewport=size, accept_downloads=True)
        self.page = context.new_page()
        self.page.set_default_timeout(240_000)  # a busy machine is no failure
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("dialog", lambda one: self.errors.append(f"dialog: {one.message}"))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.documentElement.dataset.drawn === 'true'")

    def _failed(self, request):
        """A player that has read how long a sound is leaves the rest of the file: no failure."""
        if (request.resource_type, request.failure) != ("media", "net::ERR_ABORTED"):
            self.errors.append(f"failed: {request.url} ({request.failure})")

    def _said(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.context.close()


def pages(report):
    return sorted(report.rglob("*.html"))


def kinds(report):
    """Every page, but of the pages of configurations, which are all of one make, two."""
    configurations = [file for file in pages(report) if file.name.startswith("config-")]
    return [file for file in pages(report) if file not in configurations[1:-1]]


@pytest.fixture(params=["real", "simulated"])
def report(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(("scheme", "size"), VIEWS)
def test_every_page_loads_draws_every_trace_and_fits(chromium, report, scheme, size):
    for file in kinds(report):
        with Opened(chromium, file, scheme, size) as opened:
            assert opened.errors == [], file.name
            assert all(url.startswith(("file://", "data:", "blob:")) for url in opened.requests)
            for chart in opened.page.evaluate(CHARTS):
                assert chart["drawn"] == chart["wanted"], (file.name, chart)
                assert chart["seen"] > 0, (file.name, chart)
            wide = opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (file.name, wide)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(chromium, report, scheme):
    from axe_playwright_python.sync_playwright import Axe

    for file in kinds(report):
        with Opened(chromium, file, scheme) as opened:
            found = Axe().run(opened.page).response["violations"]
            grave = [
                (one["id"], [node["target"] for node in one["nodes"]][:5])
                for one in found
                if one["impact"] in {"serious", "critical"}
            ]
            assert grave == [], file.name


def test_every_link_and_anchor_leads_somewhere(chromium, report):
    ids, links = {}, {}
    for file in pages(report):
        with Opened(chromium, file) as opened:
            ids[file] = set(
                opened.page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
            )
            links[file] = opened.page.evaluate("[...document.links].map((link) => link.href)")
    for file, urls in links.items():
        for url in urls:
            target = (file.parent / unquote(urlsplit(url).path)).resolve()
            assert target.is_file(), (file.name, url)
            if fragment := unquote(urlsplit(url).fragment):
                assert fragment in ids[target], (file.name, url)


def test_tables_sort_by_value_and_back_by_click_and_by_key(chromium, report):
    (file,) = [one for one in pages(report) if one.name.startswith("genre-")][:1]
    with Opened(chromium, file) as opened:
        table = opened.page.locator('table[data-name="configurations"]')
        column = table.locator("th").all_inner_texts().index("BCE")
        cells = f"""[...document.querySelectorAll(
            'table[data-name="configurations"] tbody tr')
          ].map((row) => Number(row.cells[{column}].dataset.value))"""
        button = table.locator("th button").nth(column)
        button.click()
        ascending = opened.page.evaluate(cells)
        assert ascending == sorted(ascending)
        assert len(set(ascending)) > 1
        button.press("Enter")
        assert opened.page.evaluate(cells) == sorted(ascending, reverse=True)
        assert table.locator("th").nth(column).get_attribute("aria-sort") == "descending"


def test_every_table_downloads_as_csv_with_every_row(chromium, report):
    for file in kinds(report):
        with Opened(chromium, file) as opened:
            page = opened.page
            page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
            for at in range(page.locator("table").count()):
                table = page.locator("table").nth(at)
                page.wait_for_timeout(250)  # Chromium drops the eleventh download within seconds
                with page.expect_download() as download:
                    page.locator(".table").nth(at).get_by_text("download CSV").click()
                text = Path(download.value.path()).read_bytes().decode("utf-8-sig")
                rows = list(csv.reader(io.StringIO(text, newline="")))
                assert len(rows) == table.locator("tr").count()
                headings = table.locator("thead th").all_inner_texts()
                assert [name for name in rows[0] if name in headings] == headings
                assert len({len(row) for row in rows}) == 1


def test_every_piece_of_music_plays(chromium, real):
    with Opened(chromium, real / "listen.html") as opened:
        players = opened.page.locator("audio")
        assert players.count() >= 16  # with originals and reconstructions
        for at in range(players.count()):
            seconds = players.nth(at).evaluate(
                "async (one) => { await one.play(); one.pause(); return one.duration; }"
            )
            assert seconds > 1
        players.nth(0).evaluate("(one) => one.play()")
        players.nth(1).evaluate("(one) => one.play()")
        going = "(all) => all.map((one) => !one.paused)"
        assert players.evaluate_all(going)[:2] == [False, True]
        assert opened.errors == []


def test_colours_follow_the_reader_while_the_page_is_open(chromium, simulated):
    file = next(one for one in pages(simulated) if one.name.startswith("search-"))
    with Opened(chromium, file) as opened:
        colour = "document.querySelector('.plot .xtick text').style.fill"
        light = opened.page.evaluate(colour)
        opened.page.emulate_media(color_scheme="dark")
        opened.page.wait_for_function(f"{colour} !== '{light}'")


def test_hostile_names_are_text_on_every_page(chromium, simulated):
    for file in kinds(simulated):
        with Opened(chromium, file) as opened:
            assert opened.page.locator("img").count() == 0
            assert opened.errors == []
    card = next(one for one in kinds(simulated) if "img-src" in one.name and "genre" in one.name)
    with Opened(chromium, card) as opened:
        assert opened.page.locator("h1").inner_text().startswith('<img src=x onerror="alert(1)">')


def test_print_shows_whole_tables_and_hides_what_cannot_be_pressed(chromium, simulated):
    for file in kinds(simulated):
        with Opened(chromium, file, "dark") as opened:
            opened.page.emulate_media(media="print", color_scheme="dark")
            shown = opened.page.evaluate("""() => ({
              buttons: [...document.querySelectorAll(".download, .top nav, .skip")].filter(
                (one) => getComputedStyle(one).display !== "none").length,
              cut: [...document.querySelectorAll(".scroll")].filter(
                (one) => one.scrollHeight > one.clientHeight + 1).length,
              ground: getComputedStyle(document.body).backgroundColor,
            })""")
            assert shown == {"buttons": 0, "cut": 0, "ground": "rgb(255, 255, 255)"}, file.name
            assert opened.page.pdf().startswith(b"%PDF")


def test_the_first_key_leads_past_the_navigation_and_the_next_into_it(chromium, simulated):
    file = next(one for one in pages(simulated) if one.name.startswith("genre-"))
    with Opened(chromium, file) as opened:
        focused = "document.activeElement.textContent.trim()"
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate(focused) == "Skip to the content"
        box = opened.page.locator(".skip").bounding_box()
        assert box["x"] >= 0
        opened.page.keyboard.press("Enter")
        assert opened.page.evaluate("location.hash") == "#content"
        opened.page.keyboard.press("Tab")
        inside = "document.getElementById('content').contains(document.activeElement)"
        assert opened.page.evaluate(inside)


def test_a_page_without_its_plotly_says_so_and_keeps_its_tables(chromium, rich_tables, tmp_path):
    index = build_report(rich_tables(), tmp_path / "report")
    (index.parent / "plotly.min.js").unlink()
    with Opened(chromium, index.parent / "methods.html") as opened:
        assert "plotly.min.js, which is missing" in opened.page.locator(".plot").first.inner_text()
        opened.page.locator("details summary").first.click()
        opened.page.locator("table th button").first.click()
        assert opened.page.locator("th[aria-sort]").count() == 1


def test_a_study_without_runs_has_a_page_that_says_so(chromium, make_study, tmp_path):
    index = build_report(make_study(genres=(), state="created").tables(), tmp_path / "report")
    with Opened(chromium, index) as opened:
        assert "Nothing has run yet" in opened.page.locator("main").inner_text()
        assert opened.errors == []


def test_a_file_of_a_table_holds_numbers_and_is_named_for_study_and_genre(chromium, simulated):
    file = simulated / "demo" / "genre-jazz.html"
    with Opened(chromium, file) as opened:
        box = opened.page.locator("#table-configurations")
        with opened.page.expect_download() as download:
            box.get_by_text("download CSV").click()
        assert download.value.suggested_filename == "demo-jazz-configurations.csv"
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
        first = rows[0]
        low, mean, high = (float(first[name]) for name in ("BCE low", "BCE", "BCE high"))
        assert low < mean < high
        assert first["BCE n"] == "10"
        with opened.page.expect_download() as download:
            box.get_by_text("LaTeX").click()
        text = Path(download.value.path()).read_text()
        assert "\\begin{tabular}" in text
        assert "study demo" in text


def test_no_figure_has_a_bar_of_tools_or_an_upload(chromium, simulated):
    with Opened(chromium, simulated / "demo" / "genre-jazz.html") as opened:
        opened.page.locator(".plot").first.hover()
        assert opened.page.locator(".modebar-btn").count() == 0
        clouds = "[...document.querySelectorAll('[data-title*=loud], [aria-label*=loud]')].length"
        assert opened.page.evaluate(clouds) == 0


def test_a_figure_is_saved_light_with_its_title_and_source_on_a_dark_page(chromium, simulated):
    with Opened(chromium, simulated / "demo" / "genre-jazz.html", "dark") as opened:
        figure = opened.page.locator("#fig-rate-figure")
        with opened.page.expect_download() as download:
            figure.get_by_text("SVG", exact=True).click()
        assert download.value.suggested_filename == "demo-jazz-rate.svg"
        text = Path(download.value.path()).read_text()
        assert "Rate against distortion: BCE over KL" in text
        assert "study demo" in text
        assert "#e8e5dd" not in text  # the ink of a dark page
        assert "232, 229, 221" not in text


SWIPE = """() => {
  const drag = document.querySelector("#fig-rate .nsewdrag");
  const { left, top } = drag.getBoundingClientRect();
  return ["touchstart", "touchmove", "touchend"].map((kind, at) => {
    const touch = new Touch({ identifier: 1, target: drag, clientX: left + 60,
                              clientY: top + 200 - 80 * at });
    const event = new TouchEvent(kind, { touches: [touch], targetTouches: [touch],
      changedTouches: [touch], bubbles: true, cancelable: true });
    drag.dispatchEvent(event);
    return event.defaultPrevented;
  });
}"""
"""A finger that moves up over a figure: whether each of its events was kept from the page."""


def test_a_finger_on_a_figure_scrolls_the_page_and_zooms_nothing(chromium, simulated):
    context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(240_000)
    page.goto((simulated / "demo" / "genre-jazz.html").as_uri())
    page.wait_for_function("document.documentElement.dataset.drawn === 'true'")
    ranges = "JSON.stringify(document.getElementById('fig-rate')._fullLayout.xaxis.range)"
    shown = page.evaluate(ranges)
    assert page.evaluate(SWIPE) == [False, False, False]
    assert page.evaluate(ranges) == shown
    context.close()


GENRES = ("classical", "jazz", "pop")


@pytest.fixture(scope="module")
def of_genres(rich_tables, tmp_path_factory):
    """A study of several genres, as a reader finds it: by its first page."""
    out = tmp_path_factory.mktemp("genres") / "report"
    build_site([ReportSource(rich_tables("genres", GENRES))], out)
    return out


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("size", [{"width": 1400, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_reader_finds_answer_yaml_default_and_cost_in_three_clicks(
    chromium, of_genres, size, genre
):
    wide = "document.documentElement.scrollWidth - innerWidth"
    with Opened(chromium, of_genres / "index.html", size=size) as opened:
        page = opened.page
        article = page.locator("article.genre-answer").filter(has_text=genre)
        answer = article.inner_text()
        assert "a training" in answer
        assert "Against the paper's default" in answer
        assert page.evaluate(wide) <= 0
        article.get_by_text("Settings as YAML").click()  # the first click
        page.wait_for_function("document.documentElement.dataset.drawn === 'true'")
        settings = page.locator("pre").filter(has_text=f"genre: {genre}")
        chosen = page.url.rpartition("config-")[2].partition(".")[0]
        told = yaml.safe_load(settings.inner_text())
        assert (told["genre"], told["config_id"]) == (genre, chosen)
        copy = page.locator("section, article, div").filter(has=settings).last
        copy.get_by_label("Copy YAML").click()  # the second
        page.wait_for_function(
            "[...document.querySelectorAll('[data-copy]')].some((b) => b.textContent === 'copied')"
        )
        compared = page.locator("table[data-name^=tests-]").first.inner_text()
        assert "BCE" in compared
        assert page.evaluate(wide) <= 0


def test_filters_and_the_selected_set_reach_tables_and_figures(chromium, simulated):
    with Opened(chromium, simulated / "demo" / "search-jazz.html") as opened:
        page = opened.page
        shown = "document.querySelectorAll('tr[data-config]:not([hidden])').length"
        every = page.evaluate(shown)
        page.get_by_label("Only configurations whose latent length is").select_option("4")
        assert 0 < page.evaluate(shown) < every
        page.get_by_text("select these").click()
        page.get_by_label("Only configurations whose latent length is").select_option("")
        assert page.evaluate(shown) == every
        assert page.evaluate("document.querySelectorAll('tr.lit').length") > 0
        assert "selected:" in page.locator("#steer [role=status]").inner_text()
        points = """[...document.querySelectorAll('.plot')].flatMap((plot) => plot.data).some(
          (trace) => trace.selectedpoints && trace.selectedpoints.length < trace.x.length)"""
        assert page.evaluate(points)
        assert opened.errors == []


def test_another_slice_of_a_heatmap_is_drawn_when_it_is_chosen(chromium, simulated):
    with Opened(chromium, simulated / "demo" / "heatmaps.html") as opened:
        page = opened.page
        choose = page.locator("select[data-slices]").first
        before = page.locator(".slice .plot").first.get_attribute("id")
        choose.select_option("1")
        page.wait_for_function("document.querySelector('.slice .plot').dataset.drawn === 'true'")
        assert page.locator(".slice .plot").first.get_attribute("id") != before
        choose.select_option("0")
        page.wait_for_function("document.querySelector('.slice .plot').dataset.drawn === 'true'")
        assert page.locator(".slice .plot").first.get_attribute("id") == before


def test_a_report_of_one_file_shows_every_page_and_goes_back(chromium, rich_tables, tmp_path):
    file = write_single_file(rich_tables(), tmp_path / "demo.html")
    with Opened(chromium, file) as opened:
        page = opened.page
        page.get_by_text("Settings as YAML").first.click()
        page.wait_for_function("document.documentElement.dataset.drawn === 'true'")
        assert "config_id:" in page.locator("pre").first.inner_text()
        assert page.locator(".plot[data-drawn]").count() > 0
        page.go_back()
        page.wait_for_function("document.querySelector('article.genre-answer') !== null")
        assert opened.errors == []
        assert {url.split(":")[0] for url in opened.requests} <= {"file", "data", "blob"}
        assert sum(url.startswith("file:") for url in opened.requests) == 1


@pytest.fixture
def running(tiny_settings, tmp_path):
    """A study that runs, and the address at which its report is served meanwhile."""
    slow = {
        "training": "{profile: strong, epochs: 3000, batch: 4, evaluate_every: 100, "
        "evaluation_snippets: 16}",
        "storage.checkpoint_seconds": "0",
        "search.configurations": "12",
    }
    settings = tiny_settings | slow
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-c", "from musebar.cli import main; main()"]
    env = os.environ | {"MUSEBAR_HOME": str(tmp_path)}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    study = subprocess.Popen(
        [*command, "study", "launch", "search", "--name", "tiny", *given], env=env, **silent
    )
    while not (tmp_path / "tiny" / "study.yaml").exists() and study.poll() is None:
        time.sleep(0.2)
    serve = [*command, "report", "serve", "tiny", "--port", "0", "--interval", "0.5"]
    server = subprocess.Popen(serve, env=env, stdout=subprocess.PIPE, text=True)
    (address,) = re.findall(r"http://127\.0\.0\.1:\d+/?", server.stdout.readline())
    yield address.rstrip("/"), study
    for process in (server, study):
        process.send_signal(signal.SIGINT)
    assert (server.wait(60), study.wait(120)) != (None, None)


def test_a_served_page_follows_the_study_that_runs_beside_it(chromium, running):
    address, study = running
    context = chromium.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(240_000)
    asked, errors = [], []
    page.on("request", lambda one: asked.append(one.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    while not page.goto(f"{address}/running.html").ok:  # nothing is on its way yet
        assert study.poll() is None
        time.sleep(0.2)
    assert page.locator(".plot[data-drawn]").first.is_visible()
    assert page.locator("a[href='log.txt']").count() > 0
    rows = "[...document.querySelectorAll('table[data-name^=running] tbody tr')]"
    seen = f"{rows}.map((row) => row.innerText).join()"
    before = page.evaluate(seen)
    assert before
    page.wait_for_function(f"{rows}.length > 0 && {seen} !== {json.dumps(before)}")  # by itself
    page.goto(f"{address}/index.html")
    before = page.evaluate("document.body.innerText")
    page.wait_for_function(f"document.body.innerText !== {json.dumps(before)}")
    assert errors == []
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    context.close()
