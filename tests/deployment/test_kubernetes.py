"""The Kubernetes objects: by their schemas, the restricted pod standard, and how they fit together.
"""

import tools

KINDS = ["Deployment", "HorizontalPodAutoscaler", "Namespace", "NetworkPolicy",
         "PodDisruptionBudget", "Service", "Service", "ServiceMonitor"]


def of_kind(kind):
    found = [object for object in tools.manifests() if object["kind"] == kind]
    assert found
    return found[0]


def pod():
    return of_kind("Deployment")["spec"]["template"]["spec"]


def container():
    (only,) = pod()["containers"]
    return only


def setting(name):
    return {item["name"]: item["value"] for item in container()["env"]}["DISSOLVED_" + name]


def broken_values():
    for path, value in [(("selector",), None), (("paused",), "perhaps"),
                        (("template", "spec", "containers", 0, "ports", 0, "containerPort"), "a"),
                        (("template", "spec", "containers", 0, "resources"), {"limits": {"a": []}}),
                        (("strategy", "rollingUpdate", "maxSurge"), {})]:
        deployment = of_kind("Deployment")
        place = deployment["spec"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        yield deployment


def test_schemas_and_types_have_nothing_to_say_and_find_what_is_broken():
    """In each object a name that does not exist, and in one of them each kind of bad value."""
    misnamed = tools.manifests()
    for object in misnamed:
        object.setdefault("spec", {})["banana"] = 1
    complaints = tools.complaints([*tools.manifests(), *misnamed, *broken_values()])
    assert sorted(object["kind"] for object in misnamed) == KINDS
    assert complaints[:len(KINDS)] == [[] for _ in KINDS]
    assert all("banana" in said for (said,) in complaints[len(KINDS):2 * len(KINDS)])
    assert len(complaints) == 2 * len(KINDS) + 5 and all(complaints[2 * len(KINDS):])


def test_pods_are_restricted():
    """What the pod security standard "restricted" asks for (Kubernetes, pod-security-standards)."""
    assert "volumes" not in pod() and "hostNetwork" not in pod() and "hostPID" not in pod()
    security = pod()["securityContext"]
    assert security["runAsNonRoot"] is True and security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    own = container()["securityContext"]
    assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True
    assert own["capabilities"] == {"drop": ["ALL"]}
    labels = of_kind("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_all_belong_to_one_namespace_and_choose_the_same_pods():
    home = of_kind("Namespace")["metadata"]["name"]
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    for object in tools.manifests():
        if object["kind"] != "Namespace":
            assert object["metadata"]["namespace"] == home
    selectors = [of_kind("Deployment")["spec"]["selector"]["matchLabels"],
                 of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
                 of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]]
    selectors += [object["spec"]["selector"] for object in tools.manifests()
                  if object["kind"] == "Service"]
    assert all(selector.items() <= labels.items() for selector in selectors)


def test_ports_are_those_of_the_settings():
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert setting("LISTEN").endswith(f":{ports['http']}")
    assert setting("ADMIN_LISTEN").endswith(f":{ports['admin']}")
    for probe, path in [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"),
                        ("readinessProbe", "/readyz")]:
        assert container()[probe]["httpGet"] == {"path": path, "port": "admin"}
    services = {object["metadata"]["name"]: object for object in tools.manifests()
                if object["kind"] == "Service"}
    assert services["dissolved"]["spec"]["ports"][0]["targetPort"] == "http"
    admin = services["dissolved-admin"]
    monitor = of_kind("ServiceMonitor")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= admin["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == admin["spec"]["ports"][0]["name"]


def test_there_is_time_to_drain_and_to_hear_of_it():
    delay, timeout = (tools.seconds(setting("DRAIN_" + name)) for name in ("DELAY", "TIMEOUT"))
    assert pod()["terminationGracePeriodSeconds"] > delay + timeout + 1
    probe = container()["readinessProbe"]
    assert delay > 2 * probe["periodSeconds"] * probe["failureThreshold"]
    assert "lifecycle" not in container()


def test_the_autoscaler_asks_for_a_metric_that_there_is():
    spec = of_kind("HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"]["name"] == of_kind("Deployment")["metadata"]["name"]
    assert spec["minReplicas"] == 3
    kinds = {metric["type"]: metric for metric in spec["metrics"]}
    assert kinds["Pods"]["pods"]["metric"]["name"] == "dissolved_queue_length"
    assert kinds["Resource"]["resource"]["name"] == "cpu"
    assert '"dissolved_queue_length"' in (tools.ROOT / "src/http/metrics.c").read_text()
