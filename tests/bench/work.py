"""Compares the estimate that max-work limits with the processor time of each form of answer."""

import functools
import io
import json
import re
import socket

import numpy
import PIL.Image

from server import Server, post, require, send
from table import at_most, median, row

ROUNDS = 3
LOW = 19999  # a limit in nanoseconds that refuses each request: no multiple of 1,000, so told in ns
FACTOR = 2  # between a form's ratio of processor time to estimate and the median of all forms
IMAGES, IMAGE_BINS = "/v1/images/frames", "/v1/images/histograms"
SAMPLES, SAMPLE_BINS = "/v1/samples/frames", "/v1/samples/histograms"
LAW = {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5]}


class Form:
    """A request; `times` makes short ones measurable. What costs nothing but what is listed is left out."""

    def __init__(self, name, path, query, body="photo", times=1, gzip=False):
        self.name, self.path, self.query = name, path, query
        self.body, self.times, self.gzip = body, times, gzip


FORMS = (
    Form("chain, last frame", IMAGES, "steps=300&frames=last&compression=none"),
    Form("jump, NPY", IMAGES, "steps=400&frames=all&sampler=jump&format=npy", "gray"),
    Form("tree, NPY", IMAGES, "steps=400&frames=all&sampler=tree&format=npy", "gray"),
    Form("tree, one frame", IMAGES, "steps=10000&frames=4999&sampler=tree&compression=none", times=8),
    Form("NPY", IMAGES, "steps=100&format=npy"),
    Form("NPZ of x, noise, velocity", IMAGES, "steps=40&format=npz&content=x,noise,velocity"),
    Form("APNG, fast", IMAGES, "steps=100"),
    Form("APNG, none", IMAGES, "steps=100&compression=none"),
    Form("APNG, best", IMAGES, "steps=10&compression=best"),
    Form("APNG of a photo that stays, fast", IMAGES, "steps=50&beta=0"),
    Form("APNG of a photo that stays, best", IMAGES, "steps=3&beta=0&compression=best"),
    Form("PNG sheet", IMAGES, "steps=99&layout=grid"),
    Form("multipart", IMAGES, "steps=100&format=multipart"),
    Form("ZIP, fast", IMAGES, "steps=100&format=zip"),
    Form("ZIP, terms", IMAGES, "steps=60&format=zip&measures=terms"),
    Form("ZIP, best", IMAGES, "steps=5&format=zip&compression=best"),
    Form("ZIP, one pixel, 5,001 frames", IMAGES, "steps=5000&format=zip", "pixel"),
    Form("APNG, one pixel, 5,001 frames", IMAGES, "steps=5000", "pixel"),
    Form("PNG best, one pixel, 501 frames", IMAGES, "steps=500&compression=best", "pixel"),
    Form("histograms of one pixel, 2,001 frames", IMAGE_BINS, "steps=2000&bins=10", "pixel"),
    Form("images as JSON", IMAGES, "steps=50&format=json"),
    Form("images as JSON, gzip", IMAGES, "steps=10&format=json", gzip=True),
    Form("histograms of an image", IMAGE_BINS, "steps=60"),
    Form("histograms of an image, terms", IMAGE_BINS, "steps=50&measures=terms"),
    Form("histograms of an image as SVG", IMAGE_BINS, "steps=60&format=svg"),
    Form("samples as JSON", SAMPLES, "steps=5", "samples"),
    Form("samples as JSON, gzip", SAMPLES, "steps=2", "samples", gzip=True),
    Form("one sample, 10,001 frames", SAMPLES, "steps=10000&format=json", "one", times=10),
    Form("histograms of samples", SAMPLE_BINS, "steps=60", "samples"),
    Form("4,096 bins, 500 frames", SAMPLE_BINS, "steps=499&bins=4096", "one"),
    Form("4,096 bins, 100 frames, gzip", SAMPLE_BINS, "steps=99&bins=4096", "one", gzip=True),
    Form("4,096 bins, 100,000 samples", SAMPLE_BINS, "steps=499&bins=4096", "some"),
    Form("4,096 bins, 100,000 samples, gzip", SAMPLE_BINS, "steps=99&bins=4096", "some", gzip=True),
    Form("4,096 bins of a mixture, exact", SAMPLE_BINS, "steps=199&bins=4096", "law"),
    Form("4,096 bins as SVG", SAMPLE_BINS, "steps=499&bins=4096&format=svg", "some"),
    Form("50 bins as SVG, one sample", SAMPLE_BINS, "steps=10000&bins=50&format=svg", "one"),
    Form("50 bins as SVG, with a mixture", SAMPLE_BINS, "steps=1000&bins=50&format=svg", "law"),
    Form("50 bins as SVG, with a mixture, gzip", SAMPLE_BINS, "steps=500&bins=50&format=svg", "law",
         gzip=True),
    Form("exact distribution", SAMPLE_BINS, "steps=1&frames=0&bins=1", "sharp"),
    Form("a mixture's samples", SAMPLES, "steps=0&format=npy", "mixture"),
    Form("samples of 4,096 components", SAMPLES, "steps=0&format=npy", "wide"),
    Form("a large PNG", IMAGES, "steps=0&channels=gray&compression=none", "png"),
    Form("a large JPEG", IMAGES, "steps=0&channels=gray&compression=none", "jpeg"),
    Form("a large progressive JPEG", IMAGES, "steps=0&channels=gray&compression=none", "progressive"),
    Form("a PNG of one bit", IMAGES, "steps=0&channels=gray&compression=none", "bits"),
    Form("a JPEG of noise", IMAGES, "steps=0&channels=gray&compression=none", "noise"),
    Form("10,000 steps, one sample", SAMPLES, "steps=10000&frames=0", "one", times=200),
)


def document(**members):
    return "application/json", json.dumps(members).encode()


def picture_of(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return "application/octet-stream", out.getvalue()


def picture(bench, width, height, mode="RGB", **options):
    with PIL.Image.open(bench.photo(width, height)) as image:
        return picture_of(image.convert(mode), **options)


def noise():
    pixels = numpy.random.default_rng(1).integers(0, 256, (1500, 2000, 3), dtype=numpy.uint8)
    return PIL.Image.fromarray(pixels)


def body_of(bench, name):
    """The content type and the bytes of a body."""
    samples = numpy.random.default_rng(1).normal(size=1_000_000).astype("<f4")
    bodies = {
        "photo": lambda: picture(bench, 512, 512, format="PNG"),
        "gray": lambda: picture(bench, 512, 512, format="PNG"),
        "pixel": lambda: picture(bench, 1, 1, format="PNG"),
        "png": lambda: picture(bench, 4000, 3000, format="PNG", compress_level=1),
        "jpeg": lambda: picture(bench, 4000, 3000, format="JPEG", quality=90),
        "progressive": lambda: picture(bench, 4000, 3000, format="JPEG", quality=90, progressive=True),
        "bits": lambda: picture(bench, 4000, 3000, "1", format="PNG"),
        "noise": lambda: picture_of(noise(), format="JPEG", quality=95),
        "samples": lambda: ("application/octet-stream", samples.tobytes()),
        "some": lambda: ("application/octet-stream", samples[:100_000].tobytes()),
        "one": lambda: document(samples=[1]),
        "law": lambda: document(mixture=LAW | {"count": 1000}),
        "wide": lambda: document(mixture={
            "weights": [1] * 4096, "means": [0] * 4096, "stds": [1] * 4096, "count": 10_000_000}),
        "mixture": lambda: document(mixture=LAW | {"count": 10_000_000}),
        "sharp": lambda: document(mixture={
            "weights": [1] * 100, "means": [k / 10 for k in range(100)],
            "stds": [0.0002] + [1] * 99, "count": 1}),
    }
    return bodies[name]()


def estimate_of(server, path, body, content_type):
    """The estimate in nanoseconds, by the problem of a server with a limit that is too low."""
    with socket.socket() as connection:
        send(connection, server.port, path, body, content_type)
        answer = b""
        while b"\r\n\r\n" not in answer or b"}" not in answer.partition(b"\r\n\r\n")[2]:
            got = connection.recv(1 << 16)
            require(got, f"no estimate of {path}: {answer!r}")
            answer += got
    found = re.search(rb"estimated at (\d+) ns of one", answer)
    require(found, f"no estimate of {path}: {answer!r}")
    return int(found[1])


def prepare(bench, form):
    """The path, the body and the content type of a form's request."""
    content_type, body = body_of(bench, form.body)
    path = f"{form.path}?seed=1&{form.query}" + ("&channels=gray" if form.body == "gray" else "")
    return path, body, content_type + ("\r\nAccept-Encoding: gzip" if form.gzip else "")


def processor_time(server, request, times):
    """Seconds of the process, for the whole of some equal requests."""
    before = server.cpu()
    for _ in range(times):
        post(server, *request)
    return server.cpu() - before


def measure(bench):
    """(form, estimated seconds, measured seconds): the least of ROUNDS, as other load only adds."""
    working, refusing = (
        bench.start("dissolved", "--listen", "127.0.0.1:0", "--threads", "1", "--max-work", limit)
        for limit in (str(2**62), str(LOW)))
    for form in FORMS:
        request = prepare(bench, form)
        estimate = estimate_of(refusing, *request) * 1e-9 * form.times
        yield form, estimate, min(processor_time(working, request, form.times) for _ in range(ROUNDS))


@functools.lru_cache(maxsize=None)
def ratios(bench):
    """Measured by estimated time of each form, as a multiple of their median; printed as a table."""
    figures = list(measure(bench))
    middle = median(cpu / estimate for _, estimate, cpu in figures)
    print("\n| form | estimated s | measured s | ratio |\n| --- | --- | --- | --- |")
    for form, estimate, cpu in figures:
        print(f"| {form.name} | {estimate:.3f} | {cpu:.3f} | {cpu / estimate / middle:.2f} |")
    print(f"\nmeasured / estimated, median: {middle:.2f}\n", flush=True)
    return {form.name: cpu / estimate / middle for form, estimate, cpu in figures}


def add_rows():
    @row("work: the form farthest from its estimate", at_most(FACTOR, "times the median"))
    def farthest(bench):
        distance = {name: max(ratio, 1 / ratio) for name, ratio in ratios(bench).items()}
        name = max(distance, key=distance.get)
        return distance[name], name
