"""SIGTERM: what runs is finished and arrives whole, and the process ends with status 0."""

import socket

import pytest

import pictures
from checks import FRAMES, assert_ok
from rawhttp import Connection, request_head
from server import wait_until
from stress import metrics


@pytest.fixture
def noise_png():
    return pictures.png_of(pictures.noise_picture(128, 128))


def test_an_idle_server_ends_with_status_0(start_server):
    server = start_server()
    server.terminate()
    server.finish()


def test_a_server_with_idle_connections_ends_with_status_0(start_server):
    server = start_server()
    with Connection(server) as used, Connection(server) as fresh, Connection(server) as begun:
        used.send(request_head("GET", "/healthz"))
        assert used.read_response().status == 200
        begun.send(b"GET /healthz HTT")
        wait_until(lambda: metrics(server)["dissolved_connections"] == 4, "all are here, and this one")
        server.terminate()
        server.finish()
        assert fresh.stream.read(1) == b"", "an idle connection was not closed"


@pytest.mark.parametrize("settled", [False, True], ids=["at once", "after the server settled"])
def test_clients_that_left_while_they_uploaded_do_not_delay_the_end(start_server, noise_png,
                                                                   settled):
    """Nobody is left to wait for: the patience is far below what a slow upload is granted."""
    server = start_server()
    for sent in (0, 1, len(noise_png) // 2):
        with Connection(server) as connection:
            connection.send(request_head("POST", FRAMES, Content_Type="image/png",
                                         Content_Length=len(noise_png), Expect="100-continue"))
            assert connection.read_head().status == 100
            connection.send(noise_png[:sent])
    if settled:
        wait_until(server.is_quiet, "the server has nothing left to do")
    server.terminate()
    server.finish(patience=20)


def test_clients_that_left_while_they_downloaded_do_not_delay_the_end(start_server, noise_png):
    server = start_server()
    for read in (0, 1, 100_000):
        with Connection(server, receive_buffer=16384) as connection:
            connection.post(FRAMES + "?steps=300&format=zip", noise_png, Content_Type="image/png")
            assert connection.read_head().status == 200
            connection.read_exactly(read)
    server.terminate()
    server.finish(patience=20)


def test_an_answer_that_is_being_sent_arrives_whole(start_server, client, noise_png):
    """Its 12 MB do not fit between the ends: at the signal most of it is still to be sent."""
    target = FRAMES + "?steps=300&format=zip&seed=77"
    expected = assert_ok(client.post(target, data=noise_png,
                                     headers={"Content-Type": "image/png"})).content
    server = start_server("--threads", "1")
    with Connection(server, receive_buffer=16384) as connection:
        connection.post(target, noise_png, Content_Type="image/png")
        response = connection.read_head()
        assert response.status == 200
        server.terminate()
        connection.read_body(response)
    assert response.body == expected
    server.finish()


def test_a_job_that_is_running_is_finished_and_answered(start_server, client):
    png = pictures.png_of(pictures.photo(512, 512))
    target = FRAMES + "?steps=400&frames=last&seed=77"
    expected = assert_ok(client.post(target, data=png,
                                     headers={"Content-Type": "image/png"})).content
    server = start_server("--threads", "1")
    idle = server.cpu_seconds()
    with Connection(server) as connection:
        connection.post(target, png, Content_Type="image/png")
        wait_until(lambda: server.cpu_seconds() > idle + 0.03, "the job runs")
        server.terminate()
        response = connection.read_response()
    assert response.status == 200
    assert response.body == expected
    server.finish()


def test_after_its_end_nobody_listens(start_server):
    server = start_server()
    server.terminate()
    server.finish()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
