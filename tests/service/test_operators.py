"""What operators are given: the dashboard, the alerts and the pages say what the service has."""

import json
import re
import subprocess

import yaml

import pictures
from server import PATIENCE, ROOT, run_to_end

DASHBOARD = ROOT / "docker" / "grafana" / "dissolved.json"
PROMETHEUS = ROOT / "docker" / "prometheus"
ALERTS = PROMETHEUS / "alerts.yaml"
ALERT_TESTS = ROOT / "tests" / "prometheus" / "alerts_test.yaml"
METRIC = re.compile(r"\b(?:dissolved|process)_\w+")


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def samples(client):
    """name -> the names of its labels, of a server that has answered a computation."""
    picture = pictures.png_of(pictures.photo(16, 16))
    answer = client.post("/v1/images/frames", data=picture, params={"steps": 1})
    assert answer.status_code == 200
    found = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, labels = re.match(r"(\w+)(?:\{(.*)\})?", line).groups()
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels or ""))
    return found


def panels():
    found = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def queries():
    """The dashboard's expressions, its variables replaced as Grafana would."""
    for panel in panels():
        for target in panel["targets"]:
            yield (target["expr"].replace("$__rate_interval", "1m").replace("$job", "dissolved")
                   .replace("$instance", ".*"))


def rules():
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def has_what_it_asks(expression, known):
    for name in METRIC.findall(re.sub(r'"[^"]*"', '""', expression)):
        assert name in known, f"{name} is no metric of the service: {expression}"
    for name, labels in re.findall(r"(\w+)\{([^}]*)\}", expression):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", labels)))
        assert asked - {"job", "instance"} <= known.get(name, set()), expression
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(re.split(r",\s*", labels)) - {"job", "instance"} <= set.union(*known.values())


def test_the_dashboard_asks_for_what_there_is(client, tmp_path):
    known = samples(client)
    for query in queries():
        assert "$" not in query
        has_what_it_asks(query, known)
    recorded = [{"record": f"query:{i}", "expr": query} for i, query in enumerate(queries())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    promtool("check", "rules", str(file))


def test_the_dashboard_shows_every_metric(client):
    asked = " ".join(queries())
    for name in samples(client):
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        if name != "dissolved_job_threads":  # a constant
            assert family in asked, f"{name} is on no panel"


def test_the_dashboard_is_laid_out():
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert document["title"] == "dissolved" and document["uid"] == "dissolved"
    everything = document["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    places = set()
    for panel in everything:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in places, f"{panel['title']} lies upon another"
                places.add((x, y))
    assert all(panel["description"] and panel["fieldConfig"]["defaults"]["unit"] for panel in panels())


def test_the_alerts_ask_for_what_there_is(client):
    known = samples(client) | {"up": set()}
    for rule in rules():
        has_what_it_asks(rule["expr"].replace("dissolved:memory_limit_bytes", ""), known)
        assert "record" in rule or rule["labels"]["severity"] in ("page", "ticket")


def test_the_alerts_reasons_are_reasons(client):
    told = client.get("/metrics").text
    reasons = set(re.findall(r'dissolved_rejections_total\{reason="(\w+)"\}', told))
    for rule in rules():
        for pattern in re.findall(r'reason=~"([^"]*)"', rule["expr"]):
            for one in pattern.split("|"):
                assert any(re.fullmatch(one, reason) for reason in reasons), one


def test_prometheus_takes_the_rules_and_the_configuration():
    promtool("check", "rules", str(ALERTS))
    promtool("check", "config", str(PROMETHEUS / "prometheus.yaml"))


def test_each_alert_is_raised_when_it_should_and_not_before():
    promtool("test", "rules", str(ALERT_TESTS))
    tests = [check for test in yaml.safe_load(ALERT_TESTS.read_text())["tests"]
             for check in test.get("alert_rule_test", [])]
    for rule in rules():
        if "alert" in rule:
            raised = {bool(check.get("exp_alerts")) for check in tests
                      if check["alertname"] == rule["alert"]}
            assert raised == {True, False}, f"{rule['alert']} is not tested both ways"


def test_every_setting_has_its_row_and_default():
    """docs/operating.md has those of --help, in its order, and no other."""
    told = re.findall(r"^  --([\w-]+) .*\[(.*)\]$", run_to_end("--help").stdout, re.MULTILINE)
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `--([\w-]+)` +\| (.*?) +\| (.+?) +\| (.+?) +\|$", page, re.MULTILINE)
    assert len(told) > 20
    assert [(flag, default.strip("`")) for flag, default, _, _ in rows] == told
    for flag in set(re.findall(r"`--([\w-]+)", page)):
        assert flag in dict(told), f"--{flag} is no setting"


def test_readme_has_every_setting_and_default():
    told = re.findall(r"^  --([\w-]+) .*\[(.*)\]$", run_to_end("--help").stdout, re.MULTILINE)
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `--([\w-]+)` \| .* \| (.+) \|$", page, re.MULTILINE)
    plain = {"off": "no"}
    assert [(flag, plain.get(default, default.strip("`"))) for flag, default in rows] == told
