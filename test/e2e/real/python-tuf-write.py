"""
A repository as python-tuf's own API writes it: `team` for namespaces, 2 of 3 keys; `bulk` with hash bins for the rest, one key.
Arguments: folder, end (seconds since 1970), entries as JSON {name: {length, sha256, custom}}, how many sign for `team`.
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)

folder, end, entries, count = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])
expires = datetime.fromtimestamp(end, timezone.utc)
BITS = 3

root_signer = CryptoSigner.generate_ecdsa()
top_signer = CryptoSigner.generate_ed25519()
online = CryptoSigner.generate_ed25519()
team = [CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa(), CryptoSigner.generate_ed25519()]
bulk_signer = CryptoSigner.generate_ecdsa()

root = Root(expires=expires, consistent_snapshot=True)
root.add_key(root_signer.public_key, "root")
root.add_key(top_signer.public_key, "targets")
for role in ("snapshot", "timestamp"):
    root.add_key(online.public_key, role)

bins = SuccinctRoles([bulk_signer.public_key.keyid], 1, BITS, "bin")
bulk = Targets(
    expires=expires,
    delegations=Delegations({bulk_signer.public_key.keyid: bulk_signer.public_key}, succinct_roles=bins),
)
binned = {name: Targets(expires=expires) for name in bins.get_roles()}

team_role = DelegatedRole(
    "team", [each.public_key.keyid for each in team], 2, True, paths=["reg.example/acme/*"]
)
bulk_role = DelegatedRole(
    "bulk", [bulk_signer.public_key.keyid], 1, True, path_hash_prefixes=list("0123456789abcdef")
)
keys = {each.public_key.keyid: each.public_key for each in [*team, bulk_signer]}
top = Targets(expires=expires, delegations=Delegations(keys, roles={"team": team_role, "bulk": bulk_role}))

owners = Targets(expires=expires)
for name, entry in entries.items():
    custom = {"custom": entry["custom"]} if "custom" in entry else None
    target = TargetFile(entry["length"], {"sha256": entry["sha256"]}, name, custom)
    holder = owners if team_role.is_delegated_path(name) else binned[bins.get_role_for_target(name)]
    holder.targets[name] = target

delegated = {"targets": (top, [top_signer]), "team": (owners, team[:count]), "bulk": (bulk, [bulk_signer])}
delegated |= {name: (content, [bulk_signer]) for name, content in binned.items()}


def write(name, content, signers):
    metadata = Metadata(content)
    for signer in signers:
        metadata.sign(signer, append=True)
    metadata.to_file(str(folder / name))


snapshot = Snapshot(expires=expires, meta={f"{name}.json": MetaFile(1) for name in delegated})
write("1.root.json", root, [root_signer])
write("1.snapshot.json", snapshot, [online])
write("timestamp.json", Timestamp(expires=expires, snapshot_meta=MetaFile(1)), [online])
for name, (content, signers) in delegated.items():
    write(f"1.{name}.json", content, signers)
