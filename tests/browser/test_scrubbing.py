"""Scrubbing a hundred frames: each is decoded once, drawn with its display frame, and nothing is asked anew."""

from selenium.webdriver.common.action_chains import ActionChains

from scrubbing import OPEN, STEPS, scrub


def test_scrubbing_draws_what_was_decoded(page):
    page.open(OPEN).wait_until_done()
    ticks = STEPS + 1
    counted, browsers = scrub(page, ticks)
    assert counted["decoded"] == 0 and counted["asked"] == 0
    assert counted["drawn"] >= ticks - 1, "a display frame went by without a frame being drawn"
    assert counted["shown"] >= STEPS, "not every frame behind the first was to be seen"
    assert browsers["LayoutCount"] <= ticks + 5, "layout is forced within a display frame"


def test_a_drag_along_the_slider_shows_every_frame_under_it(page):
    page.open("steps=10").wait_until_done()
    page.script("""
        window.seen = [];
        explorer.clock.onDraw(({t}) => seen.at(-1) === t || seen.push(t));""")
    left, top, right, bottom = page.place("slider")
    drag = ActionChains(page.driver, duration=100)
    drag.w3c_actions.pointer_action.move_to_location(round(left) + 11, round((top + bottom) / 2))
    drag.click_and_hold()
    for place in range(1, 21):
        drag.w3c_actions.pointer_action.move_to_location(
            round(left + 11 + (right - left - 22) * place / 20), round((top + bottom) / 2))
    drag.release().perform()
    page.wait_for_t(10)
    seen = page.script("return seen")
    assert seen == sorted(seen) and len(seen) >= 8, seen
    page.wait_for_frame(page.frame(10, steps=10))
