"""The events of one track chunk, sound or damaged: the product's own reader.

It reads what players and editors read. A status holds on over system and meta events; a data byte
over 127 spoils its own event; behind a spoilt event reading goes on where the following bytes
make sense again. What was spoilt is counted.

Runs of voice events with two data bytes, nearly all of a file, are matched by one regular
expression and decoded as arrays; all else is read event by event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.midi.chunks import Chunk

_LOW, _DELTA = rb"[\x00-\x7f]", rb"[\x80-\xff]{0,3}[\x00-\x7f]"
_VOICE = re.compile(_DELTA + rb"[\x80-\xbf\xe0-\xef]?+" + _LOW + _LOW)
_VOICES = re.compile(rb"(?:" + _VOICE.pattern + rb")*+")
_TEXT_OR_MARK = rb"\xff[\x01-\x09\x20\x21\x51\x54\x58\x59\x7f]" + _LOW
_EVENT = re.compile(
    _DELTA
    + rb"(?:[\x80-\xbf\xe0-\xef]?+"
    + _LOW
    + _LOW
    + rb"|[\xc0-\xdf]"
    + _LOW
    + rb"|\xff\x2f\x00|"
    + _TEXT_OR_MARK
    + rb")"
)
_SPOILT_ALIKE = re.compile(
    _EVENT.pattern + rb"|" + _DELTA + rb"[\x80-\x9f](?:[\x80-\xff].|.[\x80-\xff])", re.DOTALL
)
"""An event, or one of a note that is spoilt, too: what is struck is let go as well."""

_STATUS = re.compile(rb"[\x80-\xff]")

_LOOK_AROUND, _LOOK_AHEAD = 6, 8
"""Bytes behind a spoilt event among which the next one is looked for, and events that tell it."""

MOST_STUMBLES = 1_000
"""Places of a track where reading fails and goes on; behind as many it is no music."""

_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_NAME, _END, _TEMPO = 0x03, 0x2F, 0x51
_META, _SYSEX = 0xFF, (0xF0, 0xF7)


@dataclass
class Events:
    """What is read of a track.

    Attributes
    ----------
    voices
        Int64 ``[n, 4]``, a row an event: tick, status, and both data bytes, in their order.
    programs
        (voice events before it, channel, program).
    tempos
        (tick, microseconds a quarter note).
    name
        The last that it gives itself.
    n_loud
        Notes whose velocity is over 127.
    n_spoilt, n_skipped
        Events that could not be read, and bytes that belong to none.
    n_spoilt_ends
        Of these events, ends of notes whose beginning was spoilt as well.
    n_behind
        Bytes of the chunk behind its end-of-track event, which nobody plays.
    ended
        Whether it has an end-of-track event.
    """

    programs: list[tuple[int, int, int]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    name: str = ""
    n_loud: int = 0
    n_spoilt: int = 0
    n_skipped: int = 0
    n_spoilt_ends: int = 0
    n_behind: int = 0
    ended: bool = False
    voices: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), np.int64))


def read_events(content: bytes, chunk: Chunk) -> Events:
    """Read a track's events from its first byte to its end-of-track event, or its last byte."""
    reader = _Reader(content, chunk.start, chunk.end)
    while reader.at < chunk.end and not reader.events.ended:
        if reader.n_stumbles > MOST_STUMBLES:
            reader.give_up()
            break
        reader.read_run()
        if reader.at < chunk.end:
            reader.read_event()
    return reader.whole()


class _Reader:
    """A place in a track, the tick there, and the status that holds there (0: none)."""

    def __init__(self, content: bytes, start: int, end: int) -> None:
        self.content, self.at, self.end = content, start, end
        self.tick = 0
        self.status = 0
        self.n_stumbles = 0
        self.events = Events()
        self._parts: list[NDArray[np.int64]] = []
        self._single: list[tuple[int, int, int, int]] = []
        self._n_voices = 0
        self._n_spoilt_begins = 0
        self._bytes = np.frombuffer(content, np.uint8)

    def whole(self) -> Events:
        """What was read."""
        self._flush()
        if self._parts:
            self.events.voices = np.concatenate(self._parts)
        return self.events

    def give_up(self) -> None:
        """Count the rest of the track as bytes of no event."""
        self.events.n_skipped += self.end - self.at
        self.at = self.end

    def read_run(self) -> None:
        """Read voice events of two data bytes each, as many as follow here."""
        if self.status < 0x80 or 0xC0 <= self.status < 0xE0:
            return  # the first must bring its own status: it is read by itself
        run = _VOICES.match(self.content, self.at, self.end)
        if run is None or run.end() == run.start():
            return
        self._flush()
        texts = _VOICE.findall(self.content, run.start(), run.end())
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = run.start() + np.cumsum(lengths)
        data = self._bytes
        third = data[ends - 3].astype(np.int64)  # a status, or the last byte of a delta
        own = (third >= 0x80) & (lengths > 3)
        n_delta = lengths - 2 - own
        last = ends - 3 - own
        delta = data[last].astype(np.int64)
        for k in range(1, int(n_delta.max())):
            more = n_delta > k
            delta[more] |= (data[last[more] - k].astype(np.int64) & 0x7F) << 7 * k
        changed = np.maximum.accumulate(np.where(own, np.arange(1, len(texts) + 1), 0))
        statuses = np.concatenate(([self.status], third))[changed]
        ticks = self.tick + np.cumsum(delta)
        columns = ticks, statuses, data[ends - 2], data[ends - 1]
        self._parts.append(np.stack([column.astype(np.int64) for column in columns], axis=1))
        self._n_voices += len(texts)
        self.tick, self.status, self.at = int(ticks[-1]), int(statuses[-1]), run.end()

    def read_event(self) -> None:
        """Read one event of any kind, or step over what is none."""
        begin = self.at
        delta, at = self._number(begin)
        if at is None or at >= self.end:
            self._skip_to(self.end, begin)
            return
        status = self.content[at]
        if status == _META:
            self._meta(begin, delta, at + 1)
        elif status in _SYSEX:
            self._payload(begin, delta, at + 1)
        elif status > 0xF0:
            self.tick, self.at = self.tick + delta, at + 1 + _SYSTEM_DATA.get(status, 0)
        elif status >= 0x80 or self.status:
            own = status >= 0x80
            self._voice(begin, delta, status if own else self.status, at + own)
        else:  # data that no status says the meaning of
            found = _STATUS.search(self.content, at, self.end)
            self._skip_to(found.start() - 1 if found else self.end, begin)

    def _voice(self, begin: int, delta: int, status: int, at: int) -> None:
        after = at + (1 if 0xC0 <= status < 0xE0 else 2)
        data = self.content[at : min(after, self.end)]
        if after > self.end:
            self._skip_to(self.end, begin)
            return
        if max(data) < 0x80:
            self._take(delta, status, data)
            self.at = after
            return
        self.events.n_spoilt += 1
        self.n_stumbles += 1
        self.status = status
        self.tick += delta
        kind = status & 0xF0
        self.at = self._sensible(at, after)
        if self.at == after and kind in {0x80, 0x90} and data[0] < 0x80:
            self.events.n_spoilt -= 1  # how loud it is does not matter
            self.events.n_loud += 1
            self._single.append((self.tick, status, data[0], 127))
        elif kind == 0x90 and data[1]:
            self._n_spoilt_begins += 1
        elif kind in {0x80, 0x90} and self.events.n_spoilt_ends < self._n_spoilt_begins:
            self.events.n_spoilt_ends += 1

    def _take(self, delta: int, status: int, data: bytes) -> None:
        self.tick, self.status = self.tick + delta, status
        if len(data) == 2:
            self._single.append((self.tick, status, data[0], data[1]))
        elif status < 0xD0:
            self.events.programs.append(
                (self._n_voices + len(self._single), status & 0x0F, data[0])
            )

    def _meta(self, begin: int, delta: int, at: int) -> None:
        if at >= self.end:
            self._skip_to(self.end, begin)
            return
        kind = self.content[at]
        payload = self._payload(begin, delta, at + 1)
        if kind == _END:
            self.events.ended = True
            self.events.n_behind = self.end - self.at
        elif payload is not None and kind == _NAME:
            self.events.name = text(payload)
        elif payload is not None and kind == _TEMPO and len(payload) == 3:
            self.events.tempos.append((self.tick, int.from_bytes(payload, "big")))

    def _payload(self, begin: int, delta: int, at: int) -> bytes | None:
        """Step over a length and so many bytes; None, and to the end, if there are fewer."""
        length, start = self._number(at)
        if start is None or start + length > self.end:
            self._skip_to(self.end, begin)
            return None
        self.tick, self.at = self.tick + delta, start + length
        return self.content[start : self.at]

    def _number(self, at: int) -> tuple[int, int | None]:
        """A number of up to four bytes of 7 bits, and the place behind it; None if it is none."""
        value = 0
        for place in range(at, min(at + 4, self.end)):
            byte = self.content[place]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, place + 1
        return value, None if at + 4 > self.end else at + 4

    def _sensible(self, first: int, after: int) -> int:
        """The place, of ``after`` and those near it, behind which most events make sense."""
        places: list[int] = [after, *range(first, min(after + _LOOK_AROUND, self.end))]
        senses = [self._sense(after, _SPOILT_ALIKE), *map(self._sense, places[1:])]
        return places[senses.index(max(senses))]  # of equals the first: none is missing

    def _sense(self, at: int, event: re.Pattern[bytes] = _EVENT) -> int:
        """Events that make sense from a place on, as many as are looked at."""
        for count in range(_LOOK_AHEAD):
            found = event.match(self.content, at, self.end)
            if found is None:
                return _LOOK_AHEAD if at == self.end else count
            at = found.end()
        return _LOOK_AHEAD

    def _skip_to(self, at: int, begin: int) -> None:
        self.at = max(at, begin + 1)
        self.n_stumbles += 1
        self.events.n_skipped += self.at - begin

    def _flush(self) -> None:
        if self._single:
            self._parts.append(np.array(self._single, np.int64))
            self._n_voices += len(self._single)
            self._single = []


def text(payload: bytes) -> str:
    """Read a name: UTF-8, or else Latin-1."""
    try:
        words = payload.decode()
    except UnicodeDecodeError:
        words = payload.decode("latin-1")
    return " ".join(words.replace("\0", " ").split())
