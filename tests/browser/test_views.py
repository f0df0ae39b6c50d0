"""The other two views: samples of a mixture or of one's own, and schedules side by side."""

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys


def minus(text):
    return float(text.replace("\u2212", "-"))


def samples(page):
    """The numbers under the chart, by name; what makes no sense here is left out."""
    names = ("mean", "std", "exact-mean", "exact-std", "entropy", "kl")
    return {name: minus(page.text(f"samples-{name}")) for name in names
            if page.find(f"samples-{name}").is_displayed()}


def test_a_mixture_flows_into_the_standard_normal(page):
    page.open("view=samples&steps=12&beta=0.5").wait_until_done()
    chart, first = page.drawn("samples-histogram"), samples(page)
    assert first["exact-mean"] == pytest.approx(0.5 * 0 + 0.3 * 5 + 0.2 * -3, abs=1e-3)
    page.press(Keys.END)
    page.wait_for_t(12)
    page.wait(lambda: page.drawn("samples-histogram") != chart, "the chart is another")
    page.wait(lambda: samples(page)["kl"] < 0.01 < first["kl"], "it is nearly noise")
    last = samples(page)
    assert abs(last["mean"]) < 0.1 and last["std"] == pytest.approx(1, abs=0.05)
    assert last["entropy"] == pytest.approx(0.5 * np.log(2 * np.pi * np.e), abs=0.02)


def test_components_are_added_typed_dragged_and_removed(page):
    page.open("view=samples&steps=3&mixture=1,2,1").wait_until_done()
    assert samples(page)["exact-mean"] == 2
    page.click("editor-add")
    page.wait(lambda: samples(page)["exact-mean"] != 2, "the second component counts")
    page.write("component-2-mean", 4)
    page.write("component-2-weight", 3)
    page.write("component-1-weight", 1)
    page.wait(lambda: samples(page)["exact-mean"] == 3.5, "the mean is that of what was typed")
    handle = page.driver.find_element(
        "css selector", '#editor-figure [data-component="1"][data-handle]:not([data-handle="std"])')
    page.script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", handle)
    ActionChains(page.driver).click_and_hold(handle).move_by_offset(25, 0).release().perform()
    page.wait(lambda: samples(page)["exact-mean"] > 3.6, "the component was dragged to the right")
    assert float(page.find("component-2-mean").get_property("value")) > 4.1
    page.driver.find_element("css selector", "#editor-rows .remove").click()
    page.wait(lambda: samples(page)["exact-mean"] > 4.1, "one component is left")
    page.wait(lambda: "mixture=" in page.driver.current_url, "the address holds it")


def test_numbers_are_pasted(page):
    page.open("view=samples&steps=3").wait_until_done()
    page.click("samples-kind-numbers")
    page.find("numbers-text").send_keys("1, 2; x")
    page.wait(lambda: page.find("numbers-text").get_attribute("aria-invalid") == "true",
              "what is no number is refused")
    page.write("numbers-text", "-1 0.5 1\n2 2.5")
    page.wait(lambda: samples(page).get("mean") == 1, "their mean is shown")
    assert samples(page).keys() == {"mean", "std"}
    assert samples(page)["std"] == pytest.approx(np.std([-1, 0.5, 1, 2, 2.5]), abs=1e-3)
    page.click("numbers-standardise")
    page.wait(lambda: abs(samples(page)["mean"]) < 1e-3 and samples(page)["std"] == 1,
              "they are standardised")
    page.click("samples-kind-mixture")
    page.wait(lambda: "kl" in samples(page), "the mixture is back")


def compared(page):
    """The names of the schedules that are shown, at one moment: they may be about to change."""
    return page.script("return [...document.querySelectorAll('#pictures figure code')]"
                       ".map((one) => one.textContent)")


def canvases(page):
    """The picture of each schedule, by its name."""
    names = page.script("return [...document.querySelectorAll('#pictures figure')].map((one, i) => {"
                        "one.querySelector('canvas').id ||= `picture-${i}`; "
                        "return [one.querySelector('code').textContent, one.querySelector('canvas').id]})")
    return {name: page.pixels(canvas) for name, canvas in names}


def test_schedules_stand_side_by_side_at_the_same_step(page):
    page.open("view=schedules&steps=5").wait_until_done()
    first = canvases(page)
    assert list(first) == ["constant", "linear", "cosine"]
    assert all(np.array_equal(one, first["constant"]) for one in first.values())
    curves = page.drawn("compare-alpha_bar")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.wait_for_t(2)
    page.wait(lambda: not np.array_equal(canvases(page)["constant"], first["constant"]),
              "the pictures are those of t = 2")
    later = canvases(page)
    assert not np.array_equal(later["constant"], later["cosine"])
    page.click("compare-sigmoid")
    page.wait(lambda: compared(page) == ["constant", "linear", "cosine", "sigmoid"],
              "the fourth is there")
    page.wait(lambda: page.drawn("compare-alpha_bar") != curves, "its curve is there")
    for name in ("constant", "linear"):
        page.click(f"compare-{name}")
    page.wait(lambda: compared(page) == ["cosine", "sigmoid"], "two are left")
    assert not page.find("compare-cosine").is_enabled(), "one alone is not side by side"
