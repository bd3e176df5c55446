"""Dashboards: shows people. The writers of results and the views on them live here."""
