"""Event files for TensorBoard: a folder a seed run, one file in it that only ever grows.

Written with tensorboardX's protocol buffers, without TensorFlow or a summary writer, whose every
start would begin another file: what the file holds says what is still to be told.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from musebar_core.errors import StudyError
from study.ledger.live import EVENTS_FILE
from study.trackers.tracked import scalars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tensorboardX.proto.event_pb2 import Event

    from study.trackers.tracked import Tracked

_VERSION = "brain.Event:2"

REPORTED = "reported/"
"""Prefix of the figures at the reported epoch, which are told last."""


class Told(NamedTuple):
    """What an event file holds: bytes of whole records, its last epoch, whether its run ended."""

    size: int
    last_epoch: int
    ended: bool


class TensorBoard:
    """Tells of seed runs in event files beneath a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def tell(self, tracked: Tracked) -> None:
        """Append what the run's file does not hold yet.

        Raises
        ------
        StudyError
            If the file cannot be written, or is none of ours.
        """
        run = tracked.run
        folder = self.folder / _safe(run.genre) / run.config_id / f"{run.phase}-{run.seed}"
        path = folder / EVENTS_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            told = read_told(path)
            new = list(_events(tracked, told))
            if not new:
                return
            with path.open("r+b" if told.size else "wb") as file:
                file.truncate(told.size)
                file.seek(told.size)
                file.write(b"".join(map(_record, new)))
        except OSError as error:
            raise StudyError(f"{path}: {error.strerror}") from None


def read_events(path: Path) -> Iterator[tuple[int, Event]]:
    """Read an event file's whole records, each with the byte that it ends before."""
    from google.protobuf.message import DecodeError
    from tensorboardX.proto.event_pb2 import Event

    content = path.read_bytes() if path.is_file() else b""
    at = 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        end = at + 12 + length + 4
        if end > len(content):
            return
        event = Event()
        try:
            event.ParseFromString(content[at + 12 : at + 12 + length])
        except DecodeError:
            return
        yield end, event
        at = end


def read_told(path: Path) -> Told:
    """What a run's event file holds already; nothing where there is none.

    A record that a kill broke off is left out, and written over.

    Raises
    ------
    StudyError
        If the file is no event file.
    """
    size, last, ended = 0, 0, False
    for end, event in read_events(path):
        size = end
        tags = [value.tag for value in event.summary.value]
        ended = ended or any(tag.startswith(REPORTED) for tag in tags)
        if tags and not ended:
            last = max(last, event.step)
    if not size and path.is_file() and path.stat().st_size > 256:
        raise StudyError(f"{path}: is no event file: move it away")
    return Told(size, last, ended)


def _events(tracked: Tracked, told: Told) -> Iterator[Event]:
    from tensorboardX.proto.event_pb2 import Event

    began = tracked.began
    if not told.size:
        yield Event(wall_time=began, file_version=_VERSION)
    if told.ended:
        return
    for row in tracked.curve:
        if row.epoch > told.last_epoch:
            yield _event(tracked, row.epoch, {_tag(n): v for n, v in scalars(row).items()})
    if tracked.ended:
        reported = {REPORTED + name: value for name, value in tracked.reported.items()}
        failed = {REPORTED + "failed": float(tracked.state == "failed")}
        yield _event(tracked, tracked.best_epoch, reported | failed)


def _event(tracked: Tracked, step: int, values: Mapping[str, float]) -> Event:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    listed = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
    when = tracked.time_of(step)
    return Event(wall_time=when, step=step, summary=Summary(value=listed))


def _tag(name: str) -> str:
    """``validation_bce`` as TensorBoard groups it: ``validation/bce``."""
    return name.replace("_", "/", 1) if name.startswith(("validation_", "train_")) else name


def _record(event: Event) -> bytes:
    """One record of a TFRecord file: length, its checksum, the event, its checksum."""
    from tensorboardX.record_writer import masked_crc32c

    content: bytes = event.SerializeToString()
    length = struct.pack("<Q", len(content))
    sums: list[bytes] = [struct.pack("<I", masked_crc32c(part)) for part in (length, content)]
    return length + sums[0] + content + sums[1]


def _safe(genre: str) -> str:
    """A genre as a folder's name: letters, digits and a few marks."""
    import hashlib
    import re

    found = re.sub(r"[^A-Za-z0-9 _-]+", "_", genre)[:60].strip() or "genre"
    if found == genre:
        return found
    return f"{found}-{hashlib.sha256(genre.encode()).hexdigest()[:6]}"
