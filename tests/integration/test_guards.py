# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guards of the law can fail."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def check(tmp_path, law, files):
    (tmp_path / "layers.txt").write_text(law)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return subprocess.run(
        [sys.executable, ROOT / "tools/check-layers", tmp_path], capture_output=True, text=True, check=False)


LAW = "base:\nparts/a: base\nparts/b: base\n"


def test_accepts_what_the_law_allows(tmp_path):
    result = check(tmp_path, LAW, {"base/x.h": "", "parts/a/a.c": '#include "base/x.h"\n#include <stdio.h>\n'})
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("text", ['#include "parts/b/b.h"', '  #  include "parts/b/b.h"'])
def test_refuses_a_part_that_includes_another_part(tmp_path, text):
    result = check(tmp_path, LAW, {"parts/b/b.h": "", "parts/a/a.c": "\n" + text + "\n"})
    assert result.returncode == 1
    assert "a.c:2: parts/a may not include parts/b" in result.stdout


def test_refuses_an_include_that_does_not_name_its_folder(tmp_path):
    result = check(tmp_path, LAW, {"parts/a/a.c": '#include "a.h"\n'})
    assert result.returncode == 1


def test_refuses_a_folder_that_the_law_does_not_know(tmp_path):
    result = check(tmp_path, LAW, {"parts/c/c.c": ""})
    assert result.returncode == 1
    assert "parts/c is not in layers.txt" in result.stdout


def build(tmp_path, name, text, *args):
    (tmp_path / f"{name}.c").write_text(text)
    subprocess.run(["gcc", "-o", tmp_path / name, tmp_path / f"{name}.c", *args], check=True)


def symbols(tmp_path, program_text):
    build(tmp_path, "signer.o", "int signer_sign(void) { return 1; }\n", "-c")
    subprocess.run(["ar", "rc", tmp_path / "libsigner.a", tmp_path / "signer.o"], check=True)
    build(tmp_path, "program", program_text, tmp_path / "libsigner.a")
    return subprocess.run([sys.executable, ROOT / "tools/check-symbols", tmp_path / "program",
                           tmp_path / "libsigner.a"], capture_output=True, text=True, check=False)


def test_finds_a_signer_in_a_device_program(tmp_path):
    result = symbols(tmp_path, "int signer_sign(void); int main(void) { return signer_sign(); }\n")
    assert result.returncode == 1
    assert "holds signer_sign" in result.stdout


def test_accepts_a_device_program_without_one(tmp_path):
    assert symbols(tmp_path, "int main(void) { return 0; }\n").returncode == 0


def needed(tmp_path, *libraries):
    build(tmp_path, "program", "int main(void) { return 0; }\n", "-Wl,--no-as-needed", *libraries)
    return subprocess.run([sys.executable, ROOT / "tools/check-needed", tmp_path / "program", "libcurl", "libm"],
                          capture_output=True, text=True, check=False)


def test_finds_a_library_that_a_program_may_not_need(tmp_path):
    result = needed(tmp_path, "-lm")
    assert result.returncode == 1
    assert "needs libm.so" in result.stdout


def test_accepts_a_program_that_needs_none_of_them(tmp_path):
    assert needed(tmp_path).returncode == 0
