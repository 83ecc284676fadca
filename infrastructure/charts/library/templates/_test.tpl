{{/* `helm test`: the binary's own health check, against the Service. */}}
{{- define "sspp.test" -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "sspp.fullname" . }}-test
  labels:
    app.kubernetes.io/name: {{ .Chart.Name }}-test
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/part-of: sspp
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
    checkov.io/skip1: CKV_K8S_11=A test of a second needs no CPU limit; its request shares the CPU fairly
    checkov.io/skip2: CKV_K8S_43=A release tag is never moved; image.digest pins a digest
    checkov.io/skip3: CKV_K8S_8=It asks once and ends, so there is nothing to probe
    checkov.io/skip4: CKV_K8S_9=It asks once and ends, so there is nothing to probe
    checkov.io/skip5: CKV2_K8S_6=It listens on no port, so nothing can connect to it
    checkov.io/skip6: CKV_K8S_15=A release tag is never moved, so asking a registry would only make it a dependency
    checkov.io/skip9: CKV_K8S_21=helm install --namespace says where the object goes
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  # The address of the Service comes from the environment.
  enableServiceLinks: true
  securityContext:
    {{- include "sspp.podSecurity" . | nindent 4 }}
  containers:
    - name: healthcheck
      image: {{ include "sspp.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - healthcheck
        - --bind
        - $({{ include "sspp.fullname" . | upper | replace "-" "_" }}_SERVICE_HOST)
        - --port
        - {{ include "sspp.port" . | quote }}
      resources:
        requests:
          cpu: 10m
          memory: 16Mi
        limits:
          memory: 64Mi
      securityContext:
        {{- include "sspp.containerSecurity" . | nindent 8 }}
{{- end -}}
