"""A ComfyUI: its HTTP and websocket interface, and one of our own."""
