#!/usr/bin/env bash
# Dumps the database into object storage. What is named there is whole: a dump that broke off keeps the name incomplete/….
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'U'
Usage: backup.sh

Writes BACKUP_PREFIX/YYYY/MM/DD/sspp-TIME.dump (pg_dump's custom format) and its .sha256 beside it, reads the dump back, and
prints its name. Old ones are removed by the bucket's life cycle, not here.

  DATABASE_URL                               postgres://readonly:PASSWORD@HOST:5432/sspp
  BACKUP_BUCKET                              the bucket
  BACKUP_PREFIX                              the folder in it (sspp)
  AWS_ENDPOINT_URL                           https://… of the object storage
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   a key that may read and write the bucket
  AWS_REGION                                 its region (us-east-1)
U
}

case ${1:-} in
  '') ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    printf 'backup.sh: takes no arguments, not %s; --help says what it reads\n' "$1" >&2
    exit 2
    ;;
esac
# shellcheck source-path=SCRIPTDIR source=storage.sh
source "${here}/storage.sh"

work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
now=$(date -u +%Y%m%dT%H%M%SZ)
name=${prefix}/$(date -u +%Y/%m/%d)/sspp-${now}.dump
incomplete=${prefix}/incomplete/sspp-${now}.dump

mkfifo "${work}/pipe"
sha256sum <"${work}/pipe" >"${work}/sum" &
summing=$!
if ! pg_dump --dbname="${DATABASE_URL}" --format=custom --no-password | tee "${work}/pipe" | "${storage[@]}" rcat "${root}/${incomplete}"; then
  printf 'backup.sh: the dump broke off; what was written of it is %s\n' "${incomplete}" >&2
  exit 1
fi
wait "${summing}"
sum=$(cut -c1-64 "${work}/sum")

# Read back before it counts as a backup.
stored=$("${storage[@]}" cat "${root}/${incomplete}" | sha256sum | cut -c1-64)
if [[ ${stored} != "${sum}" ]]; then
  printf 'backup.sh: %s was stored as something else: %s, not %s\n' "${incomplete}" "${stored}" "${sum}" >&2
  exit 1
fi
printf '%s\n' "${sum}" | "${storage[@]}" rcat "${root}/${name}.sha256"
"${storage[@]}" moveto "${root}/${incomplete}" "${root}/${name}"
printf '%s\n' "${name}"
