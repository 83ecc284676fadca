{{/* The name of every object: the release's, with the chart's where that is not in it. */}}
{{- define "sspp.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods: it never changes. */}}
{{- define "sspp.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sspp.labels" -}}
{{ include "sspp.selector" . }}
app.kubernetes.io/component: api
app.kubernetes.io/part-of: sspp
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* A digest, where one is given, is what runs; the tag is then for people. */}}
{{- define "sspp.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{- printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}

{{/* The settings. Those of the queue mean nothing without Redis. */}}
{{- define "sspp.config" -}}
{{- if not .Values.postgresql.enabled -}}
{{- fail "postgresql.enabled is false: PostgreSQL keeps the signals, and Redis only queues events. For PostgreSQL alone set redis.enabled to false" -}}
{{- end -}}
{{- $queue := .Values.redis.enabled | ternary (list) (list "QUEUE_NAME" "SSPP_QUEUE_SHARDS" "SSPP_MAX_BACKLOG") -}}
{{- range $name, $value := .Values.config }}
{{- if not (has $name $queue) }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Where an object goes is said once, by `helm install --namespace`. */}}
{{- define "sspp.checkov" -}}
checkov.io/skip9: CKV_K8S_21=The namespace is the one of the release, which helm install gets
{{- end -}}
