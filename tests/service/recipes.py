"""The files that docs/recipes.md prints, laid out as a reader would have them."""

import re

from server import ROOT

DOCUMENT = ROOT / "docs" / "recipes.md"
ADDRESS = "http://127.0.0.1:8080"


def printed():
    """name -> text; a block's first line names the file, in a comment."""
    blocks = re.findall(r"^```(?:python|js|ts)\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"),
                        re.DOTALL | re.MULTILINE)
    return {re.match(r"(?:#|//) ([\w.]+)", block)[1]: block for block in blocks}


def lines(title):
    """What the section of this title has a reader enter: a text for each piece of indented lines."""
    section = re.search(rf"^## {title}.*?(?=^## |\Z)", DOCUMENT.read_text(encoding="utf-8"),
                        re.DOTALL | re.MULTILINE)[0]
    code = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
    return re.findall(r"(?:^    .*\n)+", code.sub("", section), re.MULTILINE)


def lay_out(name, folder, server):
    """Writes the file into the folder, to ask this server; gives its path."""
    text = printed()[name]
    assert ADDRESS in text
    path = folder / name
    path.write_text(text.replace(ADDRESS, server.url), encoding="utf-8")
    return path
