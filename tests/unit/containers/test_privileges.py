"""A container's program leaves root behind, unless the one it would become cannot do the work."""

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from modelwharf.artifact.privileges import MODEL_USER, leave_root


@dataclass
class Machine:
    """Users as a kernel has them: who a process is, what it may, and what it gave away."""

    uid: int = 0
    gid: int = 0
    effective: int = 0
    powerless: bool = False
    """Root without capabilities, as after ``--cap-drop all``."""
    closed: Sequence[Path] = ()
    owners: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def geteuid(self) -> int:
        return self.effective

    def seteuid(self, euid: int, /) -> None:
        self.effective = euid

    def setegid(self, egid: int, /) -> None:
        self.gid = egid

    def setgroups(self, groups: Sequence[int], /) -> None:
        self._need_root()

    def setgid(self, gid: int, /) -> None:
        self._need_root()
        self.gid = gid

    def setuid(self, uid: int, /) -> None:
        self._need_root()
        self.uid = self.effective = uid

    def chown(self, path: Path, uid: int, gid: int, *, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        self._need_root()
        self.owners[path] = (uid, gid)

    def access(self, path: Path, mode: int, *, effective_ids: bool) -> bool:
        assert effective_ids
        assert self.effective != 0
        if mode & os.W_OK and not path.exists():
            return False
        return path not in self.closed

    def _need_root(self) -> None:
        if self.powerless or self.effective != 0:
            raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What SageMaker makes, and a link that must not be followed."""
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.csv").write_text("1")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").symlink_to("/etc/passwd")
    return tmp_path


def owner(tree: Path) -> tuple[int, int]:
    """Whom the program becomes: the tree's owner, or the model's user in root's place."""
    found = tree.stat()
    return (found.st_uid, found.st_gid) if found.st_uid else (MODEL_USER, MODEL_USER)


def leave(tree: Path, machine: Machine) -> str | None:
    return leave_root(tree, reads=[tree / "input"], writes=[tree / "model"], system=machine)


def test_root_becomes_somebody_without_rights(tree: Path) -> None:
    machine = Machine()
    assert leave(tree, machine) is None
    assert (machine.uid, machine.gid) == owner(tree)
    assert machine.uid != 0


@pytest.mark.parametrize("own", [os.__file__, sys.executable])
def test_root_stays_when_the_other_could_not_read_the_program_itself(tree: Path, own: str) -> None:
    machine = Machine(closed=[Path(own)])
    assert f"cannot read {own}" in str(leave(tree, machine))
    assert (machine.uid, machine.effective) == (0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a folder to others")
def test_root_stays_when_the_other_cannot_get_to_what_it_is_to_read(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "model").mkdir(parents=True)
    closed.chmod(0o700)
    tmp_path.chmod(0o755)
    model = closed / "model"
    reason = leave_root(tmp_path / "tree", reads=[model], writes=[], program=())
    assert reason == f"stays root: uid {MODEL_USER} cannot read {model}"
    assert os.geteuid() == 0


def test_who_is_not_root_stays_who_it_is(tree: Path) -> None:
    machine = Machine(uid=77, gid=7, effective=77)
    assert leave(tree, machine) is None
    assert (machine.uid, machine.gid, machine.effective) == (77, 7, 77)
    assert machine.owners == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of root's")
def test_what_the_program_writes_to_is_handed_over_and_nothing_else(tree: Path) -> None:
    machine = Machine()
    leave(tree, machine)
    new = (MODEL_USER, MODEL_USER)
    assert machine.owners == {tree / "model": new, tree / "model" / "old": new}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_mounted_by_hand_keeps_its_owner_who_then_owns_the_model(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        os.chown(path, 1234, 99, follow_symlinks=False)
    machine = Machine()
    assert leave(tree, machine) is None
    assert (machine.uid, machine.gid) == (1234, 99)
    assert machine.owners == {}


def test_a_folder_to_write_to_is_made(tree: Path) -> None:
    machine = Machine()
    assert leave_root(tree, reads=[], writes=[tree / "output" / "data"], system=machine) is None
    assert (tree / "output" / "data").is_dir()


def test_nothing_to_read_is_the_programs_own_matter(tree: Path) -> None:
    assert leave_root(tree, reads=[tree / "none"], writes=[], system=Machine()) is None
    assert leave_root(tree / "none", reads=[tree / "none"], writes=[], system=Machine()) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("input/a.csv", "cannot read"),
        ("input", "cannot read"),
        (".", "cannot read"),
        ("model", "cannot write to"),
    ],
)
def test_root_stays_where_the_other_could_not_do_the_work(
    tree: Path, path: str, words: str
) -> None:
    machine = Machine(closed=[tree / path])
    user, _ = owner(tree)
    assert leave(tree, machine) == f"stays root: uid {user} {words} {tree / path}"
    assert (machine.uid, machine.gid, machine.effective) == (0, 0, 0)


def test_root_without_capabilities_says_that_it_stays(tree: Path) -> None:
    machine = Machine(powerless=True)
    user, _ = owner(tree)
    assert leave(tree, machine) == (
        f"stays root: it may not become uid {user} (Operation not permitted)"
    )
    assert machine.uid == 0
