"""How processor time and memory grow with steps, elements and frames: measured, fitted, drawn as SVG."""

import functools
import math
import subprocess

from server import PATIENCE
from table import Mark, median, row

SAMPLERS = ("chain", "jump", "tree")
WINDOW = 4  # frames, as in growth.c
ELEMENTS = 1 << 18
TOLERANCE = 0.1


class Sweep:
    """Runs that differ in one number; slopes are fitted from `fitted` on, where a run is no trifle."""

    def __init__(self, name, values, plan, fitted=1):
        self.name, self.values, self.plan, self.fitted = name, values, plan, fitted


# plan: value -> (elements, steps, frames)
SWEEPS = (
    Sweep("steps", (10, 30, 100, 300, 1000, 3000, 10000), lambda n: (ELEMENTS, n, 1)),
    Sweep("elements", [10**k for k in range(3, 9)], lambda n: (n, 10, 1), fitted=10**5),
    Sweep("frames", (10, 30, 100, 300, 1000), lambda n: (ELEMENTS, 1000, n)),
)

MEASURED = {}  # (sampler, sweep's name) -> [(value, seconds, MiB)]


# --- theory -----------------------------------------------------------------------------------


def frames_of(steps, frames):
    """Which t growth.c asks for."""
    return [steps - 1] if frames == 1 else [(k + 1) * steps // frames for k in range(frames)]


def nodes(steps, t):
    """The nodes of the tree on the way to t, each of them a draw."""
    yield steps
    a, b = 0, steps
    while b != t:
        u = (a + b) // 2
        yield u
        if u == t:
            return
        a, b = (a, u) if t < u else (u, b)


def draws(sampler, steps, frames):
    """Normals for each element."""
    wanted = frames_of(steps, frames)
    if sampler == "chain":
        return wanted[-1]
    if sampler == "jump":
        return len(wanted)
    windows = [wanted[k : k + WINDOW] for k in range(0, len(wanted), WINDOW)]
    return sum(len({u for t in window for u in nodes(steps, t)}) for window in windows)


def slope(points):
    """Of the least-squares line through (log x, log y)."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - x0) * (y - y0) for x, y in zip(xs, ys)) / sum((x - x0) ** 2 for x in xs)


def theory(sampler, sweep):
    """The slopes of time and memory over the same values: time is elements x draws, memory the state
    and a window of frames."""
    values = [value for value in sweep.values if value >= sweep.fitted]
    plans = [sweep.plan(value) for value in values]
    times = [elements * draws(sampler, steps, frames) for elements, steps, frames in plans]
    sizes = [elements * (4 + min(frames, WINDOW)) for elements, _, frames in plans]
    return Slopes(slope(list(zip(values, times))), slope(list(zip(values, sizes))))


class Slopes:
    def __init__(self, time, memory):
        self.time, self.memory = time, memory

    def __str__(self):
        return f"time {self.time + 0:.2f}, memory {self.memory + 0:.2f}".replace("-0.00", "0.00")

    def near(self, other):
        return max(abs(self.time - other.time), abs(self.memory - other.memory)) <= TOLERANCE


# --- measuring --------------------------------------------------------------------------------


def run(bench, sampler, plan):
    """Seconds of processor time and MiB of one run, with one thread."""
    command = [bench.build / "tests" / "bench_growth", sampler, *map(str, plan), "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    seconds, kib = done.stdout.split()
    return float(seconds), int(kib) / 1024


@functools.lru_cache(maxsize=None)
def measure(bench, sampler, sweep):
    points = []
    for value in sweep.values:
        taken = [run(bench, sampler, sweep.plan(value))]
        while len(taken) < 9 and sum(seconds for seconds, _ in taken) < 0.5:
            taken.append(run(bench, sampler, sweep.plan(value)))
        points.append((value, median(s for s, _ in taken), max(m for _, m in taken)))
    MEASURED[sampler, sweep.name] = points
    return points


def fitted(bench, sampler, sweep):
    points = [point for point in measure(bench, sampler, sweep) if point[0] >= sweep.fitted]
    return Slopes(slope([(x, s) for x, s, _ in points]), slope([(x, m) for x, _, m in points]))


def add_rows():
    for sweep in SWEEPS:
        for sampler in SAMPLERS:
            expected = theory(sampler, sweep)
            mark = Mark("", f"{expected}, +- {TOLERANCE}", expected.near, str)

            @row(f"growth: slope against {sweep.name}, {sampler}", mark)
            def measured(bench, sampler=sampler, sweep=sweep):
                return fitted(bench, sampler, sweep)


def print_points():
    """Every run, in Markdown."""
    print("\n| growth | " + " | ".join(f"{s}, ms | {s}, MiB" for s in SAMPLERS) + " |")
    print("| --- |" + " --- |" * 2 * len(SAMPLERS))
    for sweep in SWEEPS:
        for k, value in enumerate(sweep.values):
            cells = []
            for sampler in SAMPLERS:
                points = MEASURED.get((sampler, sweep.name))
                cells += [f"{points[k][1] * 1e3:,.2f}", f"{points[k][2]:,.1f}"] if points else ["", ""]
            print(f"| {value:,} {sweep.name} | " + " | ".join(cells) + " |")


# --- drawing ----------------------------------------------------------------------------------

STYLE = """
text { font: 11px system-ui, sans-serif; fill: #57606a }
.name { font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .35; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
.chain { stroke: #0969da } .jump { stroke: #bc4c00 } .tree { stroke: #1a7f37 }
.dot { stroke: none } .dot.chain { fill: #0969da } .dot.jump { fill: #bc4c00 } .dot.tree { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 }
.chain { stroke: #58a6ff } .jump { stroke: #f0883e } .tree { stroke: #3fb950 }
.dot.chain { fill: #58a6ff } .dot.jump { fill: #f0883e } .dot.tree { fill: #3fb950 }
}
"""
PANEL, GAP, LEFT, TOP = (210, 150), (62, 52), 52, 44


class Panel:
    """One pair of logarithmic axes, its lower left corner at (x, y)."""

    def __init__(self, x, y, values, figures):
        self.x, self.y = x, y
        self.across = math.log10(min(values)), math.log10(max(values))
        self.up = math.floor(math.log10(min(figures))), math.ceil(math.log10(max(figures)))

    def place(self, value, figure):
        def part(number, ends):
            return (math.log10(number) - ends[0]) / (ends[1] - ends[0])

        return (
            self.x + part(value, self.across) * PANEL[0],
            self.y - part(figure, self.up) * PANEL[1],
        )

    def axes(self, name, unit):
        for power in range(math.ceil(self.across[0]), math.floor(self.across[1]) + 1):
            x = self.place(10**power, 10 ** self.up[0])[0]
            yield f'<path class="grid" d="M{x:.1f} {self.y}V{self.y - PANEL[1]}"/>'
            yield f'<text x="{x:.1f}" y="{self.y + 14}" text-anchor="middle">{short(power)}</text>'
        for power in range(self.up[0], self.up[1] + 1):
            y = self.place(10 ** self.across[0], 10**power)[1]
            yield f'<path class="grid" d="M{self.x} {y:.1f}H{self.x + PANEL[0]}"/>'
            yield f'<text x="{self.x - 5}" y="{y + 4:.1f}" text-anchor="end">{short(power)}</text>'
        middle = self.x + PANEL[0] / 2
        yield f'<text x="{middle}" y="{self.y + 30}" text-anchor="middle">{name}</text>'
        yield f'<text x="{self.x - 40}" y="{self.y - PANEL[1] - 8}">{unit}</text>'

    def curve(self, sampler, points):
        places = [self.place(*point) for point in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        yield f'<path class="line {sampler}" d="M{path}"/>'
        for x, y in places:
            yield f'<circle class="dot {sampler}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'


def short(power):
    """A power of ten in as few letters as will do."""
    if -2 <= power <= 3:
        return f"{10.0**power:g}"
    return f'10<tspan dy="-4" font-size="8">{power}</tspan>'


def draw(path):
    """Time above, memory below, against each of the three numbers; nothing if a run is missing."""
    if len(MEASURED) < len(SWEEPS) * len(SAMPLERS):
        return
    width = LEFT + len(SWEEPS) * (PANEL[0] + GAP[0]) - GAP[0] + 16
    height = TOP + 2 * (PANEL[1] + GAP[1]) - 12
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
             f' width="{width}" height="{height}" role="img">']
    lines += [f"<title>Time and memory of the samplers</title><style>{STYLE}</style>"]
    for k, sampler in enumerate(SAMPLERS):
        x = width - 16 - 70 * (len(SAMPLERS) - k)
        lines += [f'<path class="line {sampler}" d="M{x} 14h18"/>',
                  f'<text class="name" x="{x + 24}" y="18">{sampler}</text>']
    for column, sweep in enumerate(SWEEPS):
        for line, (unit, pick) in enumerate((("ms", lambda p: p[1] * 1e3), ("MiB", lambda p: p[2]))):
            curves = {s: [(p[0], max(pick(p), 1e-2)) for p in MEASURED[s, sweep.name]] for s in SAMPLERS}
            figures = [figure for points in curves.values() for _, figure in points]
            corner = LEFT + column * (PANEL[0] + GAP[0]), TOP + PANEL[1] + line * (PANEL[1] + GAP[1])
            panel = Panel(*corner, sweep.values, figures)
            lines += panel.axes(sweep.name, unit)
            for sampler, points in curves.items():
                lines += panel.curve(sampler, points)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n</svg>\n")
