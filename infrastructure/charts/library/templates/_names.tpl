{{/*
Names, labels and annotations of every object. With `global.kustomize` set, `charts/render` writes k8s from the templates: Kustomize then
adds the labels, the namespace and the number of pods.
*/}}
{{- define "sspp.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* True where Kustomize takes over. */}}
{{- define "sspp.kustomize" -}}
{{- dig "kustomize" false (.Values.global | default dict) | ternary "true" "" -}}
{{- end -}}

{{/* `api` or `worker`. */}}
{{- define "sspp.component" -}}
{{- .Chart.Name | trimPrefix "sspp-" -}}
{{- end -}}

{{/* The port that the binary listens on. */}}
{{- define "sspp.port" -}}
{{- .Values.config.PORT | default .Values.config.WORKER_PORT -}}
{{- end -}}

{{/* True where there is a Redis: always for the workers. */}}
{{- define "sspp.queued" -}}
{{- if dig "redis" "enabled" true (.Values | merge dict) -}}true{{- end -}}
{{- end -}}

{{/* What selects the pods. It never changes, since a Deployment's selector cannot. */}}
{{- define "sspp.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
{{- if not (include "sspp.kustomize" .) }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- end -}}

{{- define "sspp.labels" -}}
{{ include "sspp.selector" . }}
app.kubernetes.io/component: {{ include "sspp.component" . }}
{{- if not (include "sspp.kustomize" .) }}
app.kubernetes.io/part-of: sspp
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}
{{- end -}}

{{/* metadata of an object. Call with (list $ annotations), annotations as text. */}}
{{- define "sspp.metadata" -}}
{{- $top := index . 0 -}}
{{- $annotations := index . 1 -}}
{{- if not (include "sspp.kustomize" $top) -}}
{{- $annotations = printf "%s\n%s" $annotations "checkov.io/skip9: CKV_K8S_21=helm install --namespace says where the object goes" | trim -}}
{{- end -}}
name: {{ include "sspp.fullname" $top }}
labels:
  {{- include "sspp.labels" $top | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The image: by its digest where there is one; the tag then only tells people the version. */}}
{{- define "sspp.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* What every pod of ours has. */}}
{{- define "sspp.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What every container of ours has. */}}
{{- define "sspp.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end -}}
