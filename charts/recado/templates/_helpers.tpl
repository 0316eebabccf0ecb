{{/* Names. At most 39 characters, since a CronJob's name has room for 52 and the longest part, -backup-drill, has 13. */}}
{{- define "recado.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 39 | trimSuffix "-" -}}
{{- end }}

{{- define "recado.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains (include "recado.name" .) .Release.Name -}}
{{- .Release.Name | trunc 39 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "recado.name" .) | trunc 39 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/*
Labels and annotations. What the chart needs wins over what users add; _validate.tpl refuses users' keys that collide.
A component's pods are selected by name, instance and component: never by a version.
*/}}
{{- define "recado.instanceLabels" -}}
app.kubernetes.io/name: {{ include "recado.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Call: (dict "root" $ "component" "web") */}}
{{- define "recado.selectorLabels" -}}
{{ include "recado.instanceLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of an object. Call: (dict "root" $ "component" "web" "extra" $labels); the last two may be left out. */}}
{{- define "recado.labelsWith" -}}
{{- $own := include "recado.instanceLabels" .root | fromYaml -}}
{{- with .component }}{{ $_ := set $own "app.kubernetes.io/component" . }}{{ end -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "recado" -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- toYaml (merge $own (default dict .extra) .root.Values.commonLabels) -}}
{{- end }}

{{- define "recado.labels" -}}
{{- include "recado.labelsWith" (dict "root" .) -}}
{{- end }}

{{- define "recado.componentLabels" -}}
{{- include "recado.labelsWith" . -}}
{{- end }}

{{/*
A pod's labels and annotations: no chart version, so that a new chart alone restarts nothing.
Call: (dict "root" $ "component" "web" "queue" true "labels" $labels "annotations" $annotations); the last three may be
left out, `queue` says that the pod mounts the SQLite volume.
*/}}
{{- define "recado.podMetadata" -}}
{{- $labels := include "recado.selectorLabels" . | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- if .queue }}{{ $labels = merge $labels (include "recado.volumeLabel" .root | fromYaml) }}{{ end -}}
labels:
  {{- toYaml (merge $labels (default dict .labels) .root.Values.podLabels .root.Values.commonLabels) | nindent 2 }}
{{- $annotations := dict -}}
{{- if not .root.Values.whatsapp.existingSecret -}}
{{- $_ := set $annotations "checksum/secret" (include (print .root.Template.BasePath "/secret.yaml") .root | sha256sum) -}}
{{- end -}}
{{- with merge $annotations (default dict .annotations) .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
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

{{/*
The environment. Call: (dict "root" $ "secrets" (list "accessToken" ...)); names are values.whatsapp.secretKeys'.
`databaseKey` is another key of the database's Secret, and may be left out.
*/}}
{{- define "recado.env" -}}
{{- $root := .root -}}
{{- $variables := dict "verifyToken" "WHATSAPP_VERIFY_TOKEN" "appSecret" "WHATSAPP_APP_SECRET" "appSecretPrevious" "WHATSAPP_APP_SECRET_PREVIOUS" "accessToken" "WHATSAPP_ACCESS_TOKEN" "adminToken" "RECADO_ADMIN_TOKEN" -}}
{{- $more := "" -}}
{{- $extra := list -}}
{{- range $root.Values.extraEnv -}}
{{- if eq .name "OTEL_RESOURCE_ATTRIBUTES" }}{{ $more = .value }}{{ else }}{{ $extra = append $extra . }}{{ end -}}
{{- end -}}
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
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.store.postgres.existingSecret }}
      key: {{ .databaseKey | default .root.Values.store.postgres.key }}
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
  value: service.namespace={{ .root.Release.Name }},k8s.namespace.name={{ .root.Release.Namespace }},k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME),service.instance.id=$(POD_NAME){{ with .attributes }},{{ . }}{{ end }}{{ with $more }},{{ . }}{{ end }}
{{- range $extra }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/* Where the environment comes from whole. Call with true for the settings, too: (dict "root" $ "settings" true) */}}
{{- define "recado.envFrom" -}}
{{- $sources := .root.Values.extraEnvFrom -}}
{{- if .settings }}{{ $sources = prepend $sources (dict "configMapRef" (dict "name" (include "recado.settingsName" .root))) }}{{ end -}}
{{- with $sources -}}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Evenly over the nodes, where a component's pods are free to run on any. Call: (dict "root" $ "component" "web") */}}
{{- define "recado.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "recado.selectorLabels" . | nindent 8 }}
{{- end }}

{{/*
What every pod shares. Service links are off: a Service named recado would set RECADO_PORT.
Call: (dict "root" $ "queue" true); `queue` says that the pod mounts the SQLite volume, and may be left out.
*/}}
{{- define "recado.podBasics" -}}
{{- $values := .root.Values -}}
enableServiceLinks: false
{{- $affinity := deepCopy $values.affinity }}
{{- if .queue }}
{{- $affinity = include "recado.volumeAffinity" .root | fromYaml }}
{{- end }}
{{- range $field, $value := dict "securityContext" $values.podSecurityContext "imagePullSecrets" $values.image.pullSecrets "nodeSelector" $values.nodeSelector "tolerations" $values.tolerations "affinity" $affinity "runtimeClassName" $values.runtimeClassName "hostAliases" $values.hostAliases "dnsPolicy" $values.dnsPolicy "dnsConfig" $values.dnsConfig }}
{{- with $value }}
{{ toYaml (dict $field .) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "recado.containerBasics" -}}
image: {{ include "recado.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "recado.containerSecurity" . }}
{{- end }}

{{- define "recado.containerSecurity" -}}
{{- with .Values.securityContext -}}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/* The label of the pods that mount the SQLite volume. */}}
{{- define "recado.volumeLabel" -}}
{{- if eq .Values.store.type "sqlite" -}}
recado/volume: {{ include "recado.claimName" . | trunc 63 | trimAll "-." }}
{{- end -}}
{{- end }}

{{/*
One node for all pods of a SQLite volume. Each of them carries the label it asks for: where no such pod runs yet, the
scheduler lets the first one go where it likes (or where the volume is), so a drain works without a web pod.
*/}}
{{- define "recado.volumeAffinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- if eq .Values.store.type "sqlite" -}}
{{- $own := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "recado.volumeLabel" . | fromYaml)) -}}
{{- $pods := default dict $affinity.podAffinity -}}
{{- $field := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $_ := set $pods $field (append (default list (get $pods $field)) $own) -}}
{{- $_ := set $affinity "podAffinity" $pods -}}
{{- end -}}
{{- toYaml $affinity -}}
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

{{/*
The settings, and their ConfigMap's name, which is made of their content: pods start again with new settings, and those of
before keep theirs whatever becomes of an upgrade.
*/}}
{{- define "recado.ownSettings" -}}
WHATSAPP_BUSINESS_ACCOUNT_ID: {{ .Values.whatsapp.businessAccountId | quote }}
{{- with .Values.shop }}
RECADO_TIMEZONE: {{ .timezone }}
RECADO_BUSINESS_HOURS: {{ .businessHours | quote }}
{{- end }}
{{- with .Values.handoff }}
RECADO_HOLD_SECONDS: {{ toJson .holdSeconds }}
RECADO_HANDOFF_ANSWER_SECONDS: {{ toJson .answerSeconds }}
RECADO_HANDOFF_TOTAL: {{ toJson .total }}
RECADO_HANDOFF_ON_FOREIGN_STATUS: {{ .onForeignStatus }}
{{- end }}
{{- with .Values.outsideWindow }}
RECADO_AFTER_WINDOW: {{ .send }}
RECADO_TEMPLATE_QUOTE: {{ .quoteTemplate | quote }}
RECADO_TEMPLATE_ORDER: {{ .orderTemplate | quote }}
RECADO_TEMPLATE_LANGUAGE: {{ .language | quote }}
{{- end }}
RECADO_REMINDER_SECONDS: {{ toJson .Values.reminder.seconds }}
{{- with .Values.voice }}
RECADO_TRANSCRIBE_URL: {{ .url | quote }}
RECADO_TRANSCRIBE_MODEL: {{ .model | quote }}
RECADO_TRANSCRIBE_SECONDS: {{ toJson .seconds }}
RECADO_VOICE_MAX_BYTES: {{ toJson .maxBytes }}
{{- end }}
{{- end }}

{{- define "recado.settingsData" -}}
{{- $values := .Values -}}
{{- $data := dict "RECADO_CATALOGUE" "/etc/recado/catalogue/catalogo.csv" -}}
{{- if $values.catalogue.wordsConfigMap }}{{ $_ := set $data "RECADO_LANGUAGE" "/etc/recado/words" }}{{ end -}}
{{- if eq $values.store.type "sqlite" }}{{ $_ := set $data "RECADO_DATABASE" "/var/lib/recado/recado.db" }}{{ end -}}
{{- $_ := set $data "RECADO_DRAIN_SECONDS" (toJson $values.drain.seconds) -}}
{{- $_ := set $data "WHATSAPP_PHONE_NUMBER_ID" (join "," $values.whatsapp.phoneNumberIds) -}}
{{- with $values.whatsapp.apiVersion }}{{ $_ := set $data "WHATSAPP_API_VERSION" . }}{{ end -}}
{{- with $values.simulator.enabled | ternary (include "recado.simulatorUrl" .) $values.whatsapp.apiUrl }}{{ $_ := set $data "WHATSAPP_API_URL" . }}{{ end -}}
{{- with $values.whatsapp.mediaHosts }}{{ $_ := set $data "WHATSAPP_MEDIA_HOSTS" (join "," .) }}{{ end -}}
{{- range $name, $value := merge (include "recado.ownSettings" . | fromYaml) $values.settings }}{{ $_ := set $data $name (kindIs "string" $value | ternary $value (toJson $value)) }}{{ end -}}
{{- toYaml $data -}}
{{- end }}

{{- define "recado.settingsName" -}}
{{- printf "%s-settings-%s" (include "recado.fullname" .) (include "recado.settingsData" . | sha256sum | trunc 8) -}}
{{- end }}

{{/* A claim's annotations, labels, selector. Call: (dict "root" $ "claim" $values "keep" true) */}}
{{- define "recado.claimMetadata" -}}
labels:
  {{- include "recado.labelsWith" (dict "root" .root "extra" .claim.labels) | nindent 2 }}
{{- with merge (.keep | ternary (dict "helm.sh/resource-policy" "keep") dict) .claim.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "recado.claimSpec" -}}
accessModes: [{{ .accessMode }}]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
{{- with .selector }}
selector:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}

{{/* The files of events and notices: the settings, the mounts and the volumes of the web and drain pods; and the key of the
transcriber. */}}
{{- define "recado.tellingEnv" -}}
{{- with .Values.voice.existingSecret }}
- name: RECADO_TRANSCRIBE_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.voice.key }}
{{- end }}
{{- range $name := list "events" "notify" }}
{{- if (index $.Values $name).existingSecret }}
- name: RECADO_{{ upper $name }}_FILE
  value: /etc/recado/{{ $name }}/{{ $name }}.json
{{- end }}
{{- end }}
{{- end }}

{{- define "recado.tellingMounts" -}}
{{- range $name := list "events" "notify" }}
{{- if (index $.Values $name).existingSecret }}
- name: {{ $name }}
  mountPath: /etc/recado/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "recado.tellingVolumes" -}}
{{- range $name := list "events" "notify" }}
{{- with index $.Values $name }}
{{- if .existingSecret }}
- name: {{ $name }}
  secret:
    secretName: {{ .existingSecret }}
    items:
      - key: {{ .key }}
        path: {{ $name }}.json
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "recado.catalogueMounts" -}}
- name: catalogue
  mountPath: /etc/recado/catalogue
  readOnly: true
{{- if .Values.catalogue.wordsConfigMap }}
- name: words
  mountPath: /etc/recado/words
  readOnly: true
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
{{- with .Values.catalogue.wordsConfigMap }}
- name: words
  configMap:
    name: {{ . }}
{{- end }}
{{- end }}
