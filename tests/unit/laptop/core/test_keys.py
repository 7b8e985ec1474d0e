"""Each cloud has a key of its own, which is its user's alone."""

import stat
from pathlib import Path

import pytest

from modelwharf.contracts.laptop import KEY_FILE, LaptopKey, is_laptop_key
from modelwharf.laptop.keys import KeyExposed, root_key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_cloud_s_first_start_makes_a_key_that_stays(tmp_path: Path) -> None:
    made = root_key(tmp_path)
    assert is_laptop_key(made.access_key_id)
    assert (len(made.access_key_id), len(made.secret_access_key)) == (20, 40)
    assert root_key(tmp_path) == LaptopKey.read(tmp_path) == made


def test_every_cloud_has_another_key(tmp_path: Path) -> None:
    one, other = (root_key(tmp_path / name) for name in ("one", "other"))
    assert one.access_key_id != other.access_key_id
    assert one.secret_access_key != other.secret_access_key


def test_the_key_s_file_and_folder_are_the_user_s_alone(tmp_path: Path) -> None:
    root_key(tmp_path)
    file = tmp_path / KEY_FILE
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)


@pytest.mark.parametrize("what", [KEY_FILE, str(Path(KEY_FILE).parent)])
def test_a_key_that_others_may_have_read_is_not_used(tmp_path: Path, what: str) -> None:
    root_key(tmp_path)
    (tmp_path / what).chmod(0o755)
    with pytest.raises(KeyExposed, match=r"mode 755.*delete"):
        root_key(tmp_path)


def test_the_secret_is_not_in_what_python_prints_of_a_key(tmp_path: Path) -> None:
    key = root_key(tmp_path)
    assert key.secret_access_key not in f"{key!r} {key}"


def test_no_key_of_aws_counts_as_a_laptop_s() -> None:
    assert not any(is_laptop_key(key) for key in ("AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"))
