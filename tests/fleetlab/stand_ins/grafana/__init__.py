"""A stand-in for Grafana, written from its documentation: not Grafana, and no proof about it."""
