# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TUF repository in memory, whose every field and signature a test can choose. It shares nothing with the programs:
its canonical form and its signatures are made here, with Debian's python3-cryptography."""
import copy
import hashlib
import json
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

FUTURE, PAST = "2090-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
TOP = ("root", "timestamp", "snapshot", "targets")


def canonical(value):
    """OLPC canonical JSON: raw but for quotes and backslashes."""
    if isinstance(value, dict):
        return b"{" + b",".join(canonical(key) + b":" + canonical(value[key])
                                for key in sorted(value, key=lambda text: text.encode())) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    if isinstance(value, str):
        return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
    return json.dumps(value).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Key:
    """A private key; .object is the public one as metadata writes it, .id its id."""

    def __init__(self, scheme="ed25519", **more):
        self.scheme = scheme
        if scheme == "ed25519":
            self.private, keytype = ed25519.Ed25519PrivateKey.generate(), "ed25519"
            public = self.private.public_key().public_bytes(serialization.Encoding.Raw,
                                                            serialization.PublicFormat.Raw).hex()
        else:
            keytype = "rsa" if scheme.startswith("rsa") else "ecdsa"
            self.private = rsa.generate_private_key(65537, 2048) if keytype == "rsa" else \
                ec.generate_private_key(ec.SECP256R1())
            public = self.private.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.object = {"keytype": keytype, "scheme": scheme, "keyval": {"public": public}, **more}

    @property
    def id(self):
        return sha256(canonical(self.object))

    def sign(self, data):
        if self.scheme == "ed25519":
            return self.private.sign(data).hex()
        if self.scheme.startswith("rsa"):
            return self.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()).hex()
        return self.private.sign(data, ec.ECDSA(hashes.SHA256())).hex()


def content(role, **more):
    return {"_type": role if role in TOP else "targets", "spec_version": "1.0.31", "version": 1, "expires": FUTURE, **more}


class Repository:
    """.roles has what each role says ("signed"), .keys who signs it, .files what is served ("metadata/…", "targets/…"),
    .ever all metadata that ever was. publish() gives roles their next version and makes their parents name it."""

    def __init__(self, consistent=True, hashed=False):
        self.hashed, self.files, self.ever = hashed, {}, set()
        self.keys = {role: [Key()] for role in TOP}
        self.roles = {"root": content("root", consistent_snapshot=consistent, keys={}, roles={}),
                      "timestamp": content("timestamp", meta={}), "snapshot": content("snapshot", meta={}),
                      "targets": content("targets", targets={})}
        for role in TOP:
            self.set_keys(role, self.keys[role])
        for role in ("root", "targets", "snapshot", "timestamp"):
            self.put(role)

    def set_keys(self, role, keys, threshold=1, signers=None):
        """Who may sign a top-level role according to root, and who does."""
        root = self.roles["root"]
        root["keys"].update({key.id: key.object for key in keys})
        root["roles"][role] = {"keyids": [key.id for key in keys], "threshold": threshold}
        self.keys[role] = keys if signers is None else signers

    def file_name(self, role, version=None):
        quoted = urllib.parse.quote(role, safe="")
        versioned = role == "root" or (role != "timestamp" and self.roles["root"]["consistent_snapshot"])
        return f"metadata/{version or self.roles[role]['version']}.{quoted}.json" if versioned else \
            f"metadata/{quoted}.json"

    def document(self, role, keys=None):
        signed = self.roles[role]
        data = canonical(signed)
        return {"signatures": [{"keyid": key.id, "sig": key.sign(data)} for key in (keys or self.keys[role])],
                "signed": copy.deepcopy(signed)}

    def put(self, role, document=None, name=None, mention=True):
        """Serves the role as it is, or what is given instead of it, and lets its parent say so."""
        data = document if isinstance(document, bytes) else json.dumps(document or self.document(role), indent=1).encode()
        self.files[name or self.file_name(role)] = data
        self.ever.add(data)
        parent = {"root": None, "timestamp": None, "snapshot": "timestamp"}.get(role, "snapshot")
        if parent and mention:
            self.roles[parent]["meta"][f"{role}.json"] = {"version": self.roles[role]["version"], **(
                {"length": len(data), "hashes": {"sha256": sha256(data)}} if self.hashed else {})}
        return data

    def publish(self, *roles):
        for role in roles:
            if role in TOP or self.file_name(role) in self.files:
                self.roles[role]["version"] += 1
            self.put(role)

    def publish_targets(self, *delegated):
        self.publish(*delegated, "targets", "snapshot", "timestamp")

    def add_target(self, path, body=b"body", role="targets", algorithms=("sha256",)):
        digests = {name: hashlib.new(name, body).hexdigest() for name in algorithms}
        self.roles[role]["targets"][path] = {"length": len(body), "hashes": digests}
        for digest in digests.values():
            self.files[self.target_url(path, digest)] = body

    def target_url(self, path, digest):
        directory, slash, base = path.rpartition("/")
        name = f"{digest}.{base}" if self.roles["root"]["consistent_snapshot"] else base
        return "targets/" + urllib.parse.quote(directory + slash + name)

    def delegate(self, delegator, role, keys=None, threshold=1, terminating=False, scope=None):
        """scope: {"paths": […]} or {"path_hash_prefixes": […]}."""
        new = role not in self.roles
        if new:
            self.roles[role], self.keys[role] = content(role, targets={}), keys or [Key()]
        keys = keys or self.keys[role]
        delegations = self.roles[delegator].setdefault("delegations", {"keys": {}, "roles": []})
        delegations["keys"].update({key.id: key.object for key in keys})
        delegations["roles"].append({"name": role, "keyids": [key.id for key in keys], "threshold": threshold,
                                     "terminating": terminating, **(scope or {"paths": ["*"]})})

    def delegate_bins(self, delegator, prefix, bits, key):
        self.roles[delegator]["delegations"] = {"keys": {key.id: key.object}, "succinct_roles": {
            "keyids": [key.id], "threshold": 1, "bit_length": bits, "name_prefix": prefix}}
        names = [f"{prefix}-{number:0{(bits + 3) // 4}x}" for number in range(1 << bits)]
        for name in names:
            self.roles[name], self.keys[name] = content(name, targets={}), [key]
        return names

    @staticmethod
    def bin_of(path, prefix, bits):
        number = int(sha256(path.encode())[:8], 16) >> (32 - bits)
        return f"{prefix}-{number:0{(bits + 3) // 4}x}"
