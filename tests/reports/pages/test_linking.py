"""Links to configurations: in a page's text, and nowhere else."""

import pytest

from reports.pages.linking import linked

ID, OTHER = "0123456789ab", "ba9876543210"
HREFS = {ID: "one.html", OTHER: "other.html"}
LINK = f'<a href="one.html">{ID}</a>'


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (f"<p>see {ID}.</p>", f"<p>see {LINK}.</p>"),
        (f"{ID}", LINK),
        (f"<p>{ID} {ID}</p>", f"<p>{LINK} {LINK}</p>"),
        (f"<td>{ID}</td><td>{OTHER}</td>", f"<td>{LINK}</td><td>{OTHER}</td>"),
        ("<p>0123456789aa</p>", "<p>0123456789aa</p>"),
        # part of a longer hash, or of a name
        (f"<p>{ID}c</p>", f"<p>{ID}c</p>"),
        (f"<p>c{ID}</p>", f"<p>c{ID}</p>"),
        (f"<p>run-{ID}</p>", f"<p>run-{ID}</p>"),
        (f"<p>{ID}-x</p>", f"<p>{LINK}-x</p>"),
        (f"<p>{ID}g</p>", f"<p>{LINK}g</p>"),
        (f'<p id="{ID}">x</p>', f'<p id="{ID}">x</p>'),
        (f"<p\n title='{ID}'>{ID}</p>", f"<p\n title='{ID}'>{LINK}</p>"),
    ],
)
def test_a_config_id_in_text_becomes_a_link_and_nothing_else_does(html, found):
    assert linked(html, HREFS, "other.html") == found


@pytest.mark.parametrize(
    "tag", ["script", "a", "pre", "title", "option", "button", "h1", "template"]
)
def test_no_link_is_put_where_none_may_stand(tag):
    html = f"<{tag} class='x'>\n{ID} <b>{ID}</b></{tag} ><p>{ID}</p>"
    assert linked(html, HREFS, "") == html.replace(f"<p>{ID}</p>", f"<p>{LINK}</p>")


def test_an_element_whose_name_begins_like_one_is_linked_in():
    assert linked(f"<article>{ID}</article>", HREFS, "") == f"<article>{LINK}</article>"
