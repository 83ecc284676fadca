"""Rendering and reading Kubernetes objects."""

import json
import pathlib
import re
import tempfile

from common.outcome import INFRASTRUCTURE, need_yaml, one_of, run

yaml = need_yaml()
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
K8S = INFRASTRUCTURE / "k8s"
ENVIRONMENTS = ("dev", "staging", "prod")
# Components that no overlay takes by itself.
OPTIONAL = ("rollouts", "external-secrets", "gateway")
# Those that stand in for a part of the base, each by itself.
INSTEAD = ("cloudnative-pg", "managed-postgresql", "redis-sentinel")
# The one that takes Redis and the workers away, after all others.
POSTGRES_ONLY = "postgres-only"
VERSIONS = ("1.32.0", "1.34.0")
# Schemas of the custom kinds, for kubeconform; k8s-check has its own.
CATALOGUE = "https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def load(text):
    """The objects of a stream of YAML documents."""
    return [document for document in yaml.load_all(text, LOADER) if document]


def kustomize(folder):
    """What `kubectl apply -k` would apply: its text, and every word of complaint."""
    status, output, complaints = run("kubectl", "kustomize", folder)
    if status or complaints.strip():
        return "", complaints.strip() or f"status {status}"
    return output, ""


def with_components(environment, *components):
    """An overlay with optional components, rendered as if it named them."""
    with tempfile.TemporaryDirectory(dir=K8S, prefix=".check-") as folder:
        named = ", ".join(f"../components/{component}" for component in components)
        text = (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            f"namespace: sspp-{environment}\nresources: [../overlays/{environment}]\ncomponents: [{named}]\n"
        )
        pathlib.Path(folder, "kustomization.yaml").write_text(text, encoding="utf-8")
        return kustomize(folder)


def renderings():
    """Every overlay, production with each optional component, development with all, PostgreSQL alone: name, text, complaint."""
    for environment in ENVIRONMENTS:
        yield (environment, *kustomize(K8S / "overlays" / environment))
    for component in (*OPTIONAL, *INSTEAD):
        yield (f"prod+{component}", *with_components("prod", component))
    yield ("dev+all", *with_components("dev", *OPTIONAL))
    yield (f"dev+{POSTGRES_ONLY}", *with_components("dev", POSTGRES_ONLY))
    yield (f"prod+all+{POSTGRES_ONLY}", *with_components("prod", *OPTIONAL, POSTGRES_ONLY))


def distinct(texts):
    """The objects of several renderings, each only once."""
    return list({json.dumps(obj, sort_keys=True, default=str): obj for text in texts for obj in load(text)}.values())


def dump(objects):
    """Objects as a stream of documents."""
    return "\n---\n".join(json.dumps(obj, default=str) for obj in objects)


def strict(objects):
    """What the schemas of each version say against objects; an unknown field is an error."""
    checker, findings = one_of("k8s-check", "kubeconform"), []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "all.yaml")
        file.write_text(dump(objects), encoding="utf-8")
        for version in VERSIONS:
            flags = ("-k", version) if checker == "k8s-check" else (
                "-strict", "-kubernetes-version", version, "-schema-location", "default", "-schema-location", CATALOGUE
            )
            status, output, complaints = run(checker, *flags, file)
            findings += [f"{version}: {line}" for line in (output + complaints).splitlines()] if status else []
    return findings


def overlay(environment):
    """The objects of an overlay; raises when it does not build."""
    text, complaint = kustomize(K8S / "overlays" / environment)
    if complaint:
        raise SystemExit(f"overlay {environment} does not build: {complaint}")
    return load(text)


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


def seconds(text):
    """A length of time as the binaries read it: `25s`, `500ms`, `2m`, `7`."""
    number, unit = re.fullmatch(r"([0-9.]+)\s*(ms|s|m|h|d)?", str(text)).groups()
    return float(number) * {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86400}[unit]


def matches(selector, labels):
    """Whether a label selector matches labels."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions") or []:
        there, value = rule["key"] in labels, labels.get(rule["key"])
        if not {
            "In": value in rule.get("values", []),
            "NotIn": value not in rule.get("values", []),
            "Exists": there,
            "DoesNotExist": not there,
        }[rule["operator"]]:
            return False
    return True
