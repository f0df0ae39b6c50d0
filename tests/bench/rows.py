"""The rows of the table, in order: kernel, PNG, pipeline, end to end, fairness, door, work, many, growth."""

import http.client
import io
import json
import math
import os
import random
import subprocess
import sys
import time
import zipfile

import numpy
import PIL.Image

import growth
import many
import work
from server import HERE, PATIENCE, Server, post, require, wrk
from table import Mark, Missing, at_least, at_most, interleaved, median, once, ratio, row, written

PICTURE = "/v1/images/frames?steps=20&beta=0.25&seed=42"
HISTOGRAMS = "/v1/samples/histograms"
MILLION = "/v1/samples/frames?steps=1&frames=last&format=npy&seed=42"
NOISE = 512 * 512 * 3  # bytes of the frame that PNG is measured with
MIXTURE = {
    "mixture": {"weights": [0.5, 0.3, 0.2], "means": [0, 5, -3], "stds": [1, 0.5, 1.5], "count": 10000},
    "steps": 40,
    "beta": 0.5,
    "bins": 50,
    "seed": "42",
}
SMALL = {"samples": [round(math.sin(i), 3) for i in range(25)], "steps": 40, "frames": "last", "seed": "42"}
SOCKET_THREADS = 2  # of the server's door (src/main.c)



def rate_and_cpu(server, path, body=None, connections=64, seconds=2, threads=2):
    """Requests/s, and the server's microseconds of processor time for each."""
    before = server.cpu()
    load = wrk(server, path, connections, seconds, threads, body)
    return load.rate, (server.cpu() - before) * 1e6 / (load.rate * seconds)


def median_rate(figures):
    return median(rate for rate, _ in figures), f"{written(median(cpu for _, cpu in figures))} us of CPU each"


# --- kernel -----------------------------------------------------------------------------------


def engine(bench, threads, what="step", isa=None):
    """The numbers that bench_engine prints."""
    done = subprocess.run(
        [bench.build / "tests" / "bench_engine", str(threads), what],
        env=os.environ | ({"DISSOLVE_ISA": isa} if isa else {}),
        capture_output=True, text=True, timeout=PATIENCE,
    )
    if done.returncode != 0:
        raise Missing(f"not on this processor: {done.stderr.strip()}")
    return [float(word) for word in done.stdout.split()[1:]]


@once
def kernel(bench):
    names = ("one", "two", "q", "frame", "lesson", "parts", "normals")
    lesson = bench.lesson
    columns = interleaved(
        5,
        lambda: engine(bench, 1)[0],
        lambda: engine(bench, 2)[0],
        lambda: lesson.ask("q", 1),
        lambda: engine(bench, 2, "frame")[0],
        lambda: lesson.ask("frame", 2),
        lambda: engine(bench, 1, "parts"),
        lambda: lesson.ask("normals"),
    )
    return dict(zip(names, columns))


@row("kernel: noise and step, per element, 1 thread", at_most(1.3, "ns"))
def kernel_one(bench):
    return median(kernel(bench)["one"])


@row("kernel: PyTorch's q() / ours, 1 thread", at_least(5.5, "times"))
def kernel_torch(bench):
    figures = kernel(bench)
    return ratio(figures["q"], figures["one"]), f"{written(median(figures['q']))} ns"


@row("kernel: 1 thread / 2 threads", at_least(1.9, "times"))
def kernel_threads(bench):
    figures = kernel(bench)
    return ratio(figures["one"], figures["two"]), f"{written(median(figures['two']))} ns with 2"


@row("kernel: the lesson's step and rendering / ours, 2 threads", at_least(15, "times"))
def kernel_frame(bench):
    figures = kernel(bench)
    ours, theirs = median(figures["frame"]), median(figures["lesson"])
    return ratio(figures["lesson"], figures["frame"]), f"{written(theirs)} / {written(ours)} ns"


@row("kernel: rendering, per element", at_most(0.15, "ns"))
def kernel_render(bench):
    return median(rendered for _, rendered in kernel(bench)["parts"])


@row("kernel: numpy's standard_normal / our normals, 1 thread", Mark("times"))
def kernel_numpy(bench):
    figures = kernel(bench)
    ours = [drawn for drawn, _ in figures["parts"]]
    theirs = figures["normals"]
    return ratio(theirs, ours), f"{written(median(theirs))} / {written(median(ours))} ns"


@row("kernel: noise and step without vector instructions, 1 thread", Mark("ns"))
def kernel_baseline(bench):
    return engine(bench, 1, isa="baseline")[0]


@once
def samplers(bench):
    return engine(bench, 1, "samplers")


@row("kernel: 10 frames of 1,000 steps, chain / jump", Mark("times"))
def kernel_jump(bench):
    chain, jump, _ = samplers(bench)
    return chain / jump, f"{written(jump)} ms"


@row("kernel: 10 frames of 1,000 steps, chain / tree", Mark("times"))
def kernel_tree(bench):
    chain, _, tree = samplers(bench)
    return chain / tree, f"{written(tree)} ms"


# --- PNG --------------------------------------------------------------------------------------


@once
def noise_frame(bench):
    """The last frame of a photo's run, as the service sends it."""
    answer = fetch(bench, PICTURE + "&frames=last&format=png", bench.photo(512, 512))
    return answer, PIL.Image.open(io.BytesIO(answer)).convert("RGB")


def bench_png(bench, image, rounds):
    """name -> (milliseconds, bytes) of a frame by the codec and by its peers."""
    program = bench.build / "tests" / "bench_png"
    if not program.exists():
        raise Missing("bench_png is not built")
    command = [program, str(image.width), str(image.height), "3", bench.file(image.tobytes())]
    runs = []
    for _ in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        runs.append([line.split() for line in done.stdout.splitlines()])
    return {
        lines[0][0]: (median(float(ms) for _, ms, _ in lines), int(lines[0][2]))
        for lines in zip(*runs)
    }


@once
def encoders(bench):
    """What bench_png says of a noise frame, and Pillow."""
    _, image = noise_frame(bench)
    found = bench_png(bench, image, 3)
    taken = []
    for _ in range(5):
        out = io.BytesIO()
        start = time.perf_counter()
        image.save(out, "PNG")
        taken.append((time.perf_counter() - start) * 1e3)
    return found | {"pillow": (median(taken), len(out.getvalue()))}


def encoder(bench, name):
    figures = encoders(bench)
    if name not in figures:
        raise Missing(f"bench_png has no {name}")
    return figures[name]


def speed(bench, name):
    ms, size = encoder(bench, name)
    return NOISE / ms / 1e3, f"{written(ms)} ms, {size:,} bytes"


class Beside:
    """A peer's time as so many times ours, its file as so many percent larger."""

    def __init__(self, times, larger, ms, size):
        self.times, self.larger, self.ms, self.size = times, larger, ms, size

    def __str__(self):
        return (
            f"{written(self.times)} times, {self.larger:.1f} %"
            f" ({written(self.ms)} ms, {self.size:,} bytes)"
        )

    def slower_and_larger(self):
        return self.times > 1 and self.larger > 0


@row("PNG: a noise frame of 512 x 512, fast", at_least(800, "MB/s"))
def png_fast(bench):
    return speed(bench, "fast")


@row("PNG: its bytes above their order-0 entropy, fast", at_most(1, "%"))
def png_entropy(bench):
    answer, image = noise_frame(bench)
    counts = numpy.bincount(numpy.asarray(image).reshape(-1))
    shares = counts[counts > 0] / NOISE
    least = -(shares * numpy.log2(shares)).sum() * NOISE / 8
    return (len(answer) / least - 1) * 100, f"{len(answer):,} / {least:,.0f}"


for peer, name in (
    ("isal-1-filter-zero", "ISA-L, level 1"),
    ("libdeflate-1-filter-zero", "libdeflate, level 1"),
    ("lodepng-filter-zero", "lodepng, filter zero"),
    ("lodepng-default", "lodepng"),
    ("pillow", "Pillow"),
):

    @row(f"PNG: {name} beside fast", Mark("", "slower and larger", Beside.slower_and_larger, str))
    def png_peer(bench, peer=peer):
        ours, theirs = encoder(bench, "fast"), encoder(bench, peer)
        return Beside(theirs[0] / ours[0], (theirs[1] / ours[1] - 1) * 100, *theirs)


@row("PNG: the same frame, none", at_least(3000, "MB/s"))
def png_none(bench):
    return speed(bench, "none")


@row("PNG: the same frame, best", Mark("MB/s"))
def png_best(bench):
    return speed(bench, "best")


@row("PNG: a flat frame of 4096 x 4096, fast", at_most(100, "KB"))
def png_flat(bench):
    flat = PIL.Image.new("RGB", (4096, 4096), (90, 140, 200))
    ms, size = bench_png(bench, flat, 1)["fast"]
    return size / 1e3, f"{written(ms)} ms"


# --- pipeline ---------------------------------------------------------------------------------


def fetch(bench, path, file):
    """An answer as bytes, to be looked at; not for measuring."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.server.port, timeout=PATIENCE)
    connection.request("POST", path, file.read_bytes(), {"Content-Type": "image/png"})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    require(response.status == 200, f"{path} answered {response.status}: {answer[:500]!r}")
    return answer


@once
def checked_zip(bench):
    """That what is measured is what was asked for."""
    answer = fetch(bench, PICTURE + "&format=zip", bench.photo(512, 512))
    names = zipfile.ZipFile(io.BytesIO(answer)).namelist()
    require(sum(name.endswith(".png") for name in names) == 21, f"the ZIP holds {names}")
    return len(answer)


@row("pipeline: first byte of 20 frames / the whole, ZIP", at_most(0.25, "times"))
def first_byte(bench):
    photo = bench.photo(512, 512).read_bytes()
    path = PICTURE + "&frames=1-20&format=zip"
    answers = [post(bench.server, path, photo, "image/png") for _ in range(8)][1:]
    first, whole = [a.first for a in answers], [a.whole for a in answers]
    return ratio(first, whole), f"{written(median(first) * 1e3)} / {written(median(whole) * 1e3)} ms"


@row("pipeline: memory of 1,000 steps of 512 x 512 above idle, ZIP", at_most(96, "MiB"))
def peak_memory(bench):
    photo = bench.photo(512, 512).read_bytes()
    with Server(bench.build / "dissolved", "--listen", "127.0.0.1:0") as server:
        idle = server.memory("VmRSS")
        path = "/v1/images/frames?schedule=linear&steps=1000&seed=42&format=zip"
        answer = post(server, path, photo, "image/png")
        peak = server.memory("VmHWM")
    return peak - idle, f"{answer.size / 1e6:,.0f} MB in {written(answer.whole)} s"


# --- end to end -------------------------------------------------------------------------------


def against_the_lesson(bench, width, height, rounds, posts):
    """Our seconds and the lesson's for a photo to 21 pictures; ours are the median of some, twice."""
    checked_zip(bench)
    file = bench.photo(width, height)
    body = file.read_bytes()
    path = PICTURE + "&format=zip"
    used = bench.server.cpu()

    def ours():
        return median(post(bench.server, path, body, "image/png").whole for _ in range(posts))

    before, theirs, after = interleaved(
        rounds, ours, lambda: bench.lesson.ask("pictures", file, 2) / 1e3, ours
    )
    used = (bench.server.cpu() - used) / (2 * rounds * posts)
    times = [(a + b) / 2 for a, b in zip(before, after)]
    note = f"{written(median(theirs))} s / {written(median(times) * 1e3)} ms, {written(used * 1e3)} ms of CPU"
    return ratio(theirs, times), note


@row("end to end: the lesson / ours, 512 x 512 to 21 frames, ZIP", at_least(50, "times"))
def small_photo(bench):
    return against_the_lesson(bench, 512, 512, 3, 5)


@row("end to end: the lesson / ours, 3840 x 2160 to 21 frames, ZIP", at_least(40, "times"))
def large_photo(bench):
    return against_the_lesson(bench, 3840, 2160, 1, 2)


@row("end to end: 512 x 512 to 21 frames, animated PNG", Mark("ms"))
def animation(bench):
    photo = bench.photo(512, 512).read_bytes()
    path = PICTURE + "&format=png"
    answers = [post(bench.server, path, photo, "image/png") for _ in range(8)][1:]
    return median(a.whole for a in answers) * 1e3, f"{answers[0].size / 1e6:.2f} MB"


@once
def mixture_body(bench):
    return "application/json", bench.file(json.dumps(MIXTURE).encode())


@row("end to end: the mixture example, 8 connections", at_least(1500, "requests/s"))
def mixture_rate(bench):
    body = mixture_body(bench)
    return median_rate([rate_and_cpu(bench.server, HISTOGRAMS, body, 8, 3, 1) for _ in range(3)])


@row("end to end: the same by FastAPI and PyTorch", Mark("requests/s"))
def mixture_peer(bench):
    body = mixture_body(bench)
    with Server(sys.executable, "-B", HERE / "lesson_service.py") as peer:
        return median_rate([rate_and_cpu(peer, HISTOGRAMS, body, 8, 3, 1) for _ in range(2)])


@row("end to end: the lesson's mixture example / ours", Mark("times"))
def mixture_time(bench):
    body = mixture_body(bench)[1].read_bytes()
    path = HISTOGRAMS
    ours, theirs = interleaved(
        9,
        lambda: post(bench.server, path, body, "application/json").whole * 1e3,
        lambda: bench.lesson.ask("mixture", 2),
    )
    return ratio(theirs, ours), f"{written(median(theirs))} / {written(median(ours))} ms"


@row("end to end: 1,000,000 JSON samples, one step", Mark("ms"))
def million(bench):
    numbers = random.Random(42)
    samples = [round(numbers.gauss(0, 1), 6) for _ in range(1_000_000)]
    body = json.dumps({"samples": samples}).encode()
    answers = [post(bench.server, MILLION, body, "application/json") for _ in range(5)]
    require(4_000_000 < answers[0].size < 4_100_000, "the array has not 1,000,000 numbers")
    return median(a.whole for a in answers) * 1e3


# --- fairness ---------------------------------------------------------------------------------


def beside_a_large_job(bench, large):
    """What wrk measures while the answer to a large job is read by another process."""
    command = [sys.executable, "-B", HERE / "drain.py", str(bench.server.port)]
    command += ["/v1/images/frames?steps=200&seed=1&format=zip", large]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        try:
            first = reader.stdout.readline()
            require(" 200 " in first, f"the large job answered {first!r}")
            load = wrk(bench.server, HISTOGRAMS, 1, 5, body=mixture_body(bench))
            require(reader.poll() is None, "the large job ended too early")
        finally:
            reader.kill()
    return load


@once
def fairness(bench):
    large = bench.photo(4096, 4096)
    idle, busy = interleaved(
        2,
        lambda: wrk(bench.server, HISTOGRAMS, 1, 3, body=mixture_body(bench)),
        lambda: beside_a_large_job(bench, large),
    )
    time.sleep(0.5)  # for the last large job to notice that its reader has gone
    return idle, busy


@row("fairness: the mixture's median beside a large job / idle", at_most(3, "times"))
def fair_median(bench):
    idle, busy = fairness(bench)
    before, beside = [load.median for load in idle], [load.median for load in busy]
    return ratio(beside, before), f"{written(median(beside))} / {written(median(before))} ms"


@row("fairness: its 99th percentile beside a large job / idle", at_most(10, "times"))
def fair_late(bench):
    idle, busy = fairness(bench)
    before, beside = [load.late for load in idle], [load.late for load in busy]
    usual = ratio(beside, [load.median for load in idle])
    note = f"{written(median(beside))} / {written(median(before))} ms"
    return ratio(beside, before), f"{note}; {written(usual)} times the idle median"


# --- the door ---------------------------------------------------------------------------------


@row("door: GET /healthz / libmicrohttpd's smallest, 64 connections", at_least(0.8, "times"))
def door(bench):
    smallest = bench.start("tests/bench_smallest", str(SOCKET_THREADS))
    ours, theirs = interleaved(
        4, lambda: rate_and_cpu(bench.server, "/healthz"), lambda: rate_and_cpu(smallest, "/")
    )
    rates = [[rate for rate, _ in figures] for figures in (ours, theirs)]
    cpu = [written(median(each for _, each in figures)) for figures in (ours, theirs)]
    note = f"{median(rates[0]):,.0f} / {median(rates[1]):,.0f} per s, {cpu[0]} / {cpu[1]} us of CPU"
    return ratio(*rates), note


@row("door: 25 JSON samples, 40 steps, the last frame", at_least(20000, "requests/s"))
def small_request(bench):
    body = "application/json", bench.file(json.dumps(SMALL).encode())
    return median_rate([rate_and_cpu(bench.server, "/v1/samples/frames", body) for _ in range(3)])


# --- work, many, growth -----------------------------------------------------------------------

work.add_rows()
many.add_rows()
growth.add_rows()
