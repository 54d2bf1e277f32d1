"""`earshot evaluate`"""

from pathlib import Path

import click
import orjson

from analysis.evaluate import evaluate, table
from analysis.labels import labelled_texts
from analysis.registry import analyser
from service.settings import read_settings


@click.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")
@click.option("--analyser", "name", metavar="NAME", help="Another analyser than the default one, such as ngram.")
def command(file: Path, *, as_json: bool, name: str | None) -> None:
    """Score an analyser on labelled texts: JSON Lines {"text", "sentiment"?, "anger"? or "anger_level"?, "lang"?}."""
    settings = read_settings()
    judge = analyser(name or settings.analyser, labels=settings.hub_labels, download=settings.hub_download)
    with click.open_file(str(file), "rb") as stream:
        scores = evaluate(labelled_texts(stream), judge)
    if as_json:
        click.echo(orjson.dumps(scores.as_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(table(scores))
