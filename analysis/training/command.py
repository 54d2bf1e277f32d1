"""`earshot-train`"""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from analysis.errors import LabelError, ModelError

_SHIPPED = Path(__file__).parents[1] / "model"
_FOLDER = click.Path(file_okay=False, path_type=Path)
_STAGES = (
    "tokenizer.json, general.pt, teacher.general.pt, teacher.labelled.pt, senses.npz, scores.npz, student.pt, model"
)


def _minutes(given: tuple[str, ...]) -> Mapping[str, float]:
    """Return minutes by a stage's file. Raises BadParameter."""
    found = {}
    for one in given:
        name, _, number = one.partition("=")
        try:
            found[name] = float(number)
        except ValueError as error:
            raise click.BadParameter(f"{one!r} is not STAGE=MINUTES, such as student.pt=30") from error
    return found


def _say(words: str) -> None:
    """Print at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


@click.command("earshot-train")
@click.argument("work", type=_FOLDER)
@click.option(
    "--corpus", type=_FOLDER, help="The folder with data/LANGUAGE.train.jsonl.gz and data/LANGUAGE.dev.jsonl.gz."
)
@click.option(
    "--corrections",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Only teach what ships these: JSON Lines {text, sentiment?, anger_level?, lang?}.",
)
@click.option("--model", type=_FOLDER, default=_SHIPPED, help="The encoder to correct; what ships where not given.")
@click.option(
    "--minutes",
    "minutes",
    multiple=True,
    metavar="STAGE=MINUTES",
    help=f"Other minutes for a stage ({_STAGES}), or corrections=MINUTES.",
)
def main(work: Path, *, corpus: Path | None, corrections: Path | None, model: Path, minutes: tuple[str, ...]) -> None:
    """Make the model's files anew from labelled texts, in WORK, in stages that can be interrupted: the same command
    goes on where it was. With --corrections, teach the encoder a customer's corrections and show whether it helped."""
    chosen = _minutes(minutes)
    try:
        if corrections is not None:
            from analysis.training.corrections import correct  # noqa: PLC0415  # torch, only when it is needed

            made = correct(
                file=corrections,
                model=model,
                work=work,
                corpus=corpus,
                minutes=chosen.get("corrections", 5.0),
                say=_say,
            )
            _say(f"made {made}; copy encoder.* from there over {_SHIPPED} to use it")
            return
        if corpus is None:
            raise click.UsageError("name the folder of labelled texts with --corpus, or a file with --corrections")
        from analysis.training.stages import train  # noqa: PLC0415  # as above

        train(corpus, work, chosen, _say)
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}; training needs the extra: pip install 'earshot[train]'") from error
    except (LabelError, ModelError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
