"""Replicas that keep their ports, and an nginx with docker/nginx.conf before them."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess

from server import PATIENCE, ROOT, Server, wait_until
from stress import metrics

CONFIGURATION = ROOT / "docker" / "nginx.conf"
COUNT = 3


def is_free(port):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(count=1):
    """Of so many in a row the first; where more than one is asked for, it ends in 0.

    They are below those that connections are given: none takes one while its replica is away.
    """
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(max(1024, lowest - 20_000), lowest)
        if count > 1:
            port = port // 10 * 10
        if all(is_free(port + i) for i in range(count)):
            return port


class Replica:
    """A server that may be killed, stopped and restarted, always at the same port."""

    def __init__(self, flags):
        self.port = free_port()
        self.flags = flags
        self.server = None
        self.start()

    def start(self):
        self.server = Server("--admin-listen", "127.0.0.1:0", *self.flags,
                             listen=("--listen", f"127.0.0.1:{self.port}"))

    def works(self):
        """Whether a request is in progress besides the one that asks."""
        return not self.server.ended and metrics(
            self.server, operators=True)["dissolved_requests_in_progress"] > 1

    def kill(self):
        self.server.kill()

    def freeze(self):
        self.server.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.server.process.send_signal(signal.SIGCONT)

    def drain(self):
        """SIGTERM, and a clean end."""
        self.server.terminate()
        self.server.finish()


class Balancer:
    """nginx with the project's own configuration, but for addresses and where its files are."""

    def __init__(self, home, ports):
        self.home = home
        self.port = free_port()
        text = self._replace(CONFIGURATION.read_text(), "/tmp/", f"{home}/", 6)
        for number, port in enumerate(ports, 1):
            text = self._replace(text, f"replica-{number}:8080", f"127.0.0.1:{port}")
        text = self._replace(text, "listen 8080;", f"listen 127.0.0.1:{self.port};")
        text = self._replace(text, "/dev/stdout", f"{home}/requests")
        text = self._replace(text, "/dev/stderr", f"{home}/errors")
        # Where root runs the tests, nginx's workers would be somebody who cannot enter `home`.
        user = "user root;\n" if os.geteuid() == 0 else ""
        (home / "conf").write_text("daemon off;\n" + user + text)
        # Where Debian has it; a user's PATH may lack that.
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen(
            [nginx, "-p", home, "-e", home / "errors", "-c", home / "conf"],
            stdin=subprocess.DEVNULL)
        wait_until(self.listens, "the balancer listens")

    @staticmethod
    def _replace(text, old, new, times=1):
        assert text.count(old) == times, f"{old} is not {times} times in {CONFIGURATION}"
        return text.replace(old, new)

    def listens(self):
        assert self.process.poll() is None, (self.home / "errors").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)  # it writes all of its log then
        self.process.wait(PATIENCE)


class House:
    """The replicas and their balancer; `port` is the balancer's, for a Connection."""

    def __init__(self, home, *flags):
        self.home = home
        self.replicas = []
        self.balancer = None
        try:
            for _ in range(COUNT):
                self.replicas.append(Replica(flags))
            self.balancer = Balancer(home, [replica.port for replica in self.replicas])
        except BaseException:
            self.stop()
            raise

    @property
    def port(self):
        return self.balancer.port

    def stop(self):
        """Ends all; a replica that lives has to end cleanly."""
        for replica in self.replicas:
            if not replica.server.ended:
                replica.thaw()
        if self.balancer is not None:
            self.balancer.stop()
        failures = []
        for replica in self.replicas:
            try:
                replica.server.stop()
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)

    def requests(self):
        """nginx's log, once it has stopped: an object for each request."""
        return [json.loads(line) for line in (self.home / "requests").read_text().splitlines()]
