#!/usr/bin/env bash
# Says what of SSPP and of its tools is not ready; status 1 when anything is not.
set -euo pipefail

usage() {
  cat <<'U'
Usage: check-health.sh [dev|staging|prod]     prod when nothing is named

Looks at every Deployment, StatefulSet, Rollout and DaemonSet of SSPP's namespace and of the tools', at SSPP's Jobs, and asks
the API and the workers, where there are any, themselves. Prints a line for each: ready, or the part that is not.
U
}

environment=${1:-prod}
case ${environment} in
  -h | --help)
    usage
    exit 0
    ;;
  dev | staging | prod) ;;
  *)
    printf 'check-health.sh: there is no environment %s: dev, staging or prod\n' "${environment}" >&2
    exit 2
    ;;
esac
command -v kubectl >/dev/null || {
  echo 'check-health.sh: kubectl is not on PATH' >&2
  exit 2
}

bad=0
report() { # report READY(true|false) TEXT
  if [[ $1 == true ]]; then
    printf 'ready      %s\n' "$2"
  else
    printf 'NOT READY  %s\n' "$2"
    bad=$((bad + 1))
  fi
}

readonly WORKLOADS='{{range .items}}{{.kind}}/{{.metadata.name}} {{if eq .kind "DaemonSet"}}{{.status.desiredNumberScheduled}} {{or .status.numberReady 0}}{{else}}{{.spec.replicas}} {{or .status.readyReplicas 0}}{{end}}{{"\n"}}{{end}}'

workloads() { # workloads NAMESPACE KINDS
  local list name wanted ready seen=0
  if ! list=$(kubectl get "$2" --namespace "$1" --output "go-template=${WORKLOADS}" 2>&1); then
    report false "$1: ${list}"
    return
  fi
  while read -r name wanted ready; do
    if [[ -z ${name} ]]; then continue; fi
    seen=$((seen + 1))
    local all=false
    if [[ ${wanted} == "${ready}" ]]; then all=true; fi
    report "${all}" "$1 ${name}: ${ready} of ${wanted}"
  done <<<"${list}"
  if ((seen == 0)); then report false "$1: nothing is installed"; fi
}

namespace=sspp-${environment}
workloads "${namespace}" deployments,statefulsets
# Where the component rollouts is, it has the API's pods and the Deployment has none.
rollouts=$(kubectl get rollouts --namespace "${namespace}" --output name 2>/dev/null || true)
if [[ -n ${rollouts} ]]; then workloads "${namespace}" rollouts; fi
for tools in argocd monitoring argo-rollouts keda; do
  workloads "${tools}" deployments,statefulsets,daemonsets
done

if failed=$(kubectl get jobs --namespace "${namespace}" --output 'go-template={{range .items}}{{if .status.failed}}{{if not .status.succeeded}}{{.metadata.name}} {{end}}{{end}}{{end}}' 2>&1); then
  none=true
  if [[ -n ${failed} ]]; then none=false; fi
  report "${none}" "${namespace} jobs: ${failed:-none failed}"
else
  report false "${namespace} jobs: ${failed}"
fi

services=(sspp-api)
# PostgreSQL alone has no workers.
if kubectl get service sspp-worker --namespace "${namespace}" >/dev/null 2>&1; then services+=(sspp-worker); fi
# In the pod, so that no NetworkPolicy stands between.
for service in "${services[@]}"; do
  pod=$(kubectl get pods --namespace "${namespace}" --selector "app.kubernetes.io/name=${service}" --output name 2>/dev/null | head -n 1 || true)
  if [[ -z ${pod} ]]; then
    report false "${namespace} ${service}: no pod"
  elif said=$(kubectl exec --namespace "${namespace}" "${pod}" -- "${service}" healthcheck 2>&1); then
    report true "${namespace} ${service}: ${said}"
  else
    report false "${namespace} ${service}: ${said:0:300}"
  fi
done

if ! kubectl get secret alertmanager-sspp --namespace monitoring >/dev/null 2>&1; then
  echo '!!! ALERTS REACH NOBODY: ./scripts/install-tools.sh --help says how to name a receiver'
fi
if ((bad)); then
  printf '%s not ready\n' "${bad}"
  exit 1
fi
echo 'everything is ready'
