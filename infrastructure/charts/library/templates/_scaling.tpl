{{/* The API by CPU. */}}
{{- define "sspp.hpa" -}}
{{- if .Values.autoscaling.enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "sspp.fullname" . }}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .Values.autoscaling.targetCPUUtilizationPercentage }}
  behavior:
    # Up at once, down slowly: a spare pod costs less than a refused event.
    scaleUp:
      stabilizationWindowSeconds: 0
      policies:
        - type: Percent
          value: 100
          periodSeconds: 30
    scaleDown:
      stabilizationWindowSeconds: 600
      policies:
        - type: Pods
          value: 1
          periodSeconds: 60
{{- end -}}
{{- end -}}

{{/* The workers by the length of the queue. */}}
{{- define "sspp.scaledobject" -}}
{{- if .Values.autoscaling.enabled -}}
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
spec:
  secretTargetRef:
    - parameter: password
      name: {{ .Values.autoscaling.redis.existingSecret }}
      key: {{ .Values.autoscaling.redis.passwordKey }}
---
# One trigger for each shard; the one that asks for most pods decides. A settled entry is deleted, so the length of a stream is its
# backlog. (After a deletion Redis does not know the lag of a consumer group: lagCount would never scale anything.)
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "sspp.metadata" (list . "") | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "sspp.fullname" . }}
  # At least one: the first event does not wait for a pod to start.
  minReplicaCount: {{ .Values.autoscaling.minReplicas }}
  maxReplicaCount: {{ .Values.autoscaling.maxReplicas }}
  pollingInterval: 10
  cooldownPeriod: 300
  # While Redis does not answer, the number of pods stays, and is at least this.
  fallback:
    failureThreshold: 3
    replicas: {{ .Values.autoscaling.minReplicas }}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        scaleDown:
          stabilizationWindowSeconds: 300
          policies:
            - type: Pods
              value: 1
              periodSeconds: 60
  triggers:
    {{- range $shard := until (int .Values.config.SSPP_QUEUE_SHARDS) }}
    - type: redis-streams
      metadata:
        address: {{ printf "%s.%s.svc:6379" $.Values.autoscaling.redis.service $.Release.Namespace }}
        username: {{ $.Values.autoscaling.redis.username }}
        stream: {{ printf "sspp:%s:{q%d}" $.Values.config.QUEUE_NAME $shard | quote }}
        streamLength: {{ $.Values.autoscaling.streamLength | quote }}
      authenticationRef:
        name: {{ include "sspp.fullname" $ }}
    {{- end }}
{{- end -}}
{{- end -}}
