"""A stand-in for object storage: moto's server, in a virtual environment of its own."""

import atexit
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

from common.outcome import not_run

VERSION = "5.2.5"


def _server():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "sspp-verify"
    folder = cache / f"moto-{VERSION}"
    program = folder / "bin" / "moto_server"
    if not (folder / "ready").exists():
        cache.mkdir(parents=True, exist_ok=True)
        for command in (
            [sys.executable, "-m", "venv", folder],
            [folder / "bin" / "pip", "install", "-q", f"moto[server,s3]=={VERSION}"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                not_run(f"missing: moto {VERSION}, which pip could not install: {done.stderr.strip()[-120:]}")
        (folder / "ready").touch()
    return program


def start(bucket):
    """Starts the stand-in on loopback with a bucket; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [_server(), "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    atexit.register(process.kill)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            request = urllib.request.Request(f"{address}/{bucket}", method="PUT")
            urllib.request.urlopen(request, timeout=5).close()
            return address
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)
