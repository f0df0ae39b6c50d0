"""What a billion frames a day need: docs/scale.md's figures, from those of README's table.

scale.py writes them anew; ./dev bench --readme does so after it has measured.
"""

import math
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- what tests/bench/scale.py writes -->\n", "<!-- to here -->\n"

# Assumptions; the page names them.
FRAMES = 1e9
PRICE = 0.04  # dollars for an hour of one processor
TRAFFIC = 0.02  # dollars for a GB that leaves its zone
BUSY = 0.7  # how much of the time processors work, for the sake of peaks
CORES = 8  # of a replica
ELEMENTS = 512 * 512 * 3


def figure(table, name, pattern):
    """A number of the row with this name."""
    row = re.search(rf"^\| {re.escape(name)} +\|(.*)$", table, re.MULTILINE)
    found = re.search(pattern, row[1]) if row else None
    if not found:
        raise SystemExit(f"scale: README's table has no {pattern} in the row {name}")
    return float(found[1].replace(",", ""))


def measured(table):
    """Milliseconds of processor time for each frame, bytes of one, ns of a step, ms of a jump."""
    photo = figure(
        table, "end to end: the lesson / ours, 512 x 512 to 21 frames, ZIP", r"([\d,.]+) ms of CPU"
    )
    size = figure(table, "PNG: a noise frame of 512 x 512, fast", r"([\d,]+) bytes")
    step = figure(table, "kernel: noise and step, per element, 1 thread", r"([\d.]+) ns")
    jump = figure(table, "kernel: 10 frames of 1,000 steps, chain / jump", r"\(([\d.]+) ms\)")
    return photo, size, step, jump


def section(title, *lines):
    width = max(len(what) for what, _ in lines)
    return f"{title}:\n\n" + "".join(f"    {what:{width}} = {value}\n" for what, value in lines)


def text(readme):
    """The section as Markdown; each line is computed from the rounded figures that it shows."""
    photo, size, step, jump = measured(readme)
    rate = round(FRAMES / 86400)
    each = round(photo / 21, 2)
    busy = round(rate * each / 1e3, 1)
    cores = math.ceil(round(busy / BUSY, 6))  # 38.00000000000001 are 38
    replicas = math.ceil(cores / CORES)
    out = round(rate * size * 8 / 1e9, 1)
    million = round(1e6 * each / 1e3 / 3600 / BUSY, 2)
    dollars = round(million * PRICE, 4)
    gigabytes = round(size / 1e3)
    traffic = round(gigabytes * TRAFFIC, 1)
    chain = round(step * ELEMENTS * 1000 / 1e6)
    once = round(jump / 10, 2)
    raw = ELEMENTS * 4
    return "\n".join((
        section(
            "PNG frames, 21 of each picture",
            ("1,000,000,000 frames / 86,400 s", f"{rate:,} frames/s"),
            (f"{photo:g} ms of CPU / 21 frames", f"{each:g} ms of CPU for a frame"),
            (f"{rate:,} frames/s x {each:g} ms", f"{busy:g} processors at work"),
            (f"{busy:g} / {BUSY:g} busy", f"{cores} processors"),
            (f"{cores} / {CORES} processors a replica", f"{replicas} replicas"),
            (f"{rate:,} frames/s x {size:,.0f} bytes x 8", f"{out:g} Gbit/s out"),
            (f"{out:g} Gbit/s / 21", f"{round(out / 21, 1):g} Gbit/s in, of pictures as large as noise"),
            (f"{out:g} Gbit/s / {replicas} replicas", f"{round(out / replicas, 1):g} Gbit/s a replica"),
        ),
        section(
            "What a million of them cost",
            (f"1,000,000 x {each:g} ms / 3,600,000 / {BUSY:g} busy", f"{million:g} processor-hours"),
            (f"{million:g} processor-hours x ${PRICE:g}", f"${dollars:g} a million"),
            (f"${dollars:g} x 1,000", f"${round(dollars * 1000, 1):g} a day"),
            (f"1,000,000 x {size:,.0f} bytes", f"{gigabytes:,} GB to carry"),
            (f"{gigabytes:,} GB x ${TRAFFIC:g}", f"${traffic:g} a million, if they leave the zone"),
        ),
        section(
            "The process alone, for float32 states and training",
            ("512 x 512 x 3 elements x 4 bytes", f"{raw:,} bytes a frame"),
            (f"{rate:,} frames/s x {raw:,} bytes x 8", f"{round(rate * raw * 8 / 1e9):g} Gbit/s"),
            (f"{jump:g} ms / 10 frames by jump", f"{once:g} ms of CPU for any t"),
            (f"{rate:,} frames/s x {once:g} ms", f"{round(rate * once / 1e3, 1):g} processors at work"),
            (f"{step:g} ns x 786,432 elements x 1,000 steps", f"{chain:,} ms of CPU for x_1000 by chain"),
            (f"{rate:,} frames/s x {chain:,} ms", f"{round(rate * chain / 1e3):,} processors at work"),
        ),
    ))


def write():
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"scale: {PAGE} has no place for the figures")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    PAGE.write_text(before + BEGIN + "\n" + text(readme) + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    write()
