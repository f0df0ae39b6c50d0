"""The house's include rules: which room may include which, and where each library is let in."""

import pathlib
import re
import sys

# A room may include its own headers and those of the rooms below it. The engine's own headers are
# for the engine alone: everybody else uses include/dissolve ("public").
BELOW = {
    "public": {"public"},
    "engine": {"engine", "public"},
    "codec": {"codec"},
    "explorer": {"explorer"},
    "api": {"api", "codec", "explorer", "public"},
    "http": {"http", "api", "codec", "public"},
    "main": {"http", "api", "codec", "public"},
}

# codec and engine do not know each other; what they share is the status type.
SHARED = {("codec", "dissolve/status.h")}

C = {
    "assert.h", "ctype.h", "errno.h", "fenv.h", "float.h", "inttypes.h", "limits.h", "locale.h",
    "math.h", "setjmp.h", "signal.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h", "strings.h",
    "time.h",
}

# Threads, how many processors there are, and the compiler's vector types.
ENGINE_SYSTEM = {"pthread.h", "sched.h", "unistd.h", "immintrin.h", "arm_neon.h"}

# The operating system, for the rooms that talk to it.
SYSTEM = ENGINE_SYSTEM | {
    "arpa/inet.h", "fcntl.h", "getopt.h", "linux/sockios.h", "linux/tcp.h", "malloc.h", "netdb.h", "netinet/in.h", "netinet/tcp.h",
    "poll.h", "search.h", "sys/epoll.h", "sys/eventfd.h", "sys/file.h", "sys/ioctl.h", "sys/mman.h",
    "sys/prctl.h", "sys/random.h", "sys/resource.h", "sys/signalfd.h", "sys/socket.h", "sys/stat.h",
    "sys/syscall.h", "sys/time.h", "sys/timerfd.h",
    "sys/types.h", "sys/uio.h", "sys/un.h", "sys/wait.h", "syslog.h",
    "ucontext.h",
}

SYSTEM_OF_ROOM = {
    "public": set(),
    "engine": ENGINE_SYSTEM,
    "codec": {"immintrin.h"},
    "explorer": set(),
    "api": {"pthread.h", "sys/random.h", "sys/types.h", "unistd.h"},
    "http": SYSTEM,
    "main": SYSTEM,
}

# Library: the one room that may use it, and whether in a single file only.
LIBRARIES = {
    "microhttpd": ("http", True),
    "seccomp": ("http", True),
    "cJSON": ("api", True),
    "lodepng": ("codec", True),
    "dragonbox": ("codec", True),
    "libdeflate": ("codec", False),
    "zlib": ("codec", False),
    "nettle": ("codec", False),
    "jpeg": ("codec", True),
    "exif": ("codec", True),
}

# How each library's headers are written.
HEADERS = {
    "microhttpd": r"microhttpd\.h",
    "seccomp": r"seccomp\.h",
    "cJSON": r"(cjson/)?cJSON\.h",
    "lodepng": r"lodepng\.h",
    "dragonbox": r"dragonbox/dragonbox\.h",
    "libdeflate": r"libdeflate\.h",
    "zlib": r"zlib\.h",
    "nettle": r"nettle/[a-z0-9-]+\.h",
    "jpeg": r"(jpeglib|jerror)\.h",
    "exif": r"libexif/exif-[a-z-]+\.h",
}

# What the two C++ files may take from C++'s own library.
CPP = {
    "src/codec/png_decode.cpp": set(),
    "src/codec/number.cpp": {"charconv", "cmath", "limits", "system_error"},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<([^>]+)>|"([^"]+)")', re.MULTILINE)


def without_comments(text):
    """The text with comments blanked out; strings are kept, for includes are written as strings."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return token.sub(lambda m: " " if m.group().startswith("/") else m.group(), text)


def room_of(path):
    """The room of a path relative to the root; None outside the house's rooms (tests)."""
    if path.parts[:2] == ("include", "dissolve"):
        return "public"
    if path.parts[:1] == ("src",):
        return path.parts[1] if len(path.parts) > 2 else "main"
    return None


def library_of(header):
    for library, pattern in HEADERS.items():
        if re.fullmatch(pattern, header):
            return library
    return None


def find_quoted(root, path, header):
    """The file that #include "header" means: beside the one that includes it, or below src."""
    for folder in (root / path.parent, root / "src", root / "include"):
        found = (folder / header).resolve()
        if found.is_file():
            return found.relative_to(root)
    return None


def check_quoted(root, path, room, header):
    target = find_quoted(root, path, header)
    if target is None:
        return f'"{header}" is no file of the project'
    if room_of(target) not in BELOW[room]:
        return f'"{header}": {room} may not include {room_of(target)}'
    if room_of(target) == "public":
        return f'"{header}": a public header is included as <dissolve/...>'
    return None


def check_angled(path, room, header):
    if header.startswith("dissolve/"):
        if "public" in BELOW[room] or (room, header) in SHARED:
            return None
        return f"<{header}>: {room} may not include it"
    library = library_of(header)
    if library is not None:
        home, single = LIBRARIES[library]
        if room != home:
            return f"<{header}>: {library} is let in to {home} only"
        if single and path.suffix == ".h":
            return f"<{header}>: {library} is let in to one source file, not to a header"
        return None
    if header in C or header in SYSTEM_OF_ROOM[room] or header in CPP.get(path.as_posix(), set()):
        return None
    return f"<{header}> is not among what {room} may include (tests/house/includes.py)"


def sources(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".cpp", ".inc"):
                yield path.relative_to(root)


def check(root):
    """All complaints about the tree, one line each."""
    root = pathlib.Path(root).resolve()
    complaints = []
    users = {library: [] for library in LIBRARIES}
    for path in sources(root, "include", "src"):
        room = room_of(path)
        if room not in BELOW:
            complaints.append(f"{path}: {room} is no room of the house")
            continue
        for angled, quoted in INCLUDE.findall(without_comments((root / path).read_text())):
            if angled:
                complaint = check_angled(path, room, angled)
                library = library_of(angled)
                if library and str(path) not in users[library]:
                    users[library].append(str(path))
            else:
                complaint = check_quoted(root, path, room, quoted)
            if complaint:
                complaints.append(f"{path}: {complaint}")
    for library, (home, single) in LIBRARIES.items():
        if single and len(users[library]) != 1:
            files = ", ".join(users[library]) or "none"
            complaints.append(f"{home}: {library} belongs in exactly one file, not in: {files}")
    return complaints


def main():
    complaints = check(sys.argv[1])
    print("\n".join(complaints) or "the include rules hold")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
