"""Fixtures of the tests in a browser: one browser and one server for the session, a page for each test.

CHROMIUM and CHROMEDRIVER name the browser and the program that steers it, DISSOLVED the server's binary.
"""

import os
import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "service"))

from page import Page, start_browser  # noqa: E402: where it finds the server is said above
from server import BINARY, Server  # noqa: E402


def pytest_collection_finish(session):
    """Without a server one clear line is better than a hundred failures."""
    if not session.config.option.collectonly and not os.access(BINARY, os.X_OK):
        pytest.exit(f"no server binary at {BINARY} (name it in DISSOLVED)", returncode=2)


@pytest.fixture(scope="session")
def server():
    instance = Server()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def browser():
    driver = start_browser()
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, server, tmp_path):
    """A page that is not open yet, in which nothing moves by itself; at the end it has to be clean."""
    instance = Page(browser, server, tmp_path)
    yield instance
    instance.assert_clean()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows what the page looked like when a test failed."""
    outcome = yield
    report = outcome.get_result()
    instance = getattr(item, "funcargs", {}).get("page")
    if report.passed or not instance:
        return
    shot = instance.folder / "failed.png"
    shot.write_bytes(instance.driver.get_screenshot_as_png())
    report.sections.append(("the page", f"{instance.driver.current_url}\n{shot}"))
