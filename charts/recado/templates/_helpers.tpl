{{/* Names. At most 40 characters, since a CronJob's name has room for 52 and parts are appended. */}}
{{- define "recado.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "recado.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains (include "recado.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "recado.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels. A component's pods are selected by name, instance and component: never by a version. */}}
{{- define "recado.instanceLabels" -}}
app.kubernetes.io/name: {{ include "recado.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "recado.labels" -}}
{{ include "recado.instanceLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: recado
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Call: (dict "root" $ "component" "web") */}}
{{- define "recado.selectorLabels" -}}
{{ include "recado.instanceLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "recado.componentLabels" -}}
{{ include "recado.labels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* A pod's labels: no chart version, so that a new chart alone restarts nothing. */}}
{{- define "recado.podLabels" -}}
{{ include "recado.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "recado.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end }}

{{/* The names of what may be made outside the chart. */}}
{{- define "recado.secretName" -}}
{{- default (include "recado.fullname" .) .Values.whatsapp.existingSecret -}}
{{- end }}

{{- define "recado.catalogueName" -}}
{{- default (printf "%s-catalogue" (include "recado.fullname" .)) .Values.catalogue.existingConfigMap -}}
{{- end }}

{{- define "recado.claimName" -}}
{{- default (printf "%s-queue" (include "recado.fullname" .)) .Values.store.sqlite.existingClaim -}}
{{- end }}

{{- define "recado.backupClaimName" -}}
{{- default (printf "%s-backup" (include "recado.fullname" .)) .Values.backup.existingClaim -}}
{{- end }}

{{- define "recado.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "recado.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "recado.simulatorUrl" -}}
http://{{ include "recado.fullname" . }}-simulator:8090
{{- end }}

{{- define "recado.serviceUrl" -}}
http://{{ include "recado.fullname" . }}:{{ .Values.service.port }}
{{- end }}

{{/* The environment. Call: (dict "root" $ "secrets" (list "accessToken" ...)); names are values.whatsapp.secretKeys' */}}
{{- define "recado.env" -}}
{{- $root := .root -}}
{{- $variables := dict "verifyToken" "WHATSAPP_VERIFY_TOKEN" "appSecret" "WHATSAPP_APP_SECRET" "appSecretPrevious" "WHATSAPP_APP_SECRET_PREVIOUS" "accessToken" "WHATSAPP_ACCESS_TOKEN" "adminToken" "RECADO_ADMIN_TOKEN" -}}
{{- range .secrets }}
- name: {{ get $variables . }}
  valueFrom:
    secretKeyRef:
      name: {{ and (eq . "appSecretPrevious") $root.Values.simulator.enabled | ternary (printf "%s-simulator" (include "recado.fullname" $root)) (include "recado.secretName" $root) }}
      key: {{ get $root.Values.whatsapp.secretKeys . }}
      {{- if has . (list "appSecretPrevious" "adminToken") }}
      optional: true
      {{- end }}
{{- end }}
{{- if eq .root.Values.store.type "postgres" }}
- name: RECADO_DATABASE
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.store.postgres.existingSecret }}
      key: {{ .root.Values.store.postgres.key }}
{{- end }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.namespace={{ .root.Release.Name }},k8s.namespace.name={{ .root.Release.Namespace }},k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME),service.instance.id=$(POD_NAME){{ with .attributes }},{{ . }}{{ end }}
{{- with .root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What every pod shares. Service links are off: a Service named recado would set RECADO_PORT. */}}
{{- define "recado.podBasics" -}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "recado.containerBasics" -}}
image: {{ include "recado.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "recado.containerSecurity" . }}
{{- end }}

{{- define "recado.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* The label of the pods that mount the SQLite volume. */}}
{{- define "recado.volumeLabel" -}}
{{- if eq .Values.store.type "sqlite" -}}
recado/volume: {{ include "recado.claimName" . }}
{{- end -}}
{{- end }}

{{/*
One node for all pods of a SQLite volume. Each of them carries the label it asks for: where no such pod runs yet, the
scheduler lets the first one go where it likes (or where the volume is), so a drain works without a web pod.
*/}}
{{- define "recado.affinity" -}}
{{- if or (eq .Values.store.type "sqlite") .Values.nodeAffinity -}}
affinity:
  {{- with .Values.nodeAffinity }}
  nodeAffinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq .Values.store.type "sqlite" }}
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "recado.volumeLabel" . | nindent 12 }}
  {{- end }}
{{- end -}}
{{- end }}

{{- define "recado.queueMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if eq .Values.store.type "sqlite" }}
- name: queue
  mountPath: /var/lib/recado
{{- end }}
{{- end }}

{{- define "recado.queueVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- if eq .Values.store.type "sqlite" }}
- name: queue
  persistentVolumeClaim:
    claimName: {{ include "recado.claimName" . }}
{{- end }}
{{- end }}

{{/* Pods restart when what they read at start has changed. */}}
{{- define "recado.checksums" -}}
checksum/settings: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
{{- if not .Values.whatsapp.existingSecret }}
checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
{{- end }}
{{- end }}

{{/* Mounted as a folder, so that a changed catalogue reaches running pods. */}}
{{- define "recado.catalogueVolume" -}}
- name: catalogue
  configMap:
    name: {{ include "recado.catalogueName" . }}
    items:
      - key: {{ .Values.catalogue.key }}
        path: catalogo.csv
{{- end }}
