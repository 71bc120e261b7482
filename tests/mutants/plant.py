"""The faults that can be planted in a file, one at a time: cosmic-ray's operators and two more.

Left out is what no run can notice: annotations, what only a type checker reads, whether equal
values are one object, and ``zip``'s check of lengths that are the same by construction.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import parso.python.tree
from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.exceptions import CosmicRayTestingException
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class DropStatement(Operator):
    """Puts ``pass`` in place of a call for its effect, a ``raise`` or an augmented assignment."""

    @classmethod
    def examples(cls):
        return ()

    def mutation_positions(self, node):
        if node.type == "simple_stmt" and self._counts(node.children[0]):
            yield node.start_pos, node.children[0].end_pos

    def mutate(self, node, index):
        first = node.children[0].get_first_leaf()
        node.children[0] = parso.python.tree.Name("pass", first.start_pos, prefix=first.prefix)
        return node

    @staticmethod
    def _counts(statement) -> bool:
        if statement.type == "expr_stmt":
            sign = statement.children[1]
            return sign.type == "operator" and sign.value != "="
        return statement.type in {"raise_stmt", "atom_expr"}


class CatchAnother(Operator):
    """Catches another exception; cosmic-ray's own operator cannot replace a dotted name."""

    @classmethod
    def examples(cls):
        return ()

    def mutation_positions(self, node):
        for caught in self._caught(node):
            yield caught.start_pos, caught.end_pos

    def mutate(self, node, index):
        caught = self._caught(node)[index]
        place = caught.parent.children.index(caught)
        other = parso.python.tree.Name(
            CosmicRayTestingException.__name__,
            caught.start_pos,
            prefix=caught.get_first_leaf().prefix,
        )
        caught.parent.children[place] = other
        return node

    @staticmethod
    def _caught(node) -> list:
        if node.type != "except_clause":
            return []
        named = node.children[1]
        if named.type != "atom":  # no tuple
            return [named]
        inside = named.children[1]
        return inside.children[::2] if inside.type == "testlist_comp" else [inside]


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    Attributes
    ----------
    lines
        First and last line of what is changed, from 1.
    occurrence
        Which of the operator's places in the file.
    """

    file: str
    operator: str
    occurrence: int
    lines: tuple[int, int]
    column: int

    @property
    def kind(self) -> str:
        """The operator without what it puts in place."""
        return self.operator.partition("_")[0]

    def code(self, source: str) -> str:
        """The file's text with the fault in it."""
        mutated = mutate_code(source, _operators()[self.operator](), self.occurrence)
        assert mutated is not None
        return mutated


@cache
def _operators() -> dict[str, type[Operator]]:
    found = {
        name.rpartition("/")[2]: plugins.get_operator(name) for name in plugins.operator_names()
    }
    own = {"DropStatement": DropStatement, "CatchAnother": CatchAnother}
    return {
        name: cls for name, cls in found.items() if not cls.arguments() and name not in _LEFT_OUT
    } | own


_LEFT_OUT = {"ExceptionReplacer"} | {
    f"ReplaceComparisonOperator_{was}_{now}"
    for pair in (("Eq", "Is"), ("NotEq", "IsNot"))
    for was, now in (pair, pair[::-1])
}


def mutants(root: Path, file: str) -> Iterator[Mutant]:
    """Every fault that can be planted in a file and be noticed."""
    source = (root / file).read_text()
    tree = get_ast(source)
    unread = list(_unread(ast.parse(source)))
    for name, operator in _operators().items():
        places = [p for node in ast_nodes(tree) for p in operator().mutation_positions(node)]
        for occurrence, (start, end) in enumerate(places):
            if not any(first <= start and end <= last for first, last in unread):
                yield Mutant(file, name, occurrence, (start[0], end[0]), start[1])


def sample(root: Path, found: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, no two of one kind at one place, all of them Python."""
    places = defaultdict(list)
    for mutant in found:
        places[mutant.file, mutant.lines, mutant.column, mutant.kind].append(mutant)
    rng = random.Random(seed)
    chosen = (rng.choice(places[place]) for place in rng.sample(sorted(places), len(places)))
    return list(itertools.islice((each for each in chosen if _is_python(root, each)), count))


def _is_python(root: Path, mutant: Mutant) -> bool:
    """A bare ``*`` between parameters is taken for a product, ``- not x`` for an expression."""
    try:
        ast.parse(mutant.code((root / mutant.file).read_text()))
    except SyntaxError:
        return False
    return True


Span = tuple[tuple[int, int], tuple[int, int]]


def _unread(tree: ast.Module) -> Iterator[Span]:
    """Annotations, ``if TYPE_CHECKING``, whether a typed dict is total, and ``zip``'s check."""
    for node in ast.walk(tree):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.ClassDef):
            parts += [keyword for keyword in node.keywords if keyword.arg == "total"]
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
            parts += [keyword for keyword in node.keywords if keyword.arg == "strict"]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            parts.append(node)
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)
