"""What tests need of the machine: programs, a browser, a free port."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# the last may be a snap, which does not see /tmp
BROWSERS = ("chromium", "google-chrome", "chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]


def do_without(missing: str) -> NoReturn:
    """Skip the test for want of a program and say so; in CI nothing may be wanting."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - few tests need it

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        do_without(f"no Chromium: none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()
