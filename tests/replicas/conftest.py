"""Three replicas behind docker/nginx.conf, and what one process alone answers."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "service")]

import crowd  # noqa: E402
from balancer import House  # noqa: E402


@pytest.fixture(scope="session")
def expected():
    """Request name -> (status, body) of a single process, which is asked directly."""
    return crowd.answers_of_one()


@pytest.fixture
def start_house(tmp_path):
    """Starts replicas with these flags and a balancer before them."""
    houses = []

    def start(*flags):
        houses.append(House(tmp_path, *flags))
        return houses[-1]

    yield start
    for house in houses:
        house.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows what nginx and the replicas of a failed test said."""
    outcome = yield
    report = outcome.get_result()
    house = getattr(item, "funcargs", {}).get("house")
    if house is not None and not report.passed:
        report.sections.append(("nginx", (house.home / "errors").read_text()))
        for replica in house.replicas:
            report.sections.append((f"replica {replica.port}", replica.server.stderr()[-5000:]))
