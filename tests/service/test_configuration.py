"""Settings as flags and environment variables, bad ones, and the healthcheck."""

import socket
import threading

import pytest

import pictures
from checks import assert_ok, assert_problem, dissolve
from server import PATIENCE, Server, run_to_end


@pytest.mark.parametrize("name, value", [
    ("listen", "nonsense"), ("listen", "127.0.0.1"), ("listen", "127.0.0.1:99999"),
    ("listen", "127.0.0.1:http"), ("listen", "300.0.0.1:0"), ("listen", ""), ("listen", ":"),
    ("threads", "many"), ("threads", "-1"), ("threads", "1.5"), ("threads", ""),
    ("threads", "99999999999999999999"),
    ("max-memory", "-1"), ("min-rate", "x"), ("answer-timeout", "0"), ("jobs-per-client", "1025"),
    ("queue", "long"), ("queue", "-1"), ("queue", ""),
    ("max-body", "x"), ("max-body", "-5"), ("max-body", ""), ("max-pixels", "x"),
    ("max-pixels", "-1"), ("max-work", "x"), ("max-work", "-1"),
    ("max-work", "99999999999999999999999"),
    ("admin-listen", "9090"), ("admin-listen", "unix:"), ("max-connections", "0"),
    ("max-connections-per-address", "-1"), ("idle-timeout", "0.5"), ("header-timeout", "0"),
    ("body-timeout", "1d"), ("compute-timeout", "25h"), ("drain-timeout", "-1"),
    ("drain-delay", "soon"), ("cors-origins", "example.org"), ("cors-origins", "https://a/b"),
    ("trusted-proxies", "10.0.0.0/33"), ("trusted-proxies", "proxy"), ("log-format", "xml"),
    ("log-level", "loud")])
def test_a_bad_value_ends_the_start_and_names_the_setting(name, value):
    listen = () if name == "listen" else ("--listen", "127.0.0.1:0")
    flag = run_to_end(*listen, "--" + name, value)
    assert flag.returncode == 2, f"exit status {flag.returncode}: {flag.stderr}"
    assert name in flag.stderr, f"stderr does not name {name}: {flag.stderr!r}"
    variable = "DISSOLVED_" + name.upper().replace("-", "_")
    settings = {"DISSOLVED_LISTEN": "127.0.0.1:0", variable: value}
    if value:
        by_environment = run_to_end(**settings)
        assert by_environment.returncode == 2, f"{variable}: {by_environment.stderr}"
        assert name in by_environment.stderr or variable in by_environment.stderr


@pytest.mark.parametrize("arguments", [
    ["--banana", "1"], ["--banana"], ["banana"], ["-x"], ["--threads"], ["--listen"]])
def test_an_argument_that_does_not_exist_or_lacks_its_value_is_named(arguments):
    ended = run_to_end(*arguments, DISSOLVED_LISTEN="127.0.0.1:0")
    assert ended.returncode == 2
    assert arguments[0].lstrip("-") in ended.stderr


@pytest.mark.parametrize("arguments, told", [
    (["--api-keys", "s3cret"], "--api-keys"), (["--api-keys=s3cret-one,s3cret two"], "--api-keys"),
    (["--api-keys="], "--api-keys"), (["--api-keys=s3cret-one", "s3cret-two"], "unknown command"),
    (["--api-keys-file=s3cret-one"], "--api-keys-file"), (["--api-key=s3cret-one"], "--api-key:")])
def test_a_bad_key_is_not_shown(arguments, told):
    ended = run_to_end(*arguments, DISSOLVED_LISTEN="127.0.0.1:0")
    assert ended.returncode == 2
    assert told in ended.stderr and "s3cret" not in ended.stderr


def test_a_bad_line_in_a_file_of_keys_is_told_by_its_number(tmp_path):
    keys = tmp_path / "keys"
    keys.write_bytes(b"# ours\r\ns3cret-one\r\ns3cret two\r\n")
    ended = run_to_end("--listen", "127.0.0.1:0", DISSOLVED_API_KEYS_FILE=str(keys))
    assert ended.returncode == 2
    assert "DISSOLVED_API_KEYS_FILE" in ended.stderr and "line 3" in ended.stderr
    assert "s3cret" not in ended.stderr


def test_no_sandbox_takes_no_value_as_a_flag_and_one_as_a_variable():
    flag = run_to_end("--no-sandbox=1", DISSOLVED_LISTEN="127.0.0.1:0")
    assert flag.returncode == 2 and "--no-sandbox" in flag.stderr
    variable = run_to_end(DISSOLVED_LISTEN="127.0.0.1:0", DISSOLVED_NO_SANDBOX="maybe")
    assert variable.returncode == 2 and "DISSOLVED_NO_SANDBOX" in variable.stderr


def test_the_help_names_every_setting_in_lines_that_fit():
    help_ = run_to_end("--help")
    assert help_.returncode == 0 and help_.stderr == ""
    for name in ("listen", "admin-listen", "threads", "max-body", "max-pixels", "max-work", "queue",
                 "jobs-per-client", "max-memory", "min-rate", "max-connections",
                 "max-connections-per-address", "idle-timeout", "header-timeout", "body-timeout",
                 "compute-timeout", "answer-timeout", "drain-timeout",
                 "drain-delay", "cors-origins", "api-keys", "api-keys-file", "trusted-proxies",
                 "log-format", "log-level", "no-sandbox", "no-cgroup"):
        assert f"  --{name} " in help_.stdout
    assert max(map(len, help_.stdout.splitlines())) <= 100


def test_the_environment_sets_what_flags_set(start_server):
    server = start_server(listen=(), DISSOLVED_LISTEN="127.0.0.1:0", DISSOLVED_THREADS="3",
                          DISSOLVED_MAX_PIXELS="100")
    with server.client() as client:
        assert client.get("/v1").json()["threads"] == 3
        assert_ok(dissolve(client, pictures.png_of(pictures.photo(10, 10)), steps=1))
        assert_problem(dissolve(client, pictures.png_of(pictures.photo(101, 1)), steps=1), 422)


def test_a_flag_wins_over_the_environment(start_server):
    server = start_server("--threads", "2", DISSOLVED_THREADS="3")
    with server.client() as client:
        assert client.get("/v1").json()["threads"] == 2


def test_port_0_is_a_free_port_that_the_log_tells(start_server):
    one, other = start_server(), start_server()
    assert one.port != other.port and 0 not in (one.port, other.port)
    for server in (one, other):
        with server.client() as client:
            assert_ok(client.get("/healthz"))


def test_a_port_that_is_taken_ends_the_start_and_is_told(server):
    taken, free = f"127.0.0.1:{server.port}", "127.0.0.1:0"
    for listen, admin, told in ((taken, None, "cannot"), (taken, free, "cannot"),
                                (free, taken, "admin: cannot")):
        ended = run_to_end("--listen", listen, "--admin-listen", admin or "", "--log-format", "text")
        assert ended.returncode == 1, ended.stderr
        assert ended.stderr.endswith(f"error {told} listen on {taken}: Address already in use\n")
        assert free not in ended.stderr


def assert_unhealthy(address, why):
    """Exit status 1, and one line that says why."""
    ended = run_to_end("healthcheck", "--listen", address)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr == f"dissolved: healthcheck: {address}: {why}\n"


def test_healthcheck_finds_a_running_server(server):
    address = f"127.0.0.1:{server.port}"
    for ended in (run_to_end("healthcheck", DISSOLVED_LISTEN=address),
                  run_to_end("healthcheck", "--listen", address)):
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_healthcheck_asks_itself_where_the_server_listens_on_every_address(server):
    assert run_to_end("healthcheck", DISSOLVED_LISTEN=f"0.0.0.0:{server.port}").returncode == 0


def test_healthcheck_tells_where_nobody_listens():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        assert_unhealthy(f"127.0.0.1:{port}", "Connection refused")
        everywhere = run_to_end("healthcheck", "--listen", f"0.0.0.0:{port}")
        assert f" 127.0.0.1:{port}: " in everywhere.stderr, "where it asked is not told"


@pytest.mark.parametrize("answer, why", [
    (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
     "status 503"),
    (b"HTTP/1.1 2000 OK\r\n\r\n", "what answers does not speak HTTP"),
    (b"HTTP/1.1 20", "what answers does not speak HTTP"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers does not speak HTTP"),
    (b"", "the connection was closed without an answer"),
    (None, "no answer in time")])
def test_healthcheck_tells_what_somebody_else_answers(answer, why):
    """None: nothing, for as long as it asks."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(PATIENCE)
        over = threading.Event()

        def speak():
            connection, _ = stranger.accept()
            with connection:
                connection.recv(4096)
                if answer is None:
                    over.wait(PATIENCE)
                else:
                    connection.sendall(answer)

        answering = threading.Thread(target=speak)
        answering.start()
        try:
            assert_unhealthy(f"127.0.0.1:{stranger.getsockname()[1]}", why)
        finally:
            over.set()
            answering.join(PATIENCE)


def test_an_unknown_instruction_set_ends_the_start():
    ended = run_to_end("--listen", "127.0.0.1:0", DISSOLVE_ISA="abacus")
    assert ended.returncode == 2
    assert "DISSOLVE_ISA" in ended.stderr
