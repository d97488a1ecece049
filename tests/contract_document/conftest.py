import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

NPM = Path(__file__).parent / "npm"


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder in which Node finds the packages of `npm/package.json`; made once."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = ROOT / ".dev" / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (NPM / "package.json").read_text(encoding="utf-8")
    installed = folder / "installed.json"
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        (folder / "package.json").write_text(wanted, encoding="utf-8")
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(["npm", "install", *options], cwd=folder, check=True, timeout=300)
        installed.write_text(wanted, encoding="utf-8")
    return folder
