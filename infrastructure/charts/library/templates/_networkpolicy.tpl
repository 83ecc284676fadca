{{- define "sspp.networkpolicy" -}}
{{- if .Values.networkPolicy.enabled -}}
{{- $kustomize := include "sspp.kustomize" . -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "sspp.selector" . | nindent 6 }}
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: monitoring
          podSelector:
            matchLabels:
              app.kubernetes.io/name: prometheus
        {{- if not $kustomize }}
        # `helm test`
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ .Chart.Name }}-test
        {{- end }}
        {{- with .Values.networkPolicy.ingressFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - port: http
          protocol: TCP
  egress:
    {{- if not $kustomize }}
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
    {{- end }}
    {{- if include "sspp.queued" . }}
    - to:
        {{- toYaml .Values.networkPolicy.redis | nindent 8 }}
      ports:
        - port: 6379
          protocol: TCP
    {{- end }}
    - to:
        {{- toYaml .Values.networkPolicy.postgresql | nindent 8 }}
      ports:
        - port: 5432
          protocol: TCP
{{- end -}}
{{- end -}}
