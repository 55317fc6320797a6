"""What can be counted and measured of a running server, for Prometheus."""
