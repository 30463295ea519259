"""`python -m webinfer [URL]`: prints what is running at a service, in a few lines."""
from __future__ import annotations

import sys
from typing import Any, Dict, List, cast

from .client import Client
from .errors import WebinferError
from .types import Status


def lines(url: str, status: Status) -> List[str]:
    """The printed lines for a service."""
    queue = status["queue"]
    out = [f"webinferd {status['version']} at {url}, since {status['uptime_s'] / 60:.0f} minutes",
           f"{queue['running']} running, {queue['waiting']} waiting"]
    if status["problem"]:
        out.append(f"problem: {status['problem']}")
    for node in status["nodes"]:
        state = "away" if node["away"] else "draining" if node["draining"] else \
            "paused" if node["paused"] else "ready"
        out.append(f"  {node['id']}  {node['browser'] or '?'} {node['browser_version']}  {state}, "
                   f"{node['attempts']} running")
    out.append(f"{len(status['models'])} models")
    for model in cast(List[Dict[str, Any]], status["models"]):
        loaded = len(model.get("loaded", [])) + model.get("loaded_more", 0)
        where = f"loaded on {loaded} node{'s' if loaded > 1 else ''}" if loaded else "not loaded"
        out.append(f"  {model['name']}  {model.get('type') or '-'}  {where}")
    out += [f"warning: {warning}" for warning in status["warnings"]]
    return out


def main() -> int:
    words = sys.argv[1:]
    if len(words) > 1 or words and words[0].startswith("-"):
        print("usage: python -m webinfer [URL]\n\nShows what runs at a webinferd: at URL, WEBINFER_URL "
              "or http://127.0.0.1:8470.", file=sys.stdout if words in (["-h"], ["--help"]) else sys.stderr)
        return 0 if words in (["-h"], ["--help"]) else 2
    try:
        with Client(*words) as client:
            status = client.status()
            status["nodes"] = [*client.nodes()["nodes"]]
            status["models"] = client.models()["models"]
            print("\n".join(lines(client.url, status)))
    except (WebinferError, ValueError, OSError) as error:
        print(f"webinfer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
