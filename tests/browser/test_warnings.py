"""What the page says of a run that does not reach noise, and the box that makes it reach noise."""

import numpy as np
import pytest

import runs

NAMED = "The run does not reach noise: the last alphas_cumprod is "


def left(**options):
    return np.cumprod(1 - runs.schedule(**options))[-1]


def wait_for(page, share, name="warning"):
    """A warning that tells this share, to three decimals."""
    page.wait(lambda: page.text(name).startswith(f"{NAMED}{share:.3f}".rstrip("0")),
              f"the page warns of {share:.3f}, not: {page.text(name)!r}")


def wait_for_none(page, name="warning"):
    page.wait(lambda: page.text(name) == "" and not page.find(name).is_displayed(), "nothing to warn of")


@pytest.mark.parametrize("view, picture", [("image", "stage"), ("samples", "samples-figure")])
def test_a_run_that_does_not_reach_noise_is_told_beside_what_it_shows(page, view, picture):
    page.open(f"view={view}&schedule=linear&beta_start=0.0001&beta_end=0.02&steps=20").wait_until_done()
    wait_for(page, left(kind="linear", steps=20))
    warning = page.find("warning")
    assert warning.is_displayed() and "scale_betas=true" in warning.text
    assert page.place("warning")[3] <= page.place(picture)[1] < page.place("warning")[3] + 60
    page.write("steps", 40)
    wait_for(page, left(kind="linear", steps=40))
    page.click("scale_betas")
    wait_for_none(page)
    page.choose("schedule", "constant")
    page.wait(lambda: not page.find("scale_betas").is_displayed(), "constant has no ends to scale")
    page.write("beta", 0.01)
    wait_for(page, left(steps=40, beta=0.01))
    assert "scale_betas" not in page.text("warning")
    page.write("beta", 0.5)
    wait_for_none(page)


def test_scaled_betas_are_in_the_picture_and_in_the_address(page):
    page.open("schedule=linear&beta_start=0.0001&beta_end=0.02&steps=6&t=4").wait_until_done()
    ends = {"schedule": "linear", "beta": None, "beta_start": 0.0001, "beta_end": 0.02, "steps": 6}
    page.wait_for_frame(page.frame(4, **ends))
    page.click("scale_betas")
    page.wait_for_frame(page.frame(4, scale_betas="true", **ends))
    page.wait(lambda: "scale_betas=true" in page.driver.current_url, "the address has it")
    page.open(page.driver.current_url.partition("#")[2]).wait_until_done()
    assert page.find("scale_betas").is_selected()
    page.wait_for_frame(page.frame(4, scale_betas="true", **ends))
    page.choose("preset", "Twenty steps (constant)")
    page.wait_for_frame(page.frame(page.t()))


def test_of_schedules_side_by_side_each_has_its_own_warning(page):
    page.open("view=schedules&compare=linear,cosine&beta_start=0.0001&beta_end=0.02&steps=20")
    page.wait_until_done()
    warnings = "return [...document.querySelectorAll('#pictures .warning')].map((one) => one.textContent)"
    linear, cosine = page.script(warnings)
    assert linear.startswith(NAMED + "0.817") and cosine == ""
    assert not page.find("warning").is_displayed()
    page.click("scale_betas")
    page.wait(lambda: page.script(warnings) == ["", ""], "both reach noise")
