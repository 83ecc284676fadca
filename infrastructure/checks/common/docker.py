"""Containers of a check: started on loopback, removed when the check ends, also after a failure."""

import atexit
import os
import pathlib
import time

from common.outcome import ROOT, need, not_run, run

# By its label a container is known as this run's: to the check, and to `verify` should the check be killed.
RUN = os.environ.get("SSPP_CHECK_RUN", f"check-{os.getpid()}")
LABEL = ("--label", f"sspp.check={RUN}")
_built = []


def engine():
    """Ends the check as not run where no Docker engine answers."""
    need("docker")
    if run("docker", "info")[0]:
        not_run("missing: a Docker engine that answers")
    atexit.register(_remove)


def image(name):
    """Ends the check as not run where an image is neither here nor to be had."""
    if run("docker", "image", "inspect", name)[0] and run("docker", "pull", "-q", name)[0]:
        not_run(f"missing: the image {name}")


def build(name, folder):
    """Builds an image under a tag of this run's own, which goes at the end; what went wrong, or nothing."""
    _built.append(f"{name}:{RUN}")
    status, output, error = run("docker", "build", "-q", "-t", _built[-1], folder)
    return "" if status == 0 else f"{name} does not build: {(output + error)[-2000:]}"


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
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)


def binary(name):
    """A built binary: release before debug; ends the check as not run when there is none."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for profile in ("release", "debug"):
        file = target / profile / name
        if file.exists():
            return file
    not_run(f"missing: {name}; cargo build --release -p {name}")


def _remove():
    containers = run("docker", "ps", "-aq", "--filter", f"label=sspp.check={RUN}")[1].split()
    if containers:
        run("docker", "rm", "-f", "-v", *containers)
    for tag in _built:
        # The layers below stay, and with them the cache.
        run("docker", "image", "rm", "-f", "--no-prune", tag)
