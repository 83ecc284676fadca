"""How a check ends: with findings it fails, without it passes, without its tools it does not run."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

INFRASTRUCTURE = pathlib.Path(__file__).resolve().parents[2]
ROOT = INFRASTRUCTURE.parent

# A check that is ended leaves through its `finally` and `atexit`, and takes its processes and containers along.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
# A shell's background ignores SIGINT, and then scripts under test could not be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)


# What a check found.
Findings = list


def not_run(why):
    """Ends the check as not run."""
    print(why)
    sys.exit(77)


def need(*tools):
    """Ends the check as not run when a program is missing."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        not_run(f"missing: {', '.join(missing)}")


def need_yaml():
    """The YAML library; ends the check as not run without it."""
    try:
        import yaml  # pylint: disable=import-outside-toplevel
    except ImportError:
        not_run("missing: the Python package PyYAML")
    return yaml


def one_of(*tools):
    """The first of some programs that is there; ends the check as not run when none is."""
    for tool in tools:
        if shutil.which(tool):
            return tool
    not_run(f"missing: one of {', '.join(tools)}")


def run(*command, cwd=ROOT, stdin=None, **environment):
    """Runs a command on a text; its status, its output and what it wrote to standard error."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, input=stdin or "", capture_output=True, text=True,
        check=False, env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def alone(what):
    """Only one check at a time runs the block of a name."""
    with open(pathlib.Path(tempfile.gettempdir()) / f"sspp-{what}-{os.getuid()}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def crate_version():
    """The version of the workspace, which images, charts and releases carry."""
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "([^"]+)"$', manifest, re.M)[1]


def finish(findings, passed):
    """Ends the check: prints what was found, or what was proven."""
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} findings")
        sys.exit(1)
    print(passed)
    sys.exit(0)
