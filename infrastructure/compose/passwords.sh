#!/bin/sh
# Makes the passwords of the compose files: one that .env sets, else a random one at the first start, which then stays.
# Each is a file of its own, which only root and the group of its service can read.
set -eu
umask 077
folder=/run/passwords

password() { # password FILE GROUP VALUE
  file=${folder}/$1
  if [ -n "$3" ]; then
    printf '%s' "$3" >"${file}.new"
  elif [ -s "${file}" ]; then
    cp "${file}" "${file}.new"
  else
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"${file}.new"
  fi
  chgrp "$2" "${file}.new"
  chmod 0440 "${file}.new"
  mv "${file}.new" "${file}"
}

chmod 0755 "${folder}"
# The database keeps its administrator's password of the first start. With another one the roles could not be set up.
if [ -s "${folder}/postgres" ]; then POSTGRES_PASSWORD=; fi
password postgres 0 "${POSTGRES_PASSWORD:-}"
password readonly 0 "${READONLY_PASSWORD:-}"
password migrator 20001 "${MIGRATOR_PASSWORD:-}"
password api 20002 "${API_PASSWORD:-}"
password worker 20003 "${WORKER_PASSWORD:-}"
password redis 20004 "${REDIS_PASSWORD:-}"
