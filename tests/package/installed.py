"""What is installed can be compiled against: installed.py BUILD_FOLDER EXAMPLES EXPECTED_PROGRAM.

EXPECTED_PROGRAM is the example, linked with the engine of the build. It prints the same if it is
linked with the installed library, whether pkg-config or CMake says where that is.
"""

import os
import pathlib
import subprocess
import sys
import tempfile


def run(*command, **variables):
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def with_pkg_config(stage, pc, source, program):
    variables = {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(stage)}
    flags = run("pkg-config", "--cflags", "--libs", "dissolve", **variables).split()
    assert flags[-1] == "-ldissolve" and len(flags) == 3, flags
    run("cc", "-std=c17", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program), *flags)


def with_cmake(prefix, examples, folder):
    run("cmake", "-G", "Ninja", "-S", str(examples), "-B", str(folder), f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", str(folder))
    return folder / "example"


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

        first = pathlib.Path(folder) / "first"
        with_pkg_config(stage, pc, pathlib.Path(examples) / "dissolve.c", first)
        second = with_cmake(prefix, examples, pathlib.Path(folder) / "second")
        for program in (first, second):
            needed = run("objdump", "-p", str(program))
            assert f"NEEDED               {library.name}" in needed, needed
            assert run(str(program), LD_LIBRARY_PATH=str(library.parent)) == expected
    print(expected)


if __name__ == "__main__":
    main()
