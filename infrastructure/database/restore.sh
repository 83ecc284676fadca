#!/usr/bin/env bash
# Restores a dump that backup.sh made, into a database that init.sql was run in.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'U'
Usage: restore.sh --list | latest | NAME  [--replace]

  --list      names what there is, oldest first
  latest      restores the newest
  NAME        restores this one, a name that backup.sh printed
  --replace   the database holds signals already: drop them first

Everything happens in one transaction, after the dump's checksum was compared. API and workers must be stopped: while one is
connected, nothing is restored.

  DATABASE_URL   postgres://migrator:PASSWORD@HOST:5432/sspp
  the others     as for backup.sh
U
}

fail() {
  printf 'restore.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

wanted='' replace=false
for argument in "$@"; do
  case ${argument} in
    -h | --help)
      usage
      exit 0
      ;;
    --replace) replace=true ;;
    --list) wanted=--list ;;
    '') ;;
    -*) fail "there is no ${argument}; see --help" 2 ;;
    *) wanted=${argument} ;;
  esac
done
[[ -n ${wanted} ]] || fail 'name a dump, or say latest or --list; --help explains' 2
# shellcheck source-path=SCRIPTDIR source=storage.sh
source "${here}/storage.sh"

dumps() {
  "${storage[@]}" lsf --recursive --files-only --include '/[0-9]*/**.dump' "${root}/${prefix}" | sort
}

case ${wanted} in
  --list)
    dumps | sed "s|^|${prefix}/|"
    exit 0
    ;;
  latest)
    newest=$(dumps | tail -n 1)
    [[ -n ${newest} ]] || fail "there is no dump under ${BACKUP_BUCKET}/${prefix}"
    name=${prefix}/${newest}
    ;;
  *) name=${wanted} ;;
esac

sql() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "${DATABASE_URL}" "$@"; }

connected=$(sql --command "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IN ('api', 'worker', 'migrator') AND pid <> pg_backend_pid()")
[[ ${connected} == 0 ]] || fail "${connected} connections of API or workers are open: stop them first"
there=$(sql --command "SELECT to_regclass('public.signals') IS NOT NULL")
if [[ ${there} == t && ${replace} == false ]]; then
  signals=$(sql --command 'SELECT EXISTS (SELECT FROM signals)')
  [[ ${signals} == f ]] || fail 'the database holds signals already: --replace drops them first'
fi

expected=$("${storage[@]}" cat "${root}/${name}.sha256" || true)
[[ ${expected} =~ ^[0-9a-f]{64}$ ]] || fail "${name}.sha256 cannot be read: is the name one of --list?"
found=$("${storage[@]}" cat "${root}/${name}" | sha256sum | cut -c1-64)
[[ ${found} == "${expected}" ]] || fail "${name} is damaged: its checksum is ${found}, not ${expected}"

# Owners and rights are those that init.sql gives, not those of where the dump came from. The last line is COMMIT only when
# pg_restore came to its end: without it, what was sent is rolled back. A server before 17 knows no transaction_timeout.
{
  echo 'BEGIN;'
  "${storage[@]}" cat "${root}/${name}" | pg_restore --file=- --clean --if-exists --no-owner --no-privileges |
    sed '1,40{/^SET transaction_timeout = 0;$/d}'
  echo 'COMMIT;'
} | sql --output /dev/null
sql --file "${here}/after-restore.sql"
count=$(sql --command 'SELECT count(*) FROM signals')
printf 'restored %s: %s signals\n' "${name}" "${count}"
