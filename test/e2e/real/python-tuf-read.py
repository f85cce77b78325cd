"""python-tuf's client: root file, URL, folder for its metadata, names. Says on stdout what it finds under each, as JSON."""

import json
import sys
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater

root, url, folder, *names = sys.argv[1:]
updater = Updater(metadata_dir=folder, metadata_base_url=url, bootstrap=Path(root).read_bytes())
found = {}
try:
    updater.refresh()
    for name in names:
        try:
            target = updater.get_targetinfo(name)
            found[name] = None if target is None else {"length": target.length, **target.hashes, "custom": target.custom}
        except (RepositoryError, DownloadError) as error:
            found[name] = {"error": type(error).__name__}
except (RepositoryError, DownloadError) as error:
    found = {name: {"error": f"refresh: {type(error).__name__}"} for name in names}
print(json.dumps(found))
