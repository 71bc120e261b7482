"""The one way to a terminal: controls made visible, passwords starred, readers free to go.

Names of files, genres and studies, and the messages of libraries, come from files that others
wrote. Written raw, a control character in one of them moves the cursor, retitles the window or
hides a line; so what :data:`sys.stdout` and :data:`sys.stderr` are given while :func:`guarded`
holds is made plain first. A reader who leaves (``| head -1``, a closed terminal) changes nothing
of what a command does: what it writes from then on goes nowhere.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import sys
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer as Buffer

MAX_LINE = 2_000
"""Characters of a message: more is no message but somebody's file."""

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""All but tab and line feed: C0, DEL, C1, what hides or turns text, ends of lines by Unicode alone,
and halves of characters, which are bytes of a file's name that are no text."""

_READER_GONE = {errno.EPIPE, errno.EIO, errno.ESHUTDOWN}

_URL = re.compile(
    r"(?P<before>:/+[^\s/:@'\"]*:)[^\s'\"]*(?P<after>@)"
    r"|(?P<user>[^\s/:@'\"]+:)[^\s'\"@/]+(?P<host>@)"
)
_QUERY = re.compile(
    r"(?P<before>\b\w*(?:passw|pwd)\w*=|[?&][\w-]*(?:secret|token|key|signature)[\w-]*=)[^&\s'\",;]+",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    r"""Text with its control characters written out, as ``\x1b``; tab and line feed stay."""
    return _CONTROLS.sub(_written_out, text)


def line(text: str) -> str:
    """A message as one plain line of bounded length, without passwords.

    It takes no longer for somebody's file than for a message: what is looked for in it costs the
    square of its length at worst.
    """
    begin = text.strip()[: 4 * MAX_LINE]
    shown = plain(begin).replace("\n", "\\n")
    said = without_passwords(shown[: 4 * MAX_LINE])
    whole = len(said) <= MAX_LINE and len(begin) == len(text.strip())
    return said if whole else f"{said[:MAX_LINE]}..."


def without_passwords(text: str) -> str:
    """Text with passwords starred out: of URLs, of ``password=``, and the keys of their queries."""
    starred = _URL.sub(lambda f: f"{f['before'] or f['user']}***{f['after'] or f['host']}", text)
    return _QUERY.sub(r"\g<before>***", starred)


def may_hold_password(text: str) -> bool:
    """Whether text that somebody wrote wrongly could be, or have in it, a URL with a password."""
    return bool(re.search(r"@|:/|//|passw|pwd|secret|token", text, re.IGNORECASE))


class Output(io.TextIOBase):
    """A stream that takes anything and outlives its reader.

    Parameters
    ----------
    stream
        Where text goes.
    styled
        Whether control characters pass: for what draws, and makes what it is given plain itself.
    forgoing
        Whether what cannot be written, as to a full disk, is left out: what a command says beside
        its answer is no reason to end it.
    """

    def __init__(self, stream: TextIO, *, styled: bool = False, forgoing: bool = False) -> None:
        self.stream = stream
        self._styled = styled
        self.forgoing = forgoing

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream."""
        return getattr(self.stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What is done with characters that the encoding has not."""
        return "backslashreplace"

    def write(self, text: str) -> int:
        """Write text, plain unless styled."""
        said = text if self._styled else plain(text)
        said = said.encode(self.encoding, self.errors).decode(self.encoding)
        with self._whoever_reads():
            self.stream.write(said)
        return len(text)

    @property
    def buffer(self) -> BinaryIO:
        """For who writes text as bytes, as click's completions."""
        return cast("BinaryIO", _Bytes(self))

    def flush(self) -> None:
        """Bring all on its way."""
        with self._whoever_reads():
            self.stream.flush()

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """Of the stream."""
        return self.stream.fileno()

    def writable(self) -> bool:
        """Yes."""
        return True

    @contextlib.contextmanager
    def _whoever_reads(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _READER_GONE:
                if self.forgoing:
                    return
                raise OSError(error.errno, f"cannot write the output: {error.strerror}") from error
            self._lead_nowhere()

    def end(self) -> None:
        """Let go of what could not be written: Python would try it again at its end, and fail."""
        try:
            self.stream.flush()
        except OSError:
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


class _Bytes(io.RawIOBase):
    """Bytes that are text, written as plainly as text is."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        text = bytes(data).decode(errors="surrogateescape")
        self._output.write(text)
        return len(bytes(data))

    def flush(self) -> None:
        self._output.flush()


def styled(stream: TextIO) -> TextIO:
    """``stream`` for what draws on it, as rich's console: its control characters pass."""
    if isinstance(stream, Output):
        return cast("TextIO", Output(stream.stream, styled=True, forgoing=stream.forgoing))
    return stream


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Make plain all that this process prints while the block runs."""
    _open_closed()
    before = sys.stdout, sys.stderr
    own = Output(before[0]), Output(before[1], forgoing=True)
    sys.stdout, sys.stderr = own
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream in own:
            stream.end()


def _open_closed() -> None:
    """Open what the shell has closed (``>&-``), to nowhere: the next file would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(nowhere, True)  # noqa: FBT003
            setattr(sys, name, os.fdopen(nowhere, mode))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
