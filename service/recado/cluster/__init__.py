"""What knows about Kubernetes; nothing else of recado does.

kube.py       the official client, read-only looks that say what they were not allowed to see
doctor.py     looks at an installation and says what is wrong and how to mend it; checks_*.py are its checks
drain_job.py  a drain started by hand from the CronJob, followed to its end
events.py     a Kubernetes Event when messages are given up
selftest.py   what `helm test` runs: one signed webhook that nobody is sent an answer to, and what must follow
reload.py     the developer's loop: starts the service again when its source changes
"""
