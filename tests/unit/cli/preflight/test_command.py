"""The command: exit codes, JSON, and what a person reads."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelwharf.cli.main import wharf
from tests.unit.cli.preflight.accounts import BOOTSTRAP, TEMPLATE, World, refusal


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    properties = {
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": BOOTSTRAP,
    }
    manifest = {"artifacts": {"modelwharf-oil-price": {"properties": properties}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    template = {"Resources": TEMPLATE.resources, "Parameters": TEMPLATE.parameters}
    (tmp_path / "modelwharf-oil-price.template.json").write_text(json.dumps(template))
    return tmp_path


def run(world: World, assembly: Path, *words: str) -> Result:
    services = world.account().services
    return CliRunner().invoke(
        wharf, ["preflight", "--assembly", str(assembly), *words], obj=services
    )


def test_a_failed_check_ends_with_one_and_says_what_to_type(assembly: Path) -> None:
    world = World()
    del world.parameters[BOOTSTRAP]

    result = run(world, assembly)

    assert result.exit_code == 1
    assert "✗ bootstrap" in result.stdout
    assert "bootstrap aws://123456789012/eu-west-1" in result.stdout
    assert "1 failed" in result.stdout


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 1)])
def test_what_could_not_be_checked_fails_only_when_asked(
    assembly: Path, words: tuple[str, ...], code: int
) -> None:
    world = World(refused={"list_repositories": refusal("AccessDenied", "ListRepositories")})

    result = run(world, assembly, *words, "--json")

    found = {one["id"]: one["outcome"] for one in json.loads(result.stdout)["findings"]}
    assert found["codecommit"] == "unknown"
    assert result.exit_code == (code or (1 if "fail" in found.values() else 0))


def test_a_folder_that_is_not_an_assembly_is_refused(tmp_path: Path) -> None:
    result = run(World(), tmp_path)

    assert result.exit_code == 1
    assert "is not a cloud assembly of modelwharf-oil-price" in result.stderr
