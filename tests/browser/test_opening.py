"""The page opens: at once, from this origin alone, without a complaint, and dissolves its picture."""

import pytest
import requests

MOST_BYTES = 300_000
"""Of the page and all that it loads, its picture too, compressed."""

VIEWS = ["image", "samples", "schedules"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_opens_without_a_complaint(page, view):
    page.open(f"view={view}&steps=4").wait_until_done()
    assert page.find(view).is_displayed()
    assert page.find(f"view-{view}").get_attribute("aria-current") == "page"
    assert not page.find("problem").is_displayed() or page.text("problem") == ""


def test_the_views_are_chosen_by_their_buttons(page):
    page.open("steps=4").wait_until_done()
    for view in VIEWS[1:] + VIEWS[:1]:
        page.click(f"view-{view}")
        page.wait_until_done()
        assert [page.find(other).is_displayed() for other in VIEWS] == [
            other == view for other in VIEWS]


def test_the_built_in_picture_dissolves_by_itself(page):
    page.look(motion="no-preference")
    page.open("delay=50")
    page.wait_for_t(20)
    page.wait_for_frame(page.frame(20))
    page.wait(lambda: page.find("play").get_attribute("aria-label") == "Play", "it stands still")


def test_nothing_moves_for_those_who_want_no_motion(page):
    page.open("delay=50").wait_until_done()
    assert page.find("play").get_attribute("aria-label") == "Play"
    assert page.t() == 0
    assert not page.script("return document.getAnimations().length")


def test_the_page_is_painted_before_anything_is_computed(page):
    """Nothing that is computed is let through here, and yet there is something to see."""
    page.cdp("Fetch.enable", patterns=[{"urlPattern": "*/v1/*"}])
    try:
        page.open()
        page.wait(lambda: page.script("return performance.getEntriesByName("
                                      "'first-contentful-paint').length"), "something is painted")
        page.wait(lambda: page.script("return document.getElementById('first').complete"),
                  "the picture is there")
        assert page.find("first").is_displayed() and page.find("preset").is_displayed()
    finally:
        page.cdp("Fetch.disable")
    page.wait_until_done()


def test_all_that_is_loaded_is_small(page):
    page.open().wait_until_done()
    asked = {url for url in page.requests() if "/v1/" not in url and url.startswith("http")}
    assert {page.server.url + path for path in ("/explorer/main.js", "/sample.png")} <= asked
    size = 0
    for url in asked:
        answer = requests.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60)
        body = answer.raw.read()
        assert answer.status_code == 200 and body, url
        dense = answer.headers["Content-Type"] == "image/png" or len(body) < 1000
        assert "Content-Encoding" in answer.headers or dense, f"{url} is not compressed"
        size += len(body)
    assert size < MOST_BYTES, f"{size} bytes over the wire"


def test_without_a_service_the_page_says_so(page):
    page.open("delay=50").wait_until_done()
    page.expect("ERR_INTERNET_DISCONNECTED")
    page.cdp("Network.enable")
    page.cdp("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1,
             uploadThroughput=-1)
    try:
        page.click("dice")
        page.wait(lambda: "cannot be reached" in page.text("problem"), "it is said")
        page.click("forward")
        page.wait_for_t(1)
    finally:
        page.cdp("Network.emulateNetworkConditions", offline=False, latency=0,
                 downloadThroughput=-1, uploadThroughput=-1)
    page.click("retry")
    page.wait_until_done()
    page.wait(lambda: page.text("problem") == "", "the problem is gone")
