"""The command line's root: global options, lazy command groups, one place for errors."""

from __future__ import annotations

import contextlib
import importlib
import logging
import signal
import sys
from typing import TYPE_CHECKING

import click

from musebar_core import terminal
from musebar_core.errors import MuseBarError
from study.home import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED = 130
"""Exit code of what was asked to stop."""

COMMANDS = {
    "corpus": ("musebar.commands.corpus:corpus", "Build and describe corpora."),
    "study": ("musebar.commands.study:study", "Launch studies, and all that goes with them."),
    "report": ("musebar.commands.report:report", "Build and open the report pages of a study."),
    "recommend": ("musebar.commands.recommend:recommend", "Recommend a configuration for a genre."),
    "train": ("musebar.commands.model:train", "Train one configuration."),
    "evaluate": ("musebar.commands.model:evaluate", "Measure a checkpoint on its corpus."),
    "sample": ("musebar.commands.making:sample", "Generate melodies from a checkpoint."),
    "reconstruct": (
        "musebar.commands.making:reconstruct",
        "Encode a song and decode its code: what a model keeps of it.",
    ),
    "interpolate": ("musebar.commands.making:interpolate", "Walk from one song's code to another."),
    "encode": ("musebar.commands.making:encode", "Write the codes of songs as a table."),
    "cluster": ("musebar.commands.cluster:cluster", "Check cluster files before money is spent."),
    "doctor": ("musebar.commands.doctor:doctor", "See whether this machine is fit for studies."),
}
"""Command name to where it lives and its one line of help: ``--help`` imports none of them."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    metavar="DIR",
    envvar="MUSEBAR_HOME",
    default="studies",
    show_default=True,
    help="Folder of studies and corpora, or its URL, as s3://bucket/studies (or MUSEBAR_HOME).",
)
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, to stderr.")
@click.version_option(package_name="musebar-study", prog_name="musebar")
@click.pass_context
def musebar(ctx: click.Context, home: str, verbose: bool) -> None:
    """Find the RVAE configuration that works for your music, with the evidence for it."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )
    ctx.obj = files.to_path(home)


def main() -> None:
    """Run the command line; every error ends as one clear line and an exit code.

    Exit code 0: done. 2: what was typed or named is wrong, found before work starts.
    1: work started and failed. 130: interrupted, by Ctrl-C, SIGTERM or SIGHUP.
    """
    with terminal.guarded(), _signals_interrupt():
        code = _run()
        try:
            sys.stdout.flush()
        except OSError as error:  # a full disk, say
            if not code:
                _say_error(str(error.strerror))
            code = code or 1
    sys.exit(code)


def _run() -> int:
    """Run a command; its exit code."""
    try:
        code = musebar.main(standalone_mode=False)
    except KeyboardInterrupt:
        code = _failed(click.exceptions.Abort())
    except Exception as error:  # noqa: BLE001  whatever it is, nobody reads a traceback
        code = _failed(error)
    return code if isinstance(code, int) else 0


def _failed(error: Exception) -> int:
    """Say what ended a command in one line; its exit code."""
    match error:
        case click.exceptions.Abort():
            click.echo("interrupted", err=True)
            return INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            error.show()
        case click.ClickException():
            context = getattr(error, "ctx", None)
            hint = f" ('{context.command_path} --help' tells how)" if context else ""
            _say_error(f"{error.format_message()}{hint}")
        case MuseBarError(exit_code=code) if code == INTERRUPTED:
            click.echo(terminal.line(str(error)), err=True)
        case MuseBarError():
            _say_error(str(error))
        case OSError():
            named = f"{error.filename}: " if error.filename else ""
            _say_error(f"{named}{error.strerror or error}")
        case _:  # the last line of defence
            logging.getLogger(__name__).info("", exc_info=error)
            _say_error(f"{OWN_FAULT} ({_named(error)}): -v shows where")
    return getattr(error, "exit_code", 1)


OWN_FAULT = "a fault of MuseBar's own"
"""How an error is named that nobody foresaw."""


def _named(error: Exception) -> str:
    """An error's kind and message; the kind alone where a library's words may hold a password."""
    said, kind = str(error), type(error).__name__
    return kind if "@" in said else f"{kind}: {said}"


def _say_error(message: str) -> None:
    click.echo(f"Error: {terminal.line(message)}", err=True)


@contextlib.contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end a command in order, as Ctrl-C does, unless they are ignored."""
    ours: list[signal.Signals] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)
            ours.append(number)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
