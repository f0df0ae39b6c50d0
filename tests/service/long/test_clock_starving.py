"""By the clock: how soon a client is served while another one attacks."""

from rawhttp import request_head
from test_starving import IMAGE, Attack, ask, start_to_be_attacked
from timing import SLOWNESS, within

IMAGE_SECONDS = 2
HEALTH_SECONDS = 0.05
COUNT = 20


def test_another_client_is_served_in_time(start_server):
    server = start_to_be_attacked(start_server)
    with Attack(server):
        for _ in range(COUNT):
            with within(IMAGE_SECONDS * SLOWNESS, "an image"):
                assert ask(server, IMAGE.sent()).status == 200
            for _ in range(3):
                with within(HEALTH_SECONDS * SLOWNESS, "/healthz"):
                    assert ask(server, request_head("GET", "/healthz")).status == 200
