"""Regular expressions as Python's ``re`` reads them, but none that could keep a machine busy for ever.

``re`` says whether a pattern is one; ``regex``, which can be stopped, looks for it.
"""

import re
from itertools import islice
from typing import Any

import regex

LIMIT_S = 5.0
LARGEST = 100_000
"""Characters and classes of a pattern once its counted repeats are written out: 30 MB, 50 ms to make ready."""

TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*)(,?)(\d*)\}|.", re.DOTALL)


def flags(case_insensitive: bool, multiline: bool, dotall: bool) -> int:
    """The three as one number."""
    return re.IGNORECASE * case_insensitive | re.MULTILINE * multiline | re.DOTALL * dotall


def occurs(pattern: str, text: str, flags: int) -> bool:
    """Whether a pattern occurs; False for one that is none. Raises ValueError if it takes too long."""
    try:
        return _compiled(pattern, flags).search(text, timeout=LIMIT_S) is not None
    except re.error:
        return False
    except TimeoutError:
        raise too_long(pattern) from None


def extract(pattern: str, text: str, flags: int, mode: str, group: int) -> list[str]:
    """The first or all matches, whole or one group of them; nothing for a pattern that is none.

    Of all matches the first group is taken, if the pattern has any. Raises ValueError if it takes too long.
    """
    try:
        compiled = _compiled(pattern, flags)
        if mode.endswith(("Match", "Matches")):
            group = min(1, compiled.groups) if mode == "All Matches" else 0
        if group > compiled.groups:
            return []
        matches = compiled.finditer(text, timeout=LIMIT_S)
        return [match.group(group) or "" for match in (islice(matches, 1) if mode.startswith("First") else matches)]
    except re.error:
        return []
    except TimeoutError:
        raise too_long(pattern) from None


def replace(pattern: str, text: str, by: str, flags: int, count: int) -> str:
    """Replace ``count`` occurrences, 0 for all. Raises ValueError for a pattern that is none, or takes too long."""
    try:
        return str(_compiled(pattern, flags).sub(by, text, count=count, timeout=LIMIT_S))
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    except (regex.error, IndexError) as error:
        raise ValueError(f"{by!r} cannot replace {pattern!r}: {error}") from error
    except TimeoutError:
        raise too_long(pattern) from None


def too_long(pattern: str) -> ValueError:
    return ValueError(f"looking for {pattern!r} in this text takes more than {LIMIT_S:g} s; write a simpler pattern")


def _compiled(pattern: str, flags: int) -> Any:
    try:
        re.compile(pattern, flags)
    except (OverflowError, RecursionError) as error:
        raise re.error(str(error), pattern) from error
    if written_out(pattern) > LARGEST:
        raise ValueError(f"{pattern!r} repeats too much: written out it has more than {LARGEST} characters")
    return regex.compile(pattern, flags | regex.VERSION0)


def written_out(pattern: str) -> int:
    """About how long a pattern is with its counted repeats written out: ``(ab{3}){2}`` is ``abbbabbb``, 8."""
    sizes, last = [0], 0
    for token in TOKEN.finditer(pattern):
        if token[0] == "(":
            sizes.append(0)
            continue
        if token[0] == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif token[1] or token[3]:
            times = max(int(token[1] or 0), int(token[3] or 0), 1)
            sizes[-1] += last * (times - 1)
            last *= times
        else:
            last = 1
            sizes[-1] += 1
    return sum(sizes)
