"""The commands, each a thin wrapper around a verb; what is heavy is imported inside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from clusterpanel.cli.dials import (
    DataFolders,
    Memory,
    OutFolder,
    ShowProgress,
    StudyName,
    Threads,
    read_folders,
)
from clusterpanel.cli.screen import say, say_prose, show_table
from clusterpanel.pipeline.failures import Failure
from clusterpanel.simulate.dials import Dials
from clusterpanel.version import __version__

DEFAULT = Dials()

app = typer.Typer(
    name="clusterpanel",
    help="Tell whether firms do better because they are in an industrial cluster, or are in it because they "
    "are better: from registers to a report.",
    epilog="Example: clusterpanel simulate register, then clusterpanel run simulated --data "
    "simulated=register --out results",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"clusterpanel {__version__}")
        raise typer.Exit


@app.callback()
def clusterpanel(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Tell whether firms do better because they are in a cluster, or are in it because they are better."""


@app.command(
    epilog="Example: clusterpanel check eutl --data eutl=FOLDER --data geonames_postal_europe=FOLDER"
)
def check(study: StudyName, data: DataFolders = None, memory: Memory = None, threads: Threads = None) -> None:
    """Check a study's specs, then the data against them, and say exactly what would run.

    Nothing is kept: the registers are read and the sites geocoded in a temporary folder.
    """
    from clusterpanel.cli.progress import waiting
    from clusterpanel.engine.limits import Limits
    from clusterpanel.spec.read import read_study

    wanted = read_study(study, read_folders(data), check_files=True)
    with waiting("starting"):
        from clusterpanel.cli.check import check_study
    check_study(wanted, Limits(memory, threads))


@app.command(
    epilog="Example: clusterpanel run simulated --data simulated=register --out results --memory 2GB"
)
def run(
    study: StudyName,
    *,
    out: OutFolder,
    data: DataFolders = None,
    memory: Memory = None,
    threads: Threads = None,
    progress: ShowProgress = None,
) -> None:
    """Run a study from its registers to its report.

    What is already in the folder, made of the same data and rules, is kept; a run that was stopped goes on.
    """
    from clusterpanel.cli.progress import stage_progress
    from clusterpanel.engine.limits import Limits
    from clusterpanel.spec.read import read_study

    wanted = read_study(study, read_folders(data), check_files=True)
    with stage_progress(progress) as tell:
        # The rooms take seconds to load: by now the user sees that something is under way.
        from clusterpanel.pipeline.run import run_study

        outcome = run_study(wanted, out, tell, Limits(memory, threads))
    _show_outcome(outcome.headline, outcome.report, outcome.failures)


@app.command(epilog="Example: clusterpanel report simulated --out results")
def report(study: StudyName, out: OutFolder, data: DataFolders = None, progress: ShowProgress = None) -> None:
    """Write the report anew from stored results; nothing is estimated."""
    from clusterpanel.cli.progress import stage_progress
    from clusterpanel.spec.read import read_study

    wanted = read_study(study, read_folders(data))
    with stage_progress(progress) as tell:
        from clusterpanel.pipeline.run import rebuild_report

        outcome = rebuild_report(wanted, out, tell)
    _show_outcome(outcome.headline, outcome.report, outcome.failures)


def _show_outcome(headline: str, page: Path, failures: Mapping[str, Failure]) -> None:
    say_prose(headline, style="bold")
    for name, failure in failures.items():
        say_prose(f"{failure.kind}: {name}: {failure.reason}")
    say(f"report: {page}")
    if failures:
        raise typer.Exit(max(failure.exit_code for failure in failures.values()))


@app.command(epilog="Example: clusterpanel status simulated --out results")
def status(study: StudyName, out: OutFolder, data: DataFolders = None) -> None:
    """Say which stages of a study are done, outdated, damaged or missing in a folder."""
    from clusterpanel.pipeline.status import status as stage_status
    from clusterpanel.spec.read import read_study

    states = stage_status(read_study(study, read_folders(data)), out)
    show_table("", ("stage", "state", "note"), [(one.stage, one.state, one.note) for one in states])


@app.command(epilog="Example: clusterpanel new plants.csv --name plants --to my_specs")
def new(
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="A text file of the register.")],
    name: Annotated[str, typer.Option("--name", help="The name of the study and of its specs.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the specs are written.")] = Path(),
) -> None:
    """Sniff a CSV file and write a study of it to edit, with its specs; nothing is overwritten.

    Every line that wants a decision says TODO.
    """
    from clusterpanel.cli.new import write_specs

    paths = write_specs(csv, name, to)
    for path in paths:
        say(f"wrote {path}")
    say(f"Edit the lines that say TODO, then: clusterpanel check {paths[-1]} --data {name}={csv.parent}")


@app.command(epilog="Example: clusterpanel simulate register --firm-years 100000 --sorting 0.5 --seed 7")
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the register's files are written.")],
    *,
    firm_years: Annotated[int, typer.Option(help="About how many firm-years.")] = DEFAULT.firm_years,
    first_year: Annotated[int, typer.Option(help="First year covered.")] = DEFAULT.first_year,
    last_year: Annotated[int, typer.Option(help="Last year covered.")] = DEFAULT.last_year,
    regions: Annotated[int, typer.Option(help="Regions of the invented country.")] = DEFAULT.regions,
    industries: Annotated[
        int | None, typer.Option(help="Industries; by default one per 5,000 firm-years.")
    ] = DEFAULT.industries,
    effect_wage: Annotated[
        float, typer.Option(help="What being in a cluster adds to the log of the wage.")
    ] = DEFAULT.effect_wage,
    effect_revenue: Annotated[
        float, typer.Option(help="What it adds to the log of revenue.")
    ] = DEFAULT.effect_revenue,
    effect_growth: Annotated[
        float, typer.Option(help="What it adds to yearly employment growth.")
    ] = DEFAULT.effect_growth,
    effect_survival: Annotated[
        float, typer.Option(help="What it adds to the log of the yearly closure hazard.")
    ] = DEFAULT.effect_survival,
    sorting: Annotated[
        float, typer.Option(help="How far better firms choose clusters; 0: not at all.")
    ] = DEFAULT.sorting,
    movers: Annotated[float, typer.Option(help="Share of firms that move in a year.")] = DEFAULT.movers,
    location_error: Annotated[
        float, typer.Option(help="Share of addresses with another place's postcode.")
    ] = DEFAULT.location_error,
    seed: Annotated[int, typer.Option(help="Same dials and seed, same files.")] = DEFAULT.seed,
) -> None:
    """Write a simulated register as a bureau would deliver it, with the truth beside it."""
    from clusterpanel.cli.progress import waiting
    from clusterpanel.simulate.register import simulate_register

    dials = Dials(
        firm_years=firm_years,
        first_year=first_year,
        last_year=last_year,
        regions=regions,
        industries=industries,
        effect_wage=effect_wage,
        effect_revenue=effect_revenue,
        effect_growth=effect_growth,
        effect_survival=effect_survival,
        sorting=sorting,
        movers=movers,
        location_error=location_error,
        seed=seed,
    )
    with waiting("simulating"):
        simulate_register(dials, folder)
    say(f"wrote a simulated register to {folder}")
    say(f"Next: clusterpanel run simulated --data simulated={folder} --out results")
