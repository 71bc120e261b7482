"""A batch script of Slurm's, as far as a study is concerned that Ray's symmetric run runs.

What a cluster's own options are (partitions, accounts, GPUs) Slurm alone knows.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_BYTES = b"#!"
"""How a script begins; sbatch takes nothing else."""

_SHORT = {"N": "nodes", "w": "nodelist", "n": "ntasks", "J": "job-name", "o": "output"}
_DIRECTIVE = re.compile(r"#SBATCH\s+(.*)")


@dataclass(frozen=True)
class Script:
    """A batch script.

    Attributes
    ----------
    options
        What its ``#SBATCH`` lines ask for, by long name; "" for a switch.
    late
        Numbers of the ``#SBATCH`` lines after the first command, which Slurm passes over.
    code
        Its commands, without comments; continued lines are joined.
    """

    options: dict[str, str]
    late: tuple[int, ...]
    code: str

    @property
    def lines(self) -> list[str]:
        """What may hold a value to be filled in."""
        return [*self.options.values(), *self.code.splitlines()]


def read(text: str) -> Script:
    """Read a script."""
    options: dict[str, str] = {}
    late: list[int] = []
    code: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = _DIRECTIVE.match(line)
        if found is not None and code:
            late.append(number)
        elif found is not None:
            options |= _options(found[1])
        elif line.strip() and not line.lstrip().startswith("#"):
            code.append(line)
    return Script(options, tuple(late), "\n".join(code).replace("\\\n", " "))


def check(script: Script) -> tuple[list[str], list[str]]:
    """What is wrong with a script, and a line about its nodes."""
    return list(_problems(script)), [_nodes(script)]


def _problems(script: Script) -> Iterator[str]:
    for number in script.late:
        yield f"line {number}: #SBATCH after the first command, where Slurm passes over it"
    launches = re.findall(r"\bstudy (?:launch|resume)\b.*", script.code)
    if not launches:
        yield "no command launches a study: musebar study launch SPEC --join"
    if "symmetric-run" not in script.code:
        return
    for launch in launches:
        if not re.search(r"\s--(?:join|address)\b", launch):
            yield "study launch keeps to one node without --join: add it"
    if "exclusive" not in script.options:
        yield (
            "ray symmetric-run ends all of your Ray on a node, another job's too: "
            "add #SBATCH --exclusive"
        )
    tasks = script.options.get("ntasks-per-node", "1")
    if tasks != "1":
        yield f"--ntasks-per-node={tasks}: Ray is started once a node, so 1"


def _nodes(script: Script) -> str:
    count = script.options.get("nodes", "1")
    head = script.options.get("nodelist")
    requeued = "requeued where one is lost" if "requeue" in script.options else "not requeued"
    return f"nodes: {count}{f', {head} among them' if head else ''}, {requeued}"


def _options(text: str) -> dict[str, str]:
    """Options of one ``#SBATCH`` line; a value follows after = or a blank."""
    words = shlex.split(text, comments=True)
    found: dict[str, str] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            found[name] = value
        elif word.startswith("-") and len(word) > 1:
            name = _SHORT.get(word[1], word[1])
            found[name] = word[2:].removeprefix("=")
        elif name:
            found[name] = word
    return found
