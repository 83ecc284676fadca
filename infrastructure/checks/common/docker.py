"""Containers of a check: started on loopback, removed when the check ends, also after a failure; and what a server in one answers."""

import atexit
import json
import os
import pathlib
import socket
import time
import urllib.error
import urllib.request

from common.outcome import ROOT, need, not_run, run

# By its label a container is known as this run's.
RUN = f"check-{os.getpid()}"
LABEL = ("--label", f"sspp.check={RUN}")


def engine(*images):
    """Ends the check as not run where no Docker engine answers, or an image is neither here nor to be had."""
    need("docker")
    if run("docker", "info")[0]:
        not_run("missing: a Docker engine that answers")
    for name in images:
        if run("docker", "image", "inspect", name)[0] and run("docker", "pull", "-q", name)[0]:
            not_run(f"missing: the image {name}")
    atexit.register(_remove)


def once(*arguments):
    """Runs a container to its end, with the arguments of `docker run`: status, output, error."""
    return run("docker", "run", "--rm", *LABEL, *arguments)


def start(*arguments):
    """Starts a container, with the arguments of `docker run`, that is removed at the end; its id."""
    status, output, error = run("docker", "run", "-d", *LABEL, *arguments)
    if status:
        raise RuntimeError(f"docker run {' '.join(arguments)}: {error}")
    return output.strip()


def port(container, inner):
    """The port on 127.0.0.1 that a container's port is published at, which may take a moment."""
    return int(until(lambda: run("docker", "port", container, f"{inner}/tcp")[1].split(), 20, f"a port of {container[:12]}")[0].rsplit(":", 1)[1])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds, what):
    """Polls a condition; raises when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
    return value


def call(url, body=None, key=None):
    """An answer: status and JSON; status 0 when there is none."""
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body and json.dumps(body).encode(), headers), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, {}
    except OSError:
        return 0, {}


def binary(name):
    """A built binary: release before debug; ends the check as not run when there is none."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [target / profile / name for profile in ("release", "debug")]
    return next(filter(pathlib.Path.exists, built), None) or not_run(f"missing: {name}; cargo build --release -p {name}")


def _remove():
    containers = run("docker", "ps", "-aq", "--filter", f"label=sspp.check={RUN}")[1].split()
    if containers:
        run("docker", "rm", "-f", "-v", *containers)
