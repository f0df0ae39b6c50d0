"""The largest requests of every form, eight at a time, stay within --max-memory."""

import concurrent.futures
import io

import pictures
from checks import FRAMES, HISTOGRAMS
from checks_samples import SAMPLES
from server import SANITIZED, wait_until
from stress import IMAGE_HISTOGRAMS, Job, metrics

BUDGET = 640 * 2**20
BESIDE = 64 * 2**20
"""Memory that is no request's: the process, its threads, what the allocator keeps."""

AT_ONCE = 8
IMAGE_FORMS = ("frames=0-2", "format=zip", "format=multipart", "format=json", "format=npy",
               "content=x,noise,velocity", "layout=strip", "layout=grid&compression=none",
               "frames=1&compression=none&channels=gray")
HISTOGRAM_FORMS = ("bins=4096&measures=terms", "format=svg")
COUNT = 400_000 if SANITIZED else 4_000_000
MIXTURE = b'{"mixture":{"weights":[1],"means":[0],"stds":[1],"count":%d}}' % COUNT


def jobs():
    side = 512 if SANITIZED else 1500
    picture = pictures.png_of(pictures.photo(side, side))
    progressive = io.BytesIO()
    pictures.Image.fromarray(pictures.photo(side, side)).save(progressive, "JPEG", progressive=True)
    for form in IMAGE_FORMS:
        yield Job(f"{FRAMES}?steps=2&seed=1&{form}", picture)
    yield Job(f"{FRAMES}?steps=2&seed=1", progressive.getvalue(), "image/jpeg")
    for form in HISTOGRAM_FORMS:
        yield Job(f"{IMAGE_HISTOGRAMS}?steps=2&seed=1&{form}", picture)
    for target in (f"{SAMPLES}?seed=1&steps=2&format=npy", f"{SAMPLES}?seed=1&steps=1&frames=1",
                   f"{HISTOGRAMS}?seed=1&steps=2"):
        yield Job(target, MIXTURE, "application/json")


def ask(server, job):
    """Reads the response piece by piece, so that this process keeps none of it."""
    with server.client() as client, job.ask(client, stream=True) as response:
        count = sum(len(piece) for piece in response.iter_content(1 << 16))
        return response.status_code, count


def test_the_largest_of_every_form_fit(start_server):
    server = start_server("--max-memory", str(BUDGET), "--queue", "64")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as crowd:
        for job in jobs():
            answers = list(crowd.map(lambda job: ask(server, job), [job] * AT_ONCE))
            assert {status for status, _ in answers} == {200}, (job.target, answers)
            assert len(set(answers)) == 1, "some are cut"
            if not SANITIZED:
                assert server.peak_memory() <= BUDGET + BESIDE, job.target
    wait_until(lambda: metrics(server)["dissolved_memory_bytes"] == 0, "all of it is released")
    assert metrics(server)["dissolved_sandbox_violations_total"] == 0, "the allocator is denied"
