"""What a newer ComfyUI can be told of a node, given only where the running one knows it."""

import inspect
from collections.abc import Callable
from typing import Any


def known(taker: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Those of the arguments that `taker`, io.Schema or the class of an input, has a parameter for."""
    parameters = inspect.signature(taker).parameters
    return {name: value for name, value in arguments.items() if name in parameters}
