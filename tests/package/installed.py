"""What is installed can be compiled against: installed.py BUILD_FOLDER EXAMPLES EXPECTED_PROGRAM.

EXPECTED_PROGRAM is the example, linked with the engine of the build. It prints the same if it is
linked with the installed library, whether pkg-config or CMake says where that is, by README's lines.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile


def run(*command, cwd=None, **variables):
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True,
                          check=False, cwd=cwd)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def with_pkg_config(variables, source, program):
    flags = run("pkg-config", "--cflags", "--libs", "dissolve", **variables).split()
    assert flags[-1] == "-ldissolve" and len(flags) == 3, flags
    run("cc", "-std=c17", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program), *flags)


def as_printed(variables, examples, expected, folder):
    """README's lines, which end with the program's own words; gives both programs."""
    readme = (examples.parent / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    ((?:cc|cmake) .*)$", readme, re.MULTILINE)
    assert len(lines) == 2, lines
    (folder / "examples").symlink_to(examples)
    for line in lines:
        told = run("bash", "-c", line, cwd=folder, **variables)
        assert told.endswith(expected), f"{line}: {told}"
    return folder / "example", folder / "build/example/example"


def main():
    build, examples, expected = sys.argv[1:]
    expected = run(expected)
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder) / "stage"
        run("cmake", "--install", build, DESTDIR=str(stage))
        [pc] = stage.rglob("dissolve.pc")
        [manual] = stage.rglob("dissolved.8.gz")
        [library] = stage.rglob("libdissolve.so.?")
        [unit] = stage.rglob("dissolved.service")
        prefix = manual.parents[3]
        assert f"ExecStart=/{prefix.relative_to(stage)}/sbin/dissolved" in unit.read_text()
        assert run(str(prefix / "sbin/dissolved"), "--version").startswith("dissolved ")

        examples, first = pathlib.Path(examples), pathlib.Path(folder) / "first"
        variables = {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(stage),
                     "CMAKE_PREFIX_PATH": str(prefix), "CMAKE_BUILD_TYPE": "Release",
                     "LD_LIBRARY_PATH": str(library.parent)}
        with_pkg_config(variables, examples / "dissolve.c", first)
        for program in (first, *as_printed(variables, examples, expected, pathlib.Path(folder))):
            needed = run("objdump", "-p", str(program))
            assert f"NEEDED               {library.name}" in needed, needed
            assert run(str(program), LD_LIBRARY_PATH=str(library.parent)) == expected
    print(expected)


if __name__ == "__main__":
    main()
