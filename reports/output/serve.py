"""A study's report on the loopback, renewed as results come: the pages of what there is now."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reports.output.site import ASSETS, INDEX, PLOTLY
from reports.pages.render import without_secrets
from reports.pages.running import RUNNING
from reports.pages.site import Place
from reports.pages.study import study_pages
from reports.pages.view import view
from reports.words.log import log_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from study.results.inflight import InFlight
    from study.results.tables import StudyTables

LOG = logging.getLogger(__name__)

HOST = "127.0.0.1"
NAMES = frozenset({HOST, "localhost"})
"""Hosts that a request may name: a page of another site cannot reach the server by its own name."""

TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}

VERSION, RUNNING_VERSION = "/version", "/version-running"

LOG_FILE = "log.txt"

RUNNING_FILE = Place(RUNNING).file

LIVE = """
<script>
setInterval(async () => {
  try {
    const now = await (await fetch("VERSION", { cache: "no-store" })).text();
    const known = document.documentElement.dataset.version ||= now;
    if (now !== known) location.reload();
  } catch { /* the server has gone: the page stays as it is */ }
}, 2000);
</script>
</body>"""
"""What a served page has beyond a built one: it looks for news, and loads itself again."""


@dataclass(frozen=True)
class Live:
    """What a served study is read from.

    Attributes
    ----------
    tables
        Its tables now.
    mark
        A text that changes whenever they do: cheap, as it is asked every few seconds.
    running
        The runs on their way, given the tables.
    running_mark
        A text that changes whenever one of them is saved.
    """

    tables: Callable[[], StudyTables]
    mark: Callable[[], str]
    running: Callable[[StudyTables], tuple[InFlight, ...]] = lambda _: ()
    running_mark: Callable[[], str] = lambda: ""


class LiveSite:
    """The pages of a study in memory, written anew when its mark has changed."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._mark, self._running_mark = live.mark(), live.running_mark()
        self._pages: Mapping[str, bytes] = self._write()
        self._assets = _assets()

    @property
    def version(self) -> str:
        """Changes whenever the pages do."""
        return self._mark

    @property
    def running_version(self) -> str:
        """Changes whenever the page of the runs on their way does."""
        return f"{self._mark} {self._running_mark}"

    def renew(self) -> bool:
        """Write the pages anew where the study has changed; whether it had."""
        mark, running_mark = self._live.mark(), self._live.running_mark()
        if (mark, running_mark) == (self._mark, self._running_mark):
            return False
        pages = self._write_running() if mark == self._mark else self._write()
        self._pages, self._mark, self._running_mark = pages, mark, running_mark
        return True

    def file(self, name: str) -> bytes | None:
        """A page or a shared file by its name; None where there is none."""
        return self._pages.get(name) or self._assets.get(name)

    def _write(self) -> dict[str, bytes]:
        study = view(self._live.tables())
        self._study = replace(study, running=self._live.running(study.tables), log=LOG_FILE)
        log = {LOG_FILE: without_secrets(log_text(study.tables)).encode()}
        return _bytes(study_pages(self._study)) | log

    def _write_running(self) -> dict[str, bytes]:
        """Of what goes on between two results only its own page tells, if there is one already."""
        runs = self._live.running(self._study.tables)
        if bool(runs) != bool(self._study.running):
            return self._write()
        self._study = replace(self._study, running=runs)
        return {**self._pages, **_bytes(study_pages(self._study, only=RUNNING_FILE))}


def _bytes(pages: Iterable[tuple[str, str]]) -> dict[str, bytes]:
    """Pages as they are served: each looks for its own news."""
    found = {}
    for name, html in pages:
        version = RUNNING_VERSION if name == RUNNING_FILE else VERSION
        found[name] = html.replace("</body>", LIVE.replace("VERSION", version)).encode()
    return found


def _assets() -> dict[str, bytes]:
    from plotly.offline import get_plotlyjs

    folder = resources.files("reports") / "pages"
    found = {name: (folder / name).read_bytes() for name in ASSETS}
    return found | {PLOTLY: get_plotlyjs().encode()}


def serve(site: LiveSite, port: int, interval: float, ready: Callable[[str], None]) -> None:
    """Serve a site on the loopback until interrupted.

    Parameters
    ----------
    port
        Port; 0: any that is free.
    interval
        Seconds between two looks at the study.
    ready
        Called once with the address.

    Raises
    ------
    OSError
        If the port is taken.
    """
    server = ThreadingHTTPServer((HOST, port), _handler(site))
    stopped = threading.Event()
    looking = threading.Thread(target=_look, args=(site, interval, stopped), daemon=True)
    looking.start()
    ready(f"http://{HOST}:{server.server_address[1]}/")
    try:
        server.serve_forever()
    finally:
        stopped.set()
        server.server_close()


def _look(site: LiveSite, interval: float, stopped: threading.Event) -> None:
    while not stopped.wait(interval):
        try:
            site.renew()
        except Exception:
            LOG.exception("the pages could not be renewed; the old ones stay")


def _handler(site: LiveSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
            path = unquote(urlsplit(self.path).path)
            if host not in NAMES:
                self._send(HTTPStatus.FORBIDDEN, b"not from here", "text/plain")
            elif path == VERSION:
                self._send(HTTPStatus.OK, site.version.encode(), "text/plain")
            elif path == RUNNING_VERSION:
                self._send(HTTPStatus.OK, site.running_version.encode(), "text/plain")
            elif (content := site.file(path.lstrip("/") or INDEX)) is None:
                self._send(HTTPStatus.NOT_FOUND, b"no such page", "text/plain")
            else:
                ending = (path.rsplit(".", 1)[-1]) if "." in path else "html"
                self._send(HTTPStatus.OK, content, TYPES.get(ending, "text/plain"))

        def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            LOG.debug(format, *args)

    return Handler
