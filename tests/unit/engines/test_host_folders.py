"""What several hosts wrote becomes one folder, and a clash of names is reported."""

from pathlib import Path

from modelwharf.engines.host_folders import in_words, merge


def written(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def found(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def test_files_of_all_hosts_are_together_and_the_same_one_is_there_once(tmp_path: Path) -> None:
    first = written(tmp_path / "1", model="weights", parts__one="1")
    second = written(tmp_path / "2", model="weights", parts__two="2")
    (second / "empty").mkdir()
    assert merge({"algo-1": first, "algo-2": second}, tmp_path / "all") == ()
    assert found(tmp_path / "all") == {"model": "weights", "parts/one": "1", "parts/two": "2"}
    assert (tmp_path / "all/empty").is_dir()


def test_a_name_with_two_contents_is_reported_with_both_hosts(tmp_path: Path) -> None:
    folders = {f"algo-{n}": written(tmp_path / str(n), model=f"seed {n}") for n in (1, 2, 3)}
    assert merge(folders, tmp_path / "all") == (
        "model differs between algo-1 and algo-2",
        "model differs between algo-1 and algo-3",
    )


def test_a_file_and_a_folder_of_one_name_clash(tmp_path: Path) -> None:
    first = written(tmp_path / "1", model="a file")
    second = written(tmp_path / "2", model__weights="in a folder")
    assert merge({"algo-1": first, "algo-2": second}, tmp_path / "all") == (
        "model differs between algo-1 and algo-2",
    )


def test_many_clashes_are_counted() -> None:
    assert in_words(["a", "b", "c", "d", "e"]) == "a, b, c, and 2 more"
    assert in_words(["a"]) == "a"
