# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tab key offers: the scripts that the programs print, in the real bash, zsh and fish."""
import json
import re

import pytest

import shells
from conftest import BUILD, ROOT, assert_fails, run

SHELLS = [pytest.param(shells.bash, id="bash"), pytest.param(shells.zsh, id="zsh"), pytest.param(shells.fish, id="fish")]
PROGRAMS = ["suture", "suture-publish", "suture-delta"]
in_each_shell = pytest.mark.parametrize("offered", SHELLS)


def commands_of(program):
    """{command: what the help says of it}"""
    text = run(BUILD / program, "--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    return {match[1]: match[2] for match in re.finditer(r"^  (\S+).*?  +(\S.*)$", re.sub(r"\n {10,}", "  ", text), re.M)}


def options_of(program, command):
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", run(BUILD / program, command, "--help").stdout, re.M))


def names(offers):
    return {word.rstrip("=") for word in offers}


@in_each_shell
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_shell_offers_every_command(offered, program, tmp_path):
    offers = {word for word in offered(tmp_path, f"{program} ") if not word.startswith("-")}
    assert offers == set(commands_of(program)) and len(offers) >= 4


@pytest.mark.parametrize("offered", SHELLS[1:])
@pytest.mark.parametrize("program", PROGRAMS)
def test_zsh_and_fish_offer_the_commands_with_the_words_of_the_help(offered, program, tmp_path):
    assert offered(tmp_path, f"{program} ") == commands_of(program)


@in_each_shell
def test_a_beginning_leaves_what_begins_with_it(offered, tmp_path):
    assert set(offered(tmp_path, "suture re")) == {"receipt", "remove", "repair", "restart", "resume", "revert"}
    assert set(offered(tmp_path, "suture inst")) == {"install"}


@in_each_shell
@pytest.mark.parametrize("program, command", [
    ("suture", "install"), ("suture", "status"), ("suture", "vex"), ("suture-publish", "release"),
    ("suture-publish", "serve"), ("suture-delta", "apply"), ("suture-delta", "diff")])
def test_every_shell_offers_a_commands_options_and_the_common_ones(offered, program, command, tmp_path):
    assert names(offered(tmp_path, f"{program} {command} --")) == options_of(program, command)


@in_each_shell
@pytest.mark.parametrize("line", ["suture --root /tmp inst", "suture --root=/tmp inst", "suture -q inst"])
def test_a_command_is_offered_behind_common_options_and_their_values(offered, line, tmp_path):
    assert set(offered(tmp_path, line)) == {"install"}
    assert "--dry-run" in names(offered(tmp_path, line + "all --"))


@in_each_shell
@pytest.mark.parametrize("option", ["--urgent=", "--urgent "])
def test_the_words_that_an_option_takes_are_offered(offered, option, tmp_path):
    offers = offered(tmp_path, f"suture-publish rollout {option}")
    assert {word.removeprefix("--urgent=") for word in offers} == {"yes", "no"}


@in_each_shell
def test_no_command_is_offered_as_the_value_of_an_option(offered, tmp_path):
    assert not {"install", "--root=install"} & set(offered(tmp_path, "suture --root=inst"))
    assert not set(offered(tmp_path, "suture --repository inst"))


@in_each_shell
def test_the_words_that_a_command_takes_are_offered(offered, tmp_path):
    assert set(offered(tmp_path, "suture completion ")) - {"--help", "--version"} >= {"bash", "zsh", "fish"}
    assert set(offered(tmp_path, "suture settings BatteryS")) == {"BatterySaver="}
    assert set(offered(tmp_path, "suture-publish key re")) == {"remove", "renew"}


@pytest.mark.parametrize("offered", SHELLS[1:])
def test_files_are_offered_where_files_are_taken_and_nowhere_else(offered, tmp_path):
    for name in ("old.deb", "older.deb"):
        (tmp_path / name).write_text("")
    for line in ("suture-publish release --base old", "suture-publish release --base x.deb old", "suture-delta diff old"):
        assert set(offered(tmp_path, line)) == {"old.deb", "older.deb"}
    assert not offered(tmp_path, "suture install old") and not offered(tmp_path, "suture status old")


def test_bash_leaves_values_to_its_own_completion_of_files(tmp_path):
    assert "-o default" in run(BUILD / "suture", "completion", "bash").stdout
    assert not shells.bash(tmp_path, "suture --root=") and not shells.bash(tmp_path, "suture vex -o ")


def test_zsh_ends_what_is_whole_and_leaves_open_what_takes_a_value(tmp_path):
    assert shells.typed_into_zsh(tmp_path, "suture inst")[1] == "suture install "
    assert shells.typed_into_zsh(tmp_path, "suture status --js")[1] == "suture status --json "
    assert shells.typed_into_zsh(tmp_path, "suture --roo")[1] == "suture --root="
    assert shells.typed_into_zsh(tmp_path, "suture settings BatteryS")[1] == "suture settings BatterySaver="


def test_another_shell_is_refused():
    assert_fails(run(BUILD / "suture", "completion", "csh", check=False), "csh")


def packaged():
    """{where a file of the packages ends up: its name below the tree that meson installs}"""
    lines = [line.split() for path in (ROOT / "debian").glob("*.install") for line in path.read_text().splitlines()]
    return {f"{words[1]}/{words[0].rpartition('/')[2]}" if len(words) > 1 else words[0]: words[0] for words in lines}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_packages_bring_the_scripts_to_where_debians_shells_look(program):
    places = {"bash": ("usr/share/bash-completion/completions", f"{program}.bash"),
              "zsh": ("usr/share/zsh/vendor-completions", f"_{program}"),
              "fish": ("usr/share/fish/vendor_completions.d", f"{program}.fish")}
    assert "/" + places["zsh"][0] in run("zsh", "-f", "-c", "print -l $fpath").stdout.split()
    assert "/" + places["fish"][0] in run("fish", "-c", "printf '%s\n' $fish_complete_path").stdout.split()
    plan = json.loads((BUILD / "meson-info/intro-install_plan.json").read_text())["targets"]
    installed = {item["destination"].partition("share/")[2] for item in plan.values()}
    for directory, name in places.values():
        assert packaged()[f"{directory}/{name}"].partition("share/")[2] in installed
