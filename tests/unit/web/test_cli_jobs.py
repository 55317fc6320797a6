"""``--jobs`` and ``--batch``: what they may be, and what they become."""

from pathlib import Path

import pytest

from nodes.diffusion.stepper import Stepper
from web.cli import build_parser
from web.cli.caching import salt
from web.cli.pools import remembering_pool
from web.cli.wiring import build_folders


@pytest.mark.parametrize("batch", ["off", "auto", "1", "12"])
async def test_a_pool_takes_so_many_jobs_and_joins_as_asked(tmp_path: Path, batch: str) -> None:
    args = build_parser().parse_args(["serve", "--data", str(tmp_path), "--jobs", "3", "--batch", batch])
    folders = build_folders(tmp_path)
    pool = remembering_pool(args, folders)
    assert pool.size == 3
    assert (await pool.registry()).services.get(Stepper)
    await pool.close()
    folders.close()


@pytest.mark.parametrize("flags", [["--jobs", "0"], ["--jobs", "some"], ["--batch", "0"], ["--batch", "on"]])
def test_what_they_cannot_be_is_named(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["serve", *flags])
    assert repr(flags[1]) in capsys.readouterr().err


def test_what_was_joined_is_kept_apart_from_what_is_exact() -> None:
    exact, *joined = (
        salt(build_parser().parse_args(["serve", *flags])) for flags in ([], ["--batch", "auto"], ["--batch", "8"])
    )
    assert joined[0] == joined[1] != exact
    assert exact == salt(build_parser().parse_args(["run", "x.json"]))
