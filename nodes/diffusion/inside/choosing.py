"""Lists of numbers as people type them: timesteps, steps."""

from __future__ import annotations

import re


def numbers(text: str, what: str) -> list[float]:
    """Numbers between commas or blanks. Raises ValueError for words, or if there is none; ``what`` is what they are."""
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    try:
        found = [float(part) for part in parts]
    except ValueError:
        raise ValueError(f"{what} are numbers with commas between them, such as 0, 40, 160, not {text!r}") from None
    if not found:
        raise ValueError(f"{what} must be given, such as 0, 40, 160, but there are none")
    return found


def steps(text: str, total: int) -> list[int]:
    """The steps (from 0) that a text names of a sampling's ``total``.

    One number alone is how many, spread evenly from the first to the last; a list, as "3," is one too, names them,
    below 0 from the end. Raises ValueError for what names none, or is not there.
    """
    found = numbers(text, "steps")
    if any(not number.is_integer() for number in found):
        raise ValueError(f"steps are whole numbers, not {text!r}")
    whole = [int(number) for number in found]
    if len(whole) == 1 and "," not in text:
        return spread(whole[0], total)
    wrong = [step for step in whole if not -total <= step < total]
    if wrong:
        raise ValueError(f"step {wrong[0]} is not there: this sampling has steps 0 to {total - 1}")
    return sorted({step % total for step in whole})


def spread(count: int, total: int) -> list[int]:
    """So many of ``total`` steps, evenly, the first and the last among them; all if there are fewer."""
    if count < 1:
        raise ValueError(f"at least one step is shown, not {count}")
    if count == 1:
        return [total - 1]
    return sorted({round(k * (total - 1) / (count - 1)) for k in range(count)}) if count < total else list(range(total))
