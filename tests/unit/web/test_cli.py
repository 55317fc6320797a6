"""The command line without torch: arguments, files and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from web.cli import main
from web.cli.documents import read_document
from web.cli.terminal import Mistake

API = {"1": {"class_type": "KSampler", "inputs": {"seed": 1}, "_meta": {"title": "Draw"}}}


def png(path: Path, **chunks: str) -> Path:
    info = PngInfo()
    for key, text in chunks.items():
        info.add_text(key, text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    return path


def test_help_and_version_bring_in_nothing_heavy() -> None:
    code = (
        "import sys, web.cli\n"
        "for flag in ('--help', '--version'):\n"
        "    try: web.cli.main([flag])\n"
        "    except SystemExit as exit: assert not exit.code\n"
        "assert not {'torch', 'aiohttp', 'pydantic', 'rich', 'PIL'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "wireloom" in done.stdout


def test_serving_brings_in_only_what_it_takes_to_answer() -> None:
    """The server is to answer within half a second of its start; ``make bench`` measures that."""
    heavy = {"torch", "transformers", "numpy", "PIL", "yaml", "psutil", "rich", "httpx2", "web.openapi.writing"}
    code = f"import sys, web.cli.serve; print(*sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_serving_does_not_bring_in_what_runs_workflows() -> None:
    code = "import sys, web.cli.serve; print(*sorted(name for name in sys.modules if name.startswith('engine.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"engine.run", "engine.plan", "engine.lower", "engine.ui_workflow", "engine.pool_local"} & set(
        done.stdout.split()
    )


@pytest.mark.parametrize("argv", [[], ["dance"], ["run", "--seed", "x"], ["validate"], ["serve", "--port", "x"]])
def test_bad_arguments_exit_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(argv)
    assert exited.value.code == 2


def test_a_missing_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path / "no.json"), "--data", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"wireloom: cannot read {tmp_path / 'no.json'}: No such file or directory\n"


def test_json_output_reports_a_bad_file_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.json"
    file.write_text("{")
    assert main(["run", str(file), "--json", "--data", str(tmp_path)]) == 2
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "invalid"
    assert "not valid JSON" in result["errors"][0]["message"]


def test_a_bad_assignment_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--set", "Nobody.seed=1", "--data", str(tmp_path)]) == 2
    assert "no node is called 'Nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", "3", '{"1": {"inputs": []}}', '{"nodes": [{"id": 1}]}', "\xff"])
def test_what_is_no_workflow_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "flow.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(Mistake, match=str(file)):
        read_document(file)


def test_a_workflow_as_an_editor_saves_it_is_read_from_every_kind_of_file(tmp_path: Path) -> None:
    ui = {"nodes": [{"id": 1, "type": "KSampler"}], "links": [], "version": 0.4, "prompt": {}}
    (tmp_path / "ui.json").write_text(json.dumps(ui))
    (tmp_path / "body.json").write_text(json.dumps({"prompt": ui}))
    files = [tmp_path / "ui.json", tmp_path / "body.json", png(tmp_path / "a.png", workflow=json.dumps(ui))]
    for document in map(read_document, files):
        assert (document.prompt, document.is_ui, document.titles()) == (ui, True, {})


def test_a_picture_brings_its_prompt_and_its_workflow(tmp_path: Path) -> None:
    document = read_document(png(tmp_path / "a.png", prompt=json.dumps(API), workflow='{"nodes": [], "x": NaN}'))
    assert document.prompt == API
    assert document.extra_pnginfo["workflow"]["nodes"] == []
    assert document.titles() == {"1": "Draw"}


def test_a_prompt_may_hold_nan(tmp_path: Path) -> None:
    text = '{"1": {"class_type": "KSampler", "inputs": {}, "is_changed": [NaN]}}'
    assert read_document(png(tmp_path / "a.png", prompt=text)).prompt["1"]["class_type"] == "KSampler"


def test_a_picture_without_a_workflow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="carries no workflow"):
        read_document(png(tmp_path / "a.png"))


def test_a_broken_picture_is_refused(tmp_path: Path) -> None:
    file = png(tmp_path / "a.png", prompt="{}")
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(Mistake, match=r"not a readable PNG|carries no workflow"):
        read_document(file)


def test_a_request_body_is_read_as_its_prompt(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps({"prompt": API, "extra_data": {"extra_pnginfo": {"workflow": {"id": "x"}}}}))
    document = read_document(file)
    assert (document.prompt, document.extra_pnginfo) == (API, {"workflow": {"id": "x"}})


def test_models_says_where_the_data_folder_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"data folder: {tmp_path.resolve()}\n")
    assert "wireloom-mini.safetensors" in out


def test_models_lists_the_bundled_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "--data", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["checkpoints"]["wireloom-mini.safetensors"] > 1_000_000


def test_extra_model_paths_are_listed_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "extra.safetensors").write_bytes(b"12345")
    file = tmp_path / "extra.yaml"
    file.write_text(f"mine:\n  base_path: {tmp_path}\n  loras: elsewhere\n")
    assert main(["models", "--json", "--data", str(tmp_path / "data"), "--extra-model-paths", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["loras"] == {"extra.safetensors": 5}


def test_broken_extra_model_paths_exit_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "extra.yaml"
    file.write_text("a: [")
    assert main(["models", "--extra-model-paths", str(file), "--data", str(tmp_path)]) == 2
    assert str(file) in capsys.readouterr().err
