"""What stands on the pages: a reader's words, and nothing twice."""

import json
import re
from itertools import combinations

import pytest

from reports.pages.study import study_pages
from reports.pages.view import view
from reports.words.labels import plain

CODE = re.compile(r"<(script|style|pre|code|template)\b.*?</\1>", re.DOTALL)
FIGURE = re.compile(
    r'<script type="application/json" data-figure="[^"]*">(.*?)</script>', re.DOTALL
)
TABLE = re.compile(r'<table data-name="([^"]*)".*?</table>', re.DOTALL)
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)

IDENTIFIER = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
JARGON = re.compile(r"\bphase\b|held to the prior|\bconfig_id\b", re.IGNORECASE)
GENRES = {"jazz", "rock"}
"""Of the study below, and measured alike in it."""

SAID = {"text", "name", "ticktext", "hovertemplate", "label"}
"""What of a figure a reader reads; a title is a text."""


def text_of(html):
    return re.sub(r"<[^>]*>", "|", CODE.sub("", html))


def said(value, under=""):
    """Texts of a figure, however deep."""
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in said(one, key)]
    if isinstance(value, list):
        return [text for one in value for text in said(one, under)]
    return [value] if isinstance(value, str) and under in SAID else []


def columns(table):
    rows = [CELL.findall(row) for row in ROW.findall(table.split("<tfoot>")[0])]
    return [(name, cells) for name, *cells in zip(*rows, strict=True)]


@pytest.fixture(scope="module")
def pages(rich_tables):
    """The pages of a representation and of a density study, by study and file."""
    tables = {"demo": rich_tables("demo", ("jazz", "rock")), "other": rich_tables("other")}
    return {
        (name, file): html for name, one in tables.items() for file, html in study_pages(view(one))
    }


def test_no_page_says_a_name_of_the_code_or_a_word_of_its_makers(pages):
    for page, html in pages.items():
        text = text_of(html)
        assert IDENTIFIER.findall(text) + JARGON.findall(text) == [], page


def test_no_figure_says_a_name_of_the_code(pages):
    for page, html in pages.items():
        for figure in FIGURE.findall(html):
            texts = " | ".join(said(json.loads(figure)))
            assert IDENTIFIER.findall(texts) + JARGON.findall(texts) == [], page


def test_no_table_has_two_columns_of_one_name_or_of_the_same_cells(pages):
    for page, html in pages.items():
        for found in TABLE.finditer(html):
            of = columns(found[0])
            names = [name for name, _ in of]
            assert len(set(names)) == len(names), (page, found[1])
            for (first, cells), (second, others) in combinations(of, 2):
                told_apart = len(set(cells)) > 2 and {first, second} != GENRES
                assert not told_apart or cells != others, (page, found[1], first, second)


def test_no_table_says_in_two_columns_what_one_configuration_is_called(pages):
    for page, html in pages.items():
        for found in TABLE.finditer(html):
            called = [
                name
                for name, cells in columns(found[0])
                if any("MuseBar-BOW" in re.sub(r"<[^>]*>", "", cell) for cell in cells)
            ]
            assert len(called) < 2, (page, found[1], called)


def test_a_recorded_reason_is_said_in_labels():
    reason = "no configuration is better in both NLL and mi_lower than one of free_bits 0.5"
    assert plain(reason) == (
        "no configuration is better in both NLL and MI lower than one of free bits 0.5"
    )
