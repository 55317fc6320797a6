"""``wireloom bundle``: a workflow with its files and its picture as one file, out of a data folder and into one."""

from __future__ import annotations

import argparse
from pathlib import Path

from aiohttp import web

from engine.errors import NotAWorkflow, UnsafePath, WorkflowNotFound
from engine.folders import Folders
from engine.workflow import is_ui
from web.cli.documents import read_document
from web.cli.terminal import FAILED, OK, Mistake, say, say_json
from web.cli.wiring import build_folders
from web.settings import MIB
from web.sharing import bundle as bundles
from web.sharing import library
from web.sharing.bundle import BadBundle, Bundle
from web.sharing.packing import pack, unpack
from web.users.files import UserFiles
from web.users.people import OTHERS
from web.users.tags import Tags
from web.users.versions import Versions

SUFFIX = ".zip"


def main(args: argparse.Namespace) -> int:
    folders = build_folders(args.data, args.extra_model_paths)
    do = _export if args.what == "export" else _import
    if OTHERS.search(args.user):
        raise Mistake(f"{args.user!r} is no user's id")
    args.max_bytes = int(args.max_mb * MIB)
    try:
        return do(args, folders, folders.directory("user") / args.user)
    except (BadBundle, NotAWorkflow, WorkflowNotFound, UnsafePath) as error:
        raise Mistake(str(error)) from None
    except web.HTTPException as error:  # what saving says of a name
        raise Mistake(error.text or error.reason) from None
    except OSError as error:
        raise Mistake(f"{error.filename or args.source}: {error.strerror or error}", FAILED) from None


def _export(args: argparse.Namespace, folders: Folders, root: Path) -> int:
    made = _made(args.source, folders, root, args.max_bytes)
    out = args.out or Path(Path(made.about.name).name + SUFFIX)
    if out.exists() and not args.force:
        raise Mistake(f"{out} exists already; --force replaces it")
    out.write_bytes(bundles.write(made, args.max_bytes))
    if args.json:
        say_json({"file": str(out), "name": made.about.name, "inputs": [file.name for file in made.about.files]})
        return OK
    say(f"{out}: {made.about.name}, with {_counted(len(made.about.files))}")
    return OK


def _made(source: str, folders: Folders, root: Path, max_bytes: int) -> Bundle:
    """What is called so in the library, or lies in a file of this name."""
    try:
        return library.taken_out(root, source, folders, Tags().of(root, source), max_bytes=max_bytes)
    except (WorkflowNotFound, UnsafePath):
        file = Path(source)
        if not file.is_file():
            raise Mistake(f"there is neither a workflow nor a file {source!r}") from None
    document = read_document(file)
    drawn = document.extra_pnginfo.get("workflow")  # a picture may carry what its author saw
    workflow = drawn if isinstance(drawn, dict) and is_ui(drawn) else document.prompt
    return pack(file.stem, workflow, folders, max_bytes=max_bytes)


def _import(args: argparse.Namespace, folders: Folders, root: Path) -> int:
    file = Path(args.source)
    if (size := file.stat().st_size) > args.max_bytes:
        raise BadBundle(f"{file} has {size} bytes, more than {args.max_bytes} (--max-mb)")
    found = bundles.read(file.read_bytes(), args.max_bytes)
    unpacked, tags = unpack(found, folders), Tags()
    files = UserFiles((Versions(), tags))
    saved = library.put_in(files, root, args.name or unpacked.name, unpacked, found.picture)
    if found.about.tags:
        tags.put(root, saved, found.about.tags)
    if args.json:
        say_json({"name": saved, "inputs": dict(unpacked.names)})
        return OK
    say(f"{saved}: in the library, with {_counted(len(unpacked.names))}")
    for value, name in unpacked.names.items():
        if value != name:
            say(f"  {value} is {name} here")
    return OK


def _counted(files: int) -> str:
    return "1 input file" if files == 1 else f"{files} input files"
