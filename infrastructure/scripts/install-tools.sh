#!/usr/bin/env bash
# Installs what runs beside SSPP in the cluster, then the namespaces and the Secrets that SSPP needs and does not have yet.
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
Usage: install-tools.sh [1..6|0]

With a number it asks nothing; without one it shows this menu and asks:
U
  menu
  cat <<'U'

Run it as often as you like: what is installed is upgraded to the version in versions.env, and a Secret that exists is left
alone. Every service is a ClusterIP: ./scripts/port-forward-dashboards.sh reaches them.

  KUBECONFIG, or the current context of kubectl, says which cluster
  HELM_TIMEOUT    how long a chart may take to become ready (10m)
  BACKUP_BUCKET, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
                  when set, the Secrets sspp-backup are made of them (terraform output has the values)
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
  local values=${here}/../argocd/values extra=()
  local file
  for file in "${values}-rbac.yaml" "${values}-notifications.yaml"; do
    if [[ -f ${file} ]]; then extra+=(--values "${file}"); fi
  done
  release argocd argocd argo-cd "${ARGOCD_REPO}" "${ARGOCD_VERSION}" "${extra[@]}"
}

prometheus() {
  namespace monitoring privileged # the node exporter reads the node's own file systems
  grafana_secret
  release monitoring kube-prometheus-stack kube-prometheus-stack "${PROMETHEUS_REPO}" "${PROMETHEUS_VERSION}"
  release kube-system metrics-server metrics-server "${METRICS_SERVER_REPO}" "${METRICS_SERVER_VERSION}"
}

loki() {
  namespace monitoring privileged
  release monitoring loki loki "${LOKI_REPO}" "${LOKI_VERSION}"
  release monitoring alloy alloy "${ALLOY_REPO}" "${ALLOY_VERSION}"
}

rollouts() { release argo-rollouts argo-rollouts argo-rollouts "${ROLLOUTS_REPO}" "${ROLLOUTS_VERSION}"; }

keda() { release keda keda keda "${KEDA_REPO}" "${KEDA_VERSION}"; }

# What `kubectl apply -k k8s/overlays/…` expects to be there.
platform() {
  local environment
  for environment in dev staging prod; do
    say "namespace and Secrets of sspp-${environment}"
    namespace "sspp-${environment}" restricted
    platform_secrets "sspp-${environment}"
  done
  # Where a NodeBalancer ends TLS.
  certificate sspp-staging sspp-api-tls
  certificate sspp-prod sspp-api-tls
}

farewell() {
  cat <<'U'

Done. Passwords and keys were generated where there were none; none was printed.
  Grafana  kubectl -n monitoring get secret grafana-admin -o jsonpath='{.data.admin-password}' | base64 -d
  Argo CD  kubectl -n argocd get secret argocd-initial-admin-secret -o jsonpath='{.data.password}' | base64 -d
  API key  kubectl -n sspp-prod get secret sspp-first-key -o jsonpath='{.data.key}' | base64 -d
U
}

choice=${1-}
if (($# > 1)); then fail "takes one number, not $#; --help lists them" 2; fi
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
