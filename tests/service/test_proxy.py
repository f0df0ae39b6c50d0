"""The table of smuggling.py through a real reverse proxy: both see the same requests."""

import json
import os
import shutil
import signal
import socket
import subprocess

from server import PATIENCE, wait_until
from smuggling import LAST, MARKER, MAX_BODY, TABLE

CONFIGURATION = """
daemon off;
master_process off;
pid {home}/pid;
error_log {home}/errors warn;
events {{ worker_connections 512; }}
http {{
    log_format requests escape=none '$request_id $request_method $upstream_status '
                                    '$upstream_http_x_request_id';
    lingering_close off;
    client_header_timeout 1s; # for rows that have it wait for more
    client_body_timeout 1s;
    access_log {home}/requests requests;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    underscores_in_headers on;
    ignore_invalid_headers off;
    upstream service {{ server 127.0.0.1:{port}; keepalive 4; }}
    server {{
        listen unix:{home}/socket;
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_next_upstream off;
            proxy_request_buffering off;
            proxy_set_header Connection "";
            proxy_set_header X-Request-Id $request_id;
        }}
    }}
}}
"""


class Proxy:
    """An nginx of its own before a server, at a Unix socket, with all its files in one place."""

    configuration = CONFIGURATION
    program = "nginx"
    end = signal.SIGQUIT
    """The signal that has it write all of its log and end."""

    def __init__(self, server, home):
        self.home, self.path = home, str(home / "socket")
        (home / "conf").write_text(self.configuration.format(home=home, port=server.port))
        # Where Debian has it; a user's PATH may lack that.
        program = shutil.which(self.program, path=os.environ["PATH"] + ":/usr/sbin")
        with (home / "output").open("w") as output:
            self.process = subprocess.Popen([program, *self.arguments()],
                                            stdin=subprocess.DEVNULL, stdout=output)
        wait_until(lambda: os.path.exists(self.path), "the proxy listens")

    def arguments(self):
        return ["-p", self.home, "-e", self.home / "errors", "-c", self.home / "conf"]

    def connect(self):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        connection.connect(self.path)
        return connection

    def stop(self):
        self.process.send_signal(self.end)
        self.process.wait(PATIENCE)

    def requests(self):
        """id -> (method, status, id in the answer); no status: the service did not answer."""
        lines = [line.split(" ") for line in (self.home / "requests").read_text().splitlines()]
        return {line[0]: tuple(line[1:]) for line in lines}


def send(connection, data):
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before all of it was sent


def drain(connection):
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    connection.close()


def test_a_proxy_and_the_service_see_the_same_requests(start_server, tmp_path):
    """None at the service that the proxy did not send, none twice, no answer to another one."""
    server = start_server("--max-body", str(MAX_BODY), "--log-level", "debug")
    proxy = Proxy(server, tmp_path)
    try:
        connections = []
        for row in TABLE:  # nginx waits a second for each
            connections.append(proxy.connect())
            send(connections[-1], row.data + MARKER + LAST)
        for connection in connections:
            drain(connection)
    finally:
        proxy.stop()
    server.stop()
    sent = proxy.requests()
    answered = {name: told for name, told in sent.items() if told[1].isdigit()}
    assert len(answered) > len(TABLE) // 2, f"too few to see anything: {len(answered)}"
    lines = [json.loads(line) for line in server.lines]
    # libmicrohttpd refuses a head that fills its memory before the method, and perhaps the id, is known.
    unknown = {line["id"] for line in lines if "id" in line and line["method"] is None}
    lines = [line for line in lines if line.get("method") is not None]
    seen = {line["id"]: line for line in lines if "id" in line}
    assert len(seen) == sum("id" in line for line in lines), "one request was seen twice"
    assert set(seen) <= set(sent), "the service saw a request that the proxy did not send"
    for name, (method, status, other) in answered.items():
        assert other in {name, "-", ""} | unknown, f"the answer to {name} is one to {other}"
        if other == name and name not in unknown:
            line = seen[name]
            assert (line["method"], str(line["status"])) == (method[:7], status)
