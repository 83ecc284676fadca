{{- define "sspp.deployment" -}}
{{- $kustomize := include "sspp.kustomize" . -}}
{{- $component := include "sspp.component" . -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "sspp.metadata" (list . (include "sspp.deployment.annotations" .)) | nindent 2 }}
spec:
  {{- if not (or $kustomize .Values.autoscaling.enabled) }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "sspp.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata:
      labels:
        {{- include "sspp.labels" . | nindent 8 }}
      {{- if not $kustomize }}
      annotations:
        # A changed setting replaces the pods.
        checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "sspp.fullname" . }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      # Longer than a pod takes to stop.
      terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
      securityContext:
        {{- include "sspp.podSecurity" . | nindent 8 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "sspp.selector" . | nindent 14 }}
          matchLabelKeys:
            - pod-template-hash
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ $component }}
          image: {{ include "sspp.image" . }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          ports:
            - name: http
              containerPort: {{ include "sspp.port" . }}
              protocol: TCP
          envFrom:
            - configMapRef:
                name: {{ include "sspp.fullname" . }}
          env:
            {{- $redis := include "sspp.queued" . | empty | not | ternary (list "REDIS_URL") list }}
            {{- $keys := eq $component "api" | ternary (list "SSPP_API_KEYS") list }}
            {{- range concat $redis (list "DATABASE_URL") $keys }}
            - name: {{ . }}
              valueFrom:
                secretKeyRef:
                  name: {{ $.Values.existingSecret }}
                  key: {{ . }}
            {{- end }}
          # Starting takes milliseconds. While Redis or PostgreSQL is away a pod is not ready, and is not restarted.
          startupProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 1
            failureThreshold: 30
          livenessProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
            timeoutSeconds: 3
            # Later than a load balancer's probes: a pod that stops is served until the load balancer has left it.
            failureThreshold: 3
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            {{- include "sspp.containerSecurity" . | nindent 12 }}
{{- end -}}

{{- define "sspp.deployment.annotations" -}}
checkov.io/skip1: CKV_K8S_11=A CPU limit throttles a pod that has work while its node idles; requests share the CPU fairly
checkov.io/skip2: CKV_K8S_35=The binary reads its URLs from the environment; nothing else runs in the pod
{{- if not .Values.image.digest }}
checkov.io/skip3: CKV_K8S_43=A release tag is never moved; image.digest, or images in an overlay, pins a digest
{{- end }}
checkov.io/skip4: CKV_K8S_15=A release tag is never moved, so asking a registry at each start would only make it a dependency
{{- end -}}
