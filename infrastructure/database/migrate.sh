#!/usr/bin/env bash
# Brings the schema up to the release of the binary at hand, and waits for a database that is still starting.
set -euo pipefail

usage() {
  cat <<'U'
Usage: migrate.sh

Runs `sspp-api migrate` until it succeeds, for MIGRATE_WITHIN seconds at most. Run it once a release, as migrator;
running it again does nothing. The migrations are those in sspp-core/crates/postgres/migrations: they are inside the binary.

  DATABASE_URL    postgres://migrator:PASSWORD@HOST:5432/sspp
  SSPP_BINARY     the binary (sspp-api); sspp-worker does the same
  MIGRATE_WITHIN  seconds to keep trying (120)
U
}

case ${1:-} in
  '') ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    printf 'migrate.sh: takes no arguments, not %s; --help says what it reads\n' "$1" >&2
    exit 2
    ;;
esac
: "${DATABASE_URL:?is not set: postgres://migrator:PASSWORD@HOST:5432/sspp}"
binary=${SSPP_BINARY:-sspp-api}
within=${MIGRATE_WITHIN:-120}
if ! [[ ${within} =~ ^[0-9]+$ ]]; then
  printf 'migrate.sh: MIGRATE_WITHIN should be whole seconds, not %s\n' "${within}" >&2
  exit 2
fi
if ! command -v "${binary}" >/dev/null; then
  printf 'migrate.sh: there is no %s: install it, or name it in SSPP_BINARY\n' "${binary}" >&2
  exit 2
fi

deadline=$((SECONDS + within))
until "${binary}" migrate; do
  if ((SECONDS >= deadline)); then
    printf 'migrate.sh: gave up after %s s; the last error is above\n' "${within}" >&2
    exit 1
  fi
  printf 'migrate.sh: trying again, %s s left\n' "$((deadline - SECONDS))" >&2
  sleep 2
done
