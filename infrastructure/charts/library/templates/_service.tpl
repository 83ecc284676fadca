{{- define "sspp.service" -}}
{{- $service := .Values.service | default dict -}}
{{- $annotations := $service.annotations | empty | ternary "" (toYaml $service.annotations) -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "sspp.metadata" (list . $annotations) | nindent 2 }}
spec:
  type: {{ $service.type | default "ClusterIP" }}
  selector:
    {{- include "sspp.selector" . | nindent 4 }}
  ports:
    - name: http
      port: {{ include "sspp.port" . }}
      targetPort: http
      protocol: TCP
      appProtocol: http
{{- end -}}

{{- define "sspp.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
# It asks the Kubernetes API for nothing.
automountServiceAccountToken: false
{{- end -}}
