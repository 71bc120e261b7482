"""Dataclasses and models are values: frozen, but for the few that gather or hold what goes on."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PRODUCT = ("musebar", "musebar_core", "search_spaces", "study", "reports")
CHANGING = {
    "musebar_core/corpus/abc/bars.py": {"Bar", "Sound"},
    "musebar_core/corpus/abc/interpreter.py": {"Tune", "_Reader"},
    "musebar_core/corpus/abc/macros.py": {"Macros"},
    "musebar_core/corpus/abc/pitch.py": {"Spelling"},
    "musebar_core/corpus/abc/play.py": {"_Walk"},
    "musebar_core/corpus/abc/together.py": {"_Cut"},
    "musebar_core/corpus/abc/voice.py": {"Tuplet", "Voice", "_Group"},
    "musebar_core/corpus/counts/humdrum.py": {"_Tally"},
    "musebar_core/corpus/counts/midi.py": {"_Stretches"},
    "musebar_core/corpus/humdrum/columns.py": {"Column"},
    "musebar_core/corpus/humdrum/form.py": {"Form"},
    "musebar_core/corpus/humdrum/score.py": {"_Spine"},
    "musebar_core/corpus/midi/events.py": {"Events"},
    "musebar_core/corpus/musicxml/marks.py": {"Endings", "Marks"},
    "musebar_core/corpus/musicxml/measure.py": {"Measure", "PartReader"},
    "musebar_core/corpus/repeats.py": {"_Player"},
    "musebar_core/corpus/selection.py": {"Selection"},
    "musebar_core/state.py": {"TrainingState"},
    "musebar_core/yamlvalues.py": {"_Reader"},
    "study/ledger/record.py": {"Record"},
    "study/run/driver.py": {"Driver"},
}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """All that the product's files consist of, each with its file."""
    for file in sorted(file for folder in PRODUCT for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            yield str(file.relative_to(ROOT)), node


def is_changing(decorator: ast.expr) -> bool:
    text = ast.unparse(decorator)
    return text.startswith("dataclass") and "frozen=True" not in text


def test_only_these_dataclasses_can_be_changed():
    found: dict[str, set[str]] = {}
    for file, node in nodes():
        if isinstance(node, ast.ClassDef) and any(map(is_changing, node.decorator_list)):
            found.setdefault(file, set()).add(node.name)
    assert found == CHANGING


def test_no_model_of_a_file_can_be_changed():
    calls = [(file, ast.unparse(node)) for file, node in nodes() if isinstance(node, ast.Call)]
    settings = [(file, text) for file, text in calls if text.startswith("ConfigDict(")]
    assert settings
    assert [each for each in settings if "frozen=True" not in each[1]] == []
