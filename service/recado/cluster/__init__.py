"""Everything about Kubernetes; no other package of recado imports its client.

- `kube.py`: reads a cluster through the official client, and reports what it has no permission to read
- `doctor.py`: the installation as read from the cluster, and the findings
- `checks_*.py`: the doctor's checks, one function per check
- `drain_job.py`: starts a drain from the CronJob and follows its log
- `report.py`: `recado doctor` and `recado drain --in-cluster` on a terminal
- `events.py`: a Kubernetes Event when replies are given up
- `errors.py`: exceptions; importing them is cheap

Only kube.py, drain_job.py and events.py import the client (extra `cluster`), and events.py only when it records an
Event.
"""
