"""Dashboards, recording rules and alerts as code. `python -m dashboards.build` writes what the chart ships."""
