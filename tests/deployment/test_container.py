"""The image and the compose file: linters, the compose specification, and what the two promise."""

import json
import os
import re
import subprocess

import jsonschema
import pytest

import tools

LINTER = tools.MODULES / "dockerfile-utils" / "bin" / "dockerfile-utils"
BINARY = os.environ.get("DISSOLVED", str(tools.ROOT / "build" / "release" / "dissolved"))
DOCKERFILE = (tools.DOCKER / "Dockerfile").read_text()
FINAL = DOCKERFILE.rpartition("\nFROM ")[2]


def lint(text, folder):
    (folder / "Dockerfile").write_text(text)
    return tools.node(LINTER, "lint", folder / "Dockerfile")


def test_the_linter_has_nothing_to_say(tmp_path):
    run = lint(DOCKERFILE, tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("old, new", [("USER", "USR"), ("EXPOSE 8080", "EXPOSE http"),
                                      ("RUN apt-get", "RUM apt-get"),
                                      ("--interval=10s", "--interval=10")])
def test_the_linter_finds_what_is_broken(tmp_path, old, new):
    assert old in DOCKERFILE
    assert lint(DOCKERFILE.replace(old, new), tmp_path).returncode != 0


def test_the_image_says_what_it_is_and_how_it_runs():
    assert re.search(r"^USER (\d+):(\d+)$", FINAL, re.MULTILINE).groups() != ("0", "0")
    for line in ("STOPSIGNAL SIGTERM", 'ENTRYPOINT ["dissolved"]', "EXPOSE 8080"):
        assert f"\n{line}\n" in FINAL
    assert 'CMD ["dissolved", "healthcheck"]' in FINAL
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in FINAL


def owner(library):
    """The package of a shared library; dpkg may know it by its path before the merge of /usr."""
    for path in (library, "/usr" + library, library.removeprefix("/usr")):
        run = subprocess.run(["dpkg-query", "-S", path], text=True, capture_output=True)
        if run.returncode == 0:
            return run.stdout.partition(":")[0]
    raise AssertionError(f"no package has {library}")


def test_the_image_has_the_libraries_that_the_binary_is_linked_with(tmp_path):
    """All of them but the C library's own, and no other. (Names are those of Debian 12.)"""
    dynamic = subprocess.run(["readelf", "-d", BINARY], text=True, capture_output=True, check=True)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic.stdout))
    loaded = subprocess.run(["ldd", BINARY], text=True, capture_output=True, check=True).stdout
    paths = dict(re.findall(r"(\S+) => (\S+)", loaded))
    sanitizers = {name for name in needed if re.match(r"lib[a-z]+san", name)}
    system = {"libc6", "libgcc-s1"}
    packages = {owner(os.path.realpath(paths[name])) for name in needed - sanitizers
                if name in paths} - system
    listed = re.search(r"--no-install-recommends \\\n(.*?)&& rm", FINAL, re.DOTALL)[1]
    names = set(listed.replace("\\", " ").split())
    suffix = re.compile("t64$")  # Ubuntu 24.04 has the same library under such a name
    plain = {suffix.sub("", name).replace("libjpeg-turbo8", "libjpeg62-turbo")
             for name in packages}
    assert plain == names


# ---- Compose ----

def test_the_compose_file_is_one():
    schema = json.loads((tools.MODULES / "dclint/schemas/compose.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    assert [error.message for error in validator.iter_errors(tools.compose())] == []
    broken = tools.compose()
    broken["services"]["replica-1"]["read_onyl"] = True
    assert not validator.is_valid(broken)


def replicas(compose):
    return {name: service for name, service in compose["services"].items()
            if name.startswith("replica")}


def test_nobody_has_more_rights_than_needed():
    compose = tools.compose()
    assert sorted(compose["services"]) == ["balancer", "replica-1", "replica-2", "replica-3"]
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges"], name
        assert {"cpus", "mem_limit", "pids_limit"} <= set(service), name
        assert "privileged" not in service, name
    assert compose["networks"]["back"]["internal"] is True
    assert all("ports" not in service for service in replicas(compose).values())


def test_the_balancer_knows_the_replicas_and_they_know_it():
    compose = tools.compose()
    configuration = (tools.DOCKER / "nginx.conf").read_text()
    named = re.findall(r"^\s*server (\S+):8080 ", configuration, re.MULTILINE)
    assert sorted(named) == sorted(replicas(compose))
    balancer = compose["services"]["balancer"]
    assert set(balancer["depends_on"]) == set(named)
    assert "./nginx.conf:/etc/nginx/nginx.conf:ro" in balancer["volumes"]
    for service in replicas(compose).values():
        trusted = service["environment"]["DISSOLVED_TRUSTED_PROXIES"]
        assert trusted == balancer["networks"]["back"]["ipv4_address"]


def test_there_is_time_to_drain():
    for service in replicas(tools.compose()).values():
        settings = service["environment"]
        needed = sum(tools.seconds(settings["DISSOLVED_" + name])
                     for name in ("DRAIN_DELAY", "DRAIN_TIMEOUT"))
        assert tools.seconds(service["stop_grace_period"]) > needed + 1
