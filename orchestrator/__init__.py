"""Submits covers to a ComfyUI and brings back loops that can be trusted."""
