{{/* The settings. Without Redis those of the queue are left out. */}}
{{- define "sspp.configmap" -}}
{{- if not (dig "postgresql" "enabled" true (.Values | merge dict)) -}}
{{- fail "postgresql.enabled is false: PostgreSQL keeps the signals, and Redis only queues events. For PostgreSQL alone set redis.enabled to false" -}}
{{- end -}}
{{- $queue := include "sspp.queued" . | empty | not | ternary (list) (list "QUEUE_NAME" "SSPP_QUEUE_SHARDS" "SSPP_MAX_BACKLOG") -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
data:
  {{- range $name, $value := .Values.config }}
  {{- if not (has $name $queue) }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
  {{- end }}
{{- end -}}
