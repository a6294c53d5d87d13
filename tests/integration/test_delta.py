# SPDX-License-Identifier: LGPL-2.1-or-later
"""The delta of real executables, made with the compilers at hand and changed at random."""
import hashlib
import itertools
import json
import random
import shutil
import subprocess

import pytest

from conftest import BUILD, run

TOOL = BUILD / "suture-delta"

BUILDS = {
    "gcc-shared": ["gcc", "-O2", "-shared", "-fPIC"],
    "gcc-pie": ["gcc", "-O2", "-pie", "-fPIE"],
    "gcc-fixed": ["gcc", "-O2", "-no-pie", "-fno-pie"],
    "gcc-static": ["gcc", "-O1", "-static"],
    "gcc-without-unwinding": ["gcc", "-Os", "-shared", "-fPIC", "-fno-asynchronous-unwind-tables"],
    "clang-shared": ["clang", "-O2", "-shared", "-fPIC"],
    "clang-lld": ["clang", "-O2", "-shared", "-fPIC", "-fuse-ld=lld"],
    "clang-lld-relr": ["clang", "-O2", "-shared", "-fPIC", "-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"],
    "clang-lld-pie": ["clang", "-O0", "-pie", "-fPIE", "-fuse-ld=lld"],
}


def function(number, chance):
    """A function that calls others, switches, and refers to strings and data."""
    calls = "".join(f"    sum += function_{chance.randrange(number)}(x - {chance.randrange(9)});\n"
                    for _ in range(chance.randrange(3)) if number)
    cases = "".join(f"    case {i}: sum ^= {chance.randrange(1 << 16)}; break;\n" for i in range(chance.randrange(4, 12)))
    return (f"int function_{number}(int x)\n{{\n    int sum = {chance.randrange(1000)};\n    switch (x) {{\n{cases}    }}\n"
            f"{calls}    puts(\"text {number} {chance.random()}\");\n    table[{number % 64}] += sum;\n"
            f"    complain(__LINE__, sum);\n    return sum + state_{number};\n}}\n")


def program(seed):
    """The parts of a program: (declaration, function) for each number."""
    chance = random.Random(seed)
    return [function(number, chance) for number in range(120)]


def source(functions, extra_data=0, comment=0):
    names = range(len(functions))
    head = ("#include <stdio.h>\n" + "// a line\n" * comment + "int table[64];\n"
            "__attribute__((noinline)) void complain(int line, int what) { fprintf(stderr, \"%d %d\\n\", line, what); }\n"
            + f"const char extra[] = \"{'e' * extra_data}\";\n"
            + "".join(f"static int state_{i} = {i};\nint function_{i}(int x);\n" for i in names))
    pointers = "int (*const pointers[])(int) = {" + ", ".join(f"function_{i}" for i in names) + "};\n"
    return head + "".join(functions) + pointers + "int main(void) { return pointers[extra[0] % 64](1); }\n"


def edit(functions, seed):
    """A few functions changed, one replaced by another, constants, data that grows, lines that move."""
    chance, changed = random.Random(seed), list(functions)
    for _ in range(3):
        at = chance.randrange(len(changed))
        changed[at] = changed[at].replace("int sum = ", f"int sum = {chance.randrange(99)} + x * ", 1)
    at = chance.randrange(len(changed))
    changed[at] = function(at, chance)
    return source(changed, extra_data=chance.randrange(200), comment=chance.randrange(6))


def rearrange(functions, seed):
    """The functions in another order, the last few gone, or a few more than before."""
    chance, changed = random.Random(seed), list(functions)
    if seed % 2:
        del changed[-5:]
    else:
        changed += [function(len(changed) + i, chance) for i in range(5)]
    chance.shuffle(changed)
    return source(changed)


def compile_to(path, text, command, strip):
    path.with_suffix(".c").write_text(text)
    run(*command, "-w", "-o", path, path.with_suffix(".c"))
    if strip:
        run("strip", path)
    return path


@pytest.fixture(scope="module", params=[f"{name}-{kind}" for name, kind in
                                        itertools.product(BUILDS, ("stripped", "whole"))])
def pair(request, tmp_path_factory):
    """The same program before and after a random edit."""
    name, kind = request.param.rsplit("-", 1)
    work = tmp_path_factory.mktemp("pair")
    functions = program(len(name))
    old = compile_to(work / "old", source(functions), BUILDS[name], kind == "stripped")
    new = compile_to(work / "new", edit(functions, 7), BUILDS[name], kind == "stripped")
    return old, new, work


def delta(old, new, work, *options):
    run(TOOL, "diff", "-q", *options, old, new, work / "patch")
    return work / "patch"


def test_a_changed_program_comes_back_bit_for_bit(pair):
    old, new, work = pair
    for options in ([], ["--fast"]):
        patch = delta(old, new, work, *options)
        run(TOOL, "apply", "-q", old, patch, work / "out")
        assert (work / "out").read_bytes() == new.read_bytes()


def test_the_way_back_comes_back_as_well(pair):
    old, new, work = pair
    patch = delta(new, old, work)
    run(TOOL, "apply", "-q", new, patch, work / "out")
    assert (work / "out").read_bytes() == old.read_bytes()


def test_a_changed_program_costs_far_less_than_by_matching_bytes(pair):
    old, new, work = pair
    patch = delta(old, new, work)
    packed = work / "packed"
    run("zstd", "-q", "-f", "-19", "--long=27", f"--patch-from={old}", new, "-o", packed)
    assert patch.stat().st_size < 0.5 * packed.stat().st_size


@pytest.mark.parametrize("name", ["gcc-shared", "gcc-static", "clang-lld-relr"])
@pytest.mark.parametrize("seed", [1, 2])
def test_functions_may_come_go_and_change_places(tmp_path, name, seed):
    functions = program(seed)
    old = compile_to(tmp_path / "old", source(functions), BUILDS[name], True)
    new = compile_to(tmp_path / "new", rearrange(functions, seed), BUILDS[name], True)
    run(TOOL, "apply", "-q", old, delta(old, new, tmp_path), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == new.read_bytes()


def test_one_changed_function_of_a_stripped_library_costs_little(tmp_path):
    functions = program(3)
    changed = list(functions)
    changed[60] = changed[60].replace("int sum = ", "int sum = x * x + 7 * ", 1)
    old = compile_to(tmp_path / "old", source(functions), BUILDS["gcc-shared"], True)
    new = compile_to(tmp_path / "new", source(changed), BUILDS["gcc-shared"], True)
    assert old.read_bytes() != new.read_bytes()
    patch = delta(old, new, tmp_path)
    run("zstd", "-q", "-f", "-19", "--long=27", f"--patch-from={old}", new, "-o", tmp_path / "packed")
    assert patch.stat().st_size < 0.4 * (tmp_path / "packed").stat().st_size


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def one_pair(tmp_path):
    functions = program(1)
    old = compile_to(tmp_path / "old", source(functions), BUILDS["gcc-shared"], True)
    new = compile_to(tmp_path / "new", edit(functions, 1), BUILDS["gcc-shared"], True)
    return old, new, delta(old, new, tmp_path)


def test_a_damaged_patch_leaves_nothing_behind(tmp_path):
    old, new, patch = one_pair(tmp_path)
    whole, chance = patch.read_bytes(), random.Random(2)
    before = sorted(path.name for path in tmp_path.iterdir())
    for _ in range(40):
        damaged = bytearray(whole)
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)):]
        else:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        patch.write_bytes(damaged)
        result = subprocess.run([TOOL, "apply", "-q", old, patch, tmp_path / "out"], capture_output=True, text=True,
                                check=False)
        assert result.returncode == 1
        assert result.stderr.startswith("suture-delta: ") and result.stderr.count("\n") == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_another_old_file_is_refused_by_name(tmp_path):
    old, new, patch = one_pair(tmp_path)
    other = tmp_path / "other"
    other.write_bytes(old.read_bytes()[:-1] + b"?")
    result = subprocess.run([TOOL, "apply", "-q", other, patch, tmp_path / "out"], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"{other} is not the file this patch was made for" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("at, value", [(4, 1), (5, 2), (16, 1), (18, 3), (40, 255), (60, 200), (62, 0)])
def test_an_executable_with_a_strange_header_is_just_bytes(tmp_path, at, value):
    old, new, _ = one_pair(tmp_path)
    for path in (old, new):
        strange = bytearray(path.read_bytes())
        strange[at] = value
        path.write_bytes(strange)
    run(TOOL, "apply", "-q", old, delta(old, new, tmp_path), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == new.read_bytes()


def test_programs_within_an_archive_are_understood(tmp_path):
    """As in an image: at multiples of 512 bytes."""
    old, new, patch = one_pair(tmp_path)
    for name, path in (("old-tree", old), ("new-tree", new)):
        (tmp_path / name).mkdir()
        shutil.copy(path, tmp_path / name / "library.so")
    run(TOOL, "diff", "-q", tmp_path / "old-tree", tmp_path / "new-tree", tmp_path / "tree-patch")
    run(TOOL, "apply", "-q", tmp_path / "old-tree", tmp_path / "tree-patch", tmp_path / "out-tree")
    assert (tmp_path / "out-tree/library.so").read_bytes() == new.read_bytes()
    assert (tmp_path / "tree-patch").stat().st_size < patch.stat().st_size + 400


def test_info_accounts_for_every_byte(tmp_path):
    old, _, patch = one_pair(tmp_path)
    report = json.loads(run(TOOL, "info", "--json", patch, old).stdout)
    header = 68 + 2 + len(".") + 8 + 32
    assert abs(sum(cost["bytes"] for cost in report["costs"]) + header - report["size"]) < len(report["costs"]) + 8
    assert report["copied"] + report["new"] == report["result"]["size"]


def test_info_says_what_a_patch_is_without_the_old_file(tmp_path):
    old, new, patch = one_pair(tmp_path)
    report = json.loads(run(TOOL, "info", "--json", patch).stdout)
    assert (report["format"], report["kind"], report["method"]) == ("suture-delta-info-2", "file", 3)
    assert report["size"] == patch.stat().st_size
    assert report["result"] == {"size": new.stat().st_size, "sha256": sha256(new)}
    assert report["sources"] == [{"name": ".", "size": old.stat().st_size, "sha256": sha256(old)}]
    assert not report.keys() & {"blocks", "copied", "new", "costs"}


def test_info_says_the_same_to_people(tmp_path):
    old, new, patch = one_pair(tmp_path)
    report = json.loads(run(TOOL, "info", "--json", patch, old).stdout)
    short, long = run(TOOL, "info", patch).stdout, run(TOOL, "info", patch, old).stdout
    assert long.startswith(short)
    assert f"sha256 {sha256(new)}\n" in short and f"sha256 {sha256(old)}\n" in short
    table = [line.rsplit(maxsplit=2) for line in long.partition("what it says")[2].splitlines()[1:]]
    said = {what.strip(): int(size) for what, size, _ in table}
    costs = {cost["what"]: cost["bytes"] for cost in report["costs"]}
    # The text rounds halves to even.
    assert said.keys() == costs.keys() and all(abs(said[what] - costs[what]) <= 1 for what in costs)


def test_info_refuses_another_old_file(tmp_path):
    old, new, patch = one_pair(tmp_path)
    result = run(TOOL, "info", patch, new, check=False)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("suture-delta: ") and result.stderr.count("\n") == 1


def test_plain_files_need_no_archive_library():
    """It is loaded for trees: linked, it would cost more than most patches."""
    needed = run("readelf", "--dynamic", TOOL).stdout
    assert "libcrypto" in needed
    assert "libarchive" not in needed
