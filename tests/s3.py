"""An S3-compatible server of a test's own, on the loopback: moto's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.postgres import free_port


def binary() -> str | None:
    """moto pins other libraries than the product does, and so lives in an environment of its own.

    ``make object-storage`` makes it.
    """
    own = Path(__file__).parents[1] / ".venv-moto" / "bin" / "moto_server"
    beside = Path(sys.executable).with_name("moto_server")
    return next((str(p) for p in (own, beside) if p.is_file()), None) or shutil.which("moto_server")


class ObjectStorage:
    """One server, empty when it starts; any key opens it."""

    def __init__(self) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"

    def __enter__(self) -> ObjectStorage:
        port = self.address.rpartition(":")[2]
        self._process = subprocess.Popen(
            [binary(), "-H", "127.0.0.1", "-p", port],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.make_bucket("bucket")
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)

    @property
    def environment(self) -> dict[str, str]:
        """What an S3 client needs to know."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def make_bucket(self, name: str) -> None:
        request = urllib.request.Request(f"{self.address}/{name}", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
