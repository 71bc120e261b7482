from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from musebar_core.errors import UsageError
from musebar_core.plainfile import check_plain


def test_files_folders_and_what_is_not_there_pass(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file", tmp_path / "nothing"):
        check_plain(path, "it")


def test_a_pipe_a_socket_and_a_device_are_refused_by_the_name_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("pipe", "socket", "/dev/zero"):
            with pytest.raises(UsageError, match=f"^spec {path} is a pipe or a device: name a"):
                check_plain(Path(path), f"spec {path}")


def test_a_link_is_what_it_points_at(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with pytest.raises(UsageError, match="is a pipe"):
        check_plain(tmp_path / "link", "it")
