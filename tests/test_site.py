"""The documentation site: its commands run, its specs are read, its pages ask nobody."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import search_spaces
from musebar_core.config import Grid
from musebar_core.corpus.labels import read_genre_map
from musebar_core.yamlfile import read_mapping
from study.spec import specfile
from tests.conftest import write_lot
from tests.pages import DOCS, ROOT, Block, blocks, command_lines, complaint, pages, spans

SMALL = {
    "corpus.songs_per_genre": "12",
    "model.hidden": "8",
    "model.layers": "1",
    "training.epochs": "4",
    "training.evaluate_every": "2",
    "training.evaluation_snippets": "16",
    "search.configurations": "2",
    "search.generation": "2",
    "search.finalists": "2",
    "seeds.search": "1",
    "seeds.confirm": "2",
}
"""What a launch of the site's is given beside what stands there: sizes."""

QUICKSTART = {
    "corpus.source": "collections",
    "corpus.grid": "{steps_per_quarter: 1, steps_per_bar: 4, snippet_steps: 64}",
}
"""Of music on which so small a run is trained, so that there is a recommendation to train."""


HOURS = {DOCS / "results.md"}
"""Pages whose commands take hours, and music that does not come along: they are not run."""


def written(page: Path) -> list[Block]:
    return blocks(page, "yaml")


def nav(entry: object) -> list[str]:
    match entry:
        case str():
            return [entry]
        case list():
            return [page for each in entry for page in nav(each)]
        case dict():
            return nav(list(entry.values()))
    raise TypeError(entry)


def site_pages() -> list[Path]:
    content = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    return [DOCS / page for page in nav(content["nav"])]


def test_every_document_that_code_and_pages_name_stands_there():
    written = [ROOT / "Makefile", ROOT / "CHANGELOG.md", *pages()]
    for folder in ("musebar", "musebar_core", "study", "search_spaces", "reports", "benchmarks"):
        written += sorted((ROOT / folder).rglob("*.py"))
    named = {
        (path.relative_to(ROOT), name)
        for path in written
        for name in re.findall(r"docs/[\w/-]+\.md\b", path.read_text())
    }
    assert len(named) > 30
    assert [(str(path), name) for path, name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_of_a_page_is_one_that_musebar_takes(page):
    for line in command_lines(page):
        assert complaint(line) is None, line
    for span in spans(page):
        if not re.search(r"\.\.\.|COMMAND", span):  # some commands alike
            assert complaint(span, whole=False) is None, span


@pytest.mark.parametrize(
    "file", sorted((DOCS / "clusters").glob("*.[ys]*")), ids=lambda file: file.name
)
def test_every_command_line_in_a_cluster_file_is_one_that_musebar_takes(file):
    text = re.sub(r"\\\n#?\s+", " ", file.read_text())
    lines = re.findall(r"(?:^#?\s+|-- +)(musebar\s.*)$", text, re.MULTILINE)
    assert lines
    for line in lines:
        assert complaint(line) is None, line


def test_a_command_line_that_musebar_does_not_take_is_told():
    assert complaint("musebar study lunch x") == "there is no command 'lunch'"
    assert complaint("musebar study launch search --adress URL") is not None
    assert complaint("musebar study launch") == "lacks SPEC"
    assert complaint("musebar study launch a b") == "one argument too many: b"
    assert complaint("musebar recommend jazz --format xml") is not None
    assert complaint("musebar recommend jazz --format yaml > best.yaml") is None


@pytest.mark.parametrize(
    "block",
    [block for page in pages() for block in written(page)],
    ids=lambda block: f"{block.page}:{block.title or block.text.splitlines()[0][:20]}",
)
def test_every_yaml_block_is_what_it_is_said_to_be(block, tmp_path, monkeypatch):
    for other in written(ROOT / block.page):  # a spec may name a space of its page
        if other.title:
            (tmp_path / other.title).write_text(other.text)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / (block.title or "spec.yaml")
    file.write_text(block.text)
    content = read_mapping(file, "block")
    if {"parameters", "configurations"} & set(content):
        assert search_spaces.load_space(str(file), Grid(1, 4, 64)).about
    elif all(isinstance(value, list) for value in content.values()):
        assert read_genre_map(file)
    else:
        spec = specfile.load(str(file))
        assert spec.space.cells()


@pytest.fixture
def reader(tmp_path):
    """A reader's folder: music, cluster files, and a ``musebar`` whose launches are small."""
    for top, genres in (("my-music", ("jazz", "pop")), ("collections", ("chorale", "fiddle"))):
        for genre, lowest in zip(genres, (36, 60), strict=True):
            for song in range(12):
                file = tmp_path / top / genre / f"{song}.mid"
                write_lot(file, song + lowest + len(top), 80, lowest)
    write_lakh(tmp_path / "lmd_matched", tmp_path / "labels.cls")
    (tmp_path / "cluster.yaml").write_text((ROOT / "cluster.yaml").read_text())
    for file in (DOCS / "clusters").iterdir():
        place = tmp_path / "docs" / "clusters" / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.read_text())
    write_command(tmp_path / "bin" / "musebar")
    return tmp_path


def write_lakh(folder, labels):
    """Twelve tracks a genre, in the layout of ``lmd_matched``."""
    lines = []
    for genre, label, lowest in ((0, "Jazz_Classic", 36), (1, "Rock_Alternative", 60)):
        for song in range(12):
            track = f"TRAA{'AB'[genre]}A{'ABCDEFGHIJKL'[song]}128F93{song:05}"
            place = folder / track[2] / track[3] / track[4] / track
            write_lot(place / "song.mid", song + lowest, 80, lowest)
            digest = hashlib.md5((place / "song.mid").read_bytes()).hexdigest()
            (place / "song.mid").rename(place / f"{digest}.mid")
            lines.append(f"{track}\t{label}")
    labels.write_text("\n".join(lines))


def sets(values):
    return shlex.join(part for key, value in values.items() for part in ("--set", f"{key}={value}"))


def write_command(file):
    """``musebar``, which adds sizes to what is launched."""
    start = shlex.join([sys.executable, "-c", "from musebar.cli import main; main()"])
    file.parent.mkdir()
    file.write_text(
        "#!/usr/bin/env bash\n"
        f'case "$*" in *"study launch quickstart"*) set -- "$@" {sets(QUICKSTART)};; esac\n'
        f'case "$*" in *"study launch"*) set -- "$@" {sets(SMALL)};; esac\n'
        f'exec {start} "$@"\n'
    )
    file.chmod(0o755)


@pytest.mark.slow
def test_every_command_and_snippet_of_the_site_runs_in_order(reader):
    path = f"{reader / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}"
    env = os.environ | {
        "PATH": path + os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "120",
    }
    ran = 0
    for page in [page for page in site_pages() if page not in HOURS]:
        for block in blocks(page, "sh", "python", "yaml"):
            if block.language == "yaml":
                if block.title:
                    (reader / block.title).write_text(block.text)
                continue
            shell = ["bash", "-euo", "pipefail", "-c", block.text]
            python = [sys.executable, "-c", block.text]
            done = subprocess.run(
                shell if block.language == "sh" else python,
                cwd=reader,
                env=env,
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
            assert done.returncode == 0, f"{block.page}:\n{block.text}\n{done.stderr[-3000:]}"
            ran += 1
    assert ran > 20
    assert (reader / "tune.mid").read_bytes()[:4] == b"MThd"
    assert (reader / "studies" / "my-study" / "report" / "index.html").is_file()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site, built as ``make docs`` builds it."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(out)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_site_loads_nothing_from_another_host(site):
    loads = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//|"
        r"<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?(?:https?:)?//|"
        r"@import\s|url\([\"']?(?:https?:)?//"
    )
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 20
    for file in files:
        assert loads.search(file.read_text()) is None, file


def test_the_site_documents_every_command_column_and_public_name(site):
    import musebar
    from study.results.columns import CURVES, DECISIONS, RESULTS

    commands = (site / "reference" / "commands.html").read_text()
    for command in ("study launch", "recommend", "corpus genre-map", "cluster check"):
        assert f'id="musebar-{command.replace(" ", "-")}"' in commands
    tables = (site / "reference" / "tables.html").read_text()
    for column in (*RESULTS, *CURVES, *DECISIONS):
        assert f"<code>{column.name}</code>" in tables
    names = (site / "reference" / "python.html").read_text()
    for name in musebar.__all__:
        assert re.search(rf'id="[a-z_.]+\.{name}"', names), name
