#!/usr/bin/env bash
# Forwards the dashboards to this machine until Ctrl-C, and ends only what it started itself.
set -euo pipefail

# Local port, namespace, service, its port, what to open.
readonly FORWARDS=(
  '8080 argocd argocd-server 443 Argo CD https://localhost:8080'
  '3000 monitoring kube-prometheus-stack-grafana 80 Grafana http://localhost:3000'
  '9090 monitoring kube-prometheus-stack-prometheus 9090 Prometheus http://localhost:9090'
  '3100 argo-rollouts argo-rollouts-dashboard 3100 Argo Rollouts http://localhost:3100'
  '3101 monitoring loki 3100 Loki http://localhost:3101'
)

usage() {
  cat <<'U'
Usage: port-forward-dashboards.sh

  Argo CD        https://localhost:8080    user admin
  Grafana        http://localhost:3000     user admin
  Prometheus     http://localhost:9090
  Argo Rollouts  http://localhost:3100
  Loki           http://localhost:3101     an API, not a page: Grafana shows it

Listens on 127.0.0.1 only. A dashboard that is not installed is named and left out. Ctrl-C ends all of them.
U
}

case ${1:-} in
  '') ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    printf 'port-forward-dashboards.sh: takes no arguments, not %s; --help lists the ports\n' "$1" >&2
    exit 2
    ;;
esac
command -v kubectl >/dev/null || {
  echo 'port-forward-dashboards.sh: kubectl is not on PATH' >&2
  exit 2
}

children=()
end() {
  trap - EXIT INT TERM
  if ((${#children[@]})); then
    kill "${children[@]}" 2>/dev/null || true
    wait "${children[@]}" 2>/dev/null || true
  fi
  exit "${1:-0}"
}
trap 'end $?' EXIT
trap 'end 0' INT TERM

for forward in "${FORWARDS[@]}"; do
  read -r local_port namespace service port what <<<"${forward}"
  if ! kubectl get service "${service}" --namespace "${namespace}" --output name >/dev/null; then
    printf 'left out: %s; ./scripts/install-tools.sh installs it\n' "${what}" >&2
    continue
  fi
  kubectl port-forward --address 127.0.0.1 --namespace "${namespace}" "service/${service}" "${local_port}:${port}" >/dev/null &
  children+=($!)
  printf '%s\n' "${what}"
done
if ((${#children[@]} == 0)); then
  echo 'port-forward-dashboards.sh: no dashboard is installed' >&2
  end 1
fi
echo 'Ctrl-C ends them.'
# One that ends by itself takes the others with it: half of them would look like all.
wait -n "${children[@]}" || true
echo 'port-forward-dashboards.sh: a connection ended; ending the others' >&2
end 1
