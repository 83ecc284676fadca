"""A stand-in for object storage: moto's server, in a virtual environment of its own."""

import atexit
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

from common.outcome import not_run, run

VERSION = "5.2.5"


def start(bucket):
    """Starts the stand-in on loopback with a bucket; its address."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "sspp-verify" / f"moto-{VERSION}"
    if not (folder / "ready").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        for command in ((sys.executable, "-m", "venv", folder), (folder / "bin/pip", "install", "-q", f"moto[server,s3]=={VERSION}")):
            status, _, error = run(*command)
            if status:
                not_run(f"missing: moto {VERSION}, which pip could not install: {error.strip()[-120:]}")
        (folder / "ready").touch()
    port = 20000 + os.getpid() % 10000
    process = subprocess.Popen([folder / "bin/moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{address}/{bucket}", method="PUT"), timeout=5).close()
            return address
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)
