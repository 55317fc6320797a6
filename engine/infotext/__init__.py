"""The text that AUTOMATIC1111's web UI writes into its pictures, and those that follow it: read into a workflow, and
written from one. Nothing but the text's look is known here of that program."""

from engine.infotext.building import NO_FILES, Files, Read, files_in, read_infotext
from engine.infotext.finding import infotext_of

__all__ = ["NO_FILES", "Files", "Read", "files_in", "infotext_of", "read_infotext"]
