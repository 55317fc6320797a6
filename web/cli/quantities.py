"""What arguments are made of: numbers with units, and names of devices. Each raises what argparse shows."""

from __future__ import annotations

import argparse
import re

LEAST_MIB = 1000.0
ALONE = "off"
"""What ``--batch`` is by default: no evaluation shares a call with another."""


def device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not auto, cpu, cuda, cuda:1, mps or xpu")
    return text


def megabytes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 2**40:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of megabytes, 0 or more")
    return number


def seconds(text: str) -> float:
    return duration(text, "seconds", 2**31)


def days(text: str) -> float:
    return duration(text, "days", 2**40)


def duration(text: str, unit: str, end: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < end:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {unit}, more than 0")
    return number


def enough_megabytes(text: str) -> float:
    number = megabytes(text)
    if number < LEAST_MIB:
        raise argparse.ArgumentTypeError(f"{text} MB do not suffice even for torch, {LEAST_MIB:.0f} at least")
    return number


def count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 or more")
    return int(text)


def batch(text: str) -> str:
    if text not in (ALONE, "auto") and not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not off, auto, or a whole number, 1 or more")
    return text


def share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share, from 0 to below 1")
    return share
