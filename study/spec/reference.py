"""The reference of specs, made of the models: as Markdown, as JSON Schema, as a spec to start from.

``python -m study.spec.reference`` writes ``docs/spec.md`` and the schema anew, from the root of the
source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from musebar_core.settings import SETTINGS, searchable
from study.spec.meanings import MEANINGS
from study.spec.model import DEFAULTS, PROFILES, StudySpec

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_FILE = "schema.json"
DOCUMENT = Path("docs/spec.md")

_HEAD = """# The keys of a spec

Made of the models by `python -m study.spec.reference`; [studies.md](studies.md) tells how a study
finds its configurations.
"""


@dataclass(frozen=True)
class Key:
    """One key of a spec.

    Attributes
    ----------
    path
        With its sections, as ``seeds.confirm``.
    default
        Its value where a spec is silent, as YAML has it; empty where something else settles it.
    """

    path: str
    meaning: str
    unit: str
    default: str
    source: str


def all_keys() -> list[Key]:
    """Every key, in the order of the models."""
    return list(_keys(StudySpec, ""))


def _keys(section: type[BaseModel], prefix: str) -> Iterator[Key]:
    for name, field in section.model_fields.items():
        path, kind = f"{prefix}{name}", field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, f"{path}.")
        elif path in MEANINGS:
            known = MEANINGS[path]
            default = "" if field.is_required() else _shown(field.default)
            yield Key(path, known.text, known.unit, default, known.source)
        else:
            yield _of_setting(path, prefix.rstrip("."), name)


def _of_setting(path: str, section: str, name: str) -> Key:
    setting = next(s for s in SETTINGS if (s.section, s.field) == (section, name))
    supplied = DEFAULTS.model if section == "model" else DEFAULTS.training
    default = _shown(supplied[name])
    strong = PROFILES["strong"]
    other = (strong.model if section == "model" else strong.training).get(name)
    if other is not None and _shown(other) != default:
        default += f" (strong: {_shown(other)})"
    return Key(path, setting.meaning, setting.unit, default, setting.source)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "value"):
        value = value.value
    return str(value) if isinstance(value, str) else json.dumps(value, default=str)


def markdown() -> str:
    """Every key and every parameter of a space, as tables."""
    lines = [
        _HEAD,
        "| key | meaning | unit | default | source |",
        "| --- | --- | --- | --- | --- |",
    ]
    for key in all_keys():
        default = f"`{key.default}`" if key.default else ""
        lines.append(f"| `{key.path}` | {key.meaning} | {key.unit} | {default} | {key.source} |")
    lines += [
        "",
        "## What a space may vary",
        "",
        "Names for `search.fixed`, `search.choices` and the `parameters` of a space.",
        "",
        "| parameter | meaning | unit | default | values |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, setting in searchable().items():
        values = ", ".join(f"`{word}`" for word in setting.words)
        lines.append(
            f"| `{name}` | {setting.meaning} | {setting.unit} | `{_shown(setting.default)}` | "
            f"{values} |"
        )
    return "\n".join(lines) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema of a spec, for editors: every key with its meaning and default."""
    content = StudySpec.model_json_schema()
    content["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    content["title"] = "MuseBar Study spec"
    content.pop("required", None)  # a file that names no study bears its own name
    for key in all_keys():
        *sections, last = key.path.split(".")
        place = content
        for section in sections:
            place = _inner(content, place["properties"][section])
        unit = f" ({key.unit})" if key.unit else ""
        default = f"; default {key.default}" if key.default else ""
        place["properties"][last]["description"] = f"{key.meaning}{unit}{default}"
        place["properties"][last].pop("title", None)
    return content


def _inner(content: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    name = found.get("$ref") or found["allOf"][0]["$ref"]
    inner: dict[str, Any] = content["$defs"][name.rpartition("/")[2]]
    return inner


def schema_path() -> Path:
    """The schema that comes along, for ``# yaml-language-server: $schema=``."""
    return Path(str(resources.files("study.spec") / SCHEMA_FILE))


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def starter(name: str, source: str, genres: tuple[str, ...]) -> str:
    """A commented spec for a folder of music, small enough for a first study on CPUs."""
    known = {key.path: key for key in all_keys()}

    def line(path: str, value: object, indent: str = "  ") -> str:
        return f"{indent}{path.rpartition('.')[2]}: {_shown(value)}  # {known[path].meaning}"

    return "\n".join(
        [
            f"# yaml-language-server: $schema={schema_path().as_uri()}",
            f"name: {json.dumps(name)}",
            "corpus:",
            f"  source: {json.dumps(source)}",
            line("corpus.genres", list(genres)),
            line("corpus.songs_per_genre", 300),
            line("corpus.include_overall", len(genres) > 1),
            "  grid:",
            line("corpus.grid.steps_per_quarter", 1, "    "),
            line("corpus.grid.steps_per_bar", 4, "    "),
            line("corpus.grid.snippet_steps", 64, "    "),
            "model:  # the paper's has 512 hidden units and 2 layers",
            line("model.hidden", 64),
            line("model.layers", 1),
            line("model.latent_length", 16),
            "training:",
            line("training.profile", "strong"),
            line("training.epochs", 400),
            line("training.evaluate_every", 50),
            "search:",
            line("search.purpose", "representation"),
            line("search.space", "full"),
            line("search.configurations", 12),
            line("search.finalists", 3),
            "seeds:",
            line("seeds.search", 2),
            line("seeds.confirm", 10),
            "",
        ]
    )


def main() -> None:
    """Write the document and the schema anew."""
    DOCUMENT.write_text(markdown(), encoding="utf-8")
    (Path(__file__).parent / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
