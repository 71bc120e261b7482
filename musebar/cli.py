"""The command line's root: global options, lazy command groups, one place for errors."""

from __future__ import annotations

import importlib
import logging
import sys

import click

from musebar_core.errors import MuseBarError
from study.home import files

INTERRUPTED = 130
"""Exit code of what was asked to stop."""

COMMANDS = {
    "corpus": ("musebar.commands.corpus:corpus", "Build and describe corpora."),
    "study": ("musebar.commands.study:study", "Launch, watch, stop, resume and export studies."),
    "report": ("musebar.commands.report:report", "Build and open the report pages of a study."),
    "recommend": ("musebar.commands.recommend:recommend", "Recommend a configuration for a genre."),
    "train": ("musebar.commands.model:train", "Train one configuration."),
    "evaluate": ("musebar.commands.model:evaluate", "Measure a checkpoint on its corpus."),
    "sample": ("musebar.commands.model:sample", "Generate a MIDI file from a checkpoint."),
    "interpolate": (
        "musebar.commands.model:interpolate",
        "Walk between two latent codes, as MIDI.",
    ),
    "cluster": ("musebar.commands.cluster:cluster", "Check cluster files before money is spent."),
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
    1: work started and failed. 130: interrupted.
    """
    try:
        code = musebar.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except MuseBarError as error:
        click.echo(str(error) if error.exit_code == INTERRUPTED else f"Error: {error}", err=True)
        code = error.exit_code
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {named}{error.strerror or error}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
