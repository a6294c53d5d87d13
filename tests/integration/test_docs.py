# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documents say, held against the programs, their reports and the tree."""
import json
import re
import shlex

import pytest

from conftest import BUILD, ROOT, run

PROGRAMS = ["suture", "suture-publish", "suture-delta", "suture-boot", "suture-watch", "sutured"]
DOCUMENTS = [path.relative_to(ROOT) for path in sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])]
OPTION = re.compile(r"(?<![\w-])(-[a-z]|--[a-z][a-z-]+)\b")
LINE_MAX = 130


def help_of(*command):
    return run(BUILD / command[0], *command[1:], "--help").stdout


def commands_of(program):
    listing = help_of(program).split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+)", listing, re.MULTILINE)


def options_in_help(text):
    """Of the lists of options only: sentences may mention others."""
    return {option for line in re.findall(r"^ +(-.*?)(?:  .*)?$", text, re.MULTILINE) for option in OPTION.findall(line)}


def options_of(program):
    texts = [help_of(program)] + [help_of(program, command) for command in commands_of(program)]
    return set().union(*map(options_in_help, texts))


def page_of(program):
    page, = (ROOT / "man").glob(f"{program}.[158]")
    return page


def manual(program):
    """The page as it is read, without bold and underlined type."""
    text = run("mandoc", "-T", "ascii", "-O", "width=120", page_of(program)).stdout
    return re.sub(".\b", "", text).replace("\u2010", "-")


def manual_section(program, name):
    return re.search(rf"^{name}\n(.*?)(?=^\w)", manual(program), re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_manual_has_every_option_and_no_other(program):
    assert set(OPTION.findall(manual(program))) == options_of(program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_manual_has_every_command_and_no_other(program):
    section = manual_section(program, "COMMANDS")
    indent = min(len(line) - len(line.lstrip()) for line in section.splitlines() if line.strip())
    assert re.findall(rf"^ {{{indent}}}(\w+)", section, re.MULTILINE) == commands_of(program)


@pytest.mark.parametrize("program", [*PROGRAMS, "suture-worker", "suture.conf"])
def test_the_manual_is_well_formed(program):
    assert run("mandoc", "-T", "lint", "-W", "warning", page_of(program)).stdout == ""


def read(document):
    return (ROOT / document).read_text(encoding="utf-8")


def code_lines(text):
    """Lines of fenced blocks, continued ones joined, without what explains them behind two blanks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.split(r"\s{2,}|\s#", line.strip())[0]
            for line in re.sub(r"\s*\\\n\s*", " ", "\n".join(blocks)).splitlines()]


def anchors(text):
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", read(document)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_file_that_is_named_is_there(document):
    named = re.findall(r"`((?:src|tools|tests|docs|man|fuzz|examples|data|parts|engine|base)/[a-z0-9_./-]*)`", read(document))
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "src" / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_no_line_is_too_long_but_rows_of_tables_and_what_programs_print(document):
    prose = re.sub(r"^```.*?^```", "", read(document), flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.splitlines() if len(line) > LINE_MAX and not line.startswith("|")] == []


def test_every_command_of_dev_that_is_named_is_one():
    known = {*re.findall(r"^  (\w+)", run(ROOT / "dev", "help").stdout, re.MULTILINE), "help"}
    named = {word for document in DOCUMENTS for word in re.findall(r"\./dev (\w+)", read(document))}
    assert "test" in named
    assert named <= known
    assert set(re.search(r"^(setup .*)\)", read("dev"), re.MULTILINE)[1].split(" | ")) == known


def test_every_command_line_that_is_shown_is_one_that_the_programs_know():
    shown = 0
    for document in DOCUMENTS:
        for line in code_lines(read(document)):
            words = line.split()
            if not words or words[0] not in PROGRAMS or len(words) < 2:
                continue
            program, command = words[0], next(word for word in words[1:] if not word.startswith("-"))
            assert command in commands_of(program), line
            known = options_in_help(help_of(program, command))
            assert set(OPTION.findall(line)) - known == set(), line
            shown += 1
    assert shown > 5


def test_the_tests_that_the_contributor_is_told_to_run_are_there():
    text = read("CONTRIBUTING.md")
    names = [path.name for path in (ROOT / "tests/integration").glob("test_*.py")]
    for word in re.findall(r"\./dev test -k (\w+)", text):
        assert any(word in name for name in names), word
    for name in re.findall(r"--suite unit (\S+)", text):
        assert list((ROOT / "src").rglob(f"{name}-test.c")), name


def test_the_house_has_the_rooms_of_the_law():
    rooms = re.search(r"^```\n(src/.*?)^```", read("docs/architecture.md"), re.MULTILINE | re.DOTALL)[1]
    for folder in re.findall(r"^([a-z/-]+):", read("src/layers.txt"), re.MULTILINE):
        assert f"{folder.split('/')[-1]}/" in rooms, folder


def test_every_kind_of_test_is_in_the_table():
    text = read("docs/architecture.md")
    for folder in (ROOT / "tests").iterdir():
        if folder.is_dir() and any(folder.iterdir()):
            assert f"| `tests/{folder.name}` |" in text, folder


# The fields of reports


class Page:
    """A document's sections, by the format that their title begins with."""

    def __init__(self, document):
        parts = re.split(r"^## (\S+).*$", read(document), flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2]))

    def promised(self, section):
        """What the first table says is always there."""
        table = re.search(r"(?:^\|.*\n)+", self.sections[section], re.MULTILINE)[0]
        rows = [row.split("|")[1:-1] for row in table.splitlines()[2:]]
        return {name for row in rows if "optional" not in row[1] for name in re.findall(r"`(\w+)`", row[0])}

    def known(self, *sections):
        return {name for section in sections for name in re.findall(r"`(\w+)`", self.sections[section])}


def fields(value):
    """Every name in a report. What has a format of its own and what maps data to data are left out."""
    if isinstance(value, list):
        return set().union(*map(fields, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    inner = [fields(item) for key, item in value.items()
             if key not in ("delta_sizes", "departures", "generations") and not (isinstance(item, dict) and "format" in item)]
    return set(value).union(*inner)


def assert_documented(page, report, *borrowed):
    section = report["format"]
    assert page.promised(section) <= set(report), (section, page.promised(section) - set(report))
    assert fields(report) <= page.known(section, *borrowed), (section, fields(report) - page.known(section, *borrowed))


@pytest.fixture
def server_program(device):
    process = device.program("/usr/bin/origin-server", "/srv/docs")
    assert "listening" in process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def test_every_field_of_the_devices_reports_is_documented_and_the_other_way_round(device, server_program):
    page = Page("docs/reports.md")
    for arguments in (["check"], ["install"], ["status"], ["exposed"], ["restart"], ["settings"]):
        assert_documented(page, device.report(*arguments))
    exposed = device.report("exposed")
    assert [process["pid"] for process in exposed["processes"]] == [server_program.pid]
    assert_documented(page, device.report("status")["exposed"])
    assert_documented(page, device.report("show", "liborigin"), "suture-status-1")
    assert_documented(page, device.report("history"), "suture-plan-1")
    assert_documented(page, device.report("receipt"), "suture-status-1")
    assert_documented(page, device.report("remove"))
    unattended = device.report("install", "--unattended")
    assert_documented(page, unattended)
    assert_documented(page, unattended["plan"])


def test_every_family_of_metrics_is_documented_and_the_other_way_round(device):
    written = set(re.findall(r"^# TYPE (\S+)", device.suture("metrics").stdout, re.MULTILINE))
    assert "suture_generation" in written
    assert set(re.findall(r"^\| `(suture_\w+)` \|", read("docs/ledger.md"), re.MULTILINE)) == written


def test_every_field_of_the_publishers_reports_is_documented(released, packages, tmp_path):
    page = Page("docs/reports.md")
    for more in (["--dry-run"], [], []):
        report = json.loads(released.release(packages["1.0-1"], packages["1.0-1+fix2"], "--json", *more).stdout)
        assert_documented(page, report)
    repository = ["--repository", released.repository]
    released.run("delegate", *repository, f"--keys={released.keys}", "--role=team", "--os=examplix", "--os-version=7",
                 "--arch=x86_64", f"--key={released.keys}/targets.pem")
    assert_documented(page, json.loads(released.run("verify", *repository, "--json").stdout))
    run(BUILD / "suture-delta", "diff", packages["1.0-1"], packages["1.0-1+fix1"], tmp_path / "patch")
    assert_documented(page, json.loads(run(BUILD / "suture-delta", "info", "--json", tmp_path / "patch",
                                            packages["1.0-1"]).stdout))


def test_every_field_of_the_state_is_documented_and_the_other_way_round(device, server_program):
    device.suture("install")
    assert server_program.poll() is None
    page = Page("docs/formats/state.md")
    state = json.loads((device.state / "state.json").read_text())
    assert page.promised("state.json") <= set(state)
    assert fields(state) <= page.known("state.json")
    written = set(re.findall(r'json_put\w*\(document, "(\w+)"', read("src/engine/journal.c")))
    assert "goal" in written
    assert page.promised("journal.json") == written
    history = json.loads((device.state / "history.json").read_text())
    assert fields(history) <= page.known("history.json") | Page("docs/reports.md").known("suture-plan-1")
    ledger = json.loads((device.state / "ledger.json").read_text())
    assert page.promised("ledger.json") <= set(ledger)
    assert fields(ledger) <= page.known("ledger.json")
    for path in device.state.iterdir():
        assert re.search(rf"^{path.name}\b", read("docs/formats/state.md"), re.MULTILINE), path


def test_the_readmes_release_needs_no_other_option():
    """What the README shows has all that a release must be given."""
    line = next(line for line in code_lines(read("README.md")) if line.startswith("suture-publish release"))
    needed = set(re.findall(r"^ +(--[a-z-]+)=.*\(needed", help_of("suture-publish", "release"), re.MULTILINE))
    assert needed == {"--repository", "--component", "--base", "--fixed"}
    assert needed <= {word.split("=")[0] for word in shlex.split(line)}


STATEMENTS = ("5.1 5.2 5.3.1 5.3.2 5.3.3 5.3.4 5.3.5 5.3.6 5.3.7 5.3.8 5.3.9 5.3.10 5.3.11 5.3.12 5.4.1 5.4.2 5.4.3.1 5.4.3.2 5.4.4 "
              "5.4.5 5.5.1 5.5.2 5.5.3 5.5.4 5.5.5 5.5.6 5.5.7 5.6.1 5.6.2 5.6.3 5.6.4 5.6.5 5.6.6 5.6.7 5.6.7.1 5.6.7.2 "
              "5.6.7.2.1 5.6.7.2.2 5.7.1 5.7.2 5.7.3")


def test_every_statement_of_the_tuf_client_workflow_names_tests_that_exist():
    rows = re.findall(r"^\| (5[0-9., ]*) \|.*\| (.*) \|$", read("docs/trust.md"), re.MULTILINE)
    listed = [statement for numbers, _ in rows for statement in numbers.split(", ")]
    assert listed == ["5", *STATEMENTS.split()]
    tests = "".join(path.read_text() for path in (ROOT / "tests/integration").glob("test_tuf_*.py"))
    for numbers, cell in rows:
        names = re.findall(r"`(test_\w+)`", cell)
        assert names, numbers
        assert [name for name in names if f"def {name}(" not in tests] == [], numbers
