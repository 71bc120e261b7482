"""A study's report on the loopback, renewed as results come: the pages of what there is now."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reports.output.site import ASSETS, INDEX, PLOTLY
from reports.pages.study import study_pages
from reports.pages.view import view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from study.results.tables import StudyTables

LOG = logging.getLogger(__name__)

HOST = "127.0.0.1"
NAMES = frozenset({HOST, "localhost"})
"""Hosts that a request may name: a page of another site cannot reach the server by its own name."""

TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}

VERSION = "/version"

LIVE = """
<script>
setInterval(async () => {
  try {
    const now = await (await fetch("/version", { cache: "no-store" })).text();
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
    """

    tables: Callable[[], StudyTables]
    mark: Callable[[], str]


class LiveSite:
    """The pages of a study in memory, written anew when its mark has changed."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._mark = live.mark()
        self._pages: Mapping[str, bytes] = self._write()
        self._assets = _assets()

    @property
    def version(self) -> str:
        """Changes whenever the pages do."""
        return self._mark

    def renew(self) -> bool:
        """Write the pages anew where the study has changed; whether it had."""
        mark = self._live.mark()
        if mark == self._mark:
            return False
        self._pages, self._mark = self._write(), mark
        return True

    def file(self, name: str) -> bytes | None:
        """A page or a shared file by its name; None where there is none."""
        return self._pages.get(name) or self._assets.get(name)

    def _write(self) -> dict[str, bytes]:
        pages = study_pages(view(self._live.tables()))
        return {name: html.replace("</body>", LIVE).encode() for name, html in pages.items()}


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
