"""Histograms drawn as SVG: read as XML, held against the same histograms in JSON, and looked at."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

import pictures
from checks import assert_ok, assert_problem
from checks_samples import LESSON, post, read

SAMPLES, IMAGES = "/v1/samples/histograms", "/v1/images/histograms"
SVG = "image/svg+xml"
NAMESPACE = "{http://www.w3.org/2000/svg}"
MIXTURE = {"mixture": LESSON, "seed": 42}
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 120


def picture(side=12):
    return pictures.png_of(pictures.photo(side, side))


def plot(client, body, path=SAMPLES, **parameters):
    """The text of a plot."""
    media_type = "image/png" if isinstance(body, bytes) else None
    return assert_ok(post(client, body, media_type, path, format="svg", **parameters), SVG).text


class Plot:
    """A plot read as XML: its panels, and where numbers lie in them."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(text.encode())
        assert self.root.tag == NAMESPACE + "svg"
        self.panels = [group for group in self.root.iter(NAMESPACE + "g")
                       if "f" in (group.get("class") or "").split()]
        named = {node.get("id"): node for node in self.root.iter() if node.get("id")}
        height = float(next(self.root.iter(NAMESPACE + "clipPath"))[0].get("height"))
        self.across, self.down = self._axis(named["x"], "x"), self._axis(named["y"], "y", height)

    @staticmethod
    def _axis(group, name, base=None):
        """From a number to its place, by the first and the last tick's words, of which the first
        stands at the base if there is one."""
        ticks = [(float(text.text.replace("\u2212", "-")), float(text.get(name)))
                 for text in group.iter(NAMESPACE + "text")]
        (low, start), (high, end) = ticks[0], ticks[-1]
        unit, base = (end - start) / (high - low), start if base is None else base
        return lambda value: base + (np.asarray(value) - low) * unit

    def steps(self):
        """The t of each panel, by its words."""
        words = ["".join(panel.find(NAMESPACE + "text").itertext()) for panel in self.panels]
        return [int(re.match(r"t = (\d+)", text)[1]) for text in words]

    def paths(self, panel, kind):
        return [path for path in panel.iter(NAMESPACE + "path")
                if kind in (path.get("class") or "").split()]


def bars(path):
    """The left and right edge and the top of each bar of an outline."""
    x = y = None
    for name, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path.get("d")):
        numbers = [float(number) for number in re.findall(r"-?[0-9.]+", rest)]
        if name == "M":
            x, y = numbers
        elif name == "V":
            y = numbers[0]
        else:
            assert name == "h", f"a bar with the command {name}"
            yield x, x + numbers[0], y
            x += numbers[0]


@pytest.mark.parametrize("layout", ["animation", "strip", "grid"])
@pytest.mark.parametrize("frames", ["0", "last", "0-5", "all", "0-40/10"])
def test_a_plot_has_a_panel_for_each_frame(client, layout, frames):
    answer = read(post(client, MIXTURE, path=SAMPLES, frames=frames))
    drawn = Plot(plot(client, MIXTURE, frames=frames, layout=layout))
    assert drawn.steps() == [frame["t"] for frame in answer["frames"]]
    assert drawn.root.get("viewBox").split()[2:] == [drawn.root.get("width"),
                                                     drawn.root.get("height")]


@pytest.mark.parametrize("layout", ["animation", "strip", "grid"])
def test_the_bars_are_those_of_the_histogram(client, layout):
    run = {"frames": "0,3,10,40", "bins": 30}
    frames = read(post(client, MIXTURE, path=SAMPLES, **run))["frames"]
    drawn = Plot(plot(client, MIXTURE, layout=layout, **run))
    for panel, frame in zip(drawn.panels, frames):
        (path,) = drawn.paths(panel, "d")
        expected = [(a, b, d) for a, b, d in zip(frame["edges"], frame["edges"][1:],
                                                 frame["density"]) if d > 0]
        got = list(bars(path))
        assert len(got) == len(expected), f"t = {frame['t']}: {len(got)} bars"
        left, right, top = np.array(got).T
        low, high, density = np.array(expected).T
        np.testing.assert_allclose(left, drawn.across(low), atol=0.02)
        np.testing.assert_allclose(right, drawn.across(high), atol=0.02)
        np.testing.assert_allclose(top, np.maximum(drawn.down(density), -4), atol=0.02)


def test_the_exact_density_is_drawn_for_a_mixture_alone(client):
    drawn = Plot(plot(client, MIXTURE, frames="0-4"))
    assert [len(drawn.paths(panel, "e")) for panel in drawn.panels] == [1] * 5
    assert "exact" in "".join(drawn.root.itertext())
    for body, path in (({"samples": [1, 2, 3.5], "seed": 42}, SAMPLES), (picture(), IMAGES)):
        drawn = Plot(plot(client, body, path, frames="0-4"))
        assert not any(drawn.paths(panel, "e") for panel in drawn.panels)
        assert "exact" not in "".join(drawn.root.itertext())


def test_no_exact_density_is_drawn_where_there_is_none(client):
    sharp = {"mixture": {"weights": [1, 1], "means": [0, 1], "stds": [0, 1], "count": 100}}
    drawn = Plot(plot(client, sharp, betas="0,0.1,0.1"))
    assert [len(drawn.paths(panel, "e")) for panel in drawn.panels] == [0, 0, 1, 1]


def test_the_exact_curve_goes_through_the_exact_density(client):
    run = {"frames": "5", "bins": 200, "range": "-6,6"}
    frame = read(post(client, MIXTURE, path=SAMPLES, **run))["frames"][0]
    drawn = Plot(plot(client, MIXTURE, **run))
    (path,) = drawn.paths(drawn.panels[0], "e")
    curve = np.array(re.findall(r"-?[0-9.]+", path.get("d")), float).reshape(-1, 2)
    edges = np.array(frame["edges"])
    centres = drawn.across((edges[1:] + edges[:-1]) / 2)
    heights = np.interp(centres, curve[:, 0], curve[:, 1])
    np.testing.assert_allclose(heights, np.maximum(drawn.down(frame["exact"]["density"]), -4),
                               atol=0.6)


@pytest.mark.parametrize("channels, kinds", [("rgb", "rgb"), ("gray", "k")])
def test_an_images_plot_has_an_outline_for_each_channel(client, channels, kinds):
    run = {"frames": "0,2,20", "channels": channels, "seed": 1, "bins": 20}
    drawn = Plot(plot(client, picture(), IMAGES, **run))
    assert drawn.steps() == [0, 2, 20]
    frames = read(post(client, picture(), "image/png", IMAGES, **run))["frames"]
    for panel, frame in zip(drawn.panels, frames):
        assert len(frame["channels"]) == len(kinds)
        for kind, channel in zip(kinds, frame["channels"]):
            (path,) = drawn.paths(panel, kind)
            expected = [d for d in channel["density"] if d > 0]
            top = [bar[2] for bar in bars(path)]
            np.testing.assert_allclose(top, np.maximum(drawn.down(expected), -4), atol=0.02)


@pytest.mark.parametrize("path", [SAMPLES, IMAGES])
@pytest.mark.parametrize("accept, media_type", [
    (SVG, SVG), ("image/*", SVG), ("text/html, image/svg+xml;q=0.5", SVG),
    ("application/json;q=0.5, image/svg+xml", SVG), ("application/json, image/svg+xml;q=0.5",
                                                     "application/json"),
    ("*/*", "application/json")])
def test_a_plot_is_had_by_accept(client, path, accept, media_type):
    body, kind = (MIXTURE, None) if path == SAMPLES else (picture(), "image/png")
    response = post(client, body, kind, path, headers={"Accept": accept}, steps=2)
    assert_ok(response, media_type)


@pytest.mark.parametrize("path", [SAMPLES, IMAGES])
def test_a_plot_is_a_file_that_is_shown_and_the_same_each_time(client, path):
    body, kind = (MIXTURE, None) if path == SAMPLES else (picture(), "image/png")
    seed = {} if path == SAMPLES else {"seed": 42}
    answers = [assert_ok(post(client, body, kind, path, steps=2, headers=headers, **seed,
                              **({} if headers else {"format": "svg"})), SVG)
               for headers in ({"Accept": SVG}, {}, {})]
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["Content-Disposition"] == 'inline; filename="histograms-42.svg"'
    assert answers[0].headers["Dissolve-Seed"] == "42"


def test_a_plot_is_compressed_for_who_asks(client):
    plain, packed = (post(client, MIXTURE, path=SAMPLES, format="svg",
                          headers={"Accept-Encoding": coding}) for coding in ("identity", "gzip"))
    assert "Content-Encoding" not in assert_ok(plain, SVG).headers
    assert assert_ok(packed, SVG).headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert "accept-encoding" in plain.headers["Vary"].lower()


def test_a_plot_needs_nothing_but_itself(client):
    for layout in ("animation", "grid"):
        text = plot(client, MIXTURE, steps=3, layout=layout)
        root = ElementTree.fromstring(text.encode())
        assert not list(root.iter(NAMESPACE + "script"))
        for node in root.iter():
            for name, value in node.attrib.items():
                assert not name.lower().startswith("on"), f"a handler: {name}"
                assert not name.endswith("href") or value.startswith("#"), f"a link: {value}"
        assert "http" not in text.replace("http://www.w3.org/", ""), "it looks elsewhere"
        assert "prefers-color-scheme:dark" in text.replace(" ", "")


def test_an_animation_takes_delay_for_each_frame_and_a_sheet_stands_still(client):
    for delay, total in ((None, "500ms"), (100, "500ms"), (250, "1250ms"), (60000, "300000ms")):
        options = {} if delay is None else {"delay": delay}
        assert f" {total} " in plot(client, MIXTURE, steps=4, **options)
    ElementTree.fromstring(plot(client, MIXTURE, steps=4, delay=0).encode())
    for layout in ("strip", "grid"):
        assert "@keyframes" not in plot(client, MIXTURE, steps=4, layout=layout, delay=300)


@pytest.mark.parametrize("name, value", [
    ("delay", "60001"), ("delay", "-1"), ("delay", "x"), ("layout", "sheet"), ("layout", ""),
    ("measures", "terms"), ("bins", "4097"), ("frames", "41"), ("compression", "best")])
def test_a_plot_refuses_what_is_none_of_its_values(client, name, value):
    for options in ({"format": "svg"}, {"headers": {"Accept": SVG}}):
        response = post(client, MIXTURE, path=SAMPLES, **options, **{name: value})
        assert_problem(response, 400, parameter=name)


@pytest.mark.parametrize("body", [
    {"samples": [1]}, {"samples": [0] * 5}, {"samples": [3e38, -3e38]}, {"samples": [1e-45]},
    {"samples": [1e6, 1e6 + 1]},
    {"mixture": {"weights": [1], "means": [0], "stds": [0], "count": 3}},
    {"mixture": {"weights": [1], "means": [1e8], "stds": [1e-9], "count": 3}}], ids=str)
@pytest.mark.parametrize("options", [{}, {"bins": 1}, {"bins": 4096}, {"range": "5,6"},
                                     {"steps": 0}, {"frames": "last", "layout": "grid"}], ids=str)
def test_a_plot_of_anything_is_well_formed(client, body, options):
    text = plot(client, {**body, "seed": 1}, **{"steps": 3, **options})
    drawn = Plot(text)
    assert drawn.panels
    assert not re.search(r"\b(nan|inf|infinity)\b", text, re.IGNORECASE)


def test_a_hundred_panels_are_drawn(client):
    for layout in ("animation", "grid", "strip"):
        drawn = Plot(plot(client, MIXTURE, steps=1000, schedule="linear", frames="0-1000/10",
                          layout=layout))
        assert drawn.steps() == list(range(0, 1001, 10))


# In a browser.

def screenshot(folder, name, text, *flags):
    """What a browser shows of a plot, as an array."""
    file, shot = folder / f"{name}.svg", folder / f"{name}.png"
    file.write_text(text, encoding="utf-8")
    root = ElementTree.fromstring(text.encode())
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", "--force-device-scale-factor=1",
         "--hide-scrollbars", f"--user-data-dir={folder / (name + '-profile')}",
         f"--screenshot={shot}", f"--window-size={root.get('width')},{root.get('height')}", *flags,
         file.as_uri()], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0 and shot.exists(), done.stderr.decode(errors="replace")[-2000:]
    return np.asarray(Image.open(shot).convert("RGB")).astype(int)


def share_of(colour, area):
    """The share of an area's pixels that have a colour, nearly."""
    return np.mean(np.abs(area - colour).max(axis=-1) <= 12)


def assert_bars_shown(shown, drawn, frames):
    """The legend's colour fills the bars and is nowhere above them."""
    legend = next(node for node in drawn.root.iter(NAMESPACE + "rect")
                  if node.get("class") == "d")
    x, y = float(legend.get("x")), float(legend.get("y"))
    colour, ground = shown[int(y) + 5, int(x) + 10], shown[3, 3]
    assert np.abs(colour - ground).max() > 40, f"bars of {colour} on a ground of {ground}"
    for panel, frame in zip(drawn.panels, frames):
        left, top = map(float, re.match(r"translate\(([\d.]+) ([\d.]+)\)",
                                        panel.get("transform")).groups())
        below = int(top + drawn.down(0)) - 1
        for a, b, density in zip(frame["edges"], frame["edges"][1:], frame["density"]):
            columns = slice(int(left + drawn.across(a)) + 2, int(left + drawn.across(b)) - 1)
            height = int(top + drawn.down(density))
            bar = shown[height + 3:below - 1, columns]
            above = shown[int(top) + 1:height - 3, columns]
            assert bar.shape[1] >= 3, "too narrow a bar to look at"
            if bar.size and bar.shape[0] > 12:
                assert share_of(colour, bar) > 0.7, f"t = {frame['t']}, bin at {a}: not filled"
            if above.size and above.shape[0] > 12:
                assert share_of(colour, above) < 0.05, f"t = {frame['t']}, bin at {a}: overfull"
    return ground


def test_a_browser_shows_the_bars_on_a_light_and_on_a_dark_ground(client, tmp_path):
    body = {"samples": np.random.default_rng(1).normal(2, 0.8, 4000).tolist(), "seed": 7}
    run = {"frames": "0,1,20", "bins": 10, "range": "-4,4"}
    frames = read(post(client, body, path=SAMPLES, **run))["frames"]
    text = plot(client, body, layout="strip", **run)
    light = screenshot(tmp_path, "light", text, "--blink-settings=preferredColorScheme=1")
    dark = screenshot(tmp_path, "dark", text, "--blink-settings=preferredColorScheme=0")
    grounds = [assert_bars_shown(shown, Plot(text), frames) for shown in (light, dark)]
    assert grounds[0].mean() > 200 and grounds[1].mean() < 60, f"the grounds are {grounds}"
