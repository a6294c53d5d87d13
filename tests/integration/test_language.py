# SPDX-License-Identifier: LGPL-2.1-or-later
"""People are spoken to in their language; reports, records and exit codes know none."""
import json
import os
import pathlib
import re
import shutil

import pytest

from conftest import BUILD, ROOT, run

TRANSLATION = BUILD / "po/de/LC_MESSAGES/suture.mo"
# What prints or makes sentences: the keywords of po/meson.build.
SENTENCES = re.compile(r"\b(?:error_set|error_os|error_in|say|say_count|count_text|_|N_|N_PLURAL|progress_begin)\((?=[^;]*?\")")
# Programs that speak no language: their errors are read by others, or by whoever publishes.
SILENT = ("src/programs/boot/", "src/programs/watch/", "src/programs/worker/", "src/programs/fetcher/", "src/programs/daemon/",
          "src/programs/publisher/", "src/programs/delta-tool/", "src/parts/delta/encode/", "src/parts/trust/signer/",
          "src/parts/image/build/", "src/parts/http/", "src/parts/worker/confine/", "src/parts/watch/")


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """An environment of somebody who reads German. The only locale that is surely there is C.UTF-8, to which not every C
    library speaks another language: a copy of it goes by the name of a German one."""
    places = tmp_path_factory.mktemp("locales")
    shutil.copytree("/usr/lib/locale/C.utf8", places / "de_DE.UTF-8")
    prefix = next(option["value"] for option in json.loads((BUILD / "meson-info/intro-buildoptions.json").read_text())
                  if option["name"] == "prefix")
    share = pathlib.Path(prefix) / "share"
    run("mount", "-t", "tmpfs", "tmpfs", share)
    (share / "locale/de/LC_MESSAGES").mkdir(parents=True)
    shutil.copy(TRANSLATION, share / "locale/de/LC_MESSAGES")
    yield {**os.environ, "LOCPATH": str(places), "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"}
    run("umount", share)


def test_the_help_is_german_for_whoever_reads_german(german):
    text = run(BUILD / "suture", "--help", env=german).stdout
    assert text.startswith("Aufruf: suture [OPTION...] BEFEHL") and "\nBefehle:\n" in text
    assert "„Bin ich geschützt?“ beantworten" in text
    assert run(BUILD / "suture", "install", "--help", env=german).stdout.startswith("Aufruf: suture install")


def test_every_line_of_the_help_is_translated(german):
    english = run(BUILD / "suture", "--help").stdout.splitlines()
    translated = run(BUILD / "suture", "--help", env=german).stdout.splitlines()
    assert len(english) == len(translated)
    assert [line for line, other in zip(english, translated) if line and line == other] == []


def test_the_way_of_a_fix_is_told_in_german(device, german):
    assert "Keine Verbesserung ist installiert." in device.suture("status", env=german).stdout
    assert "Nichts wurde geändert. „suture install“ tut es." in device.suture("check", env=german).stdout
    installed = device.suture("install", env=german)
    assert "installiert: liborigin (a) auf 1.0-1" in installed.stdout and "liborigin" in installed.stderr
    assert "Geschützt: jede Verbesserung ist aktiv" in device.suture("status", env=german).stdout
    assert "entfernt: liborigin (a)" in device.suture("remove", env=german).stdout


def test_errors_are_german_down_to_their_reason(device, german):
    result = device.suture("frobnicate", env=german, check=False)
    assert (result.returncode, result.stderr) == (2, "suture: unbekannter Befehl „frobnicate“; siehe „suture --help“\n")
    result = device.suture("install", "libnone", env=german, check=False)
    assert result.returncode == 1 and "die Quelle hat keine Komponente „libnone“" in result.stderr


def test_what_is_counted_agrees_with_its_number(device, german):
    processes = [device.program("/usr/bin/origin-server", f"/srv/{name}") for name in ("one", "two")]
    for process in processes:
        assert "listening" in process.stdout.readline()
    try:
        assert "\nUngeschützt: 2 Prozesse benutzen noch den alten Stand:" in device.suture("install", env=german).stdout
        processes[0].kill()
        processes[0].wait()
        assert "aber ein Prozess benutzt noch den alten Stand." in device.suture("status", env=german).stdout
    finally:
        for process in processes:
            process.kill()
            process.wait()


def without_times(text):
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:]{8}Z", "TIME", text)


def test_reports_are_the_same_in_every_language(mirrored, german):
    for command in ("status", "check", "exposed", "history", "receipt", "settings", "restart", "install"):
        plain, other = mirrored.suture(command, "--json"), mirrored.suture(command, "--json", env=german)
        assert without_times(plain.stdout) == without_times(other.stdout)
        json.loads(other.stdout)


def test_what_is_kept_is_english_whoever_changed_it(device, german):
    device.suture("install", env=german)
    device.suture("revert", "liborigin", env=german)
    kept = (device.state / "state.json").read_text()
    assert "because of harm" in kept and "Schaden" not in kept


@pytest.fixture
def foreign(german):
    """An environment that leads gettext to a translation from elsewhere, whose format no build has seen."""
    place = pathlib.Path(f"/var/tmp/foreign{os.getpid()}")
    (place / "LC_MESSAGES").mkdir(parents=True)
    (place / "foreign.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "Options"\nmsgstr "%s%n from elsewhere"\n')
    run("msgfmt", "-o", place / "LC_MESSAGES/suture.mo", place / "foreign.po")
    yield {**german, "LANGUAGE": f"../../../../../../..{place}"}
    shutil.rmtree(place)


def test_no_translation_is_taken_from_elsewhere(foreign):
    found = run("gettext", "-d", "suture", "Options", env={**foreign, "TEXTDOMAINDIR": "/usr/share/locale"}).stdout
    assert found == "%s%n from elsewhere", "gettext itself would take it"
    assert "\nOptionen:\n" in run(BUILD / "suture", "--help", env=foreign).stdout


def test_a_language_without_a_translation_is_english(german):
    assert run(BUILD / "suture", "--help", env={**german, "LANGUAGE": "eo"}).stdout.startswith("Usage: suture")


def listed():
    return set((ROOT / "po/POTFILES").read_text().split())


def sources():
    return [path.relative_to(ROOT) for path in sorted(ROOT.glob("src/**/*.c"))
            if not path.name.endswith("-test.c") and not path.name.startswith(("fixture", "test-"))]


def test_every_file_with_sentences_for_people_is_listed_for_translators():
    missing = [str(path) for path in sources()
               if SENTENCES.search((ROOT / path).read_text()) and not str(path).startswith(SILENT)]
    assert sorted(set(missing) - listed()) == []


def test_nothing_else_is_listed_for_translators():
    assert listed() <= {str(path) for path in sources()}


def test_every_translation_is_of_words_that_are_said(tmp_path):
    """Collected anew: a sentence that has changed must not leave its translation behind."""
    keywords = re.findall(r"^    '(--[^']*)',$", (ROOT / "po/meson.build").read_text(), re.MULTILINE)
    run("xgettext", *keywords, "--language=C", "--files-from=po/POTFILES", "-o", tmp_path / "suture.pot", cwd=ROOT)
    run("msgmerge", "--no-fuzzy-matching", "-q", "-o", tmp_path / "de.po", ROOT / "po/de.po", tmp_path / "suture.pot")
    left = run("msgattrib", "--only-obsolete", tmp_path / "de.po").stdout
    assert "#~ msgid" not in left, left
    assert "#, fuzzy" not in (ROOT / "po/de.po").read_text()


def test_the_build_holds_every_translation_of_a_format_against_it():
    """msgfmt does so only where an entry says that it is one; suture prints them as root."""
    for path in ROOT.glob("po/*.po"):
        entries = [entry for entry in path.read_text().split("\n\n") if not entry.startswith(('msgid ""\nmsgstr', "#~"))]
        formats = [entry for entry in entries if re.search(r'^(?:msgid|msgid_plural)? ?".*%[-+ #0-9.*]*[hlzjt]*[a-zA-Z]', entry,
                                                           re.MULTILINE)]
        assert formats and [entry for entry in formats if not re.search(r"^#,.* c-format", entry, re.MULTILINE)] == []


def test_the_packages_bring_every_translation():
    languages = [line for line in (ROOT / "po/LINGUAS").read_text().split("\n") if line and not line.startswith("#")]
    assert languages and all((ROOT / f"po/{language}.po").is_file() for language in languages)
    assert "usr/share/locale" in (ROOT / "debian/suture.install").read_text().splitlines()
    assert re.search(r"\bgettext\b", (ROOT / "debian/control").read_text())
