"""What of a workflow goes into the files that its nodes save: how much is a setting, and fields may be private.

A node names its private inputs in ``_meta`` (API format) or ``properties`` (an editor's): ``{"wireloom": {"private":
["text"]}}``. The hidden inputs that are for files bring the workflow without their values, whichever node asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from engine.checks import is_link
from engine.exposed import OWN, Place
from engine.graph import NodeId
from engine.infotext import infotext_of
from engine.jobs import Job
from engine.lower_widgets import default, positions
from engine.node import MISSING
from engine.registry import Registry
from engine.workflow import unwrapped

Level: TypeAlias = Literal["none", "recipe", "full"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The least first: nothing; the workflow as it ran; that and all that clients send along, as the editor's workflow."""

INFOTEXT = "parameters"
"""Where web UIs look for an infotext. It is no JSON."""
COMMON = 1000
"""Numbers below may stand for anything: such a private value is left out at its own place alone."""


@dataclass(frozen=True)
class Embedding:
    """The setting. ``infotext`` adds the text that web UIs read, where a workflow is as simple as that."""

    level: Level = "full"
    infotext: bool = False


class Embedded:
    """What nodes of a job are told of their workflow: no more than the setting allows, nor than the job asks for by its
    ``extra_data["embed"]``, which is one of LEVELS."""

    def __init__(self, job: Job, registry: Registry) -> None:
        self._job, self._registry = job, registry
        self._setting = registry.services.find(Embedding) or Embedding()
        asked = job.extra_data.get("embed")
        self.level: Level = min(self._setting.level, asked if asked in LEVELS else "full", key=LEVELS.index)

    @cached_property
    def private(self) -> frozenset[Place]:
        """The private inputs and, where one is fed by a link, all that feeds it."""
        found: set[Place] = set()
        open_places = [place for node_id in self._job.prompt for place in _marked(self._job.prompt, node_id)]
        while open_places:
            place = open_places.pop()
            if place in found:
                continue
            found.add(place)
            value: Any = _inputs(self._job.prompt, place.node).get(place.input)
            if is_link(value):
                open_places += [Place(value[0], name) for name in _inputs(self._job.prompt, value[0])]
        return frozenset(found)

    @cached_property
    def changed(self) -> str | None:
        """What a key must tell beside the workflow, if files will not hold what they usually do."""
        if self.level == "full" and not self._setting.infotext and not self.private:
            return None
        return json.dumps([self.level, self._setting.infotext, *sorted(self.private)])

    def hidden(self, kind: str, node_id: NodeId) -> Any:
        """The value of one of the EMBEDDED inputs."""
        if kind == "PROMPT":
            return None if self.level == "none" else self._prompt
        if self.level == "none":
            return None
        extra = self._extra if self.level == "full" else None
        text = self.infotext(self._prompt, node_id)
        return extra if text is None else {**(extra if isinstance(extra, Mapping) else {}), INFOTEXT: text}

    def infotext(self, prompt: Mapping[str, Any], node_id: NodeId) -> str | None:
        """What web UIs read of a picture that a node of such a workflow saves; None if unwanted or not simple."""
        return infotext_of(prompt, node_id) if self._setting.infotext and self.level != "none" else None

    def left_out(self) -> str | None:
        """What to tell of private values that are not in the file."""
        if self.level == "none" or not self.private:
            return None
        places = ", ".join(f"{place.node}.{place.input}" for place in sorted(self.private) if self._constant(place))
        return f"left out of the file, being private: {places}"

    @cached_property
    def _prompt(self) -> Mapping[str, Any]:
        prompt = dict(self._job.prompt)
        for place in self.private:
            if self._constant(place):
                node = prompt[place.node]
                inputs = {**node["inputs"], place.input: self._fallback(node.get("class_type"), place.input)}
                meta = {"_meta": _without_axis(node["_meta"], place.input)} if "_meta" in node else {}
                prompt[place.node] = {**node, "inputs": inputs, **meta}
        return prompt

    @cached_property
    def _extra(self) -> Any:
        """What clients send along, such as the editor's workflow, in which values may also stand in other places."""
        extra = self._job.extra_data.get("extra_pnginfo")
        if not self.private:
            return extra
        places = [place for place in self.private if self._constant(place)]
        values = [unwrapped(_inputs(self._job.prompt, place.node)[place.input]) for place in places]
        return self._without(extra, [value for value in values if _is_telling(value)])

    def _without(self, data: Any, secrets: list[Any]) -> Any:
        if isinstance(data, list):
            return [self._without(each, secrets) for each in data]
        if not isinstance(data, Mapping):
            return data
        node = self._without_own(data)
        return {
            key: _cleared(value, secrets)
            if key in ("widgets_values", "widgets_values_named")
            else self._without(value, secrets)
            for key, value in node.items()
        }

    def _without_own(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """A node of an editor's workflow without the values that it marks itself."""
        properties, values = node.get("properties"), node.get("widgets_values")
        names = _private((properties if isinstance(properties, Mapping) else {}).get(OWN))
        if not names:
            return node
        listed = self._listed(node)
        if isinstance(values, list) and listed:
            values = [None if name in names else value for name, value in zip(listed, values, strict=False)]
        elif isinstance(values, Mapping):
            values = {name: None if name in names else value for name, value in values.items()}
        else:
            values = None  # nobody knows which value is whose
        named = node.get("widgets_values_named")
        kept = {name: value for name, value in named.items() if name not in names} if isinstance(named, Mapping) else {}
        for name in names:
            properties = _without_axis(properties, name)
        changed = {**node, "properties": properties, "widgets_values": values}
        return changed | ({"widgets_values_named": kept} if named is not None else {})

    def _listed(self, node: Mapping[str, Any]) -> list[str]:
        """The names of a node's values; empty if nobody knows them. What stands for a subgraph tells them itself."""
        if definition := self._registry.get(str(node.get("type"))):
            return [position.name for position in positions(definition)]
        properties, inputs, values = node.get("properties"), node.get("inputs"), node.get("widgets_values")
        if not isinstance(inputs, list) or not isinstance(values, list) or "proxyWidgets" in (properties or {}):
            return []
        listed = [str(entry.get("name")) for entry in inputs if isinstance(entry, Mapping) and entry.get("widget")]
        return listed if len(listed) == len(values) else []

    def _constant(self, place: Place) -> bool:
        inputs = _inputs(self._job.prompt, place.node)
        return place.input in inputs and not is_link(inputs[place.input])

    def _fallback(self, kind: Any, name: str) -> Any:
        """The default of an input; a text without one is empty, anything else null."""
        definition = self._registry.get(str(kind))
        spec = definition.by_name.get(name) if definition else None
        if spec is None:
            return None
        value = default(spec, self._registry)
        if value is MISSING:
            return "" if spec.type == "STRING" else None
        return value


def _inputs(prompt: Mapping[str, Any], node_id: NodeId) -> Mapping[str, Any]:
    node = prompt.get(node_id)
    inputs = node.get("inputs") if isinstance(node, Mapping) else None
    return inputs if isinstance(inputs, Mapping) else {}


def _marked(prompt: Mapping[str, Any], node_id: NodeId) -> Iterator[Place]:
    node = prompt[node_id]
    meta = node.get("_meta") if isinstance(node, Mapping) else None
    return (Place(node_id, name) for name in _private(meta.get(OWN) if isinstance(meta, Mapping) else None))


def _private(own: Any) -> frozenset[str]:
    names = own.get("private") if isinstance(own, Mapping) else None
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def _without_axis(around: Any, name: str) -> Any:
    """``_meta`` or ``properties`` without what an editor would sweep an input over: those are its values too."""
    own = around.get(OWN) if isinstance(around, Mapping) else None
    if not isinstance(own, Mapping) or not isinstance(axes := own.get("axes"), Mapping) or name not in axes:
        return around
    return {**around, OWN: {**own, "axes": {each: text for each, text in axes.items() if each != name}}}


def _is_telling(value: Any) -> bool:
    if isinstance(value, bool) or value is None or value == "":
        return False
    return not isinstance(value, int | float) or abs(value) >= COMMON


def _cleared(values: Any, secrets: list[Any]) -> Any:
    """Values of widgets without those that are private elsewhere, as of a subgraph's node that passes them on."""
    if values in secrets:
        return None
    if isinstance(values, list):
        return [_cleared(value, secrets) for value in values]
    if isinstance(values, Mapping):
        return {name: _cleared(value, secrets) for name, value in values.items()}
    return values
