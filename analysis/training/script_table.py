"""Writes analysis/script_table.txt from OpenCC's dictionaries (Apache-2.0, package opencc-python-reimplemented).

`python -m analysis.training.script_table DICTIONARY_FOLDER`
"""

import sys
from pathlib import Path

#: Written in Taiwan as in China, though a dictionary calls them one-sided.
_EVERYDAY_IN_BOTH = frozenset(
    "着著乾干裡里台臺后後只隻面麵了瞭么麼麽于於几幾才纔系係借藉覆複蘋苹采採游遊吊弔唇脣奸姦熏燻秘祕雇刹洒昵"
)


def _read(path: Path) -> dict[str, list[str]]:
    """Return each character's candidates, the usual one first."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines() if "\t" in line)
    return {key: values.split() for key, values in rows}


def _taiwan_standard(folder: Path) -> dict[str, str]:
    """Return the forms Taiwan writes for OpenCC's own traditional standard."""
    return {key: values[0] for key, values in _read(folder / "TWVariants.txt").items()}


def _pairs(table: dict[str, str]) -> str:
    """Return the table as one string of character pairs, in code point order."""
    return "".join(key + value for key, value in sorted(table.items()) if key != value)


def table_text(folder: Path) -> str:
    """Return the four lines of the table: t→s pairs, s→t pairs, only-traditional, only-simplified."""
    taiwan = _taiwan_standard(folder)
    from_traditional, from_simplified = _read(folder / "TSCharacters.txt"), _read(folder / "STCharacters.txt")
    simplify = {key: values[0] for key, values in from_traditional.items() if len(key) == len(values[0]) == 1}
    restore = {key: [taiwan.get(value, value) for value in values] for key, values in from_simplified.items()}
    traditional = {key: values[0] for key, values in restore.items() if key not in values}
    written_in_taiwan = set(taiwan.values())
    only_traditional = {
        key
        for key, value in simplify.items()
        if key != value and key not in from_simplified and key not in _EVERYDAY_IN_BOTH
    }
    only_simplified = {
        key for key in traditional if key not in simplify and key not in written_in_taiwan | _EVERYDAY_IN_BOTH
    }
    lines = (_pairs(simplify), _pairs(traditional), "".join(sorted(only_traditional)), "".join(sorted(only_simplified)))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path("analysis/script_table.txt").write_text(table_text(Path(sys.argv[1])), "utf-8")
