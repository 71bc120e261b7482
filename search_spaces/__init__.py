"""What may vary in a study, as data: one YAML file a space, and its loader.

A space either lists ``parameters`` (finite values, listed or a range, ordered or not, some only
under a condition) or names whole ``configurations``. Adding a space is adding a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.config import Configuration, Grid, check_regularizers, divisors
from musebar_core.errors import ConfigurationError, UnknownNameError
from musebar_core.settings import searchable
from musebar_core.yamlfile import read_mapping
from search_spaces.content import check_keys, validated
from search_spaces.ranges import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from musebar_core.setting import Value
    from musebar_core.yamlvalues import Plain
    from search_spaces.content import ParameterContent

PARAMETERS = searchable()
"""What a space may vary, by name."""


@dataclass(frozen=True)
class Parameter:
    """One thing that varies.

    Attributes
    ----------
    values
        What it may be, in order where ``ordered``.
    ordered
        Whether neighbours in ``values`` are alike.
    when
        Other parameters and the values of theirs under which this one exists.
    """

    name: str
    values: tuple[Value, ...]
    ordered: bool = False
    when: tuple[tuple[str, tuple[Value, ...]], ...] = ()

    def applies(self, chosen: Mapping[str, Value]) -> bool:
        """Whether the parameter exists beside the values chosen so far."""
        return all(chosen.get(name) in values for name, values in self.when)


@dataclass(frozen=True)
class Space:
    """A finite search space.

    Attributes
    ----------
    parameters
        What varies; a condition refers to parameters before it.
    named
        Whole configurations by name, for a space that lists them.
    """

    name: str
    about: str
    parameters: tuple[Parameter, ...] = ()
    named: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether some parameter exists only beside certain values of others."""
        return any(parameter.when for parameter in self.parameters)

    def cells(self) -> Iterator[dict[str, Value]]:
        """Every combination of values, each once."""
        if self.named:
            yield from (dict(values) for _, values in self.named)
            return
        free = [p for p in self.parameters if not p.when]
        conditional = [p for p in self.parameters if p.when]
        yield from _cells([*free, *conditional], {})

    def drawn(self, point: Iterable[float]) -> dict[str, Value]:
        """The cell at a point of the unit cube, which has an edge for each parameter."""
        cell: dict[str, Value] = {}
        for parameter, at in zip(self.parameters, point, strict=True):
            if parameter.applies(cell):
                cell[parameter.name] = parameter.values[int(at * len(parameter.values))]
        return cell

    def restrict(
        self, fixed: Mapping[str, Value], choices: Mapping[str, tuple[Value, ...]]
    ) -> Space:
        """Hold some parameters at one value, replace the values of others.

        A fixed parameter leaves the space, whatever its choices were; a parameter of
        ``choices`` that the space lacks is added to it, ordered unless some of them are words.

        Raises
        ------
        ConfigurationError
            If there are choices, and the space lists whole configurations.
        """
        if self.named and choices:
            raise ConfigurationError(
                f"the space '{self.name}' lists whole configurations, so search.choices has "
                "nothing to vary there: use search.fixed, or another space"
            )
        kept = [
            replace(p, values=choices.get(p.name, p.values))
            for p in self.parameters
            if p.name not in fixed
        ]
        present = {p.name for p in self.parameters}
        added = [
            Parameter(name, values, ordered=not any(isinstance(value, str) for value in values))
            for name, values in choices.items()
            if name not in present and name not in fixed
        ]
        known = {name: Parameter(name, (value,)) for name, value in fixed.items()}
        for parameter in _in_order((*kept, *added)):
            settled = _settle(parameter, known)
            if settled is not None:
                known[parameter.name] = settled
        left = (known[p.name] for p in (*kept, *added) if p.name in known)
        return replace(self, parameters=_in_order(left))


def space_names() -> list[str]:
    """Names of the spaces that come with the product."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def read_space(name: str) -> dict[str, Plain]:
    """Read a space's content by its name, or from a file of the user's.

    Parameters
    ----------
    name
        A name of :func:`space_names`, or a path that ends in ``.yaml``.

    Raises
    ------
    UnknownNameError
        If there is no such space.
    UsageError
        If the file is not a space.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder() / f"{name}.yaml"
    if not path.is_file():
        raise UnknownNameError("search space", name, space_names())
    content = read_mapping(path, "search space")
    validated(content, f"search space {path}")
    check_keys(content, f"search space {path}")
    return content


def make_space(name: str, content: Mapping[str, Plain], grid: Grid) -> Space:
    """Make a space of its content.

    Parameters
    ----------
    name
        Its name.
    content
        As :func:`read_space` returns it.
    grid
        Settles values that follow from the snippet. Whether the regularizers divide its bars
        is checked where a configuration is made of them: :meth:`Space.restrict` may replace them.

    Raises
    ------
    UnknownNameError
        If it names a parameter that does not exist.
    UsageError
        If it is not a space.
    """
    found = validated(content, f"search space '{name}'")
    check_names(found.parameters)
    for values in found.configurations.values():
        check_names(values)
    parameters = _in_order(_parameter(key, value, grid) for key, value in found.parameters.items())
    named = tuple(
        (key, tuple((each, _plain_value(each, value, grid)) for each, value in values.items()))
        for key, values in found.configurations.items()
    )
    return Space(name, found.about, parameters, named)


def load_space(name: str, grid: Grid) -> Space:
    """Read and make a space; see :func:`read_space` and :func:`make_space`."""
    return make_space(Path(name).stem, read_space(name), grid)


def apply(base: Configuration, values: Mapping[str, Value]) -> Configuration:
    """Return ``base`` with some parameters set.

    Raises
    ------
    UnknownNameError
        If a name is not in :data:`PARAMETERS`.
    ConfigurationError
        If a value is one no run could be made with.
    """
    check_names(values)
    sections = base.to_dict()
    if values.get("annealing", base.annealing.kind) != base.annealing.kind:
        # how a schedule of another kind runs means nothing to this one; where it ends does
        sections["annealing"] = {"end": base.annealing.end}
    for name, value in values.items():
        setting = PARAMETERS[name]
        sections[setting.section][setting.field] = value
    return Configuration.from_dict(sections)


def check_names(names: Iterable[str]) -> None:
    """Raise :class:`UnknownNameError` for a name that is not a parameter."""
    for name in names:
        if name not in PARAMETERS:
            raise UnknownNameError("parameter", name, PARAMETERS)


def settle_value(name: str, value: object, grid: Grid) -> Value:
    """Turn ``{every: K}`` regularizers into their number, and check a single value.

    Raises
    ------
    ConfigurationError
        If the regularizers do not divide the bars; the message lists what does.
    """
    if name == "regularizers":
        return regularizer_count(value, grid)
    if isinstance(value, bool) and PARAMETERS[name].dtype != "boolean":
        raise ConfigurationError(f"{name} {value!r}: a number or a word")
    if not isinstance(value, bool | str | int | float):
        raise ConfigurationError(f"{name} {value!r}: a number, a word, or true or false")
    return value


def regularizer_count(value: object, grid: Grid) -> int:
    """Number of regularizers, from a number or ``{every: K}`` bars."""
    if isinstance(value, dict) and set(value) == {"every"}:
        every = value["every"]
        if not isinstance(every, int) or every not in divisors(grid.bars):
            allowed = ", ".join(map(str, divisors(grid.bars)))
            raise ConfigurationError(
                f"regularizers every {every} bars does not divide the {grid.bars} bars of a "
                f"snippet (allowed: every {allowed})"
            )
        return grid.bars // every
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(f"regularizers {value!r}: a number, or 'every: K' bars")
    check_regularizers(value, grid)
    return value


def _folder() -> Path:
    return Path(__file__).parent


def _parameter(name: str, content: ParameterContent, grid: Grid) -> Parameter:
    check_names(content.when)
    values = content.values
    if isinstance(values, Range):
        return Parameter(name, values.values(), ordered=True, when=_conditions(content))
    listed = divisors(grid.bars) if isinstance(values, str) else values
    return Parameter(
        name=name,
        values=tuple(_plain_value(name, value, grid) for value in listed),
        ordered=content.ordered,
        when=_conditions(content),
    )


def _conditions(content: ParameterContent) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    return tuple((other, tuple(allowed)) for other, allowed in content.when.items())


def _plain_value(name: str, value: object, grid: Grid) -> Value:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return settle_value(name, value, grid)


def _in_order(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """As they come, but each after those that its conditions refer to.

    A ledger keeps a space's content sorted by name.
    """
    left, placed = list(parameters), []
    while left:
        names = {p.name for p in left}
        ready = (p for p in left if not names.intersection(other for other, _ in p.when))
        placed.append(next(ready, left[0]))
        left.remove(placed[-1])
    return tuple(placed)


def _settle(parameter: Parameter, known: Mapping[str, Parameter]) -> Parameter | None:
    """Drop conditions that always hold; None where one can never hold."""
    undecided = []
    for name, allowed in parameter.when:
        other = known.get(name)
        if other is None or not any(value in allowed for value in other.values):
            return None
        if other.when or not all(value in allowed for value in other.values):
            undecided.append((name, allowed))
    return replace(parameter, when=tuple(undecided))


def _cells(parameters: Sequence[Parameter], chosen: dict[str, Value]) -> Iterator[dict[str, Value]]:
    if not parameters:
        yield chosen
        return
    first, *rest = parameters
    if not first.applies(chosen):
        yield from _cells(rest, chosen)
        return
    for value in first.values:
        yield from _cells(rest, chosen | {first.name: value})
