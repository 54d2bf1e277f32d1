"""Which analysers there are. Modules are imported on use, so that naming one loads nothing.

A new analyser is one module with a factory, one line here and one test. `hub:/folder` and `hub:owner/name` are any
sequence classification model of Hugging Face.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from analysis.errors import ModelError
from analysis.types import Analyser

#: name -> "module:factory"; the factory takes nothing and may raise ModelError.
ANALYSERS = {
    "ensemble": "analysis.ensemble:shipped",
    "encoder": "analysis.encoder:shipped",
    "ngram": "analysis.ngram:shipped",
}
#: What `default` and no name mean.
DEFAULT = "ensemble"
_HUB = "hub:"


def check_name(name: str) -> None:
    """Raise ModelError, naming the choices, where no analyser is called so."""
    if name.startswith(_HUB) and name != _HUB:
        return
    if name != "default" and name not in ANALYSERS:
        choices = ", ".join(sorted(ANALYSERS))
        raise ModelError(f"no analyser is called {name!r}; choose one of: default, {choices}, hub:/path/to/model")


def analyser(name: str | None = None, *, labels: Path | None = None, download: bool = False) -> Analyser:
    """Return the named analyser, loaded and ready; the default one for None or "default". Of models of the hub:
    `labels` is a file that says what theirs mean, `download` allows to fetch them. Raises ModelError."""
    chosen = name or "default"
    check_name(chosen)
    if chosen.startswith(_HUB):
        open_hub = cast("Callable[..., Analyser]", import_module("analysis.hub").open_hub)
        return open_hub(chosen.removeprefix(_HUB), labels=labels, download=download)
    chosen = DEFAULT if chosen == "default" else chosen
    module, _, factory = ANALYSERS[chosen].partition(":")
    make = cast("Callable[[], Analyser]", getattr(import_module(module), factory))
    return make()
