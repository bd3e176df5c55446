"""Dashboards, alert rules and their way into Grafana, all of it as code."""
