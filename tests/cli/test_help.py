"""Help: quick, complete, and the same in docs/cli.md."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click
import pytest
from coverloop.orchestrator.cli.main import cli, main

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("cli_help", ROOT / "scripts" / "cli_help.py")
cli_help = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(cli_help)


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == cli_help.page(), "run scripts/cli_help.py"


def test_help_imports_nothing_heavy():
    code = "import sys; from coverloop.orchestrator.cli.main import main; main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "render" in done.stdout
    assert [name for name in ("numpy", "cv2", "torch", "requests", "av", "pydantic") if f"'{name}'" in loaded] == []


def test_a_verb_is_a_file_and_nothing_lists_it(tmp_path, monkeypatch, capsys):
    """The package's folder gets one more place, with one more file in it."""
    from coverloop.orchestrator import cli as package

    (tmp_path / "wave.py").write_text(
        "import click\n\n@click.command()\n@click.argument('who')\ndef wave(who):\n"
        "    '''Wave at WHO.'''\n    click.echo(f'hello {who}')\n"
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert main(["wave", "world"]) == 0 and capsys.readouterr().out == "hello world\n"
    main(["--help"])
    assert "Wave at WHO." in capsys.readouterr().out


@pytest.mark.parametrize("name", cli.list_commands(click.Context(cli)))
def test_every_verb_says_what_it_does_and_takes_debug(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.help
    assert any(parameter.name == "debug" for parameter in command.params), "an error of it could not be looked into"
