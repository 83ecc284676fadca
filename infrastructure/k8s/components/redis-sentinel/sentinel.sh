#!/bin/sh
# Starts a Sentinel. Its file is on the volume: it keeps there which Redis is the primary.
set -eu
: "${REPLICATION_PASSWORD:?is not set}"
host=$(hostname)
me=${host}.redis-pods
file=/data/sentinel.conf
umask 077
if [ ! -f "${file}" ]; then
  until [ -f /data/redis.conf ]; do sleep 1; done
  primary=$(sed -n 's/^replicaof \([^ ]*\) .*/\1/p' /data/redis.conf)
  cat >"${file}" <<C
port 26379
dir /data
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip ${me}
sentinel monitor sspp ${primary:-${me}} 6380 2
sentinel auth-user sspp replication
sentinel auth-pass sspp password
sentinel down-after-milliseconds sspp 5000
sentinel failover-timeout sspp 30000
sentinel parallel-syncs sspp 1
C
fi
# It may have been rotated. By a copy, since the file is rewritten in place.
sed "s/^sentinel auth-pass sspp .*/sentinel auth-pass sspp ${REPLICATION_PASSWORD}/" "${file}" >"${file}.new"
mv "${file}.new" "${file}"
exec redis-server "${file}" --sentinel
