"""The ``wireloom`` command: what can be asked for, and who does it. Commands are imported when they run."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from web.cli.certificates import unread_certificates
from web.cli.quantities import ALONE, batch, count, days, megabytes, seconds, share
from web.cli.shared_options import add_caches, add_computing, add_metadata, add_packs
from web.cli.terminal import INTERRUPTED, Mistake, complain, say

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

COLLECT = (20_000, 20, 100)
"""How seldom Python looks for cycles: a graph of 10,000 nodes costs 61 us a node instead of 98 (make bench)."""

BUNDLE_MIB = 500.0
SERVE = "web.cli.serve"
BUNDLED_MODEL = "wireloom-mini.safetensors"
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8188


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status. argparse exits by itself for ``--help`` and for bad arguments."""
    argv = sys.argv[1:] if argv is None else argv
    args = build_parser().parse_args(argv)
    args.argv = list(argv)
    gc.set_threshold(*COLLECT)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for any is to look through all packages
    try:
        with unread_certificates() if args.module == SERVE else nullcontext():
            module = import_module(args.module)
        return int(module.main(args))
    except Mistake as mistake:
        complain(str(mistake))
        return mistake.status
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


class _Version(argparse.Action):
    """Tells the version, which is only then looked up among the packages that are installed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata

        try:
            version = metadata.version("wireloom")
        except metadata.PackageNotFoundError:  # a checkout
            version = "(not installed)"
        say(f"wireloom {version}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wireloom", description="Run node graphs that make pictures with Stable Diffusion."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_serve(commands)
    _add_verify(commands)
    _add_validate(commands)
    _add_convert(commands)
    _add_diff(commands)
    _add_nodes(commands)
    _add_models(commands)
    _add_evaluate(commands)
    _add_bundle(commands)
    _add_worker(commands)
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
        "file", type=Path, nargs="?", help="a workflow in either format, or a picture made by one; else text to image"
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change an input of the node with this id, title or class type",
    )
    run.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUES",
        help="the picture for each of several values: Draw.cfg=2,4,8 or Draw.steps=1..10; twice for a grid",
    )
    run.add_argument("--text", metavar="WORDS", help="what to draw: the words behind a sampler's positive input")
    run.add_argument("--seed", type=int, help="the seed of every sampler")
    run.add_argument("--out", type=Path, metavar="DIR", help="where the pictures go")
    run.add_argument("--server", metavar="URL", help="run it there, and fetch the pictures (default for --out: .)")
    run.add_argument("--token", help="what the server asks for (default: $WIRELOOM_TOKEN)")
    run.add_argument(
        "--upload",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="send a file that the workflow names to the server first",
    )
    run.add_argument("--json", action="store_true", help="tell the result as one JSON object")
    run.add_argument("--explain", action="store_true", help="tell why each node ran, or did not have to")
    add_computing(run)
    add_caches(run)
    add_metadata(run)
    run.set_defaults(jobs=1, batch=ALONE)
    add_packs(run)
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
    serve.add_argument(
        "--frontend", metavar="DIR", help="serve the front end in DIR at /; comfy is ComfyUI's own, if installed"
    )
    serve.add_argument("--max-upload-size", type=float, metavar="MB", help="largest accepted request body")
    serve.add_argument(
        "--enable-compress-response-body", action="store_true", help="send JSON and text as gzip where that is accepted"
    )
    serve.add_argument(
        "--token",
        nargs="?",
        const="",
        help="answer only who knows TOKEN (else $WIRELOOM_TOKEN; one is made if it is needed, or none is given)",
    )
    serve.add_argument(
        "--allow-host", action="append", metavar="NAME", help="a name that this server goes by, as behind a proxy"
    )
    serve.add_argument(
        "--webhook-host",
        action="append",
        metavar="HOST",
        help="where webhooks may lead (default: anywhere, or nowhere if --host is not this machine alone)",
    )
    serve.add_argument("--max-queue", type=count, metavar="N", help="how many jobs of one client may wait")
    serve.add_argument("--keep-jobs", type=count, metavar="N", help="how many jobs that ended are kept (default: all)")
    serve.add_argument(
        "--keep-days", type=days, metavar="D", help="how long a job is kept once it has ended (default: for good)"
    )
    serve.add_argument(
        "--multi-user", action="store_true", help="keep people's settings and workflows apart; anyone can be anyone"
    )
    serve.add_argument(
        "--worker-silence",
        type=seconds,
        default=20.0,
        metavar="SECONDS",
        help="how long the process that computes may not answer before it is replaced (default 20)",
    )
    serve.add_argument(
        "--cancel-grace",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long a job may take to stop before that process is replaced (default 10)",
    )
    serve.add_argument("--in-process", action="store_true", help="compute in the server's own process, to debug nodes")
    serve.add_argument(
        "--log", choices=("text", "json"), default="text", help="the form of log lines; json is for programs to read"
    )
    serve.add_argument(
        "--jobs", type=count, default=1, metavar="N", help="how many jobs run at once, by turns (default 1)"
    )
    serve.add_argument(
        "--batch",
        type=batch,
        default=ALONE,
        metavar="off|auto|N",
        help="send steps of several jobs through a network together: N of them at most, or as many as were measured to "
        "be faster; pictures then differ by rounding (default off: the same bytes as alone)",
    )
    add_computing(serve)
    add_caches(serve)
    add_metadata(serve)
    add_packs(serve)


def _add_verify(commands: Commands) -> None:
    verify = _command(commands, "verify", "make a picture again, and say whether it is the same and if not, why")
    verify.add_argument("file", type=Path, help="a PNG, WebP or GIF that carries its workflow")
    verify.add_argument("--json", action="store_true", help="tell the result as one JSON object")
    add_computing(verify)
    add_packs(verify)


def _add_validate(commands: Commands) -> None:
    validate = _command(commands, "validate", "check a workflow without running it")
    validate.add_argument("file", type=Path, help="a workflow in either format, or a picture made by one")
    add_packs(validate)


def _add_convert(commands: Commands) -> None:
    convert = _command(commands, "convert", "bring a workflow from the editor's format to the API format, or back")
    convert.add_argument("file", type=Path, help="a workflow in either format, or a picture made by one")
    convert.add_argument("--to", choices=("api", "ui"), help="the format wanted (default: the other one)")
    convert.add_argument("--out", type=Path, metavar="FILE", help="where it goes, instead of to the terminal")
    add_packs(convert)


def _add_diff(commands: Commands) -> None:
    diff = _command(commands, "diff", "tell in what two workflows differ")
    diff.add_argument("a", type=Path, help="a workflow in either format, or a picture made by one")
    diff.add_argument("b", type=Path, help="another one")
    diff.add_argument("--json", action="store_true", help="as JSON")
    add_packs(diff)


def _add_nodes(commands: Commands) -> None:
    nodes = _command(commands, "nodes", "list the node types, or describe one")
    nodes.add_argument("name", nargs="?", help="a node type")
    add_packs(nodes)
    nodes.add_argument("--json", action="store_true", help="as JSON")


def _add_models(commands: Commands) -> None:
    models = _command(commands, "models", "list the model files, folder by folder")
    models.add_argument("--json", action="store_true", help="as JSON")


def _add_evaluate(commands: Commands) -> None:
    evaluate = _command(commands, "evaluate", "measure how well a checkpoint paints the icons it was trained on")
    evaluate.add_argument(
        "checkpoint",
        nargs="?",
        default=BUNDLED_MODEL,
        help="a file, or a name among the checkpoints (default: bundled)",
    )
    evaluate.add_argument("--json", action="store_true", help="tell the result as one JSON object")
    evaluate.add_argument(
        "--seeds",
        type=count,
        default=1,
        metavar="N",
        help="how often each prompt is asked, with other seeds (default 1)",
    )
    evaluate.add_argument(
        "--concepts",
        metavar="N|NAMES",
        help="so many of those it has learned, or these, between commas (default: all that it says it has learned)",
    )
    evaluate.add_argument(
        "--hold-out",
        type=share,
        metavar="SHARE",
        help="of pairs of concept and colour, how many were kept from its training (default: what it says itself)",
    )
    evaluate.add_argument("--sheet", type=Path, metavar="FILE.png", help="all pictures on one page, with what is wrong")
    evaluate.add_argument("--steps", type=count, default=20, metavar="N", help="steps of the sampler (default 20)")
    evaluate.add_argument(
        "--cfg", type=float, default=4.0, metavar="X", help="how strongly to follow words (default 4)"
    )
    evaluate.add_argument("--sampler", default="ddim", metavar="NAME", help="as KSampler names them (default ddim)")
    evaluate.add_argument(
        "--scheduler", default="ddim_uniform", metavar="NAME", help="as KSampler names them (default ddim_uniform)"
    )
    evaluate.add_argument("--size", type=count, default=128, metavar="PIXELS", help="of a side (default 128)")
    add_computing(evaluate)


def _add_bundle(commands: Commands) -> None:
    bundle = _command(commands, "bundle", "pack a workflow with its input files and its picture, or unpack it")
    bundle.add_argument("what", choices=("export", "import"), help="into a file, or out of one into the library")
    bundle.add_argument("source", help="to export: a workflow of the library, or a file; to import: a bundle")
    bundle.add_argument("--out", type=Path, metavar="FILE.zip", help="where it goes (default: its name, here)")
    bundle.add_argument("--force", action="store_true", help="replace the file that is there")
    bundle.add_argument("--name", help="what it is called in the library (default: as in the bundle)")
    bundle.add_argument("--user", default="default", metavar="ID", help="whose library, on a server of several users")
    bundle.add_argument(
        "--max-mb",
        type=megabytes,
        default=BUNDLE_MIB,
        metavar="N",
        help=f"how much may be in it (default {BUNDLE_MIB:.0f})",
    )
    bundle.add_argument("--json", action="store_true", help="tell the result as one JSON object")


def _add_worker(commands: Commands) -> None:
    """Not for people: it has no help, and is in no list."""
    worker = commands.add_parser("worker")
    worker.set_defaults(module="web.cli.worker")
    worker.add_argument("--socket", type=int, required=True, metavar="FD")
