{{/*
The longest time between two runs of a schedule, in minutes. Call with the five fields of a cron schedule, as the schema
allows them: the month is always *, so that no run is further away than two months.
*/}}
{{- define "recado.longestGap" -}}
{{- $fields := splitList " " (regexReplaceAll "\\s+" . " ") -}}
{{- $days := dict "SUN" "0" "MON" "1" "TUE" "2" "WED" "3" "THU" "4" "FRI" "5" "SAT" "6" -}}
{{- $weekday := index $fields 4 | upper -}}
{{- range $name, $number := $days }}{{ $weekday = replace $name $number $weekday }}{{ end -}}
{{- $apart := 1 -}}
{{- $months := include "recado.daysApart" (dict "field" (index $fields 2) "from" 1 "to" 31) | int -}}
{{- $weeks := include "recado.daysApart" (dict "field" $weekday "from" 0 "to" 6) | int -}}
{{- /* If both are given, a run is due when either matches; if the day of the month is a step of *, when both match. */ -}}
{{- if and $months $weeks }}{{ $apart = hasPrefix "*" (index $fields 2) | ternary (mul $months $weeks 2) (min $months $weeks) }}{{ else if $months }}{{ $apart = $months }}{{ else if $weeks }}{{ $apart = $weeks }}{{ end -}}
{{- $minutes := include "recado.cronField" (dict "field" (index $fields 0) "from" 0 "to" 59) | fromJsonArray -}}
{{- $first := -1 }}{{ $last := -1 }}{{ $longest := 0 -}}
{{- range $hour := include "recado.cronField" (dict "field" (index $fields 1) "from" 0 "to" 23) | fromJsonArray -}}
{{- range $minute := $minutes -}}
{{- $now := add (mul $hour 60) $minute | int -}}
{{- if lt $first 0 }}{{ $first = $now }}{{ else }}{{ $longest = max $longest (sub $now $last) }}{{ end -}}
{{- $last = $now -}}
{{- end -}}
{{- end -}}
{{- max $longest (sub (add $first (mul $apart 1440)) $last) -}}
{{- end }}

{{/* The most days between two days of a field; 0 for one that has no say. */}}
{{- define "recado.daysApart" -}}
{{- if hasPrefix "*" .field | not -}}
{{- $days := include "recado.cronField" . | fromJsonArray -}}
{{- $most := sub (add (first $days) .to 1) (add (last $days) .from) -}}
{{- range $at, $day := rest $days }}{{ $most = max $most (sub $day (index $days $at)) }}{{ end -}}
{{- /* Not every month has 29 days. */ -}}
{{- and (eq .to 31) (gt (first $days | int) 28) | ternary 62 $most -}}
{{- else if contains "/" .field -}}
{{- last (splitList "/" .field) -}}
{{- else -}}
0
{{- end -}}
{{- end }}

{{/* The values of a field, in order, as JSON. */}}
{{- define "recado.cronField" -}}
{{- $from := .from }}{{ $to := .to }}{{ $values := dict -}}
{{- range splitList "," .field -}}
{{- $parts := splitList "/" . -}}
{{- $ends := first $parts | replace "*" (printf "%d-%d" (int $from) (int $to)) | splitList "-" -}}
{{- $end := last $ends -}}
{{- if and (eq (len $ends) 1) (eq (len $parts) 2) }}{{ $end = $to }}{{ end -}}
{{- if gt (first $ends | int) (int $end) -}}
{{- fail (printf "a schedule has the range %s, which runs backwards." .) -}}
{{- end -}}
{{- range untilStep (first $ends | int) (add (int $end) 1 | int) (eq (len $parts) 2 | ternary (last $parts) "1" | int) -}}
{{- $_ := set $values (printf "%02d" .) . -}}
{{- end -}}
{{- end -}}
{{- $sorted := list -}}
{{- range keys $values | sortAlpha }}{{ $sorted = append $sorted (get $values .) }}{{ end -}}
{{- toJson $sorted -}}
{{- end }}

{{/* "true" where the drain is a Deployment. With PostgreSQL it always is: two of them share the work, and none waits for a minute. */}}
{{- define "recado.drainLoops" -}}
{{- if or .Values.drain.loop (eq .Values.store.type "postgres") }}true{{ end -}}
{{- end }}

{{/* After so many seconds without a success the drain is late: two runs were missed, and five where it runs every minute. */}}
{{- define "recado.drainLate" -}}
{{- (include "recado.drainLoops" . | eq "true") | ternary 300 (max 300 (add 60 (mul 120 (include "recado.longestGap" .Values.drain.schedule | int)))) -}}
{{- end }}

{{/* A copy and a drill are late two hours after they should have been there, or after 26 hours. */}}
{{- define "recado.backupLate" -}}
{{- $late := 93600 -}}
{{- range list .Values.backup.schedule .Values.backup.drillSchedule -}}
{{- with . }}{{ $late = max $late (add 7200 (mul 60 (include "recado.longestGap" . | int))) }}{{ end -}}
{{- end -}}
{{- $late -}}
{{- end }}

{{/* What the alerts about lateness compare with as they are generated, for the usual schedules, and with these values. */}}
{{- define "recado.lateness" -}}
{{- $gap := (include "recado.drainLoops" . | eq "true") | ternary 1 (include "recado.longestGap" .Values.drain.schedule | int) -}}
RecadoDrainStalled: {usual: "> 300", own: "> {{ include "recado.drainLate" . }}"}
RecadoRepliesLate: {usual: "> 300", own: "> {{ max 300 (add 240 (mul 60 $gap)) }}"}
RecadoBackupStale: {usual: "> 93600", own: "> {{ include "recado.backupLate" . }}"}
{{- end }}
