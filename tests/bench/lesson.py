"""The lesson's process in PyTorch, numpy and Pillow, as a peer: reads commands, prints milliseconds.

One command a line on standard input, one line with a number for each on standard output:
q THREADS, frame THREADS (per element and step, nanoseconds), normals (numpy's, nanoseconds each),
pictures FILE THREADS, mixture THREADS (milliseconds), ready (0).
"""

import io
import math
import sys
import time

import numpy
import PIL.Image
import torch

SHAPE = (512, 512, 3)
STEPS = 20
BETA = 0.25


def q(x, beta):
    """x_t of x_{t-1}."""
    return math.sqrt(1 - beta) * x + math.sqrt(beta) * torch.randn_like(x)


def state_of(image):
    return torch.from_numpy(numpy.asarray(image, dtype=numpy.float32)) / 255 * 2 - 1


def render(x):
    return (((x + 1) / 2).clamp(0, 1) * 255).to(torch.uint8)


def per_element(threads, also):
    torch.set_num_threads(threads)
    x = torch.zeros(SHAPE)
    start = time.perf_counter()
    for _ in range(STEPS):
        x = q(x, BETA)
        also(x)
    return (time.perf_counter() - start) * 1e9 / (x.numel() * STEPS)


def command_q(threads):
    return per_element(int(threads), lambda x: None)


def command_frame(threads):
    return per_element(int(threads), render)


def command_normals():
    generator = numpy.random.default_rng(42)
    count = math.prod(SHAPE)
    start = time.perf_counter()
    generator.standard_normal(count, dtype=numpy.float32)
    return (time.perf_counter() - start) * 1e9 / count


def command_pictures(path, threads):
    """A photo to the PNG files of 21 frames, as the lesson's page shows them, in memory."""
    torch.set_num_threads(int(threads))
    with open(path, "rb") as file:
        body = file.read()
    start = time.perf_counter()
    image = PIL.Image.open(io.BytesIO(body)).convert("RGB")
    x = state_of(image)
    image.save(io.BytesIO(), "PNG")
    for _ in range(STEPS):
        x = q(x, BETA)
        PIL.Image.fromarray(render(x).numpy()).save(io.BytesIO(), "PNG")
    return (time.perf_counter() - start) * 1e3


def mixture(weights, means, stds, count, steps, beta, bins):
    """Histograms of a mixture's samples and of what becomes of them."""
    which = torch.multinomial(torch.tensor(weights), count, replacement=True)
    x = torch.tensor(means)[which] + torch.tensor(stds)[which] * torch.randn(count)
    yield numpy.histogram(x.numpy(), bins=bins)
    for _ in range(steps):
        x = q(x, beta)
        yield numpy.histogram(x.numpy(), bins=bins)


def command_mixture(threads):
    """10,000 samples of three Gaussians, 40 steps, a histogram of each of the 41 frames."""
    torch.set_num_threads(int(threads))
    start = time.perf_counter()
    made = list(mixture([0.5, 0.3, 0.2], [0.0, 5.0, -3.0], [1.0, 0.5, 1.5], 10000, 40, 0.5, 50))
    assert len(made) == 41
    return (time.perf_counter() - start) * 1e3


def command_ready():
    return 0


def main():
    for line in sys.stdin:
        name, *arguments = line.split()
        print(globals()["command_" + name](*arguments), flush=True)


if __name__ == "__main__":
    main()
