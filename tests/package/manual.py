"""The manual has each flag of --help with its default, and is sound: manual.py PROGRAM PAGE."""

import re
import subprocess
import sys

FLAG = re.compile(r"^  (--[a-z-]+) .*\[(.*)\]$", re.MULTILINE)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    program, page = sys.argv[1:]
    complaints = []
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True,
                          text=True, check=False)
    complaints += lint.stdout.splitlines()

    text = re.sub(r".\x08", "", output("mandoc", "-T", "utf8", page))  # bold is a letter struck twice
    items = dict(re.findall(r"^ {5}(--[a-z-]+)(?: \w+)?\n(.*?)(?=^ {5}\S|^\S)", text,
                            re.DOTALL | re.MULTILINE))
    flags = dict(FLAG.findall(output(program, "--help")))
    assert len(flags) > 20, f"only {len(flags)} flags found in --help"
    for flag, preset in flags.items():
        told = " ".join(items.pop(flag, "").split())
        if not told.endswith(f"Default: {preset}."):
            complaints.append(f"{flag}: the manual lacks it, or its default {preset}: {told!r}")
    complaints += [f"{flag}: only the manual knows it" for flag in items]
    for heading in ("SIGNALS", "FILES", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES"):
        if f"\n{heading}\n" not in text:
            complaints.append(f"no section {heading}")
    print("\n".join(complaints) or f"{len(flags)} flags, as --help has them")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
