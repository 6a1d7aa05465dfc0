"""The way of a cover as algorithms on numpy arrays. Knows neither ComfyUI nor HTTP."""
