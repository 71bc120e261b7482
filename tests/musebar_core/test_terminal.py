from __future__ import annotations

import io
import time

import pytest

from musebar_core.terminal import MAX_LINE, Output, line


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


class Full(io.StringIO):
    def write(self, _):
        raise OSError(28, "No space left on device")


def test_what_is_said_beside_an_answer_is_left_out_where_there_is_no_room():
    assert Output(Full(), forgoing=True).write("reading music") == 13


def test_an_answer_for_which_there_is_no_room_is_an_error():
    with pytest.raises(OSError, match="No space left"):
        Output(Full()).write("42")
