"""Large workflows: a small one, over and over, side by side."""

from __future__ import annotations

import copy
from typing import Any

GAP = 80


def tiled(document: dict[str, Any], count: int) -> dict[str, Any]:
    """A workflow of so many nodes, in about the shape of a screen; its last tile is cut short."""
    sides = [(node["pos"], node["size"]) for node in document["nodes"]]
    width = max(x + w for (x, _), (w, _) in sides) - min(x for (x, _), _ in sides) + GAP
    height = max(y + h for (_, y), (_, h) in sides) - min(y for (_, y), _ in sides) + GAP
    nodes, links = document["nodes"], document["links"]
    tiles = -(-count // len(nodes))
    columns = max(1, round((tiles * height * 16 / 9 / width) ** 0.5))
    node_step = max(node["id"] for node in nodes)
    link_step = max(link[0] for link in links)
    made: list[dict[str, Any]] = []
    for tile in range(tiles):
        row, column = divmod(tile, columns)
        for node in copy.deepcopy(nodes)[: count - tile * len(nodes)]:
            x, y = node["pos"]
            made.append(node | {"id": node["id"] + tile * node_step, "pos": [x + column * width, y + row * height]})
            for end in node.get("inputs", []):
                end["link"] = None if end.get("link") is None else end["link"] + tile * link_step
            for end in node.get("outputs", []):
                end["links"] = [link + tile * link_step for link in end.get("links") or []]
    there = {node["id"] for node in made}
    wires = [
        [link + tile * link_step, start + tile * node_step, slot, end + tile * node_step, into, of]
        for tile in range(tiles)
        for link, start, slot, end, into, of in links
        if {start + tile * node_step, end + tile * node_step} <= there
    ]
    kept = {wire[0] for wire in wires}
    for node in made:
        for end in node.get("inputs", []):
            end["link"] = end["link"] if end["link"] in kept else None
        for end in node.get("outputs", []):
            end["links"] = [link for link in end["links"] if link in kept]
    last = {"last_node_id": max(there), "last_link_id": max(kept, default=0)}
    return {**document, **last, "nodes": made, "links": wires, "groups": []}
