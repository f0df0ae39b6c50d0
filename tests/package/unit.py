"""The systemd unit: how exposed it is, and that the server works within it: unit.py PROGRAM UNIT."""

import mmap
import os
import re
import subprocess
import sys
import threading
import urllib.request

import seccomp

MOST_EXPOSED = 2.0  # of systemd-analyze's 0..10
FAREWELL = 1  # seconds that the last answers have, after the time to drain
PATIENCE = 60


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def values(unit, name):
    """What the unit gives to a name, line by line."""
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def check_exposure(path):
    told = output("systemd-analyze", "security", "--no-pager", "--offline=true",
                  f"--threshold={MOST_EXPOSED * 10:.0f}", path)
    exposure = float(re.search(r"Overall exposure level for .*?: ([0-9.]+)", told)[1])
    assert exposure <= MOST_EXPOSED, told
    print(f"exposure {exposure}")


def check_times(program, unit):
    stop = int(re.fullmatch(r"(\d+)s", values(unit, "TimeoutStopSec")[0])[1])
    presets = dict(re.findall(r"^  --(drain-\w+) .*\[(\d+)s\]$", output(program, "--help"),
                              re.MULTILINE))
    drain = int(presets["drain-timeout"]) + int(presets["drain-delay"]) + FAREWELL
    assert stop > drain, f"TimeoutStopSec={stop}s cuts a stop that may take {drain} s"


def expand(words):
    """The system calls that these names and groups of systemd's stand for."""
    calls = set()
    for word in words:
        if not word.startswith("@"):
            calls.add(word)
            continue
        lines = output("systemd-analyze", "--no-pager", "syscall-filter", word).splitlines()
        calls |= expand(line.strip() for line in lines[1:] if line and not line.strip().startswith("#"))
    return calls


def allowed_calls(unit):
    calls = set()
    for value in values(unit, "SystemCallFilter"):
        if value.startswith("~"):
            calls -= expand(value[1:].split())
        else:
            calls |= expand(value.split())
    assert "mount" not in calls and "write" in calls, f"{len(calls)} calls"
    return calls | {"execve"}  # with which systemd starts the program


def confine(calls):
    """What systemd makes of SystemCallFilter and of MemoryDenyWriteExecute."""
    listed = seccomp.SyscallFilter(seccomp.ERRNO(1))
    for call in calls:
        try:
            listed.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, OSError):  # another architecture's, or too new for libseccomp
            pass
    memory = seccomp.SyscallFilter(seccomp.ALLOW)
    both = mmap.PROT_WRITE | mmap.PROT_EXEC
    memory.add_rule(seccomp.ERRNO(1), "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, both))
    memory.add_rule(seccomp.ERRNO(1), "mprotect",
                    seccomp.Arg(2, seccomp.MASKED_EQ, mmap.PROT_EXEC, mmap.PROT_EXEC))
    memory.load()
    listed.load()


def serve_and_stop(process):
    log = ""
    address = None
    while address is None:
        line = process.stderr.readline()
        assert line, f"no start under the unit's filter:\n{log}"
        log += line
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert "sandbox: on" in log, log
    with urllib.request.urlopen(f"{address[0]}/sample.png", timeout=PATIENCE) as answer:
        picture = answer.read()
    request = urllib.request.Request(f"{address[0]}/v1/images/frames?steps=2", data=picture)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200 and len(answer.read()) > len(picture)
    process.terminate()
    log += process.stderr.read()
    assert process.wait() == 0, log


def check_service(program, calls):
    """The server starts under the unit's filter, adds its own, answers, and ends when told."""
    environment = {"DISSOLVED_LISTEN": "127.0.0.1:0", "DISSOLVED_LOG_FORMAT": "text"}
    with subprocess.Popen([program], env=environment, stderr=subprocess.PIPE, text=True,
                          preexec_fn=lambda: confine(calls)) as process:
        end = threading.Timer(PATIENCE, process.kill)
        end.start()
        try:
            serve_and_stop(process)
        finally:
            end.cancel()
            process.kill()


def main():
    program, path = (os.path.abspath(argument) for argument in sys.argv[1:])
    with open(path, encoding="utf-8") as file:
        unit = file.read()
    assert values(unit, "ExecStart") == ["/usr/sbin/dissolved"]
    assert values(unit, "MemoryDenyWriteExecute") == ["yes"]
    check_exposure(path)
    check_times(program, unit)
    calls = allowed_calls(unit)
    check_service(program, calls)
    print(f"serves within {len(calls)} system calls")


if __name__ == "__main__":
    main()
