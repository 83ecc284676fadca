"""Stand-ins for helm and kubectl, first on PATH: they record their arguments and keep objects as files."""

import base64
import json
import os
import pathlib
import subprocess

from common.outcome import need_yaml

KUBECTL = r'''#!/usr/bin/env -S python3 -I -S
import json, os, pathlib, re, sys, time
home = pathlib.Path(os.environ["STANDIN_HOME"])
words = sys.argv[1:]
text = sys.stdin.read() if any(w in ("-f-", "--filename=-") for w in words) else ""
with (home / "calls").open("a") as calls:
    calls.write(json.dumps({"program": "kubectl", "words": words, "input": text}) + "\n")
def option(*names):
    for i, w in enumerate(words):
        for n in names:
            if w == n: return words[i + 1]
            if w.startswith(n + "="): return w.split("=", 1)[1]
    return None
store = home / "objects"
if words[0] in ("create", "apply"):
    kind = re.search(r"^kind: (\S+)", text, re.M)[1]
    name = re.search(r"^  name: (\S+)", text, re.M)[1]
    space = re.search(r"^  namespace: (\S+)", text, re.M)
    file = store / f"{kind}.{space[1] if space else ''}.{name}"
    if words[0] == "create" and file.exists():
        sys.exit(f"Error from server (AlreadyExists): {name}")
    file.write_text(text)
elif words[0] == "get" and words[1] == "secret":
    file = store / f"Secret.{option('--namespace')}.{words[2]}"
    if not file.exists():
        if "--ignore-not-found" in words: sys.exit(0)
        sys.exit("Error from server (NotFound)")
    output = option("--output")
    if output == "name": print(f"secret/{words[2]}")
    else:
        key = re.search(r'"([^"]+)"', output)[1]
        found = re.search(rf"^  {re.escape(key)}: (\S+)$", file.read_text(), re.M)
        print(found[1] if found else "<no value>", end="")
elif words[0] == "get" and words[1] == "service":
    if words[2] in os.environ.get("STANDIN_ABSENT", "").split():
        sys.exit(f"Error from server (NotFound): services {words[2]} not found")
    print(f"service/{words[2]}")
elif words[0] == "get":
    answer = home / (words[1] if words[1] in ("jobs", "pods", "rollouts") else "workloads")
    print(answer.read_text() if answer.exists() else "", end="")
elif words[0] == "exec":
    text = (home / "healthcheck").read_text()
    print(text)
    sys.exit(not text.startswith("ready"))
elif words[0] == "port-forward":
    (home / f"pid.{os.getpid()}").touch()
    while True: time.sleep(3600)
'''
HELM = r'''#!/usr/bin/env -S python3 -I -S
import json, os, pathlib, sys
with (pathlib.Path(os.environ["STANDIN_HOME"]) / "calls").open("a") as calls:
    calls.write(json.dumps({"program": "helm", "words": sys.argv[1:], "input": ""}) + "\n")
'''


class Standins:
    """A PATH with the stand-ins, and what was asked of them."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        (self.home / "objects").mkdir()
        binaries = self.home / "bin"
        binaries.mkdir()
        for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
            (binaries / name).write_text(text, encoding="utf-8")
            (binaries / name).chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "STANDIN_HOME": str(self.home)}
        for name in ("BACKUP_BUCKET", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG"):
            self.environment.pop(name, None)

    def run(self, script, *words, stdin="", **environment):
        """Runs a script to its end: status, output, error. Standard input is what is given, and then its end."""
        done = subprocess.run(
            [script, *words], input=stdin, capture_output=True, text=True, check=False, timeout=60,
            env={**self.environment, **environment},
        )
        return done.returncode, done.stdout, done.stderr

    def calls(self, program=None):
        """What was asked so far; forgotten thereafter."""
        file = self.home / "calls"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        found = [json.loads(line) for line in lines]
        return [call for call in found if program in (None, call["program"])]

    def secrets(self, namespace):
        """The Secrets of a namespace: their keys and values."""
        yaml = need_yaml()
        found = {}
        for file in (self.home / "objects").glob(f"Secret.{namespace}.*"):
            secret = yaml.safe_load(file.read_text(encoding="utf-8"))
            values = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
            found[secret["metadata"]["name"]] = values
        return found

    def forget(self, namespace, secret):
        """Deletes a Secret."""
        (self.home / "objects" / f"Secret.{namespace}.{secret}").unlink()
