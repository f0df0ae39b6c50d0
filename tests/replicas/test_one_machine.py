"""The lines of docs/replicas.md for one machine, run as they are printed, but at other ports."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess

import pytest

from balancer import CONFIGURATION, free_port
from server import BINARY, PATIENCE, ROOT, Client, Server, clean_environment, wait_until

PAGE = (ROOT / "docs" / "replicas.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## On one machine")[2].partition("\n## ")[0]
NUMBERS = (1, 2, 3)


def blocks():
    """How it starts, what it is asked, how a replica is replaced, how all of it ends."""
    found = re.findall(r"(?:^    .*\n)+", SECTION, re.MULTILINE)
    assert len(found) == 4, found
    return found


class Reader:
    """A shell in a folder where the server has been built, which is given the printed lines."""

    def __init__(self, home):
        self.home, self.build = home, home / "build"
        first = free_port(14) // 10  # as 8080 to 8083 and 9091 to 9093
        ports = {"808": str(first), "909": str(first + 1)}
        self.moved = lambda text: re.sub("808|909", lambda found: ports[found[0]], text)
        self.port = int(self.moved("8080"))
        (self.build / "release").mkdir(parents=True)
        (self.build / "release" / "dissolved").symlink_to(pathlib.Path(BINARY).resolve())
        (home / "docker").mkdir()
        (home / "docker" / "nginx.conf").write_text(self.moved(CONFIGURATION.read_text()))
        self.complaints = open(home / "complaints", "w+", encoding="utf-8")
        self.shell = subprocess.Popen(["bash"], cwd=home, text=True, env=clean_environment(),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=self.complaints)

    def enters(self, text):
        self.shell.stdin.write(self.moved(text) + "\necho $?\n")
        self.shell.stdin.flush()
        status = self.shell.stdout.readline()
        assert status == "0\n", (self.home / "complaints").read_text()

    def pid(self, name):
        return int((self.build / f"{name}.pid").read_text())

    def asks(self, port=None):
        """The bytes of what the printed lines leave behind."""
        text = blocks()[1]
        self.enters(text if port is None else text.replace("8080", str(port)))
        return (self.build / "last.png").read_bytes()

    def left(self):
        """Processes that it started and that are still there."""
        pids = []
        for path in self.build.glob("*.pid"):
            with contextlib.suppress(FileNotFoundError):  # nginx removes its own when it ends
                pids.append(int(path.read_text()))
        return [pid for pid in pids if self.is_here(pid)]

    def is_here(self, pid):
        """Not somebody else, who was given the number of one that has ended."""
        try:
            return os.readlink(f"/proc/{pid}/cwd") == str(self.home)
        except OSError:
            return False

    def close(self):
        told = self.left()
        for pid in told:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not any(map(self.is_here, told)), "all of them end")
        self.shell.stdin.close()
        self.shell.wait(PATIENCE)
        self.shell.stdout.close()
        self.complaints.close()


@pytest.fixture
def reader(tmp_path):
    """In a folder that only its owner can enter, as a home is."""
    tmp_path.chmod(0o700)
    home = tmp_path.resolve() / "dissolved"
    home.mkdir()
    reader = Reader(home)
    yield reader
    reader.close()


def test_three_replicas_answer_as_one_process_also_while_one_is_replaced(reader):
    start, _, replace, end = blocks()
    one = Server()
    alone = reader.asks(one.port)
    one.stop()
    assert alone.startswith(b"\x89PNG")
    reader.enters(start)
    assert reader.asks() == alone

    first = reader.pid("replica-2")
    reader.enters(replace)
    assert reader.pid("replica-2") != first and not reader.is_here(first)
    assert reader.asks() == alone
    assert reader.asks(reader.moved("8082")) == alone

    os.kill(reader.pid("replica-2"), signal.SIGKILL)
    for _ in NUMBERS:
        assert reader.asks() == alone
    reader.enters("replica 2")
    assert reader.asks() == alone

    reader.enters(end)
    wait_until(lambda: not reader.left(), "all of them end")
    logs = "".join((reader.build / f"replica-{number}.log").read_text() for number in NUMBERS)
    assert logs.count('"stopped"') == 4  # one that was replaced, and three in the end


def test_a_body_that_nginx_keeps_in_a_file_is_passed_on(reader):
    """Where root starts it, its workers are somebody else, who has to get at the file, too."""
    reader.enters(blocks()[0])
    with Client(f"http://127.0.0.1:{reader.port}") as client:
        answer = client.post("/v1/samples/frames", data=bytes(4 << 20),
                             params={"steps": 0, "frames": 0, "format": "npy"},
                             headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == 200, answer.text
    assert answer.content.endswith(bytes(4 << 20))
