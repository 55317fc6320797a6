"""``wireloom run --explain``: the workflow as a tree, and at each node why it ran or did not have to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

HOW = {
    "memory": "remembered",
    "disk": "remembered on disk",
    "equal": "equal to another node",
    "unchanged": "not run again: its inputs hold what they held before",
    "skipped": "not needed",
    "failed": "failed",
}
STYLES = {"ran": "bold", "failed": "bold red"}
SHOWN_ROUNDS = 8


@dataclass(frozen=True)
class Explanation:
    """What ``GET /explain`` tells of a run, with its workflow in API format and the outputs that were asked for."""

    nodes: Mapping[str, Any]
    prompt: Mapping[str, Any]
    targets: Sequence[str]


def show_explanation(explanation: Explanation, titles: Mapping[str, str]) -> None:
    """Draw the tree on stderr, beside the progress."""
    Console(stderr=True).print(_Drawing(explanation, titles).tree(explanation.targets))


class _Drawing:
    """Outputs at the roots, what they are made from below them."""

    def __init__(self, explanation: Explanation, titles: Mapping[str, str]) -> None:
        self._nodes, self._prompt, self._titles = explanation.nodes, explanation.prompt, titles
        self._drawn: set[str] = set()

    def tree(self, targets: Sequence[str]) -> Tree:
        root = Tree("why each node ran", hide_root=True)
        for target in targets:
            self._add(root, target)
        return root

    def _add(self, above: Tree, node_id: str) -> None:
        if node_id in self._drawn:
            above.add(Text(f"{self._name(node_id)}: see above", style="dim"))
            return
        self._drawn.add(node_id)
        branch = above.add(self._line(node_id))
        self._add_rounds(branch, node_id)
        for value in self._prompt[node_id].get("inputs", {}).values():
            if isinstance(value, list) and len(value) == 2 and value[0] in self._prompt:
                self._add(branch, value[0])

    def _add_rounds(self, branch: Tree, node_id: str) -> None:
        """What the node expanded into: how many ran, and the first of these."""
        brought = [key for key in self._nodes if key not in self._prompt and self._outermost(key) == node_id]
        if not brought:
            return
        ran = [key for key in brought if self._nodes[key]["how"] in ("ran", "failed")]
        inner = branch.add(Text(f"expanded into {len(brought)} nodes, {len(ran)} of them ran"))
        for key in ran[:SHOWN_ROUNDS]:
            inner.add(self._line(key))
        if len(ran) > SHOWN_ROUNDS:
            inner.add(Text(f"and {len(ran) - SHOWN_ROUNDS} more", style="dim"))

    def _outermost(self, node_id: str) -> str:
        while (parent := self._nodes[node_id].get("parent")) is not None:
            node_id = parent
        return node_id

    def _line(self, node_id: str) -> Text:
        account = self._nodes.get(node_id, {"how": "skipped", "causes": []})
        how = account["how"]
        said = f"ran, {account['seconds']:.2f} s" if how == "ran" else HOW[how]
        causes = "; ".join(self._cause(cause) for cause in account["causes"])
        return Text.assemble(
            (self._name(node_id), STYLES.get(how, "")), f": {said}", (f" because {causes}" if causes else "", "dim")
        )

    def _name(self, node_id: str) -> str:
        account = self._nodes.get(node_id, {})
        shown = account.get("shown_as") or node_id
        title = self._titles.get(shown, account.get("type", shown))
        return title if shown == node_id else f"{title} ({node_id})"

    def _cause(self, cause: Mapping[str, Any]) -> str:
        where, before, now = cause.get("input"), cause.get("before"), cause.get("now")
        texts = {
            "new": "it is new",
            "type": f"it was a {before}",
            "version": f"its code changed (version {before} to {now})",
            "input": f"{where} changed from {before!r} to {now!r}",
            "file": f"the file of {where} changed",
            "upstream": f"{where} comes from {self._name(cause.get('node', ''))}, which changed",
            "link": f"{where} is linked to {self._name(cause.get('node', ''))} now",
            "always": "it runs each time",
            "changed": f"its fingerprint changed from {before!r} to {now!r}",
            "forgotten": "its result was not kept",
        }
        return texts[cause["kind"]]
