"""The commands on runs: `classify runs`, `compare`, `promote`, `ui` and `serve`."""

from __future__ import annotations

import json
import os
import shlex
import sys
import webbrowser
from dataclasses import asdict
from typing import Annotated

import typer

from depeche.labels.options import JsonOption
from depeche.labels.system.terminal import show_json, show_lines, tell
from depeche.train.options import check_extra

PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]

RunArgument = typer.Argument(
    help="Id of a run, its first 4 or more characters, its name, or champion.", show_default=False
)


def runs(
    limit: Annotated[
        int | None, typer.Option(min=1, help="Show so many at most.", show_default="all")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs, newest first: scores, data digest, and the champion.

    Example: classify runs --limit 10
    """
    from depeche.train.tracking.store import list_runs
    from depeche.train.tracking.tables import run_lines

    logged, champion = list_runs(limit)
    if as_json:
        show_json([run.to_dict() | {"champion": run.id == champion} for run in logged])
    elif logged:
        show_lines(run_lines(logged, champion))
    else:
        show_lines(["no run yet: classify train makes one"])


def compare(
    a: Annotated[str, RunArgument],
    b: Annotated[str, RunArgument],
    as_json: JsonOption = False,
) -> None:
    """Compare two runs trained on the same data: B - A for each score, with 95 % intervals.

    Example: classify compare champion 1f2e3d4c

    Both are scored on the same resampled articles. The intervals in the table are those of single
    scores. A difference is called real (*) when, among the F1 of all labels and the first score of
    each dimension, it passes Benjamini and Hochberg's procedure: of the differences so called, one
    in twenty is expected to be noise. Intervals cover the choice of articles, not that of seeds.
    """
    from depeche.train.tracking.comparing import compare_runs
    from depeche.train.tracking.store import open_store
    from depeche.train.tracking.tables import comparison_lines

    with open_store() as store:
        comparison = compare_runs(store, store.find(a), store.find(b))
    if as_json:
        show_json(comparison.to_dict())
    else:
        show_lines(comparison_lines(comparison))


def promote(
    run: Annotated[str | None, RunArgument] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Make the champion before the present one it again.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Promote a run that is worse or cannot be compared.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a run the champion: the model in use here, and alias champion in MLflow's registry.

    Example: classify promote 1f2e3d4c

    Refused when the run is worse than the champion beyond noise: when, for any dimension, the 95 %
    interval of the difference of its first score (see classify compare) lies below 0.
    """
    from depeche.model.champion import CHAMPION
    from depeche.train.tracking.promotion import promote as promote_run
    from depeche.train.tracking.promotion import roll_back
    from depeche.train.tracking.store import open_store
    from depeche.train.tracking.tables import promotion_lines

    if (run is None) != rollback:
        raise typer.BadParameter("give a run, or --rollback alone")
    with open_store() as store:
        promotion = promote_run(store, store.find(run), force=force) if run else roll_back(store)
    if as_json:
        show_json(asdict(promotion))
    else:
        show_lines(promotion_lines(promotion, CHAMPION.as_posix()))


def ui(
    port: PortOption = 5000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the addresses only.")
    ] = False,
) -> None:
    """Look at the runs in MLflow's UI, until Ctrl-C.

    Prints where the runs are listed with their scores, and where the last two are compared. With a
    server at $MLFLOW_TRACKING_URI these are its pages, and nothing is started.

    Example: classify ui --port 5002
    """
    check_extra()
    from depeche.train.tracking.connection import store_uri
    from depeche.train.tracking.serving import check_port, run_ui
    from depeche.train.tracking.ui_pages import prepare_pages

    served = store_uri().startswith(("http://", "https://"))
    if not served:
        check_port("127.0.0.1", port)
    pages = prepare_pages()

    def show(url: str) -> None:
        show_lines([f"runs     {url}{pages.runs}"])
        if pages.comparison:
            show_lines([f"compare  {url}{pages.comparison}"])
        if not no_browser and _is_graphical():
            webbrowser.open(url + pages.runs)

    if served:
        show(store_uri().rstrip("/"))
        return
    with run_ui(host="127.0.0.1", port=port) as server:
        show(server.url)
        tell("Ctrl-C to stop", start="")
        server.wait()


def serve(
    port: PortOption = 5001,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others reach it if not 127.0.0.1.")
    ] = "127.0.0.1",
    model_uri: Annotated[
        str | None,
        typer.Option(
            help="Logged model, as models:/NAME@ALIAS or runs:/ID/model.",
            show_default="the champion",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Name by which requests may call this machine besides HOST; repeat for several.",
        ),
    ] = None,
) -> None:
    """Serve the champion over HTTP, until Ctrl-C: texts in, records out.

    Example: classify serve --port 5003
    """
    check_extra()
    from depeche.train.tracking.service.hosts import is_host
    from depeche.train.tracking.serving import CHAMPION_URI, open_service

    for name in allow_host or ():
        if not is_host(name):
            raise typer.BadParameter(f"{name!r}: give a name or an address, without a port")
    uri = model_uri or CHAMPION_URI
    with open_service(uri, host=host, port=port, allowed=allow_host or ()) as service:
        example = {"inputs": ["Un accord a été signé lundi."], "params": {"explain": True}}
        body = json.dumps(example, ensure_ascii=False)
        tell(f"{uri} answers; Ctrl-C to stop", start="")
        tell(
            f"curl {service.url}/invocations -H 'Content-Type: application/json' "
            f"-d {shlex.quote(body)}",
            start="",
        )
        service.run()


def _is_graphical() -> bool:
    """Return whether there is a screen for a browser to open on."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
