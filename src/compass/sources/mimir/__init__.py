"""Metrics and alerts from any server with Prometheus' HTTP API: Prometheus, Mimir, Thanos, VictoriaMetrics, Grafana
Cloud."""

from compass.sources.mimir.connector import CONNECTOR

__all__ = ["CONNECTOR"]
