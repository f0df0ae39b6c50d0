"""Makes a target's corpus anew: keep.py TARGET COUNT FOLDER... keeps of the folders' files, and of
the corpus's own, COUNT that cover most. The target has to be built by ./dev fuzz; if it is built with --instrumented,
what the files cover of the libraries counts as well."""

import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).parent
BUILDS = [TESTS.parent.parent / "build" / preset / "tests/fuzz" for preset in ("instrumented", "fuzz")]

# A branch is worth as much as so many features, which tell how often each was taken: it has eight.
BRANCH_WORTH, FEATURES = 10, 8


def features(target, folders):
    """What each file covers, features and branches, as a merge by libFuzzer tells."""
    with tempfile.TemporaryDirectory() as room:
        merged, control = pathlib.Path(room, "merged"), pathlib.Path(room, "control")
        merged.mkdir()
        programs = [build / f"fuzz_{target}" for build in BUILDS]
        program = next(program for program in programs if program.exists())
        command = [program, "-set_cover_merge=1", f"-merge_control_file={control}"]
        subprocess.run(command + [merged] + folders, check=True, capture_output=True)
        lines = control.read_text().splitlines()
    names = lines[2 : 2 + int(lines[0])]
    words = [line.split() for line in lines[2 + len(names) :]]
    own = {names[int(w[1])]: set(map(int, w[2:])) for w in words if w[0] == "FT"}
    return {name: (some, {one // FEATURES for one in some}) for name, some in own.items()}


def chosen(covered, count):
    """One after another, the file that adds most; of a large one it has to be more."""
    seen, taken, order = set(), set(), []
    size = {name: 1000 + pathlib.Path(name).stat().st_size for name in covered}
    while len(order) < count:
        gain = {name: (len(some - seen) + BRANCH_WORTH * len(branches - taken)) / size[name]
                for name, (some, branches) in covered.items()}
        best = max(gain, key=lambda name: (gain[name], name))
        if gain[best] == 0:
            break
        seen |= covered[best][0]
        taken |= covered[best][1]
        order.append(best)
    return order


def main():
    target, count, folders = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    corpus = TESTS / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    covered = features(target, folders + [str(corpus)])
    kept = [pathlib.Path(name).read_bytes() for name in chosen(covered, count)]
    for old in corpus.iterdir():
        old.unlink()
    for number, data in enumerate(kept):
        (corpus / f"{number:02}").write_bytes(data)
    print(f"{target}: {len(kept)} of {len(covered)} files, {sum(map(len, kept))} bytes")


if __name__ == "__main__":
    main()
