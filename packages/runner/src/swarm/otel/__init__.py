"""OpenTelemetry: a span and measurements for each request, sent to a collector. Needs the extra `otel`.

Only `setup` may be imported without that extra.
"""
