"""A stand-in for object storage: moto's server, in a virtual environment of its own."""

import atexit
import os
import pathlib
import subprocess
import sys
import urllib.request

from common import docker
from common.outcome import not_run, run

VERSION = "5.2.5"


def start(bucket):
    """Starts the stand-in on loopback with a bucket; its address."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"), f"sspp-verify/moto-{VERSION}")
    if not (folder / "ready").exists():
        for command in ((sys.executable, "-m", "venv", folder), (folder / "bin/pip", "install", "-q", f"moto[server,s3]=={VERSION}")):
            status, _, error = run(*command)
            if status:
                not_run(f"missing: moto {VERSION}, which pip could not install: {error.strip()[-120:]}")
        (folder / "ready").touch()
    address = f"http://127.0.0.1:{docker.free_port()}"
    process = subprocess.Popen([folder / "bin/moto_server", "-H", "127.0.0.1", "-p", address[17:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)

    def made():
        try:
            return urllib.request.urlopen(urllib.request.Request(f"{address}/{bucket}", method="PUT"), timeout=5)
        except OSError:
            return None

    docker.until(made, 60, "object storage").close()
    return address
