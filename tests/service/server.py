"""A dissolved process under test: started on a free port, watched, and ended with its verdict."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DISSOLVED", str(ROOT / "build" / "release" / "dissolved"))
PATIENCE = 60.0
"""Seconds after which something that has to happen is taken for something that never will."""

LISTENING = re.compile(r"(admin: )?listening on (http://127\.0\.0\.1:(\d+))")
SANITIZER_REPORTS = ("Sanitizer", "runtime error:")
SANITIZED = os.path.exists(BINARY) and (
    re.search(rb"__[at]san_init", pathlib.Path(BINARY).read_bytes()) is not None)


def clean_environment(**settings):
    """The caller's environment without any setting of the server, plus the given ones.

    Where the tests run is often a container; what they count on are the defaults.
    """
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("DISSOLVED_", "DISSOLVE_"))}
    kept["DISSOLVED_NO_CGROUP"] = "yes"
    kept["DISSOLVED_JOBS_PER_CLIENT"] = "1024"  # a test is many clients, from one address
    kept.update(settings)
    return kept


def memory_allowed():
    """How far what is refused may push the peak; a sanitizer keeps for a while what is freed."""
    return (128 if SANITIZED else 10) * 2**20


def run_to_end(*arguments, **settings):
    """Runs the binary where it is expected to end by itself."""
    return subprocess.run([BINARY, *arguments], env=clean_environment(**settings), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)


def wait_until(happens, what, patience=PATIENCE):
    """Polls until happens() is true and gives its value; a failure says what never happened."""
    pause = threading.Event()
    deadline = time.monotonic() + patience
    while True:
        value = happens()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {patience:g} s in vain until {what}"
        pause.wait(0.02)


class Client(requests.Session):
    """A requests session that knows the server's address and never waits for ever."""

    def __init__(self, base_url):
        super().__init__()
        self.base_url = base_url
        self.trust_env = False

    def request(self, method, url, **options):
        options.setdefault("timeout", PATIENCE)
        return super().request(method, self.base_url + url, **options)


class Server:
    """One running instance, with flags of the command line and settings of the environment."""

    def __init__(self, *flags, listen=("--listen", "127.0.0.1:0"), **settings):
        self.lines = []
        self.ended = False
        self.listening = threading.Event()
        self.process = subprocess.Popen(
            [BINARY, *listen, *flags], env=clean_environment(**settings),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._drain, daemon=True)
        self.reader.start()
        try:
            self._await_address()
        except BaseException:
            self.kill()
            raise

    def _drain(self):
        for line in self.process.stderr:
            self.lines.append(line.decode("utf-8", "replace"))
            found = LISTENING.search(self.lines[-1])
            if found and found[1]:
                self.operators_url, self.operators_port = found[2], int(found[3])
            elif found:
                self.url, self.port = found[2], int(found[3])
                self.listening.set()
        self.listening.set()

    def _await_address(self):
        told = self.listening.wait(PATIENCE)
        assert told and hasattr(self, "url"), (
            "stderr never said 'listening on http://127.0.0.1:PORT':\n" + self.stderr())

    def client(self):
        return Client(self.url)

    def operator(self):
        """A session with the address of --admin-listen."""
        return Client(self.operators_url)

    def stderr(self):
        return "".join(self.lines)

    def cpu_seconds(self):
        """User and system time of the process so far."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # as clock_getcpuclockid(3) makes it

    def peak_memory(self):
        """The largest resident size so far, in bytes."""
        return self._memory("VmHWM")

    def resident_memory(self):
        """The resident size now, in bytes."""
        return self._memory("VmRSS")

    def _memory(self, name):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(name + r":\s+(\d+) kB", status)[1]) * 1024

    def descriptors(self):
        """How many files, sockets and the like are open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def is_quiet(self):
        """Whether the process uses (almost) no CPU for half a second."""
        before = self.cpu_seconds()
        threading.Event().wait(0.5)
        return self.cpu_seconds() - before <= 0.03

    def is_asleep(self):
        """Whether all of its threads have started and wait for something."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return all(task.read_text().rpartition(") ")[2][0] == "S" for task in tasks)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        self.ended = True
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self):
        self.reader.join(PATIENCE)
        self.process.stderr.close()

    def finish(self, patience=PATIENCE):
        """Waits for an end that was asked for; it has to be a clean one."""
        self.ended = True
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"still alive {patience:g} s after SIGTERM:\n{self.stderr()}") from None
        self._close()
        text = self.stderr()
        for sign in SANITIZER_REPORTS:
            assert sign not in text, f"a sanitizer report on stderr:\n{text}"
        assert status == 0, f"exit status {status} after SIGTERM:\n{text}"

    def stop(self):
        """SIGTERM and its verdict; nothing if the process was ended before."""
        if not self.ended:
            self.terminate()
            self.finish()
