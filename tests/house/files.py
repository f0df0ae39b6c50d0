"""The house's rules for single files: opening sentence, length, headers that stand alone, C++."""

import pathlib
import re
import subprocess
import sys
import tempfile

import includes

MAX_LINES = 600

# How a file of each kind opens: with a comment that holds a sentence.
C_COMMENT = r"/\*\s+(?P<text>.*?)\*/"
HASH_COMMENT = r"(#![^\n]*\n)?#\s+(?P<text>.*?)(\n[^#]|\Z)"
OPENING = {
    ".c": C_COMMENT,
    ".h": C_COMMENT,
    ".cpp": C_COMMENT,
    ".inc": C_COMMENT,
    ".css": C_COMMENT,
    ".js": C_COMMENT,
    ".cjs": C_COMMENT,
    ".html": r"(<!doctype html>\s*)?<!--\s+(?P<text>.*?)-->",
    ".py": r'(#![^\n]*\n)?"""(?P<text>.*?)"""',
    ".sh": HASH_COMMENT,
    ".cmake": HASH_COMMENT,
    ".yaml": HASH_COMMENT,
    ".conf": HASH_COMMENT,
    "CMakeLists.txt": HASH_COMMENT,
    "Dockerfile": HASH_COMMENT,
    "dev": HASH_COMMENT,
    "run": HASH_COMMENT,
    "check": HASH_COMMENT,
    ".service": HASH_COMMENT,
    "postinst": HASH_COMMENT,
    "prerm": HASH_COMMENT,
    "postrm": HASH_COMMENT,
}

# What is made or installed there by others.
FOREIGN = {"__pycache__", "node_modules"}

# Tables may be as long as they need.
ANY_LENGTH = {".inc", ".yaml"}

# C++ is for calling libraries that have no C interface, not for writing C++.
CPP_FILES = {"src/codec/png_decode.cpp", "src/codec/number.cpp", "tests/unit/lodepng_own.cpp"}
CPP_WORDS = re.compile(
    r"\b(catch|class|delete|friend|new|operator|template|throw|try|using|virtual)\b"
    r"|\bnamespace\b(?!\s*\{)"  # one without a name is C's static
)

# Compiled only where another file includes it, with the macros it asks for.
TEMPLATE = "_template.h"

FLAGS = ["-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"]


def kind_of(path):
    return path.name if path.name in OPENING else path.suffix


def files(root):
    for top in ("dev", "CMakeLists.txt", "openapi.yaml", ".ci", "docker", "examples", "include",
                "packaging", "src", "tests"):
        start = root / top
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and kind_of(path) in OPENING and not FOREIGN & set(path.parts):
                yield path.relative_to(root)


def check_text(path, text):
    """Complaints about a file's text alone."""
    kind = kind_of(path)
    opening = re.match(OPENING[kind], text, re.DOTALL | re.IGNORECASE)
    if not opening or not re.search(r"[.:;](\s|$)", opening["text"]):
        yield "does not open with a comment that is a sentence"
    lines = text.count("\n")
    if lines > MAX_LINES and kind not in ANY_LENGTH:
        yield f"has {lines} lines, more than {MAX_LINES}"


def compiler(language):
    return ["gcc", "-std=c17"] if language == "c" else ["g++", "-std=c++17"]


def complaint_of(command, what):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    first = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr)
    return f"{what}: {first.strip()}"


def check_header(root, path):
    """A header compiles alone; a public one in C++ too, and twice without harm."""
    public = includes.room_of(path) == "public"
    with tempfile.TemporaryDirectory() as folder:
        for language in ("c", "c++") if public else ("c",):
            source = pathlib.Path(folder, "alone.c")
            source.write_text(f'#include "{root / path}"\n' * 2)
            command = compiler(language) + FLAGS + ["-x", language, "-fsyntax-only"]
            command += ["-I", str(root / "include"), "-I", str(root / "src"), str(source)]
            complaint = complaint_of(command, f"does not compile alone as {language}")
            if complaint:
                yield complaint


def check_cpp(root, path):
    """A C++ file is one of the two, exports C names only, and uses no more of C++ than a call."""
    if path.as_posix() not in CPP_FILES:
        yield "C++ is only for " + " and ".join(sorted(CPP_FILES))
        return
    code = re.sub(r'"(\\.|[^"\\\n])*"', '""', includes.without_comments((root / path).read_text()))
    code = re.sub(r"^[ \t]*#.*", "", code, flags=re.MULTILINE)
    for word in sorted({match.group() for match in CPP_WORDS.finditer(code)}):
        yield f"uses C++ ({word})"
    with tempfile.TemporaryDirectory() as folder:
        made = str(pathlib.Path(folder, "made.o"))
        command = compiler("c++") + FLAGS + ["-c", "-o", made]
        command += ["-I", str(root / "include"), "-I", str(root / "src"), str(root / path)]
        for versioned in pathlib.Path("/usr/include").glob("dragonbox-*"):
            command += ["-isystem", str(versioned)]
        complaint = complaint_of(command, "does not compile")
        if complaint:
            yield complaint
            return
        names = subprocess.run(
            ["nm", "--extern-only", "--defined-only", "--format=posix", made],
            capture_output=True, text=True, check=True,
        ).stdout.split("\n")
    for name, kind in (line.split()[:2] for line in names if line):
        if name.startswith("_Z") and kind in "TDBR":
            yield f'exports {name}, which is not extern "C"'


def check(root):
    """All complaints about the tree, one line each."""
    root = pathlib.Path(root).resolve()
    complaints = []
    for path in files(root):
        found = list(check_text(path, (root / path).read_text()))
        if path.suffix == ".h" and not path.name.endswith(TEMPLATE):
            found += check_header(root, path)
        if path.suffix == ".cpp":
            found += check_cpp(root, path)
        complaints += [f"{path}: {complaint}" for complaint in found]
    return complaints


def main():
    complaints = check(sys.argv[1])
    print("\n".join(complaints) or "the rules for files hold")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
