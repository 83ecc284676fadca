#!/bin/sh
# Gives the database's roles their rights and passwords, each time the compose files start.
set -eu
folder=/run/passwords
PGPASSWORD=$(cat "${folder}/postgres")
API_PASSWORD=$(cat "${folder}/api")
WORKER_PASSWORD=$(cat "${folder}/worker")
MIGRATOR_PASSWORD=$(cat "${folder}/migrator")
READONLY_PASSWORD=$(cat "${folder}/readonly")
export PGPASSWORD API_PASSWORD WORKER_PASSWORD MIGRATOR_PASSWORD READONLY_PASSWORD
exec psql -Xq -h postgres -U postgres -d sspp -f /init.sql
