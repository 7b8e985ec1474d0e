"""Assemblies kept for the next start: what has not changed is not synthesised again.

An entry is a folder named by its key; it holds the assembly, and the digest that the assembly had
when it was made. One that was changed since, or half written, is not used.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cli.assembly_key import digest_of

ASSEMBLY = "cdk.out"
DIGEST = "digest"
KEPT = 8  # entries, of half a megabyte each


@dataclass(frozen=True)
class AssemblyCache:
    """``folder`` is made when something is kept. A cache that cannot be used is an empty one."""

    folder: Path

    def fetch(self, key: str, output: Path) -> bool:
        """Copy the key's assembly to ``output``, in the place of what is there; False: none."""
        entry = self.folder / key
        try:
            digest = (entry / DIGEST).read_text()
            shutil.rmtree(output, ignore_errors=True)
            shutil.copytree(entry / ASSEMBLY, output)
            if digest_of(output) == digest:
                (entry / DIGEST).touch()
                return True
        except OSError:
            pass
        return False

    def keep(self, key: str, output: Path) -> None:
        """Keep a copy of the assembly, and the newest few others."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".", dir=self.folder))
            try:
                shutil.copytree(output, draft / ASSEMBLY)
                (draft / DIGEST).write_text(digest_of(draft / ASSEMBLY))
                shutil.rmtree(self.folder / key, ignore_errors=True)
                draft.rename(self.folder / key)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
            self._forget()
        except OSError:
            return

    def _forget(self) -> None:
        entries = [entry for entry in self.folder.iterdir() if (entry / DIGEST).is_file()]
        entries.sort(key=lambda entry: (entry / DIGEST).stat().st_mtime, reverse=True)
        for entry in entries[KEPT:]:
            shutil.rmtree(entry, ignore_errors=True)
