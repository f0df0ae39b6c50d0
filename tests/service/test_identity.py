"""The same request gives the same bytes: on any number of threads, any kernel, any load."""

import concurrent.futures

import pytest

import pictures
from checks import FRAMES, HISTOGRAMS, assert_ok

MIXTURE = {"mixture": {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5],
                       "count": 10_000}, "seed": "18446744073709551615"}


def requests_of_all_kinds():
    """Name -> keyword arguments of a POST; sizes that no tile, block or vector divides."""
    odd = pictures.png_of(pictures.photo(131, 89))
    thin = pictures.png_of(pictures.photo(1, 300))
    image = {"Content-Type": "image/png"}
    kinds = {form: dict(url=FRAMES, data=odd, headers=image, params={"seed": 3, "format": form})
             for form in ("png", "zip", "json")}
    kinds["one pixel wide"] = dict(url=FRAMES, data=thin, headers=image,
                                   params={"seed": 2**64 - 1, "format": "zip", "beta": 0.02})
    kinds["many steps"] = dict(url=FRAMES, data=thin, headers=image,
                               params={"seed": 1, "steps": 700, "frames": "0-700/50"})
    kinds["mixture"] = dict(url=HISTOGRAMS, json=MIXTURE)
    kinds["samples"] = dict(url=HISTOGRAMS, json={"samples": [x / 7 for x in range(4099)],
                                                  "seed": 5})
    return kinds


@pytest.fixture(scope="module")
def kinds():
    return requests_of_all_kinds()


@pytest.fixture(scope="module")
def answers(server, kinds):
    """What the shared server says, alone."""
    with server.client() as session:
        return {name: assert_ok(session.post(**kind)).content for name, kind in kinds.items()}


@pytest.mark.parametrize("flags, settings", [
    (("--threads", "1"), {}),
    (("--threads", "2"), {}),
    (("--threads", "3"), {}),
    (("--threads", "7"), {}),
    (("--threads", "2"), {"DISSOLVE_ISA": "baseline"}),
], ids=["1 thread", "2 threads", "3 threads", "7 threads", "baseline"])
def test_another_server_gives_the_same_bytes(start_server, kinds, answers, flags, settings):
    other = start_server(*flags, **settings)
    with other.client() as session:
        told = session.get("/v1").json()
        assert told["threads"] == int(flags[1])
        if settings:
            assert told["instruction_set"] == "baseline"
        for name, kind in kinds.items():
            assert assert_ok(session.post(**kind)).content == answers[name], f"{name} differs"


def test_ten_clients_at_once_get_what_one_gets_alone(server, kinds, answers):
    names = list(kinds)

    def ask_for_all(client_number):
        with server.client() as session:
            for at in range(len(names)):
                name = names[(at + client_number) % len(names)]
                got = assert_ok(session.post(**kinds[name])).content
                assert got == answers[name], f"client {client_number}: {name} differs under load"

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        for finished in [pool.submit(ask_for_all, number) for number in range(10)]:
            finished.result()
