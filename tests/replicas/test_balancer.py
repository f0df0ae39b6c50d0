"""Many replicas behind docker/nginx.conf answer as one does, and what it promises for each."""

import json
import re

import pytest

import pictures
from checks import FRAMES
from crowd import Crowd
from rawhttp import Connection, Ended, request_head
from server import ROOT, wait_until
from stress import (Job, Occupants, assert_whole_problem, brief, cancelled, endless,
                    request_lines, stream_without_end, streamed)


@pytest.fixture
def house(start_house):
    return start_house("--threads", "2", "--trusted-proxies", "127.0.0.1")


def at_work(house):
    return [replica for replica in house.replicas if replica.works()]


def test_two_hundred_requests_have_the_bytes_of_one_process(house, expected):
    crowd = Crowd(house, expected, count=200, clients=4, seed=1, retries=0)
    crowd.join()
    house.stop()
    asked = [len(request_lines(replica.server)) for replica in house.replicas]
    assert min(asked) > 20, f"not all replicas had their share: {asked}"
    lines = house.requests()
    assert len(lines) == 200 and all("," not in line["replicas"] for line in lines)


def test_the_client_and_the_id_are_passed_on(house):
    with Connection(house) as connection:
        for headers in ({"X_Request_Id": "mine"}, {}, {"X_Request_Id": 'no"t sound'}):
            connection.send(request_head("GET", "/v1", X_Forwarded_For="192.0.2.7", **headers))
            response = connection.read_response()
            assert response.status == 200
            assert ('"' not in response.headers["x-request-id"])
    house.stop()
    told = [line for replica in house.replicas for line in request_lines(replica.server)]
    assert {line["client"] for line in told} == {"192.0.2.7"} and len(told) == 3
    assert "mine" in {line["id"] for line in told}
    assert sorted(line["id"] for line in told) == sorted(line["id"] for line in house.requests())


def test_an_id_that_is_longer_than_replicas_take_is_replaced_in_all_logs(house):
    most = int(re.search(r"HTTP_ID_MAX = (\d+)", (ROOT / "src/http/head.h").read_text())[1])
    with Connection(house) as connection:
        for length in (most, most + 1):
            connection.send(request_head("GET", "/v1", X_Request_Id="i" * length))
            assert connection.read_response().status == 200
    house.stop()
    told = {line["id"] for replica in house.replicas for line in request_lines(replica.server)}
    assert told == {line["id"] for line in house.requests()} and len(told) == 2
    assert "i" * most in told and all(len(id) <= most for id in told)


def test_an_answer_is_passed_on_as_it_comes_and_a_client_that_leaves_ends_it(house):
    """Its job would take minutes: neither waits for the other."""
    with Connection(house) as connection:
        connection.send(stream_without_end().sent())
        assert connection.read_head().status == 200
        connection.read_exactly(100_000)
        assert len(at_work(house)) == 1
    wait_until(lambda: sum(cancelled(replica.server) for replica in house.replicas) == 1,
               "the replica hears that the client left")
    wait_until(lambda: not at_work(house), "nobody works any more")


def test_a_client_that_leaves_before_its_answer_ends_the_job(house):
    with Connection(house) as connection:
        connection.send(endless().sent())
        wait_until(lambda: at_work(house), "a replica works")
    wait_until(lambda: sum(cancelled(replica.server) for replica in house.replicas) == 1,
               "the replica hears that the client left")


def test_an_answer_that_is_cut_is_seen_to_be(house):
    with Connection(house, receive_buffer=16384) as connection:
        connection.send(stream_without_end().sent())
        assert connection.read_head().status == 200
        connection.read_exactly(100_000)
        (replica,) = at_work(house)
        replica.kill()
        with pytest.raises((Ended, ConnectionResetError)):
            while True:
                connection.read_exactly(1 << 16)
    with Connection(house) as connection:
        connection.send(stream_without_end().sent())
        response = connection.read_head()
        assert response.headers["transfer-encoding"] == "chunked"
        (replica,) = at_work(house)
        replica.kill()
        with pytest.raises((Ended, ConnectionResetError)):
            connection.read_body(response)


def test_a_request_whose_replica_dies_before_it_answers_is_answered_by_another(house):
    with Connection(house) as alone:
        alone.send(streamed().sent())
        expected = alone.read_response().body
    slow = brief()._replace(target=FRAMES + "?steps=3000&frames=last&seed=1",
                            body=pictures.png_of(pictures.photo(512, 512)))
    with Connection(house) as connection:
        connection.send(slow.sent())
        wait_until(lambda: at_work(house), "a replica works")[0].kill()
        response = connection.read_response()
        assert response.status == 200
    with Connection(house) as connection:
        for _ in range(6):
            connection.send(streamed().sent())
            assert connection.read_response().body == expected
    house.stop()
    assert [line["statuses"] for line in house.requests() if "," in line["statuses"]] != []


def test_a_full_queue_is_passed_by_until_all_are_full(start_house):
    house = start_house("--threads", "1", "--queue", "1")
    full = [Occupants(replica.server) for replica in house.replicas]
    try:
        full[0].fill()
        with Connection(house) as connection:
            for _ in range(4):
                connection.send(brief().sent())
                assert connection.read_response().status == 200
        full[1].fill()
        full[2].fill()
        with Connection(house) as connection:
            for _ in range(4):
                connection.send(brief().sent())
                response = connection.read_response()
                assert_whole_problem(response, 503)
    finally:
        for occupants in full:
            occupants.leave()


def test_what_nginx_says_itself_is_a_problem(house):
    with Connection(house) as connection:
        connection.send(request_head("POST", FRAMES, Content_Length=(64 << 20) + 1,
                                     X_Request_Id="large"))
        response = connection.read_response()
    assert (response.status, json.loads(response.body)["request_id"]) == (413, "large")
    for replica in house.replicas:
        replica.kill()
    with Connection(house) as connection:
        for _ in range(3):
            connection.send(brief().sent())
            response = connection.read_response()
            assert response.headers["content-type"] == "application/problem+json"
            assert_whole_problem(response, 503)


def test_a_body_that_nginx_keeps_in_a_file_is_passed_on(house):
    """And is still there for the retry, when the first replica is gone."""
    large = Job(FRAMES + "?steps=3&frames=last&seed=1", pictures.png_of(
        pictures.noise_picture(900, 900), compress_level=0))
    assert len(large.body) > 2 << 20
    with Connection(house.replicas[0]) as alone:
        alone.send(large.sent())
        expected = alone.read_response().body
    house.replicas[0].kill()
    with Connection(house) as connection:
        for _ in range(3):
            connection.send(large.sent())
            response = connection.read_response()
            assert (response.status, response.body) == (200, expected)
    house.stop()
    assert any("," in line["statuses"] for line in house.requests())


def test_figures_are_for_operators(house):
    with Connection(house) as connection:
        connection.send(request_head("GET", "/metrics"))
        assert connection.read_response().status == 404
