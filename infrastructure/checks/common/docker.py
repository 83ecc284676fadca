"""Containers of a check: started on loopback, removed when the check ends, whatever happens."""

import atexit
import pathlib
import os
import subprocess
import time

from common.outcome import ROOT, need, not_run, run

_started = []


def engine():
    """Ends the check as not run where no Docker engine answers."""
    need("docker")
    if run("docker", "info")[0]:
        not_run("missing: a Docker engine that answers")


def image(name):
    """Ends the check as not run where an image is neither here nor to be had."""
    if run("docker", "image", "inspect", name)[0] and run("docker", "pull", "-q", name)[0]:
        not_run(f"missing: the image {name}")


def build(tag, folder, *arguments):
    """Builds an image with whichever builder there is; what went wrong, or nothing."""
    status, output, error = run("docker", "build", "-q", "-t", tag, *arguments, folder)
    return "" if status == 0 else f"{tag} does not build: {(output + error)[-2000:]}"


def start(*arguments):
    """Starts a container, with the arguments of `docker run`, that is removed at the end; its id."""
    status, output, error = run("docker", "run", "-d", "--rm", *arguments)
    if status:
        raise RuntimeError(f"docker run {' '.join(arguments)}: {error}")
    container = output.strip()
    _started.append(container)
    return container


def port(container, inner):
    """The port on 127.0.0.1 that a container's port is published at."""
    # It may take a moment, and one that ended at once never has any.
    said = until(lambda: run("docker", "port", container, f"{inner}/tcp")[1].split(), 20, f"a port of {container[:12]}")
    return int(said[0].rsplit(":", 1)[1])


def until(condition, seconds, what):
    """Polls a condition; raises when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def binary(name):
    """A built binary: release before debug; ends the check as not run when there is none."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for profile in ("release", "debug"):
        file = target / profile / name
        if file.exists():
            return file
    not_run(f"missing: {name}; cargo build --release -p {name}")


@atexit.register
def _remove():
    for container in _started:
        subprocess.run(["docker", "rm", "-f", "-v", container], capture_output=True, check=False)
