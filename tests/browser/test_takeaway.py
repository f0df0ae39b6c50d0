"""Taken away: downloads, curl line and Python script give the same bytes, a link the same page."""

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

import pictures

RUN = "steps=3&schedule=linear&beta_start=0.01&beta_end=0.4&seed=7"
MIXTURE = "view=samples&steps=5&seed=3&mixture=1,-2,0.5;2,3,1&count=500"
NUMBERS = "view=samples&steps=5&seed=3&samples=-1,0.5,1,2,2.5"


def copied(page, kind):
    page.click(f"takeaway-{kind}")
    page.wait(lambda: "is on your clipboard" in page.text("takeaway-status"), "it is copied")
    return page.clipboard()


def downloaded(page, count=1):
    page.click("takeaway-download")
    files = page.downloads(count)
    page.wait(lambda: page.text("takeaway-status").startswith("Saved"), "the page says so")
    return files


def in_shell(line, folder):
    folder.mkdir()
    subprocess.run(["/bin/sh", "-c", line], cwd=folder, check=True, timeout=60)
    return sorted(folder.iterdir())


def in_python(text, folder):
    folder.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, check=True, timeout=60,
                          capture_output=True, text=True)
    assert done.stdout
    return sorted(folder.iterdir())


@pytest.mark.parametrize("words, form", [
    (RUN + "&delay=50", "png"), (RUN, "zip"), (RUN, "npy"), (RUN, "json"),
    (MIXTURE, "json"), (MIXTURE, "npy"), (MIXTURE, "svg"), (NUMBERS, "json")])
def test_curl_and_download_give_the_same_bytes(page, tmp_path, words, form):
    page.folder = tmp_path / "saved"
    page.folder.mkdir()
    page.look()
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(page.folder))
    page.open(words).wait_until_done()
    page.click(f"takeaway-form-{form}")
    line = copied(page, "curl")
    assert line.startswith("curl ") and "\n" not in line
    saved, = downloaded(page)
    made, = in_shell(line, tmp_path / "shell")
    assert saved.suffix == made.suffix == f".{form}"
    assert saved.read_bytes() == made.read_bytes()
    read = {"png": Image.open, "npy": np.load, "json": lambda file: json.loads(file.read()),
            "zip": zipfile.ZipFile, "svg": lambda file: file.read().index(b"<svg")}[form]
    read(io.BytesIO(made.read_bytes()))
    scripted = in_python(copied(page, "python"), tmp_path / "python")
    if scripted:
        assert scripted[0].read_bytes() == saved.read_bytes()


def test_a_curl_line_for_each_schedule_side_by_side(page, tmp_path):
    page.folder = tmp_path / "saved"
    page.folder.mkdir()
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(page.folder))
    page.open("view=schedules&steps=3&compare=constant,sigmoid&t=2").wait_until_done()
    lines = copied(page, "curl")
    assert lines.count("\n") == 1
    saved = downloaded(page, 2)
    made = in_shell(lines, tmp_path / "shell")
    assert [file.read_bytes() for file in saved] == [file.read_bytes() for file in made]
    assert "constant" in made[0].name and "sigmoid" in made[1].name


def test_a_photo_is_saved_as_it_was_sent(page, tmp_path):
    photo = tmp_path / "photo.png"
    photo.write_bytes(pictures.png_of(pictures.photo(160, 90)))
    page.folder = tmp_path / "saved"
    page.folder.mkdir()
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(page.folder))
    page.open("steps=2").wait_until_done()
    page.drop(photo)
    page.wait(lambda: page.find("takeaway-own").is_displayed(), "it tells of the picture")
    page.wait_until_done()
    page.click("takeaway-save")
    picture, = page.downloads()
    assert picture.name == "picture.png" and picture.read_bytes() == photo.read_bytes()
    saved = [file for file in downloaded(page, 2) if file != picture]
    subprocess.run(["/bin/sh", "-c", copied(page, "curl")], cwd=page.folder, check=True, timeout=60)
    made = [file for file in page.downloads(3) if file not in (picture, *saved)]
    assert saved[0].read_bytes() == made[0].read_bytes()


def fields(page):
    return page.script(
        "return [...document.querySelectorAll('input:not([type=file]), select')].map((one) => "
        "`${one.id}=${one.type === 'checkbox' || one.type === 'radio' ? one.checked : one.value}`)")


def test_a_link_shows_the_same_pixels(page):
    page.open().wait_until_done()
    page.choose("preset", "DDPM (linear, 1000 steps)")
    page.choose("sampler", "tree")
    page.write("steps", 30)
    page.click("dice")
    page.click("scale_betas")
    page.click("rescale_zero_snr")
    page.choose("speed", "100 ms/frame")
    page.click_at("slider", 0.3)
    t = page.t()
    page.wait_until_done()
    link = copied(page, "link")
    pixels, before = page.pixels(), fields(page)
    assert 0 < t < 30 and link.startswith(page.server.url + "/#")
    page.open(link.partition("#")[2]).wait_until_done()
    assert page.t() == t and fields(page) == before
    page.wait_for_frame(pixels)
    page.click("view-samples")
    page.wait_until_done()
    assert copied(page, "link") != link


@pytest.mark.parametrize("words", [MIXTURE + "&t=4", NUMBERS + "&t=4"])
def test_a_link_to_samples_shows_the_same_chart(page, words):
    page.open(words).wait_until_done()
    link = copied(page, "link")
    chart, before = page.drawn("samples-histogram"), fields(page)
    page.open(link.partition("#")[2]).wait_until_done()
    assert fields(page) == before
    page.wait(lambda: page.drawn("samples-histogram") == chart, "the same chart is shown")


def test_a_link_to_an_own_picture_says_what_it_lacks(page):
    page.open("picture=own&steps=3&t=2").wait_until_done()
    assert "no link holds" in page.text("source-note") and page.t() == 2
    page.wait_for_frame(page.frame(2, steps=3))


@pytest.mark.parametrize("words", ["steps=0&seed=-1&t=x", "steps=1e9&view=none&beta=2", "%%%&=&&",
                                   "mixture=;;&samples=a&view=samples", "__proto__=1&steps=__proto__"])
def test_an_address_that_makes_no_sense_is_taken_for_what_it_holds(page, words):
    page.open(words).wait_until_done()
    assert page.find("steps").get_property("value") in ("20", "40")


def test_an_address_changed_by_hand_is_followed(page):
    page.open("t=20").wait_until_done()
    page.script("location.hash = 'steps=4&t=4'")
    page.wait_for_t(4)
    page.wait_for_frame(page.frame(4, steps=4))
