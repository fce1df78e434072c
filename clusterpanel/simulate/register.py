"""Write a simulated register to a folder, in the files a bureau would deliver."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from clusterpanel.errors import OutputError
from clusterpanel.simulate.addresses import sites_file
from clusterpanel.simulate.books import accounts_file, firms_file
from clusterpanel.simulate.bureau_files import write_bureau_csv
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.firm_years import firm_year_table
from clusterpanel.simulate.geography_files import gazetteer_file, zoning_text
from clusterpanel.simulate.truth import truth_table, truth_text
from clusterpanel.simulate.world import World, draw_world


def simulate_register(dials: Dials, folder: Path) -> None:
    """Simulate a register and write its files; the same dials write the same bytes.

    Parameters
    ----------
    dials : Dials
        Size, true effects, sorting and faults of the register.
    folder : Path
        Made if absent; files of an earlier register in it are replaced. It gets firms.csv, sites.csv (code
        page 1252, decimal comma), accounts.csv, gazetteer.csv, zoning.geojson, truth.parquet and, as
        the last, truth.json.

    Raises
    ------
    OutputError
        The folder cannot be made or written to.
    """
    world = draw_world(dials)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "truth.json").unlink(missing_ok=True)
        _write_register(world, folder)
        _write_places(world, folder)
        _write_truth(world, folder)
    except OSError as error:
        raise OutputError(
            f"the simulated register cannot be written to {folder}: {error.strerror or error}",
            hint="Name a folder that can be written to, on a disk with room.",
        ) from error


def _write_register(world: World, folder: Path) -> None:
    firms, sites, accounts = (np.random.default_rng(stream) for stream in world.file_stream.spawn(3))
    write_bureau_csv(firms_file(world, firms), folder / "firms.csv")
    write_bureau_csv(sites_file(world, sites), folder / "sites.csv", encoding="cp1252")
    write_bureau_csv(accounts_file(world, accounts), folder / "accounts.csv")


def _write_places(world: World, folder: Path) -> None:
    write_bureau_csv(gazetteer_file(world.country), folder / "gazetteer.csv")
    zoning = zoning_text(world.country)
    (folder / "zoning.geojson").write_text(zoning, encoding="utf-8", newline="\n")


def _write_truth(world: World, folder: Path) -> None:
    firm_years = firm_year_table(world)
    pq.write_table(truth_table(firm_years), folder / "truth.parquet", compression="zstd")
    text = truth_text(world.dials, world.country, firm_years)
    (folder / "truth.json").write_text(text, encoding="utf-8", newline="\n")
