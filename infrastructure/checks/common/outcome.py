"""How a check ends: with findings it fails, without it passes, without its tools it does not run."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

INFRASTRUCTURE = pathlib.Path(__file__).resolve().parents[2]
ROOT = INFRASTRUCTURE.parent
findings = []

# A check that is ended leaves through its `finally` and `atexit`, and takes its processes and containers along.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
# A shell's background ignores SIGINT, and then scripts under test could not be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)


def check(what, holds, detail=""):
    """Notes a finding, unless something holds."""
    if not holds:
        findings.append(f"{what}: {detail}"[:600])


def not_run(why):
    """Ends the check as not run."""
    print(why)
    sys.exit(77)


def need(*tools):
    """Ends the check as not run when a program is missing; of `a|b` one is enough. The last one."""
    found = [next(filter(shutil.which, tool.split("|")), None) or not_run(f"missing: {tool}") for tool in tools]
    return found[-1]


def run(*command, cwd=ROOT, stdin=None, **environment):
    """Runs a command on a text; its status, its output and what it wrote to standard error."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, input=stdin or "", capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


def read(path):
    """The text of a file of infrastructure/."""
    return (INFRASTRUCTURE / path).read_text(encoding="utf-8")


def crate_version():
    """The version of the workspace, which images, charts and releases carry."""
    return re.search(r'^version = "([^"]+)"$', read("../Cargo.toml"), re.M)[1]


def finish(passed):
    """Ends the check: prints what was found, or what was proven."""
    print("\n".join([*findings, f"{len(findings)} findings"] if findings else [passed]))
    sys.exit(bool(findings))
