"""How a run failed, as data that can be stored and sent."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from typing import Any

from engine.errors import CycleError, EngineError, NodeFailed
from engine.events import NodeFailure, RunCancelled
from engine.graph import NodeId
from engine.relief import is_out_of_memory
from engine.run import Run

MEMORY_HINT = (
    "There was not enough memory, although all that could be let go was. Try a smaller picture or batch, or the tiled "
    "VAE nodes; close other programs, or give this one more memory."
)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FULL_HINT = "The disk is full: make room on it, and run the workflow again."
PLAIN = (int, float, str, bool, type(None))
SHOWN_CHARACTERS = 500


def of_node(run: Run, failed: NodeFailed) -> NodeFailure:
    """A node raised. Blamed is the node of the workflow; the text names the one that it expanded into."""
    real = run.graph[run.graph.ref(failed.node.id).real]
    within = "" if real.id == failed.node.id else f"in node {failed.node.id} ({failed.node.type})"
    hint = MEMORY_HINT if is_out_of_memory(failed.error) else FULL_HINT if _is_full(failed.error) else ""
    return failure(real.id, real.type, failed.error, failed.inputs, run, within, hint)


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def of_cycle(run: Run, error: CycleError) -> NodeFailure:
    """Nodes that wait for one another, found while running: blamed is the first that an expansion brought."""
    refs = [run.graph.ref(node_id) for node_id in error.loop]
    blamed = next((ref.shown_as for ref in refs if ref.parent is not None), error.loop[0])
    kind = run.graph[blamed].type if blamed in run.graph else ""
    message = "Dependency cycle detected\n" + " -> ".join(error.loop)
    return NodeFailure(blamed, kind, message, "graph.DependencyCycleError", (), {}, tuple(run.executed), run.settled())


def of_engine(run: Run, error: EngineError) -> NodeFailure:
    """Something else the engine refuses: blamed is a node that was running."""
    first = next(iter(run.started), "")
    return failure(first, run.graph[first].type if first else "", error, run=run)


def of_interrupt(run: Run) -> RunCancelled:
    """Where an interrupt met the run: the node that began last."""
    if not run.started:
        return RunCancelled(run.job.id, executed=tuple(run.executed))
    real = run.graph[run.graph.ref(next(reversed(run.started))).real]
    return RunCancelled(run.job.id, real.id, real.type, tuple(run.executed))


def failure(
    node_id: NodeId,
    node_type: str,
    error: BaseException,
    inputs: Mapping[str, list[Any]] | None = None,
    run: Run | None = None,
    *further: str,
) -> NodeFailure:
    """The error as data: what was tried, on what, and where it went wrong; notes become further lines."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    lines = [str(error), *getattr(error, "__notes__", ()), *further]
    return NodeFailure(
        node_id=node_id,
        node_type=node_type,
        message="\n".join(filter(None, lines)),
        exception_type=name,
        traceback=tuple(traceback.format_tb(error.__traceback__)),
        inputs={k: [v if isinstance(v, PLAIN) else brief(v) for v in values] for k, values in (inputs or {}).items()},
        executed=tuple(run.executed) if run else (),
        outputs=run.settled() if run else (),
    )


def forget(error: BaseException) -> None:
    """Let go of what the calls that an error went through were given: errors and calls refer to each other, so that
    pictures would stay until Python looks for circles."""
    ahead, seen = [error], set[int]()
    while ahead:
        each = ahead.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        traceback.clear_frames(each.__traceback__)
        each.__traceback__ = None
        within = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        ahead += [other for other in (each.__cause__, each.__context__, *within) if other is not None]
        each.__context__ = None


def brief(value: Any) -> str:
    """A value's text, short enough to send: a tensor's shape says more than its numbers."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    return str(value)[:SHOWN_CHARACTERS]
