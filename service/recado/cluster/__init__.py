"""What knows about Kubernetes; nothing else of recado does.

kube.py       looks into a cluster through the official client, and says what it was not allowed to see
doctor.py     the installation as the cluster shows it, findings, and how they are gathered
checks_configuration.py  checks_workloads.py  checks_access.py
              what the doctor asks, one function a question
drain_job.py  a drain started by hand from the CronJob, followed to its end
report.py     `recado doctor` and `recado drain --in-cluster` on a terminal
events.py     a Kubernetes Event when replies are given up
reload.py     the developer's loop: starts the service again when its source changes
errors.py     what can go wrong, light enough for the command line to import

Only kube.py, drain_job.py and events.py import the client (extra `cluster`), and events.py only when it has something
to tell.
"""
