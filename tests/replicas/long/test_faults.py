"""2,000 requests while replicas are killed, frozen and restarted, and a rolling restart."""

import itertools

import pytest

from checks import assert_ok, assert_problem
from crowd import Crowd
from rawhttp import Connection
from server import wait_until
from stress import brief, request_lines

COUNT = 2_000
NO_END = 100_000
"""More requests than there is time for."""

CLIENTS = 8
PACE = 25
"""Requests that all clients have answered together between one event and the next."""


@pytest.fixture
def house(start_house):
    return start_house("--threads", "2", "--queue", "64", "--drain-delay", "0.5")


def go_on(crowd):
    """Waits until there was some load."""
    mark = crowd.done + PACE
    wait_until(lambda: crowd.has_done(mark), f"{PACE} more requests are answered", patience=240)


def killed(replica, crowd):
    wait_until(lambda: replica.works() or not crowd.running(), "it is in the middle of something")
    replica.kill()
    go_on(crowd)
    replica.start()


def frozen(replica, crowd):
    """Its socket goes on to take connections, and nobody answers them."""
    replica.freeze()
    go_on(crowd)
    replica.thaw()


def restarted(replica, crowd):
    replica.drain()
    go_on(crowd)
    replica.start()


def test_every_request_is_answered_whole_after_one_retry_at_most(house, expected):
    crowd = Crowd(house, expected, NO_END, CLIENTS, seed=7, retries=1, long_ones=8)
    faults = itertools.cycle(itertools.product((killed, frozen, restarted), house.replicas))
    events = dict.fromkeys((killed, frozen, restarted), 0)
    while crowd.running() and (crowd.done < COUNT or min(events.values()) < 3):
        fault, replica = next(faults)
        go_on(crowd)
        fault(replica, crowd)
        events[fault] += 1
    crowd.finish()
    house.stop()
    lines = house.requests()
    retried = sum("," in line["statuses"] for line in lines)
    assert all(line["statuses"].count(",") <= 1 for line in lines)
    print(f"{crowd.done} requests, {events[killed]} killed, {events[frozen]} frozen, "
          f"{events[restarted]} restarted; retries: {retried} by nginx, "
          f"{crowd.cuts + crowd.lost} by clients, of which {crowd.cuts} saw an answer cut")
    assert retried > 0, "the faults did not meet the load"


def test_a_rolling_restart_has_no_error(start_house, expected):
    """Each replica says that it is not ready while it still takes requests; then it drains."""
    house = start_house("--threads", "2", "--drain-delay", "5")
    crowd = Crowd(house, expected, NO_END, CLIENTS, seed=8, retries=0)
    for replica in house.replicas:
        go_on(crowd)
        server = replica.server
        with server.operator() as operator, Connection(server) as connection:
            assert_ok(operator.get("/readyz"))
            server.terminate()
            wait_until(lambda: operator.get("/readyz").status_code == 503, "it is not ready")
            assert_problem(operator.get("/readyz"), 503)
            connection.send(brief().sent())
            assert connection.read_response().status == 200
        server.finish()
        assert not any(line["cancelled"] for line in request_lines(server))
        replica.start()
    go_on(crowd)
    crowd.finish()
    assert crowd.cuts + crowd.lost == 0


def test_with_this_balancer_it_needs_no_delay(start_house, expected):
    """A replica closes its door at once, and nginx tries the next."""
    house = start_house("--threads", "2", "--drain-delay", "0")
    crowd = Crowd(house, expected, NO_END, CLIENTS, seed=9, retries=0)
    for replica in house.replicas:
        go_on(crowd)
        replica.drain()
        replica.start()
        wait_until(lambda: request_lines(replica.server) or not crowd.running(),
                   "it is asked again")
    crowd.finish()
    assert crowd.cuts + crowd.lost == 0
