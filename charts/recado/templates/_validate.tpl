{{/* Refuses values that cannot work; each message gives the reason and the fix. */}}
{{- define "recado.validate" -}}
{{- $v := .Values -}}
{{- $sqlite := eq $v.store.type "sqlite" -}}
{{- $name := include "recado.fullname" . -}}
{{- if gt (len $name) 39 -}}
{{- fail "fullnameOverride is longer than 39 characters, so the CronJobs' names would be too long." -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "the release's name gives the Service the name %s. A Service's name begins with a letter and contains only a-z, 0-9 and -. Set fullnameOverride." $name) -}}
{{- end -}}
{{- include "recado.validateUsersNames" . -}}
{{- if gt (len $v.catalogue.csv) 1048576 -}}
{{- fail (printf "catalogue.csv has %d bytes; a ConfigMap holds at most 1048576 (1 MiB). Remove products that are no longer sold and unused aliases." (len $v.catalogue.csv)) -}}
{{- end -}}
{{- if not $v.whatsapp.phoneNumberIds -}}
{{- fail "whatsapp.phoneNumberIds is empty: recado serves only the numbers listed there. Copy the id from Meta's dashboard, WhatsApp > API Setup." -}}
{{- end -}}
{{- if and $v.voice.existingSecret (not $v.voice.url) -}}
{{- fail "voice.existingSecret is set, but voice.url is empty, so voice notes would not be transcribed. Set voice.url." -}}
{{- end -}}
{{- if and (eq $v.outsideWindow.send "template") (not $v.whatsapp.businessAccountId) -}}
{{- fail "outsideWindow.send is template, but whatsapp.businessAccountId is empty, so recado could not check the templates and does not start. Copy the id from WhatsApp Manager." -}}
{{- end -}}
{{- if not $v.whatsapp.existingSecret -}}
{{- range list "verifyToken" "appSecret" "accessToken" -}}
{{- if not (get $v.whatsapp.secret .) -}}
{{- fail (printf "whatsapp.secret.%s is empty and whatsapp.existingSecret is not set: recado does not start without it. Create a Secret with the keys of whatsapp.secretKeys and set whatsapp.existingSecret." .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $sqlite -}}
{{- if gt (int $v.web.replicaCount) 1 -}}
{{- fail "web.replicaCount is more than 1 with store.type=sqlite: the volume is on one node and SQLite has one writer. Set it to 1; one pod handles 1,000 messages per second. For more pods set store.type=postgres." -}}
{{- end -}}
{{- if $v.autoscaling.enabled -}}
{{- fail "autoscaling.enabled with store.type=sqlite: SQLite allows one web pod only. Set autoscaling.enabled=false, or store.type=postgres." -}}
{{- end -}}
{{- if eq $v.store.sqlite.accessMode "ReadWriteOncePod" -}}
{{- fail "store.sqlite.accessMode=ReadWriteOncePod admits a single pod to the volume, so the drain could not start and no retry would be sent. Use ReadWriteOnce, which admits one node." -}}
{{- end -}}
{{- if eq $v.store.sqlite.accessMode "ReadWriteMany" -}}
{{- fail "store.sqlite.accessMode=ReadWriteMany needs a network file system, where SQLite's WAL loses data. Use ReadWriteOnce on local or block storage." -}}
{{- end -}}
{{- if $v.store.postgres.existingSecret -}}
{{- fail "store.postgres.existingSecret is set, but store.type is sqlite, so no pod would use that database. Set store.type=postgres." -}}
{{- end -}}
{{- if regexMatch "(?i)(nfs|smb|cifs|efs|azure-?file|filestore|cephfs|gluster)" $v.store.sqlite.storageClass -}}
{{- fail (printf "store.sqlite.storageClass=%s looks like a network file system, where SQLite's WAL loses data. Use local or block storage." $v.store.sqlite.storageClass) -}}
{{- end -}}
{{- else -}}
{{- if not $v.store.postgres.existingSecret -}}
{{- fail "store.type=postgres needs store.postgres.existingSecret: the name of a Secret with the connection URL, such as the <cluster>-app that CloudNativePG makes (store.postgres.key=uri)." -}}
{{- end -}}
{{- if $v.backup.enabled -}}
{{- fail "backup.enabled backs up SQLite only; store.type is postgres. Back up PostgreSQL with its own tools." -}}
{{- end -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.web.replicaCount) 1) -}}
{{- fail "web.replicaCount and autoscaling.enabled both set the number of web pods. Set web.replicaCount=1 and use autoscaling.minReplicas." -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas." -}}
{{- end -}}
{{- if eq $v.service.type "LoadBalancer" -}}
{{- fail "service.type=LoadBalancer would expose the admin endpoints to the internet. Use ingress.enabled or route.enabled, which expose only /api/v1/webhook." -}}
{{- end -}}
{{- if ge (int $v.drain.seconds) (int $v.drain.activeDeadlineSeconds) -}}
{{- fail "drain.seconds must be less than drain.activeDeadlineSeconds; otherwise Kubernetes kills drains before they end." -}}
{{- end -}}
{{- $interval := mul 60 (include "recado.longestGap" $v.drain.schedule | int) -}}
{{- if ge (int $v.drain.activeDeadlineSeconds) (int $interval) -}}
{{- fail (printf "drain.activeDeadlineSeconds must be less than %d, the seconds between two drains; otherwise a hanging run delays the next one." $interval) -}}
{{- end -}}
{{- $send := add (default 5 $v.settings.RECADO_CONNECT_TIMEOUT_SECONDS | float64 | ceil | int) (default 15 $v.settings.RECADO_READ_TIMEOUT_SECONDS | float64 | ceil | int) -}}
{{- if lt (int $v.drain.terminationGracePeriodSeconds) (int (add $send 5)) -}}
{{- fail (printf "drain.terminationGracePeriodSeconds must be at least %d: the connect and read timeouts of one send, and 5 seconds for traces. Otherwise Kubernetes kills a stopping drain during a send." (add $send 5)) -}}
{{- end -}}
{{- $lease := default 60 $v.settings.RECADO_LEASE_SECONDS | float64 -}}
{{- if le $lease (addf $send 5) -}}
{{- fail (printf "settings.RECADO_LEASE_SECONDS must be more than %d: the connect and read timeouts of one send, and 5 seconds. Otherwise another process takes over an attempt that is still in progress." (add $send 5)) -}}
{{- end -}}
{{- if ge (default 300 $v.settings.RECADO_REPLY_WINDOW_MARGIN_SECONDS | float64) (default 86400 $v.settings.RECADO_REPLY_WINDOW_SECONDS | float64) -}}
{{- fail "settings.RECADO_REPLY_WINDOW_MARGIN_SECONDS must be less than RECADO_REPLY_WINDOW_SECONDS; otherwise no reply is sent." -}}
{{- end -}}
{{- if and $v.service.nodePort (ne $v.service.type "NodePort") -}}
{{- fail "service.nodePort needs service.type=NodePort." -}}
{{- end -}}
{{- if $v.ingress.enabled -}}
{{- if not $v.ingress.host -}}
{{- fail "ingress.host is empty: Meta needs a host name. Set it, for example ingress.host=pedidos.example.com." -}}
{{- end -}}
{{- if $v.ingress.mtls.enabled -}}
{{- if not $v.ingress.tls.enabled -}}
{{- fail "ingress.mtls.enabled without ingress.tls.enabled: client certificates need TLS. Set ingress.tls.enabled=true." -}}
{{- end -}}
{{- if not $v.ingress.mtls.caSecret -}}
{{- fail "ingress.mtls.enabled needs ingress.mtls.caSecret: the name of a Secret whose ca.crt is Meta's outbound CA." -}}
{{- end -}}
{{- if eq $v.ingress.controller "other" -}}
{{- fail "ingress.mtls.enabled with ingress.controller=other: the chart configures client certificates for nginx and traefik only. For another controller disable mtls and set ingress.annotations." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $v.route.enabled (not (and $v.route.parentRefs $v.route.hostnames)) -}}
{{- fail "route.enabled needs route.parentRefs (the Gateways) and route.hostnames (the host names for Meta)." -}}
{{- end -}}
{{- if and $v.monitoring.serviceMonitor.enabled $v.monitoring.podMonitor.enabled -}}
{{- fail "monitoring.serviceMonitor and monitoring.podMonitor are both enabled, so every series would be counted twice. Enable one of them." -}}
{{- end -}}
{{- if and $v.simulator.enabled $v.whatsapp.apiUrl -}}
{{- fail "simulator.enabled and whatsapp.apiUrl both set where replies go. Leave whatsapp.apiUrl empty to use the simulator." -}}
{{- end -}}
{{- if and $v.simulator.enabled (or $v.ingress.enabled $v.route.enabled) -}}
{{- fail "simulator.enabled with ingress.enabled or route.enabled: anyone who reaches the simulator can have it sign webhooks that the web pod accepts. Disable the ingress and the route while the simulator runs." -}}
{{- end -}}
{{- if and $v.loadtest.enabled (not $v.simulator.enabled) -}}
{{- fail "loadtest.enabled without simulator.enabled: replies would go to Meta and cost money. Set simulator.enabled=true." -}}
{{- end -}}
{{- if and $v.backup.enabled (eq (include "recado.backupClaimName" .) (include "recado.claimName" .)) -}}
{{- fail "backup.existingClaim is the queue's own claim: a backup on the same disk is lost with it. Use another claim." -}}
{{- end -}}
{{- if and $v.events.enabled (not $v.serviceAccount.create) (not $v.serviceAccount.name) -}}
{{- fail "events.enabled with serviceAccount.create=false needs serviceAccount.name: otherwise the default account gets permission to write Events." -}}
{{- end -}}
{{- end }}

{{/* Refuses names that the chart already uses: Kubernetes would use one of the two, or refuse both. */}}
{{- define "recado.validateUsersNames" -}}
{{- $v := .Values -}}
{{- $maps := dict "commonLabels" $v.commonLabels "podLabels" $v.podLabels "web.podLabels" $v.web.podLabels "drain.podLabels" $v.drain.podLabels "podAnnotations" $v.podAnnotations "web.podAnnotations" $v.web.podAnnotations "drain.podAnnotations" $v.drain.podAnnotations "store.sqlite.labels" $v.store.sqlite.labels "store.sqlite.annotations" $v.store.sqlite.annotations "backup.labels" $v.backup.labels "backup.annotations" $v.backup.annotations -}}
{{- range $where, $map := $maps -}}
{{- range $key, $_ := $map -}}
{{- if regexMatch "^(app\\.kubernetes\\.io/(name|instance|component|version|part-of|managed-by)|helm\\.sh/.*|recado/.*|checksum/secret)$" $key -}}
{{- fail (printf "%s has the key %s, which the chart sets itself. Use another key." $where $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $own := list "POD_NAME" "NODE_NAME" "RECADO_DATABASE" "DATABASE_URL" "RECADO_EVENTS_DEPLOYMENT" "RECADO_ADMIN_TOKEN" -}}
{{- $seen := dict -}}
{{- range $v.extraEnv -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "extraEnv contains %s twice." .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- if or (has .name $own) (hasPrefix "WHATSAPP_" .name) -}}
{{- fail (printf "extraEnv contains %s, which the chart sets from the values under whatsapp, store and events." .name) -}}
{{- end -}}
{{- if and (hasPrefix "RECADO_" .name) (not .valueFrom) -}}
{{- fail (printf "extraEnv contains %s: set it under settings, where its type and limits are checked." .name) -}}
{{- end -}}
{{- if and (eq .name "OTEL_RESOURCE_ATTRIBUTES") (not .value) -}}
{{- fail "extraEnv: OTEL_RESOURCE_ATTRIBUTES needs a value; the chart appends it to its own attributes." -}}
{{- end -}}
{{- end -}}
{{- range $pod, $chosen := dict "web" $v.web "drain" $v.drain -}}
{{- $names := list "tmp" "queue" "catalogue" "words" "events" "notify" -}}
{{- range $chosen.extraVolumes -}}
{{- if has .name $names -}}
{{- fail (printf "%s.extraVolumes contains the volume %s twice, or the chart already has it." $pod .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- $paths := list "/tmp" "/var/lib/recado" "/etc/recado/catalogue" "/etc/recado/words" "/etc/recado/events" "/etc/recado/notify" -}}
{{- range $chosen.extraVolumeMounts -}}
{{- $path := default "" .mountPath | trimSuffix "/" -}}
{{- if has $path $paths -}}
{{- fail (printf "%s.extraVolumeMounts mounts at %s, where another volume is mounted." $pod $path) -}}
{{- end -}}
{{- $paths = append $paths $path -}}
{{- end -}}
{{- end -}}
{{- $hosts := prepend $v.ingress.extraHosts $v.ingress.host -}}
{{- if ne (len $hosts) (len (uniq $hosts)) -}}
{{- fail "ingress.host and ingress.extraHosts contain a host twice." -}}
{{- end -}}
{{- $keys := values $v.whatsapp.secretKeys -}}
{{- if and (not $v.whatsapp.existingSecret) (ne (len $keys) (len (uniq $keys))) -}}
{{- fail "whatsapp.secretKeys contains a key twice." -}}
{{- end -}}
{{- end }}
