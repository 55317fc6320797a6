"""The text itself: the prompt, ``Negative prompt: ...``, and a line of ``Key: value`` pairs between commas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import NotAWorkflow

NEGATIVE = "Negative prompt:"
FIRST = "Steps:"
QUOTED = frozenset(',:\n"{')
"""What a value must not hold without being quoted as JSON."""


@dataclass(frozen=True)
class Infotext:
    """``after`` is what stands below the settings: some extensions write there."""

    prompt: str
    negative: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    after: str = ""


def parse_infotext(text: str) -> Infotext:
    """Take the text apart. Raises NotAWorkflow if it has no line of settings."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    at = max((at for at, line in enumerate(lines) if line.lstrip().startswith(FIRST)), default=None)
    if at is None:
        raise NotAWorkflow(f"its text of parameters has no line that begins with {FIRST!r}, it reads {text:.80}")
    negative_at = next((i for i, line in enumerate(lines[:at]) if line.lstrip().startswith(NEGATIVE)), at)
    negative = "\n".join(lines[negative_at:at]).lstrip().removeprefix(NEGATIVE)
    after = "\n".join(lines[at + 1 :])
    return Infotext("\n".join(lines[:negative_at]).strip(), negative.strip(), _settings(lines[at]), after.strip())


def write_infotext(infotext: Infotext) -> str:
    """Put the text together again."""
    lines = [infotext.prompt] if infotext.prompt else []
    if infotext.negative:
        lines.append(f"{NEGATIVE} {infotext.negative}")
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in infotext.settings.items()))
    return "\n".join([*lines, infotext.after] if infotext.after else lines)


def _settings(line: str) -> dict[str, str]:
    """Pairs between commas. A value in quotes, or an object of JSON, may hold commas itself."""
    found: dict[str, str] = {}
    at = 0
    while (colon := line.find(":", at)) >= 0:
        key, start = line[at:colon].strip(), colon + 1 + line[colon + 1 :].startswith(" ")
        value, end = _whole(line, start)
        comma = line.find(",", end)
        end = comma if comma >= 0 else len(line)
        found[key] = line[start:end].strip() if value is None else value
        at = end + 1
    return found


def _whole(line: str, start: int) -> tuple[str | None, int]:
    """The JSON at this place as text, and where it ends; None if there is none."""
    if line[start : start + 1] not in ('"', "{"):
        return None, start
    try:
        value, end = _DECODER.raw_decode(line, start)
    except (ValueError, RecursionError):
        return None, start
    return (value if isinstance(value, str) else line[start:end]), end


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if QUOTED.intersection(value) or value != value.strip() else value


_DECODER: Any = json.JSONDecoder()
