"""Submits covers to a running ComfyUI over its HTTP and websocket API. Builds no graph: workflows are data."""
