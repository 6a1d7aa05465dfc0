"""Published graphs beside nodes that have grown since."""

import requests


def as_published(exported, committed, url):
    """Without optional inputs that a node got since the graph was published, where they are at their defaults."""
    known = requests.get(f"{url}/object_info", timeout=60).json()
    for id, node in exported.items():
        optional = known.get(node["class_type"], {}).get("input", {}).get("optional", {})
        for key in set(node["inputs"]) - set(committed.get(id, {}).get("inputs", {})):
            if key in optional and node["inputs"][key] == optional[key][1].get("default"):
                del node["inputs"][key]
    return exported
