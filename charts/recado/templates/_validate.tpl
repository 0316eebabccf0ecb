{{/* Refuses what cannot work, each with a sentence that says why and what to do instead. */}}
{{- define "recado.validate" -}}
{{- $v := .Values -}}
{{- $sqlite := eq $v.store.type "sqlite" -}}
{{- $name := include "recado.fullname" . -}}
{{- if gt (len $name) 39 -}}
{{- fail "fullnameOverride is longer than 39 characters; the names of the CronJobs would not fit." -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "the release's name makes %s the name of a Service, which begins with a letter and has only a-z, 0-9 and -. Set fullnameOverride." $name) -}}
{{- end -}}
{{- include "recado.validateUsersNames" . -}}
{{- if gt (len $v.catalogue.csv) 1048576 -}}
{{- fail (printf "catalogue.csv has %d bytes, and a ConfigMap holds 1048576 (1 MiB). Shorten it: leave out what is no longer sold, and aliases that nobody writes." (len $v.catalogue.csv)) -}}
{{- end -}}
{{- if not $v.whatsapp.phoneNumberIds -}}
{{- fail "whatsapp.phoneNumberIds is empty: recado answers only numbers that it knows. Take the id from Meta's dashboard, WhatsApp > API Setup." -}}
{{- end -}}
{{- if not $v.whatsapp.existingSecret -}}
{{- range list "verifyToken" "appSecret" "accessToken" -}}
{{- if not (get $v.whatsapp.secret .) -}}
{{- fail (printf "whatsapp.secret.%s is empty and whatsapp.existingSecret names no Secret: recado does not start without it. Make a Secret with the keys of whatsapp.secretKeys and name it in whatsapp.existingSecret." .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $sqlite -}}
{{- if gt (int $v.web.replicaCount) 1 -}}
{{- fail "web.replicaCount is more than 1 with store.type=sqlite: the volume is on one node and SQLite has one writer. Stay at 1: it holds 1,000 messages a second." -}}
{{- end -}}
{{- if $v.autoscaling.enabled -}}
{{- fail "autoscaling.enabled with store.type=sqlite: there is one web pod and nothing to scale. Turn it off." -}}
{{- end -}}
{{- if eq $v.store.sqlite.accessMode "ReadWriteOncePod" -}}
{{- fail "store.sqlite.accessMode=ReadWriteOncePod lets a single pod have the volume: the drain would wait for ever and no retry would be sent. Use ReadWriteOnce, which means one node." -}}
{{- end -}}
{{- if eq $v.store.sqlite.accessMode "ReadWriteMany" -}}
{{- fail "store.sqlite.accessMode=ReadWriteMany needs a network file system, on which SQLite's WAL loses data. Use ReadWriteOnce on local or block storage." -}}
{{- end -}}
{{- if regexMatch "(?i)(nfs|smb|cifs|efs|azure-?file|filestore|cephfs|gluster)" $v.store.sqlite.storageClass -}}
{{- fail (printf "store.sqlite.storageClass=%s looks like a network file system, on which SQLite's WAL loses data. Use local or block storage." $v.store.sqlite.storageClass) -}}
{{- end -}}
{{- else -}}
{{- if not $v.store.postgres.existingSecret -}}
{{- fail "store.type=postgres needs store.postgres.existingSecret: the name of a Secret that holds the connection URL." -}}
{{- end -}}
{{- if $v.backup.enabled -}}
{{- fail "backup.enabled copies a SQLite database; there is none with store.type=postgres. Back PostgreSQL up with its own tools." -}}
{{- end -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.web.replicaCount) 1) -}}
{{- fail "web.replicaCount and autoscaling.enabled both want to decide the number of web pods. Leave web.replicaCount at 1 and set autoscaling.minReplicas." -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas." -}}
{{- end -}}
{{- if eq $v.service.type "LoadBalancer" -}}
{{- fail "service.type=LoadBalancer would show the admin endpoints to the internet. Let Meta in by ingress.enabled or route.enabled: they show /api/v1/webhook alone." -}}
{{- end -}}
{{- if ge (int $v.drain.seconds) (int $v.drain.activeDeadlineSeconds) -}}
{{- fail "drain.seconds is not less than drain.activeDeadlineSeconds: Kubernetes would kill each drain before it ends by itself." -}}
{{- end -}}
{{- $interval := mul 60 (include "recado.longestGap" $v.drain.schedule | int) -}}
{{- if ge (int $v.drain.activeDeadlineSeconds) (int $interval) -}}
{{- fail (printf "drain.activeDeadlineSeconds is not less than %d, the seconds between two drains: a run that hangs would cost the next one its turn." $interval) -}}
{{- end -}}
{{- $send := add (default 5 $v.settings.RECADO_CONNECT_TIMEOUT_SECONDS | float64 | ceil | int) (default 15 $v.settings.RECADO_READ_TIMEOUT_SECONDS | float64 | ceil | int) -}}
{{- if lt (int $v.drain.terminationGracePeriodSeconds) (int (add $send 5)) -}}
{{- fail (printf "drain.terminationGracePeriodSeconds is less than %d: connect and read time-out of one send, and 5 seconds for the last traces. A drain that is told to stop would be killed in the middle of a send." (add $send 5)) -}}
{{- end -}}
{{- $lease := default 60 $v.settings.RECADO_LEASE_SECONDS | float64 -}}
{{- if le $lease (addf $send 5) -}}
{{- fail (printf "settings.RECADO_LEASE_SECONDS is not more than %d: connect and read time-out of one send, and 5 seconds. An attempt that is still under way would be rescued." (add $send 5)) -}}
{{- end -}}
{{- if ge (default 300 $v.settings.RECADO_REPLY_WINDOW_MARGIN_SECONDS | float64) (default 86400 $v.settings.RECADO_REPLY_WINDOW_SECONDS | float64) -}}
{{- fail "settings.RECADO_REPLY_WINDOW_MARGIN_SECONDS is not less than RECADO_REPLY_WINDOW_SECONDS: no reply would ever be sent." -}}
{{- end -}}
{{- if and $v.service.nodePort (ne $v.service.type "NodePort") -}}
{{- fail "service.nodePort is set, and service.type is not NodePort." -}}
{{- end -}}
{{- if $v.ingress.enabled -}}
{{- if not $v.ingress.host -}}
{{- fail "ingress.host is empty: Meta calls a host name over HTTPS, say ingress.host=pedidos.example.com." -}}
{{- end -}}
{{- if $v.ingress.mtls.enabled -}}
{{- if not $v.ingress.tls.enabled -}}
{{- fail "ingress.mtls.enabled without ingress.tls.enabled: a client certificate is shown in a TLS handshake, and there is none." -}}
{{- end -}}
{{- if not $v.ingress.mtls.caSecret -}}
{{- fail "ingress.mtls.enabled needs ingress.mtls.caSecret: the name of a Secret whose ca.crt is Meta's outbound CA." -}}
{{- end -}}
{{- if eq $v.ingress.controller "other" -}}
{{- fail "ingress.mtls.enabled with ingress.controller=other: the chart knows how to ask nginx and traefik for a client certificate. For another controller leave mtls off and set ingress.annotations." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $v.route.enabled (not (and $v.route.parentRefs $v.route.hostnames)) -}}
{{- fail "route.enabled needs route.parentRefs (the Gateways) and route.hostnames (what Meta calls)." -}}
{{- end -}}
{{- if and $v.monitoring.serviceMonitor.enabled $v.monitoring.podMonitor.enabled -}}
{{- fail "monitoring.serviceMonitor and monitoring.podMonitor are both enabled: every series would be counted twice. Choose one." -}}
{{- end -}}
{{- if and $v.simulator.enabled $v.whatsapp.apiUrl -}}
{{- fail "simulator.enabled and whatsapp.apiUrl both say where replies go. Leave whatsapp.apiUrl empty to use the simulator." -}}
{{- end -}}
{{- if and $v.simulator.enabled (or $v.ingress.enabled $v.route.enabled) -}}
{{- fail "simulator.enabled beside ingress.enabled or route.enabled: the web pod accepts what the simulator signs, and that is whatever it is told to. Let no one in from outside while the simulator is on." -}}
{{- end -}}
{{- if and $v.loadtest.enabled (not $v.simulator.enabled) -}}
{{- fail "loadtest.enabled without simulator.enabled: replies would go to Meta, and each would be paid for. Set simulator.enabled=true." -}}
{{- end -}}
{{- if and $v.backup.enabled (eq (include "recado.backupClaimName" .) (include "recado.claimName" .)) -}}
{{- fail "backup.existingClaim is the claim of the queue itself: a copy on the same disk is lost together with it." -}}
{{- end -}}
{{- if and $v.events.enabled (not $v.serviceAccount.create) (not $v.serviceAccount.name) -}}
{{- fail "events.enabled with serviceAccount.create=false needs serviceAccount.name: the default account would be given the right to write Events." -}}
{{- end -}}
{{- end }}

{{/* Refuses names of the users' that the chart has given already: Kubernetes would take one of the two, or refuse both. */}}
{{- define "recado.validateUsersNames" -}}
{{- $v := .Values -}}
{{- $maps := dict "commonLabels" $v.commonLabels "podLabels" $v.podLabels "web.podLabels" $v.web.podLabels "drain.podLabels" $v.drain.podLabels "podAnnotations" $v.podAnnotations "web.podAnnotations" $v.web.podAnnotations "drain.podAnnotations" $v.drain.podAnnotations "store.sqlite.labels" $v.store.sqlite.labels "store.sqlite.annotations" $v.store.sqlite.annotations "backup.labels" $v.backup.labels "backup.annotations" $v.backup.annotations -}}
{{- range $where, $map := $maps -}}
{{- range $key, $_ := $map -}}
{{- if regexMatch "^(app\\.kubernetes\\.io/(name|instance|component|version|part-of|managed-by)|helm\\.sh/.*|recado/.*|checksum/secret)$" $key -}}
{{- fail (printf "%s has the key %s, which is the chart's own. Choose another." $where $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $own := list "POD_NAME" "NODE_NAME" "RECADO_DATABASE" "RECADO_EVENTS_DEPLOYMENT" "RECADO_ADMIN_TOKEN" -}}
{{- $seen := dict -}}
{{- range $v.extraEnv -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "extraEnv names %s twice." .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- if or (has .name $own) (hasPrefix "WHATSAPP_" .name) -}}
{{- fail (printf "extraEnv has %s, which the chart sets itself, from the values under whatsapp, store and events." .name) -}}
{{- end -}}
{{- if and (hasPrefix "RECADO_" .name) (not .valueFrom) -}}
{{- fail (printf "extraEnv has %s: put it under settings, where its type and bounds are checked." .name) -}}
{{- end -}}
{{- if and (eq .name "OTEL_RESOURCE_ATTRIBUTES") (not .value) -}}
{{- fail "extraEnv: OTEL_RESOURCE_ATTRIBUTES needs a value, which is added to the chart's attributes." -}}
{{- end -}}
{{- end -}}
{{- range $pod, $chosen := dict "web" $v.web "drain" $v.drain -}}
{{- $names := list "tmp" "queue" "catalogue" -}}
{{- range $chosen.extraVolumes -}}
{{- if has .name $names -}}
{{- fail (printf "%s.extraVolumes has a second volume %s." $pod .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- $paths := list "/tmp" "/var/lib/recado" "/etc/recado/catalogue" -}}
{{- range $chosen.extraVolumeMounts -}}
{{- $path := default "" .mountPath | trimSuffix "/" -}}
{{- if has $path $paths -}}
{{- fail (printf "%s.extraVolumeMounts mounts a second volume at %s." $pod $path) -}}
{{- end -}}
{{- $paths = append $paths $path -}}
{{- end -}}
{{- end -}}
{{- $hosts := prepend $v.ingress.extraHosts $v.ingress.host -}}
{{- if ne (len $hosts) (len (uniq $hosts)) -}}
{{- fail "ingress.extraHosts names a host twice." -}}
{{- end -}}
{{- $keys := values $v.whatsapp.secretKeys -}}
{{- if and (not $v.whatsapp.existingSecret) (ne (len $keys) (len (uniq $keys))) -}}
{{- fail "whatsapp.secretKeys names a key twice." -}}
{{- end -}}
{{- end }}
