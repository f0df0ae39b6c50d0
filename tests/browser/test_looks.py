"""How the page looks, from a small telephone to a wide screen, light and dark; and by keyboard alone.

SCREENSHOTS names a folder, outside the repository, that a picture of each is written to, to be looked at.
"""

import os
import pathlib

import pytest
from selenium.webdriver.common.keys import Keys

SCREENSHOTS = os.environ.get("SCREENSHOTS")
WIDTHS = (360, 768, 1440)

SIDEWAYS = """
const wide = [...document.body.querySelectorAll("*")].filter((one) => {
  const {right, left, width} = one.getBoundingClientRect();
  return width > 1 && (right > innerWidth + 0.5 || left < -0.5) && !one.closest(".skip, pre, #filmstrip");
});
return [document.documentElement.scrollWidth, wide.map((one) => one.id || one.className || one.tagName)];
"""

FOCUSED = """
const one = document.activeElement;
if (one === document.body) return null;
const seen = one.matches(".unseen") ? one.labels[0] : one;
const {left, top, right, bottom} = seen.getBoundingClientRect();
const style = getComputedStyle(seen), thumb = one.type === "range";
const bar = document.getElementById("time");
return {
  name: one.id || one.textContent.trim() || one.outerHTML,
  ringed: thumb || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
  inside: left >= 0 && top >= -1 && right <= innerWidth,
  uncovered: bar.contains(one) || top < bar.getBoundingClientRect().top,
};
"""


def save(page, name, width, scheme):
    """The whole page, as long as it is."""
    if not SCREENSHOTS:
        return
    folder = pathlib.Path(SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    height = page.script("return document.documentElement.scrollHeight")
    page.look(width, height, scheme)
    page.wait(lambda: page.script("return innerHeight") == height, "the window is that high")
    (folder / f"{name}.png").write_bytes(page.driver.get_screenshot_as_png())


@pytest.mark.parametrize("view", ["image", "samples", "schedules"])
def test_nothing_is_wider_than_the_window(page, view):
    for scheme in ("light", "dark"):
        page.look(1440, 900, scheme)
        page.open(f"view={view}&t=6").wait_until_done()
        for width in WIDTHS:
            page.look(width, 900, scheme)
            page.wait(lambda: page.script("return innerWidth") == width, "the window is as wide")
            page.wait(lambda: page.script(SIDEWAYS) == [width, []] or None,
                      f"nothing is wider than {width} pixels but {page.script(SIDEWAYS)}")
            save(page, f"{view}-{width}-{scheme}", width, scheme)


def test_dark_is_dark_and_light_is_light(page):
    light = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    page.open("steps=2").wait_until_done()
    chart = page.drawn("histogram")
    assert min(page.script(light)) > 230
    page.look(scheme="dark")
    page.wait(lambda: max(page.script(light)) < 60, "the page is dark")
    page.wait(lambda: page.drawn("histogram") != chart, "so are the charts")


@pytest.mark.parametrize("width", [360, 1280])
def test_all_can_be_done_by_keyboard(page, width):
    page.look(width, 800)
    page.open("steps=4").wait_until_done()
    reached = []
    for _ in range(120):
        page.press(Keys.TAB)
        focused = page.script(FOCUSED)
        if focused is None or focused["name"] in reached:
            break
        reached.append(focused.pop("name"))
        assert all(focused.values()), f"{reached[-1]}: {focused}"
    assert reached[0] == "skip"
    for name in ("view-samples", "play", "forward", "slider", "speed", "takeaway-download",
                 "takeaway-curl", "takeaway-link"):
        assert name in reached, f"{name} is not reached by Tab: {reached}"
    if width > 720:
        for name in ("file", "preset", "steps", "seed", "dice"):
            assert name in reached, f"{name} is not reached by Tab: {reached}"


def test_the_skip_link_and_the_views_by_keyboard(page):
    page.open("steps=2").wait_until_done()
    page.press(Keys.TAB, Keys.ENTER)
    assert page.script("return document.activeElement.id") == "main"
    page.press(Keys.END)
    page.wait_for_t(2)
    page.script("document.getElementById('view-samples').focus()")
    page.press(Keys.ENTER)
    page.wait_until_done()
    page.find("component-1-mean").send_keys(Keys.ARROW_UP)
    page.wait(lambda: float(page.find("component-1-mean").get_property("value")) > 0,
              "an arrow key moves the component")
    assert page.t() == 2
