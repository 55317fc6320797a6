"""Nodes that make text of text."""

from functools import partial
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from engine.declare import node
from engine.lanes import INLINE
from engine.marks import Widget
from nodes import patterns

Text = Annotated[str, Widget(multiline=True)]
Line = Annotated[str, Widget(multiline=False)]
Case = Annotated[Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"], Widget(multiselect=False)]
Sides = Annotated[Literal["Both", "Left", "Right"], Widget(multiselect=False)]
Comparison = Annotated[Literal["Starts With", "Ends With", "Equal"], Widget(multiselect=False)]
Extraction = Annotated[
    Literal["First Match", "All Matches", "First Group", "All Groups"],
    Widget(multiselect=False),
]
UpTo100 = Annotated[int, Field(ge=0, le=100)]

text = partial(node, category="utils/string", module="comfy_extras.nodes_string", lane=INLINE)
pattern = partial(text, lane="cpu")


class Length(NamedTuple):
    length: int


class Contains(NamedTuple):
    contains: bool


class Matches(NamedTuple):
    matches: bool


@text("StringConcatenate", title="Concatenate")
def concatenate(string_a: Text, string_b: Text, delimiter: Line = "") -> str:
    """Two texts with a delimiter between them."""
    return f"{string_a}{delimiter}{string_b}"


@text("StringSubstring", title="Substring")
def substring(string: Text, start: int, end: int) -> str:
    """The characters from ``start`` up to ``end``, counted from 0; negative ones count from the end."""
    return string[start:end]


@text("StringLength", title="Length")
def length(string: Text) -> Length:
    """How many characters."""
    return Length(len(string))


@text("CaseConverter", title="Case Converter")
def convert_case(string: Text, mode: Case) -> str:
    """Large or small letters."""
    convert = {"UPPERCASE": str.upper, "lowercase": str.lower, "Capitalize": str.capitalize, "Title Case": str.title}
    return convert[mode](string)


@text("StringTrim", title="Trim")
def trim(string: Text, mode: Sides) -> str:
    """Without the white space around it."""
    return {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}[mode](string)


@text("StringReplace", title="Replace")
def replace(string: Text, find: Text, replace: Text) -> str:
    """Every occurrence replaced."""
    return string.replace(find, replace)


@text("StringContains", title="Contains")
def contains(string: Text, substring: Text, case_sensitive: bool = True) -> Contains:
    """Whether a text occurs in another."""
    string, substring = folded(case_sensitive, string, substring)
    return Contains(substring in string)


@text("StringCompare", title="Compare")
def compare(string_a: Text, string_b: Text, mode: Comparison, case_sensitive: bool = True) -> bool:
    """Whether the first text begins with, ends with or equals the second."""
    string_a, string_b = folded(case_sensitive, string_a, string_b)
    if mode == "Equal":
        return string_a == string_b
    return string_a.startswith(string_b) if mode == "Starts With" else string_a.endswith(string_b)


@pattern("RegexMatch", title="Regex Match")
def regex_match(
    string: Text,
    regex_pattern: Text,
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
) -> Matches:
    """Whether a pattern occurs in a text. A pattern that is none never does."""
    flags = patterns.flags(case_insensitive, multiline, dotall)
    return Matches(patterns.occurs(regex_pattern, string, flags))


@pattern("RegexExtract", title="Regex Extract")
def regex_extract(
    string: Text,
    regex_pattern: Text,
    mode: Extraction,
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
    group_index: UpTo100 = 1,
) -> str:
    """What a pattern finds in a text, line by line; nothing for a pattern that is none."""
    flags = patterns.flags(case_insensitive, multiline, dotall)
    return "\n".join(patterns.extract(regex_pattern, string, flags, mode, group_index))


@pattern("RegexReplace", title="Regex Replace")
def regex_replace(
    string: Text,
    regex_pattern: Text,
    replace: Text,
    case_insensitive: bool | None = True,
    multiline: bool | None = False,
    dotall: bool | None = False,
    count: Annotated[UpTo100 | None, Field(description="How many occurrences; 0 means all.")] = 0,
) -> str:
    """Each occurrence of a pattern replaced; ``\\1`` or ``\\g<name>`` stand for its groups."""
    flags = patterns.flags(bool(case_insensitive), bool(multiline), bool(dotall))
    return patterns.replace(regex_pattern, string, replace, flags, count or 0)


def folded(case_sensitive: bool, *texts: str) -> tuple[str, ...]:
    """The texts as they are compared."""
    return texts if case_sensitive else tuple(text.lower() for text in texts)
