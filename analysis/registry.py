"""Which analysers there are. Modules are imported on use, so that naming one loads nothing.

A new analyser is one module with a factory, one line here and one test.
"""

from collections.abc import Callable
from importlib import import_module
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


def check_name(name: str) -> None:
    """Raise ModelError, naming the choices, where no analyser is called so."""
    if name != "default" and name not in ANALYSERS:
        raise ModelError(f"no analyser is called {name!r}; choose one of: default, {', '.join(sorted(ANALYSERS))}")


def analyser(name: str | None = None) -> Analyser:
    """Return the named analyser, loaded and ready; the default one for None or "default". Raises ModelError."""
    chosen = name or "default"
    check_name(chosen)
    chosen = DEFAULT if chosen == "default" else chosen
    module, _, factory = ANALYSERS[chosen].partition(":")
    make = cast("Callable[[], Analyser]", getattr(import_module(module), factory))
    return make()
