#!/usr/bin/env bash
# Installs what runs beside SSPP in the cluster, then the namespace and the Secrets that SSPP needs and does not have yet.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=versions.env
source "${here}/versions.env"
# shellcheck source-path=SCRIPTDIR source=secrets.sh
source "${here}/secrets.sh"

menu() {
  cat <<'U'
  1  Argo CD
  2  Prometheus and Grafana (and the metrics server, which autoscaling needs)
  3  Loki, and Alloy to ship logs to it
  4  Argo Rollouts
  5  KEDA
  6  all of them
  0  nothing: exit
U
}

usage() {
  cat <<'U'
Usage: install-tools.sh [1..6|0] [dev|staging|prod]

With a number it asks nothing; without one it shows this menu and asks:
U
  menu
  cat <<'U'

The second argument is the environment that this cluster holds. Without it: the one that it has already, or else prod.

Run it as often as you like: what is installed is upgraded to the version in versions.env, and a Secret that exists is left
alone. Every service is a ClusterIP: ./scripts/port-forward-dashboards.sh reaches them.

  KUBECONFIG, or the current context of kubectl, says which cluster
  HELM_TIMEOUT    how long a chart may take to become ready (10m)
  BACKUP_BUCKET, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
                  make the Secret sspp-backup (terraform output backup_environment has the values)
  ALERT_SLACK_URL, ALERT_PAGERDUTY_KEY, ALERT_EMAIL
                  where alerts go, one or more; a mail also needs ALERT_SMTP=HOST:PORT, ALERT_SMTP_FROM, and where the
                  server asks for them ALERT_SMTP_USER and ALERT_SMTP_PASSWORD
U
}

say() { printf '==> %s\n' "$1"; }

fail() {
  printf 'install-tools.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

release() { # release NAMESPACE NAME CHART REPOSITORY VERSION [HELM ARGUMENT...]
  local namespace=$1 name=$2 chart=$3 repository=$4 version=$5
  shift 5
  say "${name} ${version} in ${namespace}"
  helm upgrade --install "${name}" "${chart}" --repo "${repository}" --version "${version}" --namespace "${namespace}" \
    --create-namespace --values "${here}/values/${name}.yaml" --wait --timeout "${HELM_TIMEOUT:-10m}" "$@"
}

argocd() {
  local values=${here}/../argocd/values
  release argocd argocd argo-cd "${ARGOCD_REPO}" "${ARGOCD_VERSION}" --values "${values}-rbac.yaml" --values "${values}-notifications.yaml"
  cluster "${environment}" "${here}/../k8s/overlays/${environment}/nodebalancer.env"
}

prometheus() {
  namespace monitoring privileged # the node exporter reads the node's own file systems
  grafana_secret
  alert_receivers
  release monitoring kube-prometheus-stack kube-prometheus-stack "${PROMETHEUS_REPO}" "${PROMETHEUS_VERSION}"
  release kube-system metrics-server metrics-server "${METRICS_SERVER_REPO}" "${METRICS_SERVER_VERSION}"
}

loki() {
  namespace monitoring privileged
  release monitoring loki loki "${LOKI_REPO}" "${LOKI_VERSION}"
  release monitoring alloy alloy "${ALLOY_REPO}" "${ALLOY_VERSION}"
}

# These two charts make a ServiceMonitor whether or not the cluster knows that kind. Argo CD's looks first.
monitored() { # monitored VALUE -> sets `monitor`
  monitor=()
  if ! kubectl get crd servicemonitors.monitoring.coreos.com --output name >/dev/null 2>&1; then
    monitor=(--set "$1=false")
    echo '!!! Prometheus is not installed, so this is not monitored: install 2, then this again' >&2
  fi
}

rollouts() {
  monitored controller.metrics.serviceMonitor.enabled
  release argo-rollouts argo-rollouts argo-rollouts "${ROLLOUTS_REPO}" "${ROLLOUTS_VERSION}" "${monitor[@]}"
}

keda() {
  monitored prometheus.operator.serviceMonitor.enabled
  release keda keda keda "${KEDA_REPO}" "${KEDA_VERSION}" "${monitor[@]}"
}

# What `kubectl apply -k k8s/overlays/…` expects to be there.
platform() {
  say "namespace and Secrets of sspp-${environment}"
  namespace "sspp-${environment}" restricted "${environment}"
  platform_secrets "sspp-${environment}"
  # Where a NodeBalancer ends TLS.
  if [[ ${environment} != dev ]]; then certificate "sspp-${environment}" sspp-api-tls; fi
}

farewell() {
  cat <<U

Done. Passwords and keys were generated where there were none; none was printed.
  Grafana  kubectl -n monitoring get secret grafana-admin -o jsonpath='{.data.admin-password}' | base64 -d
  Argo CD  kubectl -n argocd get secret argocd-initial-admin-secret -o jsonpath='{.data.password}' | base64 -d
  API key  kubectl -n sspp-${environment} get secret sspp-first-key -o jsonpath='{.data.key}' | base64 -d
U
}

choice=${1-}
if (($# > 2)); then fail "takes a number and an environment, not $# arguments; --help lists them" 2; fi
if (($# == 0)); then
  menu
  read -r -p 'Which? ' choice || fail 'nothing was chosen: give a number as argument; --help lists them' 2
fi
case ${choice} in
  -h | --help)
    usage
    exit 0
    ;;
  0) exit 0 ;;
  [1-6]) ;;
  *) fail "there is no choice '${choice}': 1 to 6, or 0 to exit; --help lists them" 2 ;;
esac
for program in helm kubectl openssl; do
  command -v "${program}" >/dev/null || fail "${program} is not on PATH: install it first" 2
done
case ${2-prod} in
  dev | staging | prod) ;;
  *) fail "there is no environment '$2': dev, staging or prod" 2 ;;
esac
held=$(kubectl get namespaces --selector sspp.io/environment --output 'go-template={{range .items}}{{index .metadata.labels "sspp.io/environment"}} {{end}}')
held=${held% }
environment=${2:-${held:-prod}}
if [[ ${environment} == *' '* ]]; then
  fail "this cluster holds ${held}: name one as second argument" 2
fi
if [[ " ${held:-${environment}} " != *" ${environment} "* ]]; then
  fail "this cluster holds ${held}, not ${environment}: is KUBECONFIG the right one?" 2
fi

case ${choice} in
  1) argocd ;;
  2) prometheus ;;
  3) loki ;;
  4) rollouts ;;
  5) keda ;;
  *)
    # Prometheus first: its custom kinds (ServiceMonitor) are what the others' charts ask for.
    prometheus
    loki
    argocd
    rollouts
    keda
    ;;
esac
platform
farewell
