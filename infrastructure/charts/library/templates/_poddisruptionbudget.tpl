{{- define "sspp.poddisruptionbudget" -}}
{{- if .Values.podDisruptionBudget.enabled -}}
# A drain takes one pod at a time. It can take the only one, and one that is not ready, so it always ends.
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "sspp.selector" . | nindent 6 }}
{{- end -}}
{{- end -}}
