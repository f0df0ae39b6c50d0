"""What axe-core finds fault with, on every view, light and dark, small and large; it must be nothing.

Its script is in tests/node_modules, from npm.
"""

import pathlib

import pytest

import pictures

AXE = pathlib.Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"

RUN = """
const done = arguments[0];
axe.run(document, {resultTypes: ["violations", "incomplete"]}).then(
  ({violations, passes}) => done([passes.length, violations.flatMap(({id, help, nodes}) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}: ${node.failureSummary}`))]),
  (error) => done([0, [String(error)]]));
"""


def assert_accessible(page):
    page.script(AXE.read_text(encoding="utf-8"))
    passes, violations = page.driver.execute_async_script(RUN)
    assert not violations, "\n".join(violations)
    assert passes > 20, f"only {passes} rules found something to look at"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("words", ["view=image&t=3", "view=samples&t=3", "view=schedules&t=3",
                                   "view=samples&samples=1,2,3"])
def test_a_view_is_accessible(page, words, scheme, width):
    page.look(width, 900, scheme)
    page.open(f"{words}&steps=5").wait_until_done()
    page.script("for (const one of document.querySelectorAll('details')) one.open = true")
    assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_problem_and_wrong_numbers_are_accessible(page, tmp_path, scheme):
    page.look(scheme=scheme)
    page.open("steps=5").wait_until_done()
    page.expect("the server responded with a status of 4")
    file = tmp_path / "cut.png"
    file.write_bytes(pictures.png_of(pictures.photo(64, 64))[:200])
    page.drop(file)
    page.wait(lambda: page.text("problem"), "the error is shown")
    page.write("beta", "7")
    assert page.find("beta").get_attribute("aria-invalid") == "true"
    assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_run_on_its_way_and_one_cancelled_are_accessible(page, tmp_path, scheme):
    page.look(scheme=scheme)
    file = tmp_path / "noise.png"
    file.write_bytes(pictures.png_of(pictures.noise_picture(1024, 1024), compress_level=1))
    page.open("steps=1").wait_until_done()
    page.write("steps", 10000)
    page.drop(file)
    page.wait(lambda: "of 64" in page.text("progress-text"), "the run has begun")
    assert page.find("cancel").is_displayed()
    page.click("cancel")
    page.wait(lambda: page.find("again").is_displayed(), "the run is cancelled")
    assert_accessible(page)
