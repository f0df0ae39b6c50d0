"""Time: slider, buttons and keys move the frame, the charts, the measures and the cursors together."""

import pytest
from selenium.webdriver.common.keys import Keys

import pictures

NUMBERS = """
const cells = [...document.querySelectorAll("#measures tbody tr")].map((row) =>
  [row.querySelector("code").textContent, [...row.querySelectorAll("td")].map((one) => one.textContent)]);
return Object.fromEntries(cells);
"""

COUNT = """
window.seen = [];
new MutationObserver(() => window.seen.push(Number(document.getElementById("t-value").textContent)))
  .observe(document.getElementById("t-value"), {characterData: true, childList: true, subtree: true});
"""

CURSORS = """
return [...document.querySelectorAll("#curves .cursor")].filter((one) => !one.hidden)
  .map((one) => one.getBoundingClientRect().left);
"""


@pytest.fixture
def shown(page):
    return page.open().wait_until_done()


def minus(text):
    return float(text.replace("\u2212", "-").split()[0])


def assert_measures(page, t):
    """The table holds the service's own numbers."""
    answer = page.asked("/v1/images/histograms", steps=20, beta=0.25, seed=42, frames=t,
                        format="json").json()
    frame = answer["frames"][0]
    expected = [channel["mean"] for channel in frame["channels"]]
    page.wait(lambda: page.script(NUMBERS)["mean"] and [
        abs(minus(text) - value) <= 5.1e-4
        for text, value in zip(page.script(NUMBERS)["mean"], expected)] == [True] * 3,
        f"the means of t = {t} are shown")
    numbers = page.script(NUMBERS)
    for name, digits in (("std", 3), ("entropy", 3), ("entropy_bits", 3)):
        for text, channel in zip(numbers[name], frame["channels"]):
            assert text == f"{channel[name]:.{digits}f}", f"{name} at t = {t}"
    for text, channel in zip(numbers["clipped"], frame["channels"]):
        assert abs(minus(text) - 100 * channel["clipped"]) <= 0.051
    assert minus(numbers["snr"][0]) == pytest.approx(frame["snr"], rel=0.01)


def test_the_slider_moves_everything(shown):
    page = shown
    page.wait_for_frame(page.frame(0))
    page.wait(lambda: len(page.script(CURSORS)) >= 2, "there are cursors on the curves")
    chart, cursors = page.drawn("histogram"), page.script(CURSORS)
    page.click_at("slider", 0.5)
    page.wait_for_t(10)
    page.wait_for_frame(page.frame(10))
    page.wait(lambda: page.drawn("histogram") != chart, "the histogram is another")
    assert_measures(page, 10)
    moved = page.script(CURSORS)
    assert len(moved) == 3 and all(new > old + 20 for new, old in zip(moved[:2], cursors))
    current = page.driver.find_element("css selector", "#filmstrip [aria-current]")
    assert abs(int(current.get_property("dataset")["t"]) - 10) <= 2
    page.click_at("slider", 1)
    page.wait_for_frame(page.frame(20))
    assert_measures(page, 20)


def test_play_shows_every_frame_and_stops_at_the_end(page):
    page.open("delay=50").wait_until_done()
    page.script(COUNT)
    page.click("play")
    page.wait(lambda: page.find("play").get_attribute("aria-label") == "Pause", "it plays")
    page.wait_for_t(20)
    page.wait(lambda: page.find("play").get_attribute("aria-label") == "Play", "it has ended")
    assert page.script("return seen") == list(range(1, 21))
    page.wait_for_frame(page.frame(20))
    page.click("play")
    page.wait(lambda: page.script("return seen.at(20)") == 0, "it begins anew")
    page.click("play")
    assert page.find("play").get_attribute("aria-label") == "Play"


def test_the_buttons_go_frame_by_frame(shown):
    page = shown
    for name, t in (("forward", 1), ("forward", 2), ("back", 1), ("back", 0), ("back", 0)):
        page.click(name)
        page.wait_for_t(t)
    page.wait_for_frame(page.frame(0))


@pytest.mark.parametrize("focus", [None, "slider"])
def test_the_keys_move_time(shown, focus):
    page = shown
    if focus:
        page.script("document.getElementById(arguments[0]).focus()", focus)
    for key, t in ((Keys.ARROW_RIGHT, 1), (Keys.ARROW_RIGHT, 2), (Keys.ARROW_LEFT, 1),
                   (Keys.END, 20), (Keys.ARROW_RIGHT, 20), (Keys.HOME, 0), (Keys.ARROW_LEFT, 0)):
        page.press(key)
        page.wait_for_t(t)
    for label in ("Pause", "Play"):
        page.press(Keys.SPACE)
        page.wait(lambda: page.find("play").get_attribute("aria-label") == label, label)


def test_keys_that_mean_something_where_they_are_pressed_stay_there(shown):
    page = shown
    page.write("steps", "20")
    page.press(Keys.HOME, Keys.ARROW_RIGHT, Keys.END, Keys.SPACE)
    assert page.t() == 0 and page.find("play").get_attribute("aria-label") == "Play"
    page.find("dice").send_keys(Keys.SPACE)
    assert page.find("play").get_attribute("aria-label") == "Play", "space on a button plays"
    page.wait(lambda: page.find("seed").get_property("value") != "42", "the dice is thrown")


def test_the_speed_is_in_the_address(shown):
    shown.choose("speed", "50 ms/frame")
    shown.wait(lambda: "delay=50" in shown.driver.current_url, "the address holds it")


def test_the_filmstrip_leads_to_its_frames(shown):
    page = shown
    cell = page.driver.find_elements("css selector", "#filmstrip button")[-1]
    cell.click()
    page.wait_for_t(20)
    page.wait_for_frame(page.frame(20))


def test_other_parameters_make_another_run(shown):
    page = shown
    page.write("steps", 12)
    page.choose("schedule", "linear")
    page.write("beta_start", 0.01)
    page.write("beta_end", 0.3)
    page.write("seed", "18446744073709551615")
    page.choose("sampler", "tree")
    page.press(Keys.TAB)
    page.script("document.activeElement.blur()")
    page.press(Keys.END)
    page.wait_for_t(12)
    expected = page.frame(12, steps=12, beta=None, schedule="linear", beta_start=0.01, beta_end=0.3,
                          seed=2**64 - 1, sampler="tree")
    page.wait_for_frame(expected)
    assert page.find("slider").get_attribute("max") == "12"
    page.wait(lambda: page.script(NUMBERS)["snr"][0] not in ("", "–"), "its measures are there")


def test_a_thousand_steps_show_what_memory_holds(page, tmp_path):
    file = tmp_path / "small.png"
    file.write_bytes(pictures.png_of(pictures.photo(64, 64)))
    page.open("steps=1").wait_until_done()
    page.drop(file)
    page.wait(lambda: page.pixels().shape == (64, 64, 3), "the picture is shown")
    page.write("steps", 1000)
    page.write("beta", 0.01)
    page.wait(lambda: "101 frames, every 10 steps" in page.text("progress-text"), "they have come")
    page.script("document.activeElement.blur()")
    for key, t in ((Keys.END, 1000), (Keys.ARROW_LEFT, 990)):
        page.press(key)
        page.wait_for_t(t)
        page.wait_for_frame(page.frame(t, file.read_bytes(), steps=1000, beta=0.01))
