"""Workflows made at random over a few node types, and changes to their UI form that do not change their meaning."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from hypothesis import strategies as st

from engine.node import InputSpec, NodeDef, OutputSpec
from engine.registry import Registry

Json: TypeAlias = dict[str, Any]


def _thing(**inputs: Any) -> None:
    raise AssertionError("these nodes are not run")


def _type(name: str, inputs: list[InputSpec], *outputs: str, **more: Any) -> NodeDef:
    return NodeDef(name, _thing, tuple(inputs), tuple(OutputSpec(kind, kind) for kind in outputs), **more)


WORDS = InputSpec("words", "STRING", default="", options={"multiline": True})
COUNT = InputSpec("count", "INT", default=1, options={"min": 0})
LOUD = InputSpec("loud", "BOOLEAN", default=False)
SHADE = InputSpec("shade", "COMBO", choices=("red", "green", "blue"), required=False)
TYPES = (
    _type("Source", [SHADE, WORDS, COUNT, LOUD], "THING", "INT", title="A source"),
    _type(
        "Sampler",
        [
            InputSpec("thing", "THING", link_only=True),
            InputSpec("seed", "INT", default=0),
            InputSpec("strength", "FLOAT", default=1.0),
            InputSpec("method", "COMBO", choices=("one", "two"), options={"control_after_generate": True}),
            InputSpec("mask", "MASK", required=False, link_only=True),
            InputSpec("noise_seed", "INT", default=0, required=False, options={"control_after_generate": False}),
        ],
        "THING",
        "MASK",
    ),
    _type("Load", [InputSpec("file", "COMBO", choices=("a.png",), options={"image_upload": True}), COUNT], "THING"),
    _type("Pass", [InputSpec("thing", "THING", link_only=True)], "THING"),
    _type("Late", [InputSpec("count", "INT", options={"forceInput": True}), WORDS], "INT"),
    _type("Any", [InputSpec("value", "*", required=False)], "*", extra=InputSpec("", "*", required=False)),
    _type("Picks", [InputSpec("picked", "COMBO", options={"options": ["a", "b"], "multiselect": True})], "INT"),
    _type("Sink", [InputSpec("thing", "THING,MASK"), COUNT], is_output=True),
)


def registry() -> Registry:
    made = Registry()
    made.add(*TYPES)
    return made


CONSTANTS: Mapping[str, st.SearchStrategy[Any]] = {
    "INT": st.integers(0, 2**64 - 1),
    "FLOAT": st.floats(allow_nan=False, allow_infinity=False),
    "STRING": st.text(max_size=8),
    "BOOLEAN": st.booleans(),
    "COMBO": st.sampled_from(["red", "one", "a.png", "gone"]),
    "PICKS": st.lists(st.sampled_from("ab"), max_size=3).map(lambda picked: {"__value__": picked}),
}


@st.composite
def api_graphs(draw: st.DrawFn, most: int = 7) -> Json:
    """A workflow in API format: every widget given or linked, titles always there."""
    made: Json = {}
    for number in range(draw(st.integers(1, most))):
        node_id = draw(st.sampled_from([str(number + 1), f"part {number}", f"9:{number}"]))
        definition = draw(st.sampled_from(TYPES))
        inputs: Json = {}
        for spec in definition.inputs:
            sources = _outputs(made, spec.type)
            widget = spec.type in CONSTANTS and not spec.options.get("forceInput")
            if sources and draw(st.booleans()):
                inputs[spec.name] = list(draw(st.sampled_from(sources)))
            elif widget:
                inputs[spec.name] = draw(CONSTANTS["PICKS" if spec.name == "picked" else spec.type])
        if definition.extra and draw(st.booleans()):
            inputs["more"] = draw(st.sampled_from([list(each) for each in _outputs(made, "*")] or [5]))
        title = draw(st.sampled_from([definition.title or definition.name, "Mine"]))
        made[node_id] = {"class_type": definition.name, "inputs": inputs, "_meta": {"title": title}}
    return made


def _outputs(made: Json, wanted: str) -> list[tuple[str, int]]:
    types = {definition.name: definition for definition in TYPES}
    return [
        (node_id, slot)
        for node_id, node in made.items()
        for slot, output in enumerate(types[node["class_type"]].outputs)
        if wanted == "*" or output.type in wanted.split(",")
    ]


class Drawn:
    """A UI workflow of schema 1 that can be redrawn; ``api`` is what it must be lowered to."""

    def __init__(self, ui: Json, api: Json, draw: st.DrawFn) -> None:
        self.ui, self.api, self._draw = copy.deepcopy(ui), copy.deepcopy(api), draw
        self._root = {node_id: node_id for node_id in api}  # API id -> id of the node at the root that it lies in
        self._last = 1000
        self.ui["definitions"] = {"subgraphs": []}

    def redraw(self) -> None:
        """One change at random."""
        into = [self.wrap, self.wrap, self.use_primitive]
        self._draw(st.sampled_from([*into, self.reroute, self.note, self.mute_a_copy, self.bypass, self.shuffle]))()

    def reroute(self) -> None:
        """Put a reroute on a link."""
        if link := self._some_link():
            node = self._node("Reroute", [_entry("", "*")], [_output("", link["type"])])
            self._split(link, node)

    def note(self) -> None:
        self._node(self._draw(st.sampled_from(["Note", "MarkdownNote"])), [], [])["widgets_values"] = ["see here"]

    def mute_a_copy(self) -> None:
        """A node like another, muted, with a link from it to an input that is free."""
        models = [node for node in self.ui["nodes"] if node["type"] != "PrimitiveNode"]  # those speak even when muted
        if not models:
            return
        node = copy.deepcopy(self._draw(st.sampled_from(models)))
        node |= {"id": self._new_id(), "mode": 2}
        for entry in node["inputs"]:
            entry["link"] = None
        self.ui["nodes"].append(node)
        free = [
            (target, entry)
            for target in self.ui["nodes"]
            for entry in target["inputs"]
            if entry["link"] is None and target["type"] in ("Sampler", "Source") and target is not node
        ]
        if free and node["outputs"]:
            target, entry = self._draw(st.sampled_from(free))
            self._connect(node["id"], 0, target, entry, "*")

    def bypass(self) -> None:
        """Put a bypassed node on a link."""
        link = self._some_link()
        if not link or link["type"] != "THING":
            return
        entries = [_entry("thing", "THING"), _entry("other", "MASK")]
        target = next(node for node in self.ui["nodes"] if node["id"] == link["target_id"])
        # Found by type; a target of any type takes the same place.
        picky = target["type"] in ("Sampler", "Pass") and target["mode"] == 0
        node = self._node("Pass", entries[::-1] if picky else entries, [_output("THING", "THING")])
        node["mode"] = 4
        self._split(link, node, entry=1 if picky else 0)

    def use_primitive(self) -> None:
        """Move a widget's value into a PrimitiveNode."""
        held = self._widgets(self.ui["nodes"])
        if not held:
            return
        node, name, place = self._draw(st.sampled_from(held))
        value = node["widgets_values"][place]
        entry = next(entry for entry in node["inputs"] if entry["name"] == name)
        primitive = self._node("PrimitiveNode", [], [{**_output(name, entry["type"]), "widget": {"name": name}}])
        primitive["widgets_values"] = [value, "fixed"]
        node["widgets_values"][place] = self._junk(value)
        self._connect(primitive["id"], 0, node, entry, entry["type"])

    def wrap(self) -> None:
        """Move some nodes into a subgraph, and perhaps one of their widgets onto it."""
        nodes = [node for node in self.ui["nodes"] if self._draw(st.booleans())]
        if not nodes:
            return
        ids = {str(node["id"]) for node in nodes}
        instance = self._node(f"subgraph {self._last}", [], [])
        instance |= {"properties": {}, "widgets_values": []}
        inside: Json = {"id": instance["type"], "name": "Part", "inputs": [], "outputs": []}
        inside |= {"nodes": nodes, "links": []}
        promoted = [each for each in self._widgets(nodes) if self._draw(st.booleans())][:1]
        outside = []
        for link in self.ui["links"]:
            begins, ends = str(link["origin_id"]) in ids, str(link["target_id"]) in ids
            if begins and ends:
                inside["links"].append(link)
            elif ends:
                outside.append(self._into(link, instance, inside))
            elif begins:
                outside.append(self._out_of(link, instance, inside))
            else:
                outside.append(link)
        self.ui["links"] = outside
        self.ui["nodes"] = [node for node in self.ui["nodes"] if str(node["id"]) not in ids]
        for node, name, place in promoted:
            self._promote(node, name, place, instance, inside)
        self.ui["definitions"]["subgraphs"].append(inside)
        self._rename(ids, str(instance["id"]))

    def shuffle(self) -> None:
        """Other orders, other numbers of links, stale slots."""
        self.ui["nodes"] = self._draw(st.permutations(self.ui["nodes"]))
        for node in self.ui["nodes"]:
            if node["mode"] == 0 and node["type"] not in ("Reroute", "PrimitiveNode"):
                node["inputs"] = self._draw(st.permutations(node["inputs"]))
        numbers = {link["id"]: self._new_id() for link in self.ui["links"]}
        for link in self.ui["links"]:
            link |= {"id": numbers[link["id"]], "target_slot": 0}
        for node in self.ui["nodes"]:
            for entry in node["inputs"]:
                entry["link"] = numbers.get(entry["link"])
        self.ui["links"] = self._draw(st.permutations(self.ui["links"]))

    def _into(self, link: Json, instance: Json, inside: Json) -> Json:
        port = len(inside["inputs"])
        inside["inputs"].append({"name": f"in {port}", "type": link["type"], "linkIds": [link["id"]]})
        inside["links"].append({**link, "origin_id": -10, "origin_slot": port})
        number = self._new_id()
        entry = _entry(f"in {port}", link["type"], number)
        ends = (each for node in inside["nodes"] for each in node["inputs"] if each["link"] == link["id"])
        if any("widget" in end for end in ends):
            entry["widget"] = {"name": entry["name"]}
            instance["widgets_values"].append(None)
        instance["inputs"].append(entry)
        return {**link, "id": number, "target_id": instance["id"], "target_slot": port}

    def _out_of(self, link: Json, instance: Json, inside: Json) -> Json:
        port, number = len(inside["outputs"]), self._new_id()
        inside["outputs"].append({"name": f"out {port}", "type": link["type"], "linkIds": [number]})
        inside["links"].append({**link, "id": number, "target_id": -20, "target_slot": port})
        instance["outputs"].append(_output(f"out {port}", link["type"]))
        return {**link, "origin_id": instance["id"], "origin_slot": port}

    def _promote(self, node: Json, name: str, place: int, instance: Json, inside: Json) -> None:
        value = node["widgets_values"][place]
        node["widgets_values"][place] = self._junk(value)
        form = self._draw(st.sampled_from(["input", "input left out", "proxy", "widgets", "named"]))
        if form == "proxy":
            instance["properties"]["proxyWidgets"] = [[str(node["id"]), name]]
            instance["widgets_values"] = [value]
        elif form == "widgets":
            inside["widgets"] = [{"id": node["id"], "name": name}]
            instance["widgets_values"] = [value]
        else:
            instance["widgets_values"].append(value)
            number, port = self._new_id(), len(inside["inputs"])
            entry = next(entry for entry in node["inputs"] if entry["name"] == name)
            entry["link"] = number
            ends = {"target_id": node["id"], "target_slot": 0, "type": "*"}
            inside["links"].append({"id": number, "origin_id": -10, "origin_slot": port, **ends})
            inside["inputs"].append({"name": f"{name} {port}", "type": entry["type"], "linkIds": [number]})
            shown = {**_entry(f"{name} {port}", entry["type"]), "widget": {"name": f"{name} {port}"}}
            instance["inputs"] += [] if form == "input left out" else [shown]
            if form == "named":
                instance |= {"widgets_values": [], "widgets_values_named": {f"{name} {port}": value}}

    def _widgets(self, nodes: list[Json]) -> list[tuple[Json, str, int]]:
        """Widgets without a link whose value stands first in the list: node, name and place."""
        first = {"Source": [("words", 0), ("count", 1)], "Sampler": [("seed", 0)], "Sink": [("count", 0)]}
        return [
            (node, name, place)
            for node in nodes
            for name, place in first.get(node["type"], [])
            for entry in node["inputs"]
            if entry["name"] == name and entry["link"] is None and node["mode"] == 0
        ]

    def _rename(self, ids: set[str], instance: str) -> None:
        new = {each: f"{instance}:{each}" if root in ids else each for each, root in self._root.items()}
        self._root = {new[each]: instance if root in ids else root for each, root in self._root.items()}
        made = {new[node_id]: node for node_id, node in self.api.items()}
        for node in made.values():
            for name, value in node["inputs"].items():
                if isinstance(value, list):
                    node["inputs"][name] = [new[value[0]], value[1]]
        self.api = made

    def _split(self, link: Json, node: Json, entry: int = 0) -> None:
        """Lead a link through a node."""
        number = self._new_id()
        self.ui["links"].append({**link, "id": number, "target_id": node["id"], "target_slot": entry})
        node["inputs"][entry]["link"] = number
        link |= {"origin_id": node["id"], "origin_slot": 0}

    def _connect(self, origin: int, slot: int, node: Json, entry: Json, kind: str) -> None:
        ends = {"origin_id": origin, "origin_slot": slot, "target_id": node["id"], "target_slot": 0}
        entry["link"] = self._new_id()
        self.ui["links"].append({"id": entry["link"], **ends, "type": kind})

    def _node(self, kind: str, inputs: list[Json], outputs: list[Json]) -> Json:
        made: Json = {"id": self._new_id(), "type": kind, "mode": 0, "inputs": inputs, "outputs": outputs}
        self.ui["nodes"].append(made)
        return made

    def _some_link(self) -> Json | None:
        return self._draw(st.sampled_from(self.ui["links"])) if self.ui["links"] else None

    def _new_id(self) -> int:
        self._last += 1
        return self._last

    def _junk(self, value: Any) -> Any:
        return "not this" if isinstance(value, str) else 424242


def _entry(name: str, kind: str, link: int | None = None) -> Json:
    return {"name": name, "type": kind, "link": link}


def _output(name: str, kind: str) -> Json:
    return {"name": name, "type": kind, "links": None}


def as_saved(document: Json) -> Json:
    """After a trip through a file."""
    read: Json = json.loads(json.dumps(document))
    return read
