#!/bin/sh
# Starts Redis: as the primary, or as a replica of the one that the Sentinels name.
set -eu
: "${REPLICATION_PASSWORD:?is not set}"
host=$(hostname)
me=${host}.redis-pods
primary=''
for pod in redis-0 redis-1 redis-2; do
  primary=$(timeout 3 redis-cli -h "${pod}.redis-pods" -p 26379 sentinel get-master-addr-by-name sspp 2>/dev/null | head -n 1) || true
  if [ -n "${primary}" ]; then break; fi
done
# No Sentinel runs: all of them were away, so ours remembers. Else this is the first start.
if [ -z "${primary}" ] && [ -f /data/sentinel.conf ]; then
  primary=$(sed -n 's/^sentinel monitor sspp \([^ ]*\) .*/\1/p' /data/sentinel.conf)
fi
primary=${primary:-redis-0.redis-pods}

umask 077
{
  cat /etc/redis/redis.conf
  cat <<C
port 6380
masteruser replication
masterauth ${REPLICATION_PASSWORD}
replica-announce-ip ${me}
replica-announce-port 6380
# What is answered is on two machines; a primary that is cut off from its replicas takes nothing.
min-replicas-to-write 1
min-replicas-max-lag 10
C
  if [ "${primary}" != "${me}" ]; then echo "replicaof ${primary} 6380"; fi
} >/data/redis.conf
exec redis-server /data/redis.conf
