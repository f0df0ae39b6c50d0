"""The page of arithmetic: it is that of README's table, and each of its lines is right."""

import importlib.util
import math
import re

import pytest

from server import ROOT

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def maker():
    specification = importlib.util.spec_from_file_location("scale", ROOT / "tests/bench/scale.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def lines():
    return [line.split(" = ") for line in PAGE.splitlines()
            if line.startswith("    ") and " = " in line]


def numbers(text):
    return [float(word.replace(",", "")) for word in re.findall(r"(?<![\w.])\$?([\d,]*\.?\d+)", text)]


def test_the_page_is_what_the_table_gives():
    scale = maker()
    written = PAGE.partition(scale.BEGIN)[2].partition(scale.END)[0]
    assert written.strip() == scale.text((ROOT / "README.md").read_text(encoding="utf-8")).strip()


def test_a_table_without_a_figure_is_no_ground():
    with pytest.raises(SystemExit, match="end to end"):
        maker().text("| kernel: rendering, per element | 0.070 ns |  |  |")


@pytest.mark.parametrize("left, right", lines())
def test_each_line_is_right(left, right):
    """But for a power of 1,000, which the units say, and three digits; pieces are rounded up."""
    value, *more = numbers(left)
    signs = re.findall(r" ([x/]) ", re.sub(r"frames / s", "", left))
    assert len(signs) == len(more)
    for sign, number in zip(signs, more):
        value = value * number if sign == "x" else value / number
    said = numbers(right)[0]
    if right.endswith(("replicas", " processors")):
        assert said == math.ceil(round(value, 6))
        return
    thousands = round(math.log(value / said, 1000))
    assert thousands >= 0 and abs(value / 1000**thousands / said - 1) < 0.01


def test_what_is_assumed_is_named():
    scale = maker()
    for assumed in (f"${scale.PRICE:g}", f"${scale.TRAFFIC:g}", f"{scale.BUSY:.0%}".replace("%", " %"),
                    f"{scale.CORES} processors"):
        assert assumed in PAGE.partition(scale.BEGIN)[0], assumed
