"""The table: rows that measure, the marks that their figures are held against, how both are written."""

import functools
import math
import statistics

ROWS = []  # in the order of the table


class Mark:
    """What a figure should be; without a comparison it is shown for its own sake."""

    def __init__(self, unit, text="", reached=None, show=None):
        self.unit, self.text, self.reached = unit, text, reached
        self.show = show or (lambda number: f"{written(number)} {unit}".strip())


def at_most(limit, unit):
    return Mark(unit, f"at most {limit:,} {unit}", lambda figure: figure <= limit)


def at_least(limit, unit):
    return Mark(unit, f"at least {limit:,} {unit}", lambda figure: figure >= limit)


class Row:
    def __init__(self, name, mark, measure):
        self.name, self.mark, self.measure = name, mark, measure


class Missing(Exception):
    """A figure that cannot be had here; the text says why."""


def row(name, mark):
    """Adds a row: the function takes the Bench and returns a number, or a number and a note."""

    def add(measure):
        ROWS.append(Row(name, mark, measure))
        return measure

    return add


def once(measure):
    """What several rows share is measured once."""
    return functools.lru_cache(maxsize=None)(measure)


def written(number):
    """Three digits, or all of those before the point."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{number:,.{min(digits, 3)}f}"


def interleaved(rounds, *measures):
    """Each measured once a round, so that what the machine does meanwhile meets all of them."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [list(column) for column in zip(*taken)]


def median(figures):
    return statistics.median(figures)


def ratio(above, below):
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(above, below))


class Table:
    """Prints rows as they are measured, in Markdown, and counts."""

    HEAD = ("what", "figure", "mark", "reached")

    def __init__(self, rows):
        self.widths = (
            max(len(row.name) for row in rows), 60, max(4, *(len(row.mark.text) for row in rows)), 7,
        )
        self.lines, self.reached, self.missed = [], 0, []
        self._print(self.HEAD)
        self._print(["-" * width for width in self.widths])

    def _print(self, cells):
        line = "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(cells, self.widths)) + " |"
        self.lines.append(line)
        print(line, flush=True)

    def measure(self, row, bench):
        try:
            figure = row.measure(bench)
        except Missing as missing:
            self._print((row.name, str(missing), row.mark.text, "missing" if row.mark.text else ""))
            if row.mark.text:
                self.missed.append(f"{row.name} (missing)")
            return
        number, note = figure if isinstance(figure, tuple) else (figure, "")
        text = row.mark.show(number) + (f" ({note})" if note else "")
        verdict = ""
        if row.mark.reached:
            reached = row.mark.reached(number)
            verdict = "yes" if reached else "no"
            if reached:
                self.reached += 1
            else:
                self.missed.append(row.name)
        self._print((row.name, text, row.mark.text, verdict))

    def conclude(self):
        marks = self.reached + len(self.missed)
        print(f"\n{self.reached} of {marks} marks reached" + (", missed:" if self.missed else ""))
        for name in self.missed:
            print(f"  {name}")
