# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that never leave their token, through OpenSSL's provider for PKCS#11, with a token in software. Debian 12 has no
such provider."""
import pathlib

import pytest

from conftest import BUILD, assert_fails, run

# The sanitizers refuse to load the token's library: this is the other build that ./dev test makes.
PLAIN = BUILD.with_name("build-clang")
PROGRAM = (PLAIN if PLAIN.exists() else BUILD) / "suture-publish"
PROVIDERS = sorted(pathlib.Path("/usr/lib").glob("*/ossl-modules/pkcs11.so"))
TOKEN = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "246813"

pytestmark = pytest.mark.skipif(not PROVIDERS or not TOKEN.exists(), reason="no OpenSSL provider for PKCS#11 here")

# The quirk: that token in software does not outlive libcrypto, which cleans up first when a program ends.
OPENSSL = f"""openssl_conf = init
[init]
providers = provider_sect
[provider_sect]
default = default_sect
pkcs11 = pkcs11_sect
[default_sect]
activate = 1
[pkcs11_sect]
module = {PROVIDERS[0] if PROVIDERS else ""}
pkcs11-module-path = {TOKEN}
pkcs11-module-quirks = no-deinit
activate = 1
"""


class Token:
    """What there is for whoever has the token plugged in."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "tokens").mkdir()
        (directory / "softhsm2.conf").write_text(f"directories.tokendir = {directory}/tokens\nlog.level = ERROR\n")
        (directory / "openssl.cnf").write_text(OPENSSL)
        self.plain = {"PATH": "/usr/bin:/bin", "SOFTHSM2_CONF": str(directory / "softhsm2.conf")}
        self.environment = {**self.plain, "OPENSSL_CONF": str(directory / "openssl.cnf")}
        run("softhsm2-util", "--init-token", "--free", "--label", "vendor", "--pin", PIN, "--so-pin", "13572468",
            env=self.plain)

    def make(self, name, kind):
        """A new key on the token; gives its URI, and writes its public half as OpenSSL does."""
        run("pkcs11-tool", "--module", TOKEN, "--token-label", "vendor", "--login", "--pin", PIN, "--keypairgen",
            "--key-type", kind, "--label", name, "--id", name.encode().hex(), env=self.plain)
        uri = f"pkcs11:token=vendor;object={name};type=private?pin-value={PIN}"
        run("openssl", "pkey", "-pubout", "-in", uri, "-out", self.directory / f"{name}.pub", env=self.environment)
        return uri

    def publish(self, *arguments, check=True):
        return run(PROGRAM, *arguments, check=check, env=self.environment)


@pytest.fixture
def token(tmp_path):
    return Token(tmp_path)


def key_id(token, place):
    return token.publish("key", "show", place).stdout.split()[2]


@pytest.mark.parametrize("kind", ["EC:prime256v1", "rsa:3072", "EC:edwards25519"])
def test_a_key_on_a_token_is_the_one_that_its_public_half_names(token, kind):
    uri = token.make("key", kind)
    assert key_id(token, uri) == key_id(token, token.directory / "key.pub")


def test_a_repository_can_have_all_its_keys_on_a_token(token):
    uris = {"root": token.make("root", "EC:prime256v1"), "targets": token.make("targets", "rsa:3072"),
            "timestamp": token.make("timestamp", "EC:edwards25519")}
    repository, keys = token.directory / "repository", token.directory / "repository.keys"
    token.publish("init", f"--root-key={token.directory}/root.pub", repository)
    token.publish("key", "sign", f"--key={uris['root']}", repository / "staged/1.root.json")
    token.publish("key", "merge", f"--repository={repository}")
    for role in ("targets", "timestamp"):
        token.publish("key", "add", f"--repository={repository}", f"--role={role}", token.directory / f"{role}.pub")
        token.publish("key", "remove", f"--repository={repository}", f"--role={role}", keys / f"{role}.pem.pub")
        (keys / f"{role}.pem").unlink()
    # The file that names a key takes its place in the directory of keys.
    (keys / "timestamp.uri").write_text(uris["timestamp"] + "\n")
    token.publish("key", "sign", f"--key={uris['root']}", repository / "staged/2.root.json")
    token.publish("key", "merge", f"--repository={repository}", f"--keys={keys}", f"--key={uris['targets']}")
    token.publish("refresh", f"--repository={repository}")
    report = token.publish("verify", f"--repository={repository}",
                           f"--trusted-root={repository}/metadata/1.root.json").stdout
    for role in uris:
        assert key_id(token, token.directory / f"{role}.pub") in report


def test_a_wrong_pin_or_name_is_one_clear_line(token):
    uri = token.make("key", "EC:prime256v1")
    assert_fails(token.publish("key", "show", uri.replace("object=key", "object=none"), check=False), "object=none")
