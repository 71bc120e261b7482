"""The served report: the same pages, renewed as results come, for this machine alone."""

import http.client
import threading
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from reports.output.serve import Live, LiveSite, serve


class Growing:
    """A study whose tables and mark a test changes."""

    def __init__(self, study):
        self.study = study

    def tables(self):
        return self.study.tables()

    def mark(self):
        return str(len(self.study.rows))


@pytest.fixture
def growing(make_study, make_config):
    study = make_study(confirm=2, state="running")
    study.add(make_config(8), [560.0], planned=2)
    return Growing(study)


@pytest.fixture
def address(growing):
    """Where a growing study is served; it looks for news ten times a second."""
    site = LiveSite(Live(growing.tables, growing.mark))
    ready, found = threading.Event(), []

    def said(url):
        found.append(url)
        ready.set()

    threading.Thread(target=serve, args=(site, 0, 0.1, said), daemon=True).start()
    assert ready.wait(60)
    return found[0]


def test_nothing_is_written_anew_until_the_study_changes(growing, make_config):
    site = LiveSite(Live(growing.tables, growing.mark))
    before = site.file("index.html")
    assert not site.renew()
    assert site.file("index.html") is before
    growing.study.add(make_config(16), [561.0, 562.0])
    assert site.renew()
    assert site.version == "3"
    assert site.file("index.html") != before


def test_a_running_study_is_served_and_renewed(address, growing, make_config):
    assert b"Not finished" in urlopen(address, timeout=60).read()
    assert urlopen(f"{address}version", timeout=60).read() == b"1"
    growing.study.add(make_config(16), [561.0, 562.0])
    for _ in range(600):
        if urlopen(f"{address}version", timeout=60).read() == b"3":
            break
        threading.Event().wait(0.1)
    assert b"use this" in urlopen(address, timeout=60).read()
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{address}../study.yaml", timeout=60)


def test_a_page_of_another_site_cannot_read_it_by_its_own_name(address):
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(address, headers={"Host": "evil.example"}), timeout=60)


def test_it_listens_on_the_loopback_alone(address):
    assert urlsplit(address).hostname == "127.0.0.1"
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", "/musebar.css")
    assert connection.getresponse().getheader("Content-Type") == "text/css; charset=utf-8"
