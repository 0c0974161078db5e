"""Known weaknesses and licences of the packages that production installs: `make audit`.

Ends with 0 where none is known, 1 where some are, and 3 where the database of weaknesses (OSV) was not
reached: then nothing is known, and that is no pass. The licences are read from what is installed.
"""

import re
import subprocess
import sys
import urllib.request
from collections import defaultdict
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "requirements.txt"
FOUND, UNREACHED = 1, 3
DATABASE = "https://api.osv.dev/v1/vulns/PYSEC-2018-28"
_SECONDS = 10.0
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_LONGEST = 60


def main() -> int:
    for licence, packages in sorted(licences(LOCK.read_text("utf-8")).items()):
        print(f"{licence}: {', '.join(packages)}")
    print(flush=True)
    if reason := unreached(DATABASE):
        print(f"The database of weaknesses was not reached ({reason}): whether any is known was NOT checked.")
        return UNREACHED
    # The lock names every package; nothing is to be resolved or installed.
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--no-deps"]
    done = subprocess.run(
        [*command, "--disable-pip", "--requirement", str(LOCK)], capture_output=True, text=True, check=False
    )
    print(done.stdout, done.stderr, sep="\n")
    if done.returncode == 0:
        return 0
    # Its code is the same for a weakness that it found and a connection that broke; what it found is a table.
    return FOUND if "Fix Versions" in done.stdout else UNREACHED


def licences(lock: str) -> dict[str, list[str]]:
    """Return the packages of a lock that are installed here, by licence."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(_PIN.findall(lock))):
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            # It is for another system, or another Python.
            continue
        found[_licence(about)].append(f"{name} {about['Version']}")
    return found


def _licence(about: metadata.PackageMetadata) -> str:
    if expression := about.get("License-Expression"):
        return expression
    classifiers = [
        each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if "License ::" in each
    ]
    said = (about.get("License") or "").strip().partition("\n")[0]
    return " / ".join(classifiers) or (said if 0 < len(said) <= _LONGEST else "") or "not said"


def unreached(url: str) -> str:
    """Return why nobody answers there, or an empty text."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS):
            return ""
    except OSError as err:
        return f"{getattr(err, 'reason', None) or err}"


if __name__ == "__main__":
    sys.exit(main())
