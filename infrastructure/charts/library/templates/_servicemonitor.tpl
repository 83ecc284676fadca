{{- define "sspp.servicemonitor" -}}
{{- if .Values.serviceMonitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "sspp.selector" . | nindent 6 }}
      app.kubernetes.io/component: {{ include "sspp.component" . }}
  endpoints:
    - port: http
      path: /metrics
      interval: {{ .Values.serviceMonitor.interval }}
{{- end -}}
{{- end -}}
