"""Reads a Dockerfile as far as ours goes, so that what is checked without an engine is the file itself."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

_FLAG = re.compile(r"--([a-z-]+)=(\S+)\s+")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_PAIR = re.compile(r'([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_BUILDS = frozenset({"COPY", "ENV", "FROM", "RUN", "USER", "WORKDIR"})
_STARTS = frozenset({"CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "STOPSIGNAL"})


class DockerfileError(Exception):
    """The file says something that this reader does not know. One line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction; `text` is what follows its flags, on one line."""

    keyword: str
    flags: Mapping[str, str]
    text: str
    line: int

    @property
    def words(self) -> list[str]:
        """The text as a list: of its JSON form, else split at blanks."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return self.text.split()

    @property
    def pairs(self) -> dict[str, str]:
        """The `name=value` pairs of ENV, LABEL and ARG."""
        return {name: quoted or plain for name, quoted, plain in _PAIR.findall(self.text)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One FROM and what follows it."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def last(self, keyword: str) -> Instruction | None:
        """Return the instruction that counts where only the last one does."""
        return next((one for one in reversed(self.instructions) if one.keyword == keyword), None)


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Return instructions with their first line's number; comments and line ends inside them are gone."""
    lines: list[tuple[int, str]] = []
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start = start if parts else number
        parts.append(line.strip().removesuffix("\\").strip())
        if not line.rstrip().endswith("\\"):
            lines.append((start, " ".join(parts)))
            parts = []
    return lines


def _instruction(line: int, text: str) -> Instruction:
    keyword, _, rest = text.partition(" ")
    if keyword not in _BUILDS | _STARTS:
        raise DockerfileError(f"line {line}: {keyword} is not known to this reader")
    flags = dict[str, str]()
    rest = rest.strip()
    while found := _FLAG.match(rest):
        flags[found[1]] = found[2]
        rest = rest[found.end() :]
    return Instruction(keyword=keyword, flags=flags, text=rest, line=line)


def parse(text: str) -> list[Stage]:
    """Return the stages, in order. Raises DockerfileError."""
    stages: list[tuple[str, str, list[Instruction]]] = []
    for line, logical in _logical_lines(text):
        one = _instruction(line, logical)
        if one.keyword == "FROM":
            base, _, name = one.text.partition(" AS ")
            stages.append((name or str(len(stages)), base, []))
        elif stages:
            stages[-1][2].append(one)
        else:
            raise DockerfileError(f"line {line}: {one.keyword} before the first FROM")
    return [Stage(name=name, base=base, instructions=tuple(body)) for name, base, body in stages]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with `$NAME` and `${NAME}` replaced; unknown ones are empty, as an engine does it."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def is_ignored(path: str, rules: str) -> bool:
    """Whether a `.dockerignore` keeps the file, by its path from the root, out of the build. The last match counts."""
    ignored = False
    parts = path.split("/")
    # A rule for a folder holds for all that lies in it.
    prefixes = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    for line in rules.splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("**/").rstrip("/")
        anywhere = rule.removeprefix("!").startswith("**/")
        candidates = parts if anywhere else prefixes
        if any(fnmatchcase(one, pattern) for one in candidates):
            ignored = not rule.startswith("!")
    return ignored
