"""Names from outside are text: in a page, in a table, and in a figure's JSON inside a script."""

from __future__ import annotations

import json
from types import SimpleNamespace

import jinja2
import plotly.graph_objects as go
import pytest

from reports.pages.cells import Cell
from reports.pages.render import environment, figure_json, rows_html, without_secrets
from study.statistics.intervals import mean_over_seeds

NASTY = [
    "</script >alert(1)",
    "</script>",
    "</SCRIPT\n>",
    "<!--<script>",
    "]]>",
    "a & b &lt; c &amp;",
    "quote \" and ' and \\ and \\u003c",
    "\u2028line\u2029ends",
    "名前",
]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_in_a_figures_json_cannot_end_the_script_it_stands_in(name):
    drawn = go.Figure(go.Scatter(x=[1], y=[2], name=name, text=[name]))
    drawn.update_layout(title=name)
    text = str(figure_json(drawn))
    assert not {"<", ">", "&"} & set(text)
    back = json.loads(text)
    assert back["data"][0]["name"] == back["data"][0]["text"][0] == name
    assert back["layout"]["title"]["text"] == name


def test_a_figures_json_is_put_into_a_page_as_it_is():
    drawn = go.Figure(go.Scatter(x=[1], y=[2], name='</script >"'))
    page = (
        environment().from_string("<script>{{ drawn }}</script>").render(drawn=figure_json(drawn))
    )
    assert json.loads(page.removeprefix("<script>").removesuffix("</script>"))
    assert page.count("</") == 1


def test_a_figures_json_is_sorted_and_has_no_nan():
    drawn = go.Figure(go.Scatter(y=[1.0, float("nan"), float("inf")], x=[0, 1, 2], name="n"))
    text = str(figure_json(drawn))
    assert "NaN" not in text
    assert "Infinity" not in text
    assert ", " not in text
    back = json.loads(text)
    assert list(back) == sorted(back) == ["data", "layout"]
    assert list(back["data"][0]) == sorted(back["data"][0])
    assert back["data"][0]["y"] == [1.0, None, None]


def test_a_figure_that_is_plain_data_with_a_nan_is_an_error():
    assert str(figure_json({"b": 1, "a": None})) == '{"a":null,"b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        figure_json({"a": float("nan")})


@pytest.mark.parametrize("name", NASTY)
def test_a_name_in_a_template_is_text(name):
    page = environment().from_string("<p title='{{ name }}'>{{ name }}</p>").render(name=name)
    assert page.count("<") == page.count(">") == 2
    assert page.count("'") == 2


def test_a_block_of_a_template_leaves_no_line_and_no_indent_behind():
    template = "  {% if true %}\n<p>\n  {% endif %}\n</p>"
    assert environment().from_string(template).render() == "<p>\n</p>"


def test_a_template_that_asks_for_what_is_not_there_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        environment().from_string("{{ nothing }}").render()


def row(**cell):
    return str(rows_html([(Cell(**cell),)]))


def test_a_cell_escapes_its_text_its_link_and_its_swatch():
    assert row(text="<b>&\"'") == "<tr><td>&lt;b&gt;&amp;&#34;&#39;</td></tr>"
    linked = row(text='"x"', href='y"onclick="z')
    assert linked == (
        '<tr><td><a href="y&#34;onclick=&#34;z" title="&#34;x&#34;">&#34;x&#34;</a></td></tr>'
    )
    coloured = row(text="a", swatch='red"><b>')
    assert coloured == (
        '<tr><td><i class="swatch" style="background:red&#34;&gt;&lt;b&gt;"></i>a</td></tr>'
    )


def test_a_cell_that_is_a_number_carries_it_to_ten_digits_for_sorting():
    assert row(text="1.5", value=1.5) == '<tr><td class="number" data-value="1.5">1.5</td></tr>'
    assert 'data-value="0.3333333333"' in row(text="x", value=1 / 3)
    assert 'data-value="0"' in row(text="none", value=0)


@pytest.mark.parametrize(
    ("spread", "written"),
    [
        ((1.25, 3.5, 10), "1.25 3.5 10"),
        ((None, None, 1), "  1"),
        ((1 / 3, 2.0, 2), "0.3333333 2 2"),
    ],
)
def test_a_mean_carries_its_interval_and_its_seeds_for_the_file_of_its_table(spread, written):
    assert row(text="m", value=2.0, spread=spread) == (
        f'<tr><td class="number" data-value="2" data-ci="{written}">m</td></tr>'
    )


def test_a_cell_that_warns_says_so_beside_what_it_is():
    assert row(text="a", warning=True) == '<tr><td class="warning">a</td></tr>'
    both = row(text="1", value=1, warning=True)
    assert both == '<tr><td class="number warning" data-value="1">1</td></tr>'


def test_rows_stand_in_their_order_a_line_each():
    found = str(rows_html([(Cell("a"), Cell("b")), (Cell("c"),)]))
    assert found == "<tr><td>a</td><td>b</td></tr>\n<tr><td>c</td></tr>"


def test_credentials_are_masked_wherever_they_stand_in_plain_data():
    given = {
        "url": "postgresql://ann:pass@db/x",
        "list": ["s3://key:word@bucket", 1, None, True, {"a": "x://u:p@h?Token=abc&b=1"}],
        "plain": "ann@example.org and no URL",
    }
    assert without_secrets(given) == {
        "url": "postgresql://***@db/x",
        "list": ["s3://***@bucket", 1, None, True, {"a": "x://***@h?Token=***&b=1"}],
        "plain": "ann@example.org and no URL",
    }


def test_templates_are_read_once_for_all_pages():
    assert environment() is environment()


def test_numbers_intervals_and_caps_are_written_in_templates_as_elsewhere():
    mean = mean_over_seeds({1: 2.0, 2: 2.0})
    template = "{{ n|number }}; {{ mean|interval }}; {{ split|cap }}; {{ rows|rows }}"
    split = SimpleNamespace(mi_cap=6.9314, n_snippets=1024)
    page = environment().from_string(template)
    said = page.render(n=1234.56, mean=mean, split=split, rows=[(Cell("<b>"),)])
    assert said == ("1,234.6; 2.00 [2.00, 2.00]; 6.93 (N = 1,024); <tr><td>&lt;b&gt;</td></tr>")
