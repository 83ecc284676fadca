"""Stand-ins for helm, kubectl and terraform, first on PATH: they record their arguments and keep objects as files."""

import base64
import os
import pathlib
import subprocess

from common.kubernetes import yaml

PROGRAM = r'''#!/bin/sh
home=$STANDIN_HOME text='' name=$3 words=" $* "
option() { word=${words#* "$1" }; [ "$word" = "$words" ] || printf %s "${word%% *}"; }
field() { printf '%s\n' "$text" | sed -n "\|^ *$1: [^ ]*\$|{s|^ *$1: ||p;q}"; }
case $words in *' --filename=- '*) text=$(cat) ;; esac
call=$(printf '%s\037' "${0##*/}" "$@")
printf '%s%s\036' "$call" "$text" >>"$home/calls"
[ "${0##*/}" = kubectl ] || exit 0
if [ "$text" ]; then
  file=$home/objects/$(field kind).$(field namespace).$(field name)
  if [ "$1" = create ] && [ -e "$file" ]; then exit 1; fi
  printf '%s\n' "$text" >"$file"
  exit
fi
case "$1 $2" in
  'get secret')
    file=$home/objects/Secret.$(option --namespace).$name
    case $words in *' --ignore-not-found '*) [ -e "$file" ] || exit 0 ;; esac
    text=$(cat "$file") || exit
    case $words in
      *'index . "sspp.io/'*) key=${words#*\"} && field "${key%%\"*}" | tr -d '\n"' ;;
      *'index .data'*) key=${words#*\"} && field "${key%%\"*}" | tr -d '\n' ;;
      *) echo "secret/$name" ;;
    esac ;;
  get*)
    case " ${STANDIN_ABSENT-} " in *" $name "*) exit 1 ;; esac
    file=$home/$2
    case $2 in *,* | deployments) file=$home/workloads ;; esac
    [ ! -e "$file" ] || cat "$file" ;;
  exec*) cat "$home/healthcheck" && grep -q ^ready "$home/healthcheck" ;;
  port-forward*) : >"$home/pid.$$" && exec sleep 600 ;;
esac
'''


class Standins:
    """A PATH with the stand-ins, and what was asked of them."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        (self.home / "objects").mkdir()
        (self.home / "bin").mkdir()
        for name in ("kubectl", "helm", "terraform"):
            (self.home / "bin" / name).write_text(PROGRAM, encoding="utf-8")
            (self.home / "bin" / name).chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ALERT_", "BACKUP_", "KUBE"))}
        self.environment = {**kept, "PATH": f"{self.home}/bin:{os.environ['PATH']}", "STANDIN_HOME": str(self.home)}

    def run(self, *command, stdin="", cwd=None, **environment):
        """Runs a command to its end: status, output, error. Standard input is what is given, and then its end."""
        environment = {**self.environment, **environment}
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60, cwd=cwd, env=environment)
        return done.returncode, done.stdout, done.stderr

    def calls(self, program=None):
        """What was asked so far: words and input; forgotten thereafter."""
        file = self.home / "calls"
        records = [record.split("\x1f") for record in file.read_text(encoding="utf-8").split("\x1e")[:-1]] if file.exists() else []
        file.unlink(missing_ok=True)
        return [(words, text) for name, *words, text in records if program in (None, name)]

    def answer(self, **files):
        """What kubectl answers from now on."""
        for name, text in files.items():
            (self.home / name).write_text(text, encoding="utf-8")

    def secrets(self, namespace):
        """The Secrets of a namespace: their keys and values."""
        found = {}
        for file in (self.home / "objects").glob(f"Secret.{namespace}.*"):
            data = yaml.safe_load(file.read_text(encoding="utf-8")).get("data") or {}
            found[file.name.removeprefix(f"Secret.{namespace}.")] = {key: base64.b64decode(value).decode() for key, value in data.items()}
        return found

    def forget(self, *secrets):
        """Deletes Secrets, each named NAMESPACE.NAME."""
        for secret in secrets:
            (self.home / "objects" / f"Secret.{secret}").unlink()
