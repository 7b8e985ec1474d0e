"""Reading a CDK cloud assembly."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from modelwharf.laptop.assembly import AssemblyUnreadable, FileAsset, read_assembly

STACK = "modelwharf-oil"


def write_assembly(folder: Path, **changes: Any) -> None:
    artifacts = {
        STACK: {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": "t.json"},
            "dependencies": ["assets"],
        },
        "assets": {"type": "cdk:asset-manifest", "properties": {"file": "a.json"}},
    }
    assets = {
        "files": {
            "1": {
                "source": {"path": "code", "packaging": "zip"},
                "destinations": {"here": {"bucketName": "b-${AWS::Region}", "objectKey": "c.zip"}},
            }
        },
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (folder / "a.json").write_text(json.dumps(assets))
    (folder / "t.json").write_text(json.dumps({"Resources": {}}))


def test_the_stack_comes_with_its_template_and_its_assets(tmp_path: Path) -> None:
    write_assembly(tmp_path)
    assembly = read_assembly(tmp_path, STACK)
    assert assembly.template == {"Resources": {}}
    assert assembly.assets == (
        FileAsset(tmp_path / "code", zipped=True, bucket="b-${AWS::Region}", key="c.zip"),
    )


def test_another_stack_s_name_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    write_assembly(tmp_path)
    with pytest.raises(AssemblyUnreadable, match=f"no stack 'other'; it has {STACK}"):
        read_assembly(tmp_path, "other")


def test_a_folder_that_was_never_synthesised_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AssemblyUnreadable, match=r"manifest\.json is not there: synthesise"):
        read_assembly(tmp_path, STACK)


def test_image_assets_are_refused(tmp_path: Path) -> None:
    write_assembly(tmp_path, dockerImages={"x": {}})
    with pytest.raises(AssemblyUnreadable, match="image assets"):
        read_assembly(tmp_path, STACK)


def test_the_archive_of_a_folder_depends_on_its_content_alone(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name / "package"
        folder.mkdir(parents=True)
        (folder / "module.py").write_text("x = 1")
        contents.append(FileAsset(folder.parent, zipped=True, bucket="", key="").content())
    assert contents[0] == contents[1]
    with zipfile.ZipFile(BytesIO(contents[0])) as archive:
        assert archive.namelist() == ["package/module.py"]
