"""Fixtures of the service tests: one server for the session, more with other flags on demand.

DISSOLVED names the server's binary; without it, build/release/dissolved of this tree is taken.
"""

import os

import pytest

from faults import Faults
from server import BINARY, Server


def pytest_collection_finish(session):
    """Without a server one clear line is better than a thousand failures."""
    live = [item for item in session.items if not item.path.name.startswith("test_judge")]
    if live and not session.config.option.collectonly and not os.access(BINARY, os.X_OK):
        pytest.exit(f"no server binary at {BINARY} (name it in DISSOLVED)", returncode=2)


@pytest.fixture(scope="session")
def server():
    """The server that most tests share; its clean end is part of the verdict."""
    instance = Server()
    yield instance
    instance.stop()


@pytest.fixture
def client(server):
    """A fresh session with the shared server."""
    with server.client() as session:
        yield session


class Servers:
    """Starts servers with flags and settings of their own and ends them all."""

    def __init__(self):
        self.started = []

    def __call__(self, *flags, **settings):
        self.started.append(Server(*flags, **settings))
        return self.started[-1]

    def stop(self):
        failures = []
        for instance in self.started:
            try:
                instance.stop()
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)


@pytest.fixture
def start_server():
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def faults():
    """What a server that is started with its settings lacks."""
    made = Faults()
    yield made
    made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the whole stderr of every server that a failed test used."""
    outcome = yield
    report = outcome.get_result()
    if report.passed:
        return
    for value in getattr(item, "funcargs", {}).values():
        instances = [value] if isinstance(value, Server) else getattr(value, "started", [])
        for instance in instances:
            report.sections.append((f"stderr of the server at {instance.url}", instance.stderr()))


def pytest_terminal_summary(terminalreporter):
    """A skipped test is a test that does not do its work: it counts as a failure."""
    if terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("skipped tests are failures here", red=True)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
