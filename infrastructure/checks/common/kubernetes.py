"""Rendering and reading Kubernetes objects."""

import json
import pathlib
import re
import tempfile

from common.outcome import INFRASTRUCTURE, need, not_run, run

try:
    import yaml
except ImportError:
    not_run("missing: the Python package PyYAML")

K8S = INFRASTRUCTURE / "k8s"
ENVIRONMENTS = ("dev", "staging", "prod")
# Components that no overlay takes by itself, and those that stand in for a part of the base, each by itself.
OPTIONAL = ("rollouts", "external-secrets", "gateway")
INSTEAD = ("cloudnative-pg", "managed-postgresql", "redis-sentinel")
# The one that takes Redis and the workers away, after all others.
POSTGRES_ONLY = "postgres-only"
VERSIONS = ("1.32.0", "1.34.0")
# Schemas of the custom kinds, for kubeconform; k8s-check has its own.
CATALOGUE = "https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def load(text):
    """The objects of a stream of YAML documents."""
    return [document for document in yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if document]


def kustomize(folder):
    """The objects that `kubectl apply -k` would apply; a warning ends the check as an error does."""
    status, output, complaints = run("kubectl", "kustomize", folder)
    if status or complaints.strip():
        raise SystemExit(f"{folder} does not build: {complaints}")
    return load(output)


def overlay(environment, *components):
    """The objects of an overlay, with components as if it named them."""
    with tempfile.TemporaryDirectory(dir=K8S, prefix=".check-") as folder:
        pathlib.Path(folder, "kustomization.yaml").write_text(json.dumps({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": f"sspp-{environment}",
            "resources": [f"../overlays/{environment}"], "components": [f"../components/{component}" for component in components],
        }), encoding="utf-8")
        return kustomize(folder if components else K8S / "overlays" / environment)


def environments():
    """Every overlay as it is, and over PostgreSQL alone: label, environment, objects."""
    for environment in ENVIRONMENTS:
        yield environment, environment, overlay(environment)
        yield f"{environment}+{POSTGRES_ONLY}", environment, overlay(environment, POSTGRES_ONLY)


def renderings():
    """Every overlay, production with each optional component, development with all, PostgreSQL alone: label and objects."""
    for environment in ENVIRONMENTS:
        yield environment, overlay(environment)
    for component in (*OPTIONAL, *INSTEAD):
        yield f"prod+{component}", overlay("prod", component)
    yield "dev+all", overlay("dev", *OPTIONAL)
    yield f"dev+{POSTGRES_ONLY}", overlay("dev", POSTGRES_ONLY)
    yield f"prod+all+{POSTGRES_ONLY}", overlay("prod", *OPTIONAL, POSTGRES_ONLY)


def distinct(lists):
    """The objects of several lists, each only once."""
    return list({json.dumps(obj, sort_keys=True, default=str): obj for objects in lists for obj in objects}.values())


def dump(objects):
    """Objects as a stream of documents."""
    return "\n---\n".join(json.dumps(obj, default=str) for obj in objects)


def strict(objects, versions=VERSIONS[-1:]):
    """What the schemas of versions say against objects; an unknown field is an error."""
    checker = need("k8s-check|kubeconform")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(dump(objects))
        file.flush()
        for version in versions:
            flags = ("-k", version) if checker == "k8s-check" else (
                "-strict", "-kubernetes-version", version, "-schema-location", "default", "-schema-location", CATALOGUE
            )
            status, output, complaints = run(checker, *flags, file.name)
            yield from (f"{version}: {line}" for line in (output + complaints).splitlines() if status)


def name(obj):
    return f"{obj['kind']}/{obj['metadata']['name']}"


def of_kind(objects, *kinds):
    return [obj for obj in objects if obj["kind"] in kinds]


def find(objects, kind, called):
    """The object of a kind and name, or nothing."""
    return next((obj for obj in of_kind(objects, kind) if obj["metadata"]["name"] == called), None)


def pod_of(obj):
    """The pod template of a workload (labels and spec), or nothing."""
    if obj["kind"] == "CronJob":
        return obj["spec"]["jobTemplate"]["spec"]["template"]
    return obj.get("spec", {}).get("template") if obj["kind"] in ("Deployment", "StatefulSet", "Job", "DaemonSet") else None


def workloads(objects):
    """Every workload with its pod template."""
    return [(obj, pod_of(obj)) for obj in objects if pod_of(obj)]


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def settings(objects, workload):
    """The variables of the first container, as the binary will see them; of a secret, which one."""
    container = containers(pod_of(workload))[0]
    found = {one["name"]: one.get("value") or one["valueFrom"].get("secretKeyRef") for one in container.get("env", [])}
    for source in container.get("envFrom", []):
        found |= find(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
    return found


def scaler(objects, called):
    """What scales a Deployment, or nothing."""
    specs = [one["spec"] for one in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")]
    return next((spec for spec in specs if spec["scaleTargetRef"]["name"] == called), None)


def scaling(objects, called):
    """At least and at most how many pods of a Deployment an autoscaler makes, or nothing."""
    spec = scaler(objects, called)
    return spec and tuple(spec.get(f"{end}Replicas", spec.get(f"{end}ReplicaCount")) for end in ("min", "max"))


def seconds(text):
    """A length of time as the binaries read it: `25s`, `500ms`, `2m`, `7`."""
    number, unit = re.fullmatch(r"([0-9.]+)\s*(ms|s|m|h|d)?", str(text)).groups()
    return float(number) * {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86400}[unit]


def matches(selector, labels):
    """Whether a label selector matches labels."""
    for rule in selector.get("matchExpressions") or []:
        there, chosen = rule["key"] in labels, labels.get(rule["key"]) in rule.get("values", [])
        if not {"In": chosen, "NotIn": not chosen, "Exists": there, "DoesNotExist": not there}[rule["operator"]]:
            return False
    return (selector.get("matchLabels") or {}).items() <= labels.items()
