"""Counts instructions of fixed work under valgrind: guard.py PROGRAM. Fails where one is beyond its bound.

The count does not depend on the clock, the load or the machine, as long as the instructions are the
same: valgrind tells programs of AVX2 at best, and the C library's own choices follow from that. The
bounds are some 5 % above what gcc 12 makes of a release build. One that is passed says that the code
has got slower, or that a compiler is worse at it; one far above the count wants lowering.
"""

import os
import re
import subprocess
import sys
import tempfile

# Workload of guard.c: its size in units, the unit, and the most instructions a unit may take.
WORK = {
    "kernel steps": (256 * 64 * 20, "element and step", 8.38),
    "kernel one step": (256 * 64, "element", 9.30),
    "kernel bridge": (256 * 64, "element", 9.03),
    "kernel normals": (256 * 64, "element", 8.67),
    "kernel rendering": (256 * 64, "element", 0.92),
    "measures": (256 * 256 * 3, "element", 7.42),
    "histogram": (256 * 256 * 3, "value", 7.13),
    "PNG of noise": (256 * 256 * 3, "byte", 15.80),
    "JSON of doubles": (8192, "number", 611),
    "JSON of floats": (8192, "number", 415),
}


def instructions(program, workload):
    """How many instructions `counted` of guard.c takes, with everything it calls."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--toggle-collect=counted"]
        command += [f"--callgrind-out-file={folder}/out", program, workload]
        done = subprocess.run(
            command, env={**os.environ, "DISSOLVE_ISA": "avx2"}, capture_output=True, text=True
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found or int(found[1]) == 0:
        sys.exit(f"guard: {workload}: no count\n{done.stdout}{done.stderr}")
    return int(found[1])


def main():
    beyond = 0
    for workload, (size, unit, bound) in WORK.items():
        count = instructions(sys.argv[1], workload) / size
        fine = count <= bound
        beyond += not fine
        print(f"{workload:20} {count:9.3f} per {unit}, bound {bound:9.3f}{'' if fine else ': BEYOND'}")
    sys.exit(beyond > 0)


if __name__ == "__main__":
    main()
