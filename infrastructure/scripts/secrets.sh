# shellcheck shell=bash
# Namespaces and Secrets for install-tools.sh. Sourced, not run.
#
# No secret is an argument of a program, where others on the machine could read it: objects go to kubectl by standard input.
# What exists is left alone, and what is missing is made to agree with it: delete sspp-api, run again, and it is as before.

# A password that may stand in a URL as it is.
password() { openssl rand -hex 24; }

namespace() { # namespace NAME LEVEL-OF-POD-SECURITY [ENVIRONMENT]
  local label=''
  if [[ -n ${3-} ]]; then label="    sspp.io/environment: $3"; fi
  kubectl apply --server-side --field-manager=install-tools --filename=- <<Y
apiVersion: v1
kind: Namespace
metadata:
  name: $1
  labels:
    app.kubernetes.io/part-of: sspp
    pod-security.kubernetes.io/enforce: $2
${label}
Y
}

known() { # known ANNOTATION: of the cluster, without sspp.io/
  kubectl get secret sspp-cluster --namespace argocd --ignore-not-found --output "go-template={{with .metadata.annotations}}{{with index . \"sspp.io/$1\"}}{{.}}{{end}}{{end}}"
}

# What Argo CD has to know of its cluster: the environment, and the NodeBalancer that Terraform made.
cluster() { # cluster ENVIRONMENT FILE
  local id='' firewall=''
  if [[ -f $2 ]]; then
    id=$(sed -n 's/^id=//p' "$2")
    firewall=$(sed -n 's/^firewall=//p' "$2")
  fi
  # A checkout without Terraform's file says nothing about the NodeBalancer: what Argo CD knows stays.
  if [[ -z ${id} ]]; then
    id=$(known nodebalancer-id)
    firewall=$(known nodebalancer-firewall-id)
  fi
  kubectl apply --server-side --force-conflicts --field-manager=install-tools --filename=- <<Y
apiVersion: v1
kind: Secret
metadata:
  name: sspp-cluster
  namespace: argocd
  labels:
    app.kubernetes.io/part-of: sspp
    argocd.argoproj.io/secret-type: cluster
    sspp.io/environment: $1
  annotations:
    sspp.io/nodebalancer-id: "${id}"
    sspp.io/nodebalancer-firewall-id: "${firewall}"
stringData:
  name: in-cluster
  server: https://kubernetes.default.svc
  config: '{"tlsClientConfig":{"insecure":false}}'
Y
}

value() { # value NAMESPACE SECRET KEY
  local encoded
  encoded=$(kubectl get secret "$2" --namespace "$1" --output "go-template={{index .data \"$3\"}}")
  if [[ -z ${encoded} || ${encoded} == '<no value>' ]]; then
    printf 'install-tools.sh: Secret %s in %s has no key %s: delete the Secret, or add the key\n' "$2" "$1" "$3" >&2
    return 1
  fi
  base64 -d <<<"${encoded}"
}

create() { # create NAMESPACE SECRET TYPE KEY VALUE [KEY VALUE...]
  local namespace=$1 name=$2 type=$3 data='' encoded
  shift 3
  while (($#)); do
    encoded=$(printf '%s' "$2" | base64 -w0)
    data+="  $1: ${encoded}"$'\n'
    shift 2
  done
  kubectl create --filename=- <<Y
apiVersion: v1
kind: Secret
metadata:
  name: ${name}
  namespace: ${namespace}
  labels:
    app.kubernetes.io/part-of: sspp
    app.kubernetes.io/managed-by: install-tools
type: ${type}
data:
${data}
Y
}

# Whether a Secret has to be made. Apart from `if`, so that a failing kubectl ends the script.
missing() { # missing NAMESPACE SECRET -> sets `absent`
  local found
  found=$(kubectl get secret "$2" --namespace "$1" --ignore-not-found --output name)
  absent=false
  if [[ -z ${found} ]]; then absent=true; fi
}

grafana_secret() {
  missing monitoring grafana-admin
  if [[ ${absent} == true ]]; then
    local secret
    secret=$(password)
    create monitoring grafana-admin Opaque admin-user admin admin-password "${secret}"
  fi
}

# Where alerts go: Alertmanager's whole configuration, since the receivers hold keys.
alert_receivers() {
  missing monitoring alertmanager-sspp
  if [[ ${absent} == false ]]; then return; fi
  local ticket='' page='' configuration name text q="'"
  local SLACK_URL='' EMAIL='' SMTP='' SMTP_FROM='' SMTP_USER='' SMTP_PASSWORD='' PAGERDUTY_KEY=''
  # As YAML writes a quote within quotes.
  for name in SLACK_URL EMAIL SMTP SMTP_FROM SMTP_USER SMTP_PASSWORD PAGERDUTY_KEY; do
    text=ALERT_${name}
    text=${!text-}
    printf -v "${name}" '%s' "${q}${text//${q}/${q}${q}}${q}"
  done
  if [[ -n ${ALERT_SLACK_URL:-} ]]; then
    ticket+="    slack_configs: [{api_url: ${SLACK_URL}, send_resolved: true, title: '{{ .CommonLabels.alertname }}', text: '{{ range .Alerts }}{{ .Annotations.summary }} {{ .Annotations.runbook_url }}{{ end }}'}]"$'\n'
  fi
  if [[ -n ${ALERT_EMAIL:-} ]]; then
    : "${ALERT_SMTP:?is not set: HOST:PORT of the server that takes mails to ALERT_EMAIL}" "${ALERT_SMTP_FROM:?is not set: the sender of mails to ALERT_EMAIL}"
    ticket+="    email_configs: [{to: ${EMAIL}, from: ${SMTP_FROM}, smarthost: ${SMTP}, auth_username: ${SMTP_USER}, auth_password: ${SMTP_PASSWORD}, send_resolved: true}]"$'\n'
  fi
  page=${ticket}
  if [[ -n ${ALERT_PAGERDUTY_KEY:-} ]]; then
    page+="    pagerduty_configs: [{routing_key: ${PAGERDUTY_KEY}, severity: critical}]"$'\n'
  fi
  if [[ -z ${page} ]]; then
    echo '!!! ALERTS REACH NOBODY: set ALERT_SLACK_URL, ALERT_PAGERDUTY_KEY or ALERT_EMAIL, and run this again' >&2
    return
  fi
  if [[ -z ${ticket} ]]; then echo '!!! alerts that are no page reach nobody: PagerDuty gets pages alone' >&2; fi
  configuration="route:
  receiver: ticket
  group_by: [alertname, namespace]
  repeat_interval: 24h
  routes:
    # One that always fires, and one that only silences others.
    - {matchers: ['alertname =~ \"Watchdog|InfoInhibitor\"'], receiver: nobody}
    - {matchers: ['severity =~ \"page|critical\"'], receiver: page, group_wait: 10s, repeat_interval: 1h}
receivers:
  - name: nobody
  - name: ticket
${ticket}  - name: page
${page}"
  create monitoring alertmanager-sspp Opaque alertmanager.yaml "${configuration}"
}

# Permissions in Redis. Passwords as their digests; everything outside the queue's keys is out of reach.
acl() { # acl API WORKER KEDA REPLICATION
  local api worker keda replication queue
  api=$(digest "$1")
  worker=$(digest "$2")
  keda=$(digest "$3")
  replication=$(digest "$4")
  queue='resetkeys resetchannels ~sspp:* -@all +@read +@write +@stream +@sortedset +@hash +@set +@scripting +@connection +@transaction +info +time -@dangerous -keys -sort -sort_ro'
  printf '%s\n' \
    'user default off' \
    "user api on #${api} ${queue} +info" \
    "user worker on #${worker} ${queue} +info" \
    "user keda on #${keda} resetkeys resetchannels ~sspp:* -@all +ping +auth +hello +select +info +xlen +xinfo +xpending" \
    "user replication on #${replication} resetkeys allchannels -@all +ping +auth +hello +psync +replconf +info +role +multi +exec +slaveof +replicaof +subscribe +publish +config|rewrite +client|setname +client|kill +script|kill"
}

digest() {
  local line
  line=$(openssl dgst -sha256 -r <(printf %s "$1"))
  printf '%s' "${line%% *}"
}

platform_secrets() { # platform_secrets NAMESPACE
  local namespace=$1 superuser api worker migrator reader redis_api redis_worker keda replication users key hash
  local database=postgresql:5432/sspp

  missing "${namespace}" postgresql
  if [[ ${absent} == true ]]; then
    superuser=$(password)
    api=$(password)
    worker=$(password)
    migrator=$(password)
    reader=$(password)
    create "${namespace}" postgresql Opaque POSTGRES_PASSWORD "${superuser}" API_PASSWORD "${api}" WORKER_PASSWORD "${worker}" \
      MIGRATOR_PASSWORD "${migrator}" READONLY_PASSWORD "${reader}"
  else
    api=$(value "${namespace}" postgresql API_PASSWORD)
    worker=$(value "${namespace}" postgresql WORKER_PASSWORD)
    migrator=$(value "${namespace}" postgresql MIGRATOR_PASSWORD)
    reader=$(value "${namespace}" postgresql READONLY_PASSWORD)
  fi

  missing "${namespace}" redis
  if [[ ${absent} == true ]]; then
    redis_api=$(password)
    redis_worker=$(password)
    keda=$(password)
    replication=$(password) # among Redis themselves, with the component redis-sentinel
    users=$(acl "${redis_api}" "${redis_worker}" "${keda}" "${replication}")
    create "${namespace}" redis Opaque users.acl "${users}"$'\n' api-password "${redis_api}" worker-password "${redis_worker}" \
      keda-password "${keda}" replication-password "${replication}"
  else
    redis_api=$(value "${namespace}" redis api-password)
    redis_worker=$(value "${namespace}" redis worker-password)
  fi

  missing "${namespace}" sspp-api
  if [[ ${absent} == true ]]; then
    # A first key that was deleted is not missing while there are others: it comes only with the API's Secret, which lets it in.
    missing "${namespace}" sspp-first-key
    if [[ ${absent} == true ]]; then
      key=$(openssl rand -hex 32)
      key=sspp_${key}
      create "${namespace}" sspp-first-key Opaque key "${key}"
    else
      key=$(value "${namespace}" sspp-first-key key)
    fi
    hash=$(digest "${key}")
    create "${namespace}" sspp-api Opaque REDIS_URL "redis://api:${redis_api}@redis:6379" \
      DATABASE_URL "postgres://api:${api}@${database}" SSPP_API_KEYS "first:ingest+read+admin:${hash}"
  fi
  missing "${namespace}" sspp-worker
  if [[ ${absent} == true ]]; then
    create "${namespace}" sspp-worker Opaque REDIS_URL "redis://worker:${redis_worker}@redis:6379" \
      DATABASE_URL "postgres://worker:${worker}@${database}"
  fi
  missing "${namespace}" sspp-migrator
  if [[ ${absent} == true ]]; then
    create "${namespace}" sspp-migrator Opaque DATABASE_URL "postgres://migrator:${migrator}@${database}"
  fi
  missing "${namespace}" sspp-readonly
  if [[ ${absent} == true ]]; then
    create "${namespace}" sspp-readonly Opaque DATABASE_URL "postgres://readonly:${reader}@${database}"
  fi
  backup_secret "${namespace}"
}

backup_secret() { # backup_secret NAMESPACE
  missing "$1" sspp-backup
  if [[ ${absent} == false ]]; then return; fi
  if [[ -n ${BACKUP_BUCKET:-} && -n ${AWS_ENDPOINT_URL:-} && -n ${AWS_ACCESS_KEY_ID:-} && -n ${AWS_SECRET_ACCESS_KEY:-} ]]; then
    create "$1" sspp-backup Opaque BACKUP_BUCKET "${BACKUP_BUCKET}" AWS_ENDPOINT_URL "${AWS_ENDPOINT_URL}" \
      AWS_ACCESS_KEY_ID "${AWS_ACCESS_KEY_ID}" AWS_SECRET_ACCESS_KEY "${AWS_SECRET_ACCESS_KEY}"
  else
    printf '!!! %s has no Secret sspp-backup, so nothing is backed up: set BACKUP_BUCKET, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and run this again\n' "$1" >&2
  fi
}

# A certificate that no client trusts, so that the NodeBalancer has one until the real one is there.
certificate() { # certificate NAMESPACE SECRET
  missing "$1" "$2"
  if [[ ${absent} == false ]]; then return; fi
  local folder key certificate
  folder=$(mktemp -d)
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=sspp.invalid \
    -keyout "${folder}/key" -out "${folder}/certificate" 2>/dev/null
  key=$(<"${folder}/key") certificate=$(<"${folder}/certificate")
  rm -r "${folder}"
  create "$1" "$2" kubernetes.io/tls tls.crt "${certificate}"$'\n' tls.key "${key}"$'\n'
  printf '!!! %s in %s is self-signed, and no client trusts it: replace it with your certificate before anybody uses the API\n' "$2" "$1" >&2
}
