"""The metrics that the binaries export, and those that a PromQL expression names."""

import csv
import re

from common.outcome import ROOT, not_run

LIST = ROOT / "sspp-core" / "crates" / "runtime" / "metrics.tsv"
# Those of kube-state-metrics, which kube-prometheus-stack installs.
OF_THE_CLUSTER = {"kube_cronjob_created", "kube_cronjob_status_last_successful_time"}
# What may stand before a name or a selector; strings and label names are cut away first.
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
BY_NAME = re.compile(r'__name__\s*=~?\s*"([^"]*)"')
NAME = re.compile(r"\b(?:sspp|process)_[a-z0-9_]+\b")
FOREIGN = re.compile(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*[{\[]")


def exported(process=""):
    """Every name that a scrape shows, those of a histogram's parts included; of one process (`direct`, `queued`, `worker`), or of all."""
    if not LIST.exists():
        not_run(f"missing: {LIST.relative_to(ROOT)}")
    known = set(OF_THE_CLUSTER)
    with LIST.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if process and process not in row["process"].split(","):
                continue
            parts = ("_bucket", "_sum", "_count") if row["kind"] == "histogram" else ("",)
            known.update(row["name"] + part for part in parts)
    return known


def names(expression):
    """The metrics that an expression names."""
    found = {name for group in BY_NAME.findall(expression) for name in group.split("|")}
    bare = GROUPING.sub("", re.sub(r"\{[^}]*\}", "{}", STRING.sub('""', expression)))
    return found | set(NAME.findall(bare)) | {name for name in FOREIGN.findall(bare) if not name.isupper()}
