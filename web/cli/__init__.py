"""The ``wireloom`` command: what can be asked for, and who does it. Commands are imported when they run."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import TypeAlias

from web.cli.terminal import INTERRUPTED, Mistake, complain

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

COLLECT = (20_000, 20, 100)
"""How seldom Python looks for cycles: a graph of 10,000 nodes costs 61 us a node instead of 98 (make bench)."""

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8188


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status. argparse exits by itself for ``--help`` and for bad arguments."""
    args = build_parser().parse_args(argv)
    gc.set_threshold(*COLLECT)
    try:
        return int(import_module(args.module).main(args))
    except Mistake as mistake:
        complain(str(mistake))
        return mistake.status
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


def _version() -> str:
    try:
        return metadata.version("wireloom")
    except metadata.PackageNotFoundError:  # a checkout that was not installed
        return "(not installed)"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wireloom", description="Run node graphs that make pictures with Stable Diffusion."
    )
    parser.add_argument("--version", action="version", version=f"wireloom {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_serve(commands)
    _add_validate(commands)
    _add_nodes(commands)
    _add_models(commands)
    return parser


def _command(commands: Commands, name: str, does: str) -> argparse._ArgumentGroup:
    """A command with the arguments that all share; ``web.cli.NAME`` runs it."""
    parser = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.set_defaults(module=f"web.cli.{name}")
    places = parser.add_argument_group("places")
    places.add_argument("--data", type=Path, metavar="DIR", help="where models, pictures and the queue are kept")
    places.add_argument(
        "--extra-model-paths", type=Path, metavar="FILE.yaml", help="more model folders, as extra_model_paths.yaml"
    )
    return parser.add_argument_group(name)


def _add_run(commands: Commands) -> None:
    run = _command(commands, "run", "run a workflow and save its pictures")
    run.add_argument(
        "file", type=Path, nargs="?", help="a workflow in API format, or a PNG made by one; else text to image"
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change an input of the node with this id, title or class type",
    )
    run.add_argument("--text", metavar="WORDS", help="what to draw: the words behind a sampler's positive input")
    run.add_argument("--seed", type=int, help="the seed of every sampler")
    run.add_argument("--out", type=Path, metavar="DIR", help="where the pictures go")
    run.add_argument("--json", action="store_true", help="tell the result as one JSON object")
    run.add_argument("--verbose", action="store_true", help="show the traceback when a node fails")


def _add_serve(commands: Commands) -> None:
    serve = _command(commands, "serve", "serve the editor and ComfyUI's HTTP protocol")
    serve.add_argument("--host", default=DEFAULT_HOST, help=f"address to listen on (default {DEFAULT_HOST})")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"port to listen on (default {DEFAULT_PORT})")
    serve.add_argument(
        "--enable-cors-header",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        help="let pages of ORIGIN (default: any) call",
    )
    serve.add_argument("--max-upload-size", type=float, metavar="MB", help="largest accepted request body")
    serve.add_argument("--cache-mb", type=float, metavar="N", help="memory for remembered results")


def _add_validate(commands: Commands) -> None:
    validate = _command(commands, "validate", "check a workflow without running it")
    validate.add_argument("file", type=Path, help="a workflow in API format, or a PNG made by one")


def _add_nodes(commands: Commands) -> None:
    nodes = _command(commands, "nodes", "list the node types, or describe one")
    nodes.add_argument("name", nargs="?", help="a node type")
    nodes.add_argument("--json", action="store_true", help="as JSON")


def _add_models(commands: Commands) -> None:
    models = _command(commands, "models", "list the model files, folder by folder")
    models.add_argument("--json", action="store_true", help="as JSON")
