#!/usr/bin/python3
"""Judges the noise of a build by statistics: run.py BUILD_FOLDER short|long.

short takes 10^6 normals and a few seconds, and also shows that the checks find broken generators;
long takes more than 10^8 normals. Seeds are fixed (checks.PLACES and checks.parts), so that a build
that passed once passes always. Had they been chosen by chance, a sound generator would fail with a
probability below FALSE_ALARM: each check may with FALSE_ALARM / (number of checks). Both sizes
together have 2 FALSE_ALARM, which is below 1e-6 even if large-sample laws doubled it.
laws.py says why N(0, 1) may stand for the contract's law.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

import numpy as np

import broken
import checks
import source

FALSE_ALARM = 2.5e-7
WORKERS = min(2, len(os.sched_getaffinity(0)))  # each of 300 MB

_draw = None  # a worker's own


def start(program):
    global _draw
    _draw = source.Draw(program)


def measure(part, task):
    return part.measure(_draw, task)


def failing(found):
    return [check for check in found if not check.p >= FALSE_ALARM / len(found)]


def kinds_that_fail(index):
    """With a broken generator."""
    generator = broken.BROKEN[index](_draw)
    found = []
    for part in checks.parts(checks.SIZES["short"]):
        found += part.judge([part.measure(generator, task) for task in part.tasks])
    return {check.kind for check in failing(found)}, {check.kind for check in found}


def print_kinds(found):
    """Of each kind, how many checks there were and which came out worst."""
    for kind in dict.fromkeys(check.kind for check in found):
        of_kind = [check for check in found if check.kind == kind]
        lowest = min(of_kind, key=lambda check: check.p)
        print(f"{kind:26} {len(of_kind):3} checks, smallest p {lowest.p:.2e} ({lowest.statistic})")


def judge_generator(pool, size):
    """True if every check passes."""
    pending = [(part, [pool.submit(measure, part, task) for task in part.tasks])
               for part in checks.parts(checks.SIZES[size])]
    found = []
    for part, futures in pending:
        found += part.judge([future.result() for future in futures])
    print_kinds(found)
    threshold = FALSE_ALARM / len(found)
    for check in failing(found):
        print(f"FAILED: {check.kind}, {check.of}: {check.statistic}, p = {check.p:.2e}, "
              f"less than {threshold:.2e}")
    print(f"{len(found)} checks, each with a false-alarm probability of {threshold:.2e}, "
          f"{FALSE_ALARM:.1e} in all; {len(failing(found))} failed")
    return not failing(found)


def judge_power(pool):
    """True if each broken generator fails the checks it must, and each kind of check has one."""
    verdicts = list(pool.map(kinds_that_fail, range(len(broken.BROKEN))))
    good, shown = True, set()
    for generator, (failed, known) in zip(broken.BROKEN, verdicts):
        shown |= set(generator.kinds)
        missed = set(generator.kinds) - failed
        if missed:
            good = False
            print(f"FAILED: {generator.__name__} is broken and passes: {', '.join(sorted(missed))}")
    unproven = verdicts[0][1] - shown
    if unproven:
        good = False
        print(f"FAILED: no broken generator is made for: {', '.join(sorted(unproven))}")
    if good:
        print(f"{len(broken.BROKEN)} broken generators, found by the checks that should find them")
    return good


def judge_sameness(program):
    """True if the baseline kernel gives the same bytes, and the normals are those of the words."""
    good = True
    with source.Draw(program) as best, source.Draw(program, "baseline") as baseline:
        for place in checks.PLACES:
            normals, words = best.normals(place, 2**16), best.words(place, 2**14)
            if (normals.tobytes() != baseline.normals(place, 2**16).tobytes()
                    or words.tobytes() != baseline.words(place, 2**14).tobytes()):
                good = False
                print(f"FAILED: the baseline kernel differs at {place}")
            error = np.abs(normals - source.normals_of_words(words)).max()
            if not error <= 2e-6:
                good = False
                print(f"FAILED: normals are {error:.1e} off those of their words at {place}")
    return good


def judge_refusals(program):
    """True if statistics_draw refuses what is no request, so that a typing error tests nothing."""
    bad = ["words", "words 1 0 0 0", "words 1 0 0 0 1 1", "numbers 1 0 0 0 1",
           "normals 1 5 0 0 1", "normals -1 0 0 0 1", "normals 1 0 4294967296 0 1",
           "normals 18446744073709551616 0 0 0 1", "normals 1 0 0 0 1" + " " * 200]
    asked = [(line, 2, {}) for line in bad] + [("words 1 0 0 0 1", 1, {"DISSOLVE_ISA": "abacus"})]
    good = True
    for line, status, settings in asked:
        done = subprocess.run([program], input=line + "\n", capture_output=True, text=True,
                              env={**os.environ, **settings})
        if done.returncode != status or done.stdout or not done.stderr:
            good = False
            print(f"FAILED: statistics_draw ends with {done.returncode} at {line.strip()!r}")
    return good


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in checks.SIZES:
        sys.exit(__doc__)
    program, size = str(pathlib.Path(sys.argv[1], "tests", "statistics_draw")), sys.argv[2]
    if not os.access(program, os.X_OK):
        sys.exit(f"run.py: {program} is not built")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, initializer=start,
                                                initargs=(program,)) as pool:
        verdicts = [judge_generator(pool, size)]
        if size == "short":
            verdicts += [judge_power(pool), judge_sameness(program), judge_refusals(program)]
    sys.exit(0 if all(verdicts) else 1)


if __name__ == "__main__":
    main()
