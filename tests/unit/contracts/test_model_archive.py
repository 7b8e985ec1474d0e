"""What a folder holds that SageMaker's model archive must not."""

import os
import socket
import tarfile
from pathlib import Path

from modelwharf.contracts.model_archive import fault_of, faults_in, in_words


def test_everything_but_files_and_folders_is_named(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "deep").mkdir(parents=True)
    (model / "weights.bin").write_text("1")
    (model / "deep/same.bin").hardlink_to(model / "weights.bin")
    (model / "latest.bin").symlink_to("weights.bin")
    (model / "away").symlink_to("/etc")
    os.mkfifo(model / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(model / "door"))
        found = sorted(faults_in(model))
    assert found == [
        "away is a symbolic link to /etc",
        "deep/same.bin is a hard link to weights.bin",
        "door is a socket",
        "latest.bin is a symbolic link to weights.bin",
        "pipe is a named pipe",
    ]


def test_a_hard_link_to_a_file_elsewhere_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "cache").write_text("1")
    (tmp_path / "model/weights.bin").hardlink_to(tmp_path / "cache")
    assert list(faults_in(tmp_path / "model")) == []


def test_what_an_engine_could_not_keep_counts_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    left_out = ["model/away is a symbolic link to /x", "output/b is a symbolic link to /y"]
    assert list(faults_in(tmp_path / "model", left_out)) == ["away is a symbolic link to /x"]


def test_many_faults_are_counted() -> None:
    assert in_words(["a", "b", "c", "d", "e", "f", "g"]) == "a; b; c; d; e; and 2 more"


def test_a_name_that_is_not_a_line_of_text_is_escaped(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "new\nline").symlink_to("caf\u00e9")
    (model / os.fsdecode(b"\xff")).symlink_to("\n")
    assert sorted(faults_in(model)) == [
        r"'\udcff' is a symbolic link to '\n'",
        "'new\\nline' is a symbolic link to caf\u00e9",
    ]
    member = tarfile.TarInfo("../new\nline")
    assert fault_of(member) == r"'../new\nline' is a name outside the folder"
