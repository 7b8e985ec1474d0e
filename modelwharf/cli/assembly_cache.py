"""A cache of assemblies: unchanged input is not synthesised again.

An entry is a folder named by its key. It holds the assembly and its original digest. An entry that
was changed later, or was half written, is not used.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from modelwharf.cli.assembly_key import digest_of

ASSEMBLY = "cdk.out"
DIGEST = "digest"
KEPT = 8  # entries, of half a megabyte each


@dataclass(frozen=True)
class AssemblyCache:
    """``folder`` is created with the first entry. A cache that cannot be used counts as empty."""

    folder: Path

    def fetch(self, key: str, output: Path) -> bool:
        """Replace ``output`` with the key's assembly. Returns False when there is none."""
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
        """Store a copy of the assembly, and keep only the newest entries."""
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
