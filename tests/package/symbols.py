"""What libdissolve.so exports is what its headers declare: symbols.py LIBRARY INCLUDE_FOLDER."""

import pathlib
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DECLARED = re.compile(r"^\S[^#;{}()=]*?\b(dissolve_\w+)\(", re.MULTILINE)


def main():
    library, folder = sys.argv[1:]
    declared = set()
    for header in sorted(pathlib.Path(folder).rglob("*.h")):
        declared |= set(DECLARED.findall(COMMENT.sub("", header.read_text(encoding="utf-8"))))
    table = subprocess.run(["nm", "-D", "--defined-only", "-P", library], check=True,
                           capture_output=True, text=True).stdout
    exported = {line.split()[0] for line in table.splitlines()}
    assert len(declared) > 30, f"only {len(declared)} functions found in {folder}"
    complaints = [f"exported, but not declared: {name}" for name in sorted(exported - declared)]
    complaints += [f"declared, but not exported: {name}" for name in sorted(declared - exported)]
    print("\n".join(complaints) or f"{len(exported)} functions, all of them dissolve_*")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
