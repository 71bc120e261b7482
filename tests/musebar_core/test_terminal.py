from __future__ import annotations

import errno
import io
import os
import sys
import time
from pathlib import Path

import pytest

from musebar_core.terminal import (
    MAX_LINE,
    Output,
    guarded,
    line,
    may_hold_password,
    plain,
    styled,
    without_passwords,
)


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\0", r"\x00"),
        ("\b", r"\x08"),
        ("\v", r"\x0b"),
        ("\r", r"\x0d"),
        ("\x1b", r"\x1b"),
        ("\x1f", r"\x1f"),
        ("\x7f", r"\x7f"),
        ("\x80", r"\x80"),
        ("\x9f", r"\x9f"),
        ("\xad", r"\xad"),
        ("\u061c", r"\u061c"),
        ("\u200b", r"\u200b"),
        ("\u200f", r"\u200f"),
        ("\u2028", r"\u2028"),
        ("\u202e", r"\u202e"),
        ("\u2060", r"\u2060"),
        ("\u2069", r"\u2069"),
        ("\ufeff", r"\ufeff"),
        ("\ud800", r"\ud800"),
        ("\udfff", r"\udfff"),
        ("\udc80", r"\x80"),  # a byte of a file's name that is no text
        ("\udcff", r"\xff"),
        ("\udc7f", r"\udc7f"),
        ("\udd00", r"\udd00"),
    ],
)
def test_what_moves_hides_or_turns_text_is_written_out(character, shown):
    assert plain(f"a{character}b") == f"a{shown}b"


@pytest.mark.parametrize("text", ["a\tb\nc", " ~", "\xa0é", "\u2027\u202f", "日本", "🎵", r"\x1b"])
def test_text_stays_as_it_is(text):
    assert plain(text) == text


def test_a_message_is_one_line_without_the_blanks_around_it():
    assert line("  one\ntwo\tthree \x1b[2J\n") == r"one\ntwo" + "\tthree " + r"\x1b[2J"


def test_a_message_of_the_longest_length_is_whole_and_a_longer_one_is_cut():
    assert line("x" * 2000) == "x" * 2000
    assert line("x" * 2001) == "x" * 2000 + "..."
    assert len(line(" " * 9 * MAX_LINE + "x")) == 1


def test_a_message_that_is_short_for_its_password_alone_is_whole():
    for most in (2 * MAX_LINE, 4 * MAX_LINE - len("?token=")):
        assert line("?token=" + "x" * most) == "?token=***"
    assert line("?token=" + "x" * 9 * MAX_LINE) == "?token=***..."  # what follows is not looked at


@pytest.mark.parametrize("each", ["x", ":/", "x:", "://a:", "@", "password", "\x1b"])
def test_a_message_of_somebodys_file_is_cut_at_once(each):
    began = time.process_time()
    said = line(each * 500_000)
    assert time.process_time() - began < 1
    assert said.endswith("...")
    assert len(said) == MAX_LINE + 3


def test_a_message_that_is_cut_shows_no_password():
    text = "x" * (MAX_LINE - 20) + " postgresql://u:hunter2" + "h" * MAX_LINE + "@h/d"
    assert "hunter2" not in line(text)


@pytest.mark.parametrize(
    "text",
    [
        "cannot read s3://key:hunter2@bucket/x",
        "no such host: https://h/x?X-Amz-Signature=hunter2&v=1",
        "https://h/x?v=1&api_key=hunter2",
        "https://h/x?token=hunter2, really",
        "postgresql://h/x?user=ann&password=hunter2",
    ],
)
def test_a_message_shows_no_key_of_an_address(text):
    said = line(text)
    assert "hunter2" not in said
    assert said.split("***")[0] == text.split("hunter2")[0]


@pytest.mark.parametrize(
    ("text", "starred"),
    [
        ("postgresql://me:cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:c@ret@host:5/db", "postgresql://me:***@host:5/db"),
        ("s3://:cret@bucket", "s3://:***@bucket"),
        ("from me:cret@host, to you", "from me:***@host, to you"),
        ("'http://a:cret@h' and \"b:cret@h\"", "'http://a:***@h' and \"b:***@h\""),
        ("PGPASSWORD=cret musebar", "PGPASSWORD=*** musebar"),
        ("my_pwd=cret&x=1", "my_pwd=***&x=1"),
        ("?secret=cret&client-secret-key=cret;x", "?secret=***&client-secret-key=***;x"),
        ("?page=3&sort=key", "?page=3&sort=key"),
        ("http://host:8265/path", "http://host:8265/path"),
        ("at 10:30, me@host", "at 10:30, me@host"),
    ],
)
def test_passwords_are_starred_and_nothing_else_is(text, starred):
    assert without_passwords(text) == starred


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("me@host", True),
        ("postgresql:/me", True),
        ("//me", True),
        ("PASSWD", True),
        ("my_pwd", True),
        ("secret", True),
        ("Token", True),
        ("storage.ledger: sqlite", False),
        ("a/b.yaml", False),
    ],
)
def test_what_could_have_a_password_in_it_is_not_repeated(text, may):
    assert may_hold_password(text) is may


class Full(io.StringIO):
    def write(self, _):
        raise OSError(28, "No space left on device")


def test_what_is_said_beside_an_answer_is_left_out_where_there_is_no_room():
    assert Output(Full(), forgoing=True).write("reading music") == 13


def test_an_answer_for_which_there_is_no_room_is_an_error():
    with pytest.raises(OSError, match="No space left"):
        Output(Full()).write("42")


def test_what_cannot_be_written_is_said_to_be_output():
    with pytest.raises(OSError, match="cannot write the output: No space left") as caught:
        Output(Full()).write("42")
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(("is_styled", "shown"), [(False, r"\x1b[1mé"), (True, "\x1b[1mé")])
def test_control_characters_pass_where_somebody_draws_alone(is_styled, shown):
    stream = io.StringIO()
    assert Output(stream, styled=is_styled).write("\x1b[1mé") == 5
    assert stream.getvalue() == shown


def test_a_character_that_the_stream_does_not_know_is_written_out():
    raw = io.BytesIO()
    output = Output(io.TextIOWrapper(raw, encoding="ascii"))
    assert (output.encoding, output.errors) == ("ascii", "backslashreplace")
    assert output.write("é") == 1
    output.flush()
    assert raw.getvalue() == rb"\xe9"
    assert Output(io.StringIO()).encoding == "utf-8"


def test_bytes_are_written_as_plainly_as_text():
    stream = io.StringIO()
    buffer = Output(stream).buffer
    assert buffer.writable()
    assert buffer.write("é\x1b".encode() + b"\xff") == 4
    assert stream.getvalue() == r"é\x1b\xff"


def test_an_output_is_what_its_stream_is(tmp_path):
    with (tmp_path / "file").open("w") as stream:
        output = Output(stream)
        assert (output.fileno(), output.isatty(), output.writable()) == (
            stream.fileno(),
            False,
            True,
        )
        output.write("42")
        output.buffer.flush()
        assert (tmp_path / "file").read_text() == "42"
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    assert Output(terminal).isatty()


@pytest.fixture
def unread():
    """A pipe whose reader has gone."""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as stream:
        yield stream


def leads_nowhere(stream):
    return os.fstat(stream.fileno()).st_rdev == Path(os.devnull).stat().st_rdev


def test_what_is_written_after_the_reader_has_gone_goes_nowhere(unread):
    before = len(list(Path("/proc/self/fd").iterdir()))
    output = Output(unread)
    output.write("42")
    assert not leads_nowhere(unread)
    output.flush()
    assert leads_nowhere(unread)
    output.write("43")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ESHUTDOWN])
def test_a_reader_that_has_gone_is_no_error_however_it_is_told(unread, number):
    class Gone(io.StringIO):
        def write(self, _):
            raise OSError(number, "gone")

        def fileno(self):
            return unread.fileno()

    Output(Gone()).write("42")
    assert leads_nowhere(unread)


def test_what_is_left_when_its_reader_has_gone_does_not_fail_at_the_end(unread):
    unread.write("42")
    output = Output(unread)  # one that nobody holds is flushed as it goes
    output.end()
    assert leads_nowhere(unread)
    del output


@pytest.mark.parametrize("forgoing", [True, False])
def test_what_draws_writes_to_the_same_stream_and_forgoes_as_much(forgoing):
    stream = io.StringIO()
    drawn = styled(Output(stream, forgoing=forgoing))
    drawn.write("\x1b")
    assert stream.getvalue() == "\x1b"
    assert drawn.forgoing is forgoing
    assert styled(stream) is stream


def test_all_that_is_printed_within_is_plain_and_after_it_is_as_before(monkeypatch):
    streams = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])

    def speak():
        with guarded():
            print("\x1b1")
            print("\x1b2", file=sys.stderr)
            assert (sys.stdout.forgoing, sys.stderr.forgoing) == (False, True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        speak()
    assert (sys.stdout, sys.stderr) == streams
    assert [stream.getvalue() for stream in streams] == ["\\x1b1\n", "\\x1b2\n"]


def test_what_is_left_is_let_go_of_after_all_was_printed(unread, monkeypatch):
    monkeypatch.setattr(sys, "stdout", unread)
    with guarded():
        print("42")
        output = sys.stdout
    assert leads_nowhere(unread)
    del output


def test_streams_that_the_shell_has_closed_lead_nowhere_and_are_inherited(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with guarded():
        opened = [sys.stdin, sys.stdout.stream, sys.stderr.stream]
        print("42")
        assert sys.stdin.read() == ""
    for stream in opened:
        assert leads_nowhere(stream)
        assert os.get_inheritable(stream.fileno())
        stream.close()
