"""``musebar report``: build a study's pages, open them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar.commands import completion
from musebar.commands.options import LOCAL, finite
from musebar_core.errors import UnknownNameError, UsageError, WorkError
from musebar_core.marks import check_place, replace_file, target_of
from study.home import files

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.results.inflight import InFlight
    from study.results.tables import StudyTables


@click.group()
def report() -> None:
    """Build and open the report pages of a study."""


@report.command()
@click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="NAME...",
    shell_complete=completion.study_names,
)
@click.option(
    "--out",
    type=LOCAL,
    metavar="DIR",
    help="Folder of the pages; default: HOME/NAME/report. Several studies need one.",
)
@click.option(
    "--single-file",
    is_flag=True,
    help="One HTML file for mail, without music: --out names it; default: HOME/NAME/NAME.html.",
)
@click.option(
    "--listen/--no-listen",
    default=True,
    show_default=True,
    help="Play the recommended configurations from their checkpoints.",
)
@click.pass_obj
def build(
    home: AnyPath, names: tuple[str, ...], out: Path | None, single_file: bool, listen: bool
) -> None:
    """Build the report of study NAME, or of several side by side.

    The last line printed is the path of its first page.

    \b
    Examples:
      musebar report build my-study
      musebar report build my-study --single-file --out mine.html
    """
    from reports.output.site import Source, build_site
    from study.results.tables import load_tables

    names = tuple(dict.fromkeys(names))
    if len(names) > 1 and out is None and not single_file:
        raise UsageError("several studies have no folder of their own: name one with --out DIR")
    if single_file:
        click.echo(_single_file(home, names, out))
        return
    target = out or home / names[0] / "report"
    sources = [
        Source(load_tables(home, name), files.copied(home / name) if listen else None)
        for name in names
    ]
    for source in sources:
        if not len(source.tables.results):
            _warn_empty(home, source.tables.name, source.tables.state)
    with files.written(target) as folder:
        index = build_site(sources, folder)
    click.echo(target / index.name)


@report.command()
@click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="NAME...",
    shell_complete=completion.study_names,
)
@click.option("--reference", help="Configuration that effects are against; default musebar_bow.")
@click.option(
    "--out",
    type=LOCAL,
    metavar="FILE",
    help="Markdown file to put the sections into; default: print them.",
)
@click.pass_obj
def table(home: AnyPath, names: tuple[str, ...], reference: str | None, out: Path | None) -> None:
    """Write the results of studies as Markdown: means, intervals, effects, tests.

    With --out, the section of each study in FILE is replaced, or added at its end; what else is
    in FILE stays. The results and the spec that a section rests on go to a folder beside FILE.

    \b
    Examples:
      musebar report table my-study --out results.md
    """
    from reports.output import markdown
    from study.results import measuring
    from study.results.named import named_configurations
    from study.results.tables import load_tables

    text = "" if out is None else _text_of(out)
    sections: dict[str, tuple[StudyTables, str]] = {}
    for name in dict.fromkeys(names):
        tables = load_tables(home, name)
        known = named_configurations(tables)
        if reference is not None and reference not in known:
            raise UnknownNameError("configuration", reference, known, "the study names none")
        against = reference or next((r for r in [markdown.DEFAULT_REFERENCE] if r in known), None)
        content = markdown.section(tables, against, measuring.read(home / name))
        sections[name] = tables, content
    if out is None:
        click.echo("\n".join(content for _, content in sections.values()))
        return
    for name, (tables, content) in sections.items():
        text = markdown.update(text, name, content)
        markdown.write_data(tables, out.with_suffix("") / name)
    target_of(out).parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, text.encode())
    click.echo(out)


@report.command("serve")
@click.argument("name", shell_complete=completion.study_names)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port on this machine; 0: any that is free.",
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    callback=finite,
    default=5.0,
    show_default=True,
    help="Seconds between two looks at the study.",
)
@click.pass_obj
def serve_report(home: AnyPath, name: str, port: int, interval: float) -> None:
    """Serve the report of study NAME on this machine alone, renewed while it runs.

    Ctrl-C ends it; the study goes on.

    \b
    Examples:
      musebar report serve my-study --port 0
    """
    from reports.output.serve import Live, LiveSite, serve
    from study.home.studies import Home
    from study.ledger.reading import Runs
    from study.results.inflight import in_flight, in_flight_mark
    from study.results.tables import load_tables, state_of

    opened = Home(home).open(name)

    def mark() -> str:
        proposed = len(opened.ledger.read(name, runs=Runs.NONE).configurations)
        ended = sum(opened.ledger.ended_counts(name).values())
        return f"{state_of(opened)} {ended} {proposed}"

    def running(tables: StudyTables) -> tuple[InFlight, ...]:
        return in_flight(tables, opened.folder)

    site = LiveSite(
        Live(lambda: load_tables(home, name), mark, running, lambda: in_flight_mark(opened.folder))
    )
    try:
        serve(site, port, interval, click.echo)
    except OSError as error:
        raise WorkError(f"--port {port}: {error.strerror}; choose another, or 0") from None
    except KeyboardInterrupt:
        click.echo("the report is no longer served; the study goes on", err=True)


@report.command("open")
@click.argument("name", required=False, shell_complete=completion.study_names)
@click.option(
    "--out",
    type=LOCAL,
    metavar="DIR",
    help="Folder that the report was built in; default: HOME/NAME/report.",
)
@click.pass_obj
def open_report(home: AnyPath, name: str | None, out: Path | None) -> None:
    """Open the report of study NAME, or the one in DIR, in a browser.

    \b
    Examples:
      musebar report open my-study
    """
    import webbrowser

    if name is None and out is None:
        raise UsageError("name a study, or the folder of a report with --out DIR")
    index = (out or home / str(name) / "report") / "index.html"
    if not index.is_file():
        raise _no_report(home, name, index)
    if not isinstance(index, Path):
        index = files.copied(index.parent) / index.name
    if not webbrowser.open(index.resolve().as_uri()):
        click.echo("no browser could be started; the report is at:", err=True)
    click.echo(index)


def _single_file(home: AnyPath, names: tuple[str, ...], out: Path | None) -> AnyPath:
    from reports.output.singlefile import write_single_file
    from study.results.tables import load_tables

    if len(names) > 1:
        raise UsageError(f"one file holds one study: name one of {', '.join(names)}")
    (name,) = names
    target = out or home / name / f"{name}.html"
    if target.is_dir():
        raise UsageError(f"--out {target}: is a folder; name a file")
    tables = load_tables(home, name)
    with files.written(target.parent) as folder:
        write_single_file(tables, folder / target.name)
    return target


def _text_of(file: Path) -> str:
    """Text of the file that tables go into, with its ends of lines; "" of one that is not there."""
    if file.is_dir():
        raise UsageError(f"--out {file}: is a folder; name a file")
    if not file.suffix:
        raise UsageError(f"--out {file}: has no ending; name a Markdown file, as {file}.md")
    for folder in (target_of(file).parent, file.with_suffix("")):
        check_place(folder)
    try:
        return file.read_bytes().decode("utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"--out {file}: is there and is no text; name another file") from None


def _no_report(home: AnyPath, name: str | None, index: AnyPath) -> UsageError:
    from study.home.studies import Home
    from study.results.tables import study_names

    if name is None:
        return UsageError(f"no report at {index}: name the folder that one was built in")
    _require_study(name, study_names(home), home)
    build = Home(home).command("report build", name)
    return UsageError(f"no report at {index}: build it with `{build}`")


def _warn_empty(home: AnyPath, name: str, state: str) -> None:
    from study.home.studies import Home

    go_on = Home(home).command("study resume", name)
    click.echo(
        f"study '{name}' is {state} and no seed run of it has ended: its report says what was "
        f"asked and nothing more; go on with `{go_on}`",
        err=True,
    )


def _require_study(name: str, known: list[str], home: AnyPath) -> None:
    if name not in known:
        raise UnknownNameError("study", name, known, f"there is no study in {home}")
