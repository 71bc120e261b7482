"""What the file of a search space holds, validated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from musebar_core.errors import UsageError, nearest
from search_spaces.ranges import MOST_VALUES, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from musebar_core.yamlvalues import Plain

Value = bool | int | float | str
Written = Value | dict[Literal["every"], int]
"""A value as a file has it: regularizers may be ``{every: K}`` bars."""


def _kind(values: object) -> str:
    if isinstance(values, str):
        return "words"
    return "range" if isinstance(values, dict | Range) else "list"


Values = Annotated[
    Annotated[list[Written], Field(min_length=1, max_length=MOST_VALUES), Tag("list")]
    | Annotated[Range, Tag("range")]
    | Annotated[Literal["divisors of the bars"], Tag("words")],
    Discriminator(_kind),
]
"""A list, a range, or what follows from the snippet, of ``regularizers``."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class ParameterContent(_Part):
    """A parameter: its values in order, whether neighbours are alike, and when it exists."""

    values: Values
    ordered: bool = False
    when: dict[str, list[Value]] = {}


class SpaceContent(_Part):
    """Either ``parameters`` or whole ``configurations`` by name."""

    about: str = ""
    parameters: dict[str, ParameterContent] = {}
    configurations: dict[str, dict[str, Written]] = {}


def validated(content: Mapping[str, Plain], where: str) -> SpaceContent:
    """Raise :class:`UsageError` where the content is no space's; unknown keys are let through."""
    if not {"parameters", "configurations"} & set(content):
        raise UsageError(f"{where}: needs 'parameters' or 'configurations'")
    try:
        return SpaceContent.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{where}: {_explain(error.errors()[0])}") from None


def check_keys(content: Mapping[str, Plain], where: str) -> None:
    """Raise :class:`UsageError` for a key that no space has; a study of before may hold one."""
    _known(content, SpaceContent, where)
    parameters = content.get("parameters")
    for name, parameter in (parameters if isinstance(parameters, dict) else {}).items():
        if isinstance(parameter, dict):
            _known(parameter, ParameterContent, f"{where}: parameters.{name}")


def _known(content: Mapping[str, Plain], part: type[_Part], where: str) -> None:
    known = list(part.model_fields)
    for key in content:
        if key not in known:
            hint = nearest(key, known)
            raise UsageError(f"{where}: unknown key '{key}'{hint} (known here: {', '.join(known)})")


def _explain(error: ErrorDetails) -> str:
    message = error["msg"]
    match error["loc"]:
        case ("parameters", name, "values", "range", *key):
            return f"parameter '{name}': {explained_range(tuple(key), error)}"
        case ("parameters", name, "values", *_) if error["type"] != "missing":
            return f"parameter '{name}': values must be a list of words and numbers, 1 to 1,000"
        case ("parameters", name, *rest) if not {"ordered", "when"} & set(rest):
            return f"parameter '{name}' needs 'values'"
        case location:
            where = ".".join(str(part) for part in location[:3])
            return f"{where}: {message[0].lower()}{message[1:]}"


def explained_range(key: tuple[int | str, ...], error: ErrorDetails) -> str:
    """What is wrong with a range, as pydantic found it: at a key of its own, or as a whole."""
    at = f" '{key[0]}'" if key else ""
    match error["type"]:
        case "missing":
            said = "is missing"
        case "extra_forbidden":
            said = f"is no key of a range (known: {', '.join(Range.model_fields)})"
        case _:
            message = error["msg"].removeprefix("Value error, ")
            said = f"{message[0].lower()}{message[1:]}"
    return f"range{at}: {said}"
