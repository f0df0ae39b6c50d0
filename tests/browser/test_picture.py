"""A visitor's own picture: dropped, chosen or pasted, refused with a sentence, and cancelled."""

import base64
import json
import re

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

import pictures
from page import Page
from server import Server

PASTE = """
const [text, done] = arguments;
const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const item = new ClipboardItem({"image/png": new Blob([bytes], {type: "image/png"})});
navigator.clipboard.write([item]).then(() => done(""), (error) => done(String(error)));
"""


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "photo.png"
    file.write_bytes(pictures.png_of(pictures.photo(320, 200)))
    return file


def assert_dissolves(page, file):
    """The page shows this file, and then what the service makes of it."""
    data = file.read_bytes()
    page.wait_for_frame(np.asarray(Image.open(file).convert("RGB")))
    page.wait_until_done()
    page.press(Keys.END)
    page.wait_for_frame(page.frame(20, data))


def test_a_photo_is_dropped_and_dissolves(page, photo):
    page.open("t=7").wait_until_done()
    page.drop(photo)
    assert_dissolves(page, photo)
    assert "photo.png" in page.text("source-note") and "320 × 200" in page.text("source-note")
    page.click("use-sample")
    page.wait_for_frame(page.frame(20))


def test_a_photo_that_is_dropped_plays_where_motion_is_welcome(page, photo):
    page.look(motion="no-preference")
    page.open("delay=50&t=3").wait_until_done()
    page.drop(photo)
    page.wait_for_frame(page.frame(20, photo.read_bytes()))


def test_a_large_photo_is_scaled_down_and_the_page_says_so(page, tmp_path):
    file = tmp_path / "large.jpg"
    Image.fromarray(pictures.photo(1536, 768)).save(file, quality=80)
    page.open("steps=2").wait_until_done()
    page.find("file").send_keys(str(file))
    page.wait(lambda: page.pixels().shape == (512, 1024, 3), "the picture is 1024 x 512")
    assert "from 1536 × 768 to 1024 × 512" in page.text("source-note")
    shown = page.pixels().astype(int)
    expected = np.asarray(Image.open(file).resize((1024, 512), Image.Resampling.BOX)).astype(int)
    assert np.abs(shown - expected).mean() < 4
    page.wait_until_done()


def test_a_photo_is_pasted(page, photo):
    page.open().wait_until_done()
    text = base64.b64encode(photo.read_bytes()).decode()
    assert page.driver.execute_async_script(PASTE, text) == ""
    page.cdp("Input.dispatchKeyEvent", type="rawKeyDown", key="v", code="KeyV", modifiers=2,
             windowsVirtualKeyCode=ord("V"), commands=["paste"])
    page.wait_for_frame(np.asarray(Image.open(photo).convert("RGB")))
    page.wait_until_done()
    assert "320 × 200" in page.text("source-note")


BROKEN = {
    "words.png": lambda data: b"This is no picture at all.",
    "cut.png": lambda data: data[:len(data) // 2],
    "damaged.png": lambda data: data[:1000] + b"\0\0\0\0" + data[1004:],
    "empty.png": lambda data: b"",
}


def test_a_broken_file_shows_its_error_and_the_picture_stays(page, photo):
    page.open("steps=3&t=3").wait_until_done()
    page.expect("the server responded with a status of 4")
    for name, make in BROKEN.items():
        file = photo.with_name(name)
        file.write_bytes(make(photo.read_bytes()))
        page.drop(file)
        page.wait(lambda: page.text("problem"), f"the error of {name} is shown")
        text = page.text("problem")
        request = page.driver.find_element("css selector", "#problem code").text
        assert text[0].isupper() and f"Request {request}" in text
        page.wait(lambda: f'"id":"{request}"' in page.server.stderr(), "the log has the request")
        page.wait_for_t(3)
        assert "drop one" in page.text("source-note")
        page.click("dismiss")
        assert page.text("problem") == ""
    page.wait_for_frame(page.frame(3, steps=3))
    page.press(Keys.HOME)
    page.wait_for_frame(page.frame(0))


def runs(server):
    """What the log tells of the frames that were computed."""
    lines = [json.loads(line) for line in server.stderr().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("path") == "/v1/images/frames"]


def test_cancel_stops_the_job_in_the_service(browser, tmp_path):
    """With one thread, and frames enough for a minute."""
    server = Server("--threads", "1")
    try:
        page = Page(browser, server, tmp_path)
        file = tmp_path / "noise.png"
        file.write_bytes(pictures.png_of(pictures.noise_picture(1024, 1024), compress_level=1))
        page.open("steps=1").wait_until_done()
        before = len(runs(server))
        page.write("steps", 10000)
        page.drop(file)
        page.wait(lambda: page.find("cancel").is_displayed(), "there is something to cancel")
        page.wait(lambda: re.match("[1-9][0-9]* of 64", page.text("progress-text")), "a frame has come")
        page.click("cancel")
        page.wait(lambda: any(run["cancelled"] for run in runs(server)[before:]),
                  "the service has stopped the job")
        page.wait(server.is_quiet, "the service has nothing left to do")
        assert page.text("progress-text").startswith("Cancelled after")
        assert page.text("problem") == ""
        assert page.find("again").is_displayed() and not page.find("cancel").is_displayed()
        page.write("steps", 3)
        page.wait_until_done()
        page.assert_clean()
    finally:
        server.stop()
