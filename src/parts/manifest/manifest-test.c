/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/manifest/manifest.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static const char good[] =
	"{\"format\": \"suture-manifest-1\", \"component\": \"libxml2\", \"sequence\": 2, \"letter\": \"b\","
	"\"released\": \"2026-11-24T06:35:07Z\", \"fixed_version\": \"2.9.14+dfsg-1.3~deb12u5\","
	"\"os\": {\"id\": \"debian\", \"version_id\": \"12\", \"architecture\": \"x86_64\"},"
	"\"base\": {\"version\": \"2.9.14+dfsg-1.3~deb12u4\", \"files\": ["
	"{\"path\": \"usr/lib/libxml2.so.2.9.14\", \"size\": 100, \"sha256\": \"" ONES "\"},"
	"{\"path\": \"usr/bin/xmllint\", \"size\": 0, \"sha256\": \"" ZEROS "\"}]},"
	"\"files\": ["
	"{\"path\": \"usr/lib/new\", \"type\": \"directory\", \"mode\": \"0755\", \"uid\": 0, \"gid\": 0},"
	"{\"path\": \"usr/lib/libxml2.so.2.9.14\", \"type\": \"regular\", \"mode\": \"4755\", \"uid\": 0,"
	" \"gid\": 50, \"size\": 200, \"sha256\": \"" ONES "\"},"
	"{\"path\": \"usr/lib/new/link\", \"type\": \"symlink\", \"mode\": \"0777\", \"uid\": 0, \"gid\": 0,"
	" \"target\": \"/etc/passwd\"},"
	"{\"path\": \"usr/lib/old\", \"type\": \"removed\"}],"
	"\"advisories\": [{\"id\": \"CVE-2026-1234\", \"summary\": \"overflow in the parser\","
	" \"severity\": \"high\", \"component\": \"libxml2\", \"kind\": \"security\"}],"
	"\"image\": {\"size\": 8192, \"sha256\": \"" ZEROS "\", \"verity_root\": \"" ONES "\","
	" \"verity_salt\": \"" ZEROS "\", \"fsverity\": \"" ONES "\"},"
	"\"downloads\": [{\"kind\": \"delta\", \"from\": \"base\", \"path\": \"x/from-base.delta\", "
	"\"size\": 9,"
	" \"sha256\": \"" ZEROS "\"}, {\"kind\": \"delta\", \"from\": \"a\", \"path\": \"x/from-a.delta\","
	" \"size\": 9, \"sha256\": \"" ZEROS
	"\"}, {\"kind\": \"full\", \"path\": \"x/image.zst\", \"size\": 99,"
	" \"sha256\": \"" ONES "\"}],"
	"\"withdrawn\": [1], \"rollout\": {\"start\": \"2026-11-24T06:35:07Z\", \"hours\": 24, \"percent\": "
	"30, \"urgent\": true}}";

static json_t *good_document(void)
{
	json_t *document = NULL;
	Error error = ERROR_INIT;

	assert_done(json_parse(bytes_of_text(good), sizeof(good), &document, &error), &error);
	return document;
}

static Manifest *good_manifest(void)
{
	Manifest *manifest = NULL;
	Error error = ERROR_INIT;

	assert_done(manifest_parse(bytes_of_text(good), &manifest, &error), &error);
	return manifest;
}

/* "base.files.0.path" */
static json_t *step(json_t *at, const char *name)
{
	if (json_is_array(at))
		return json_array_get(at, (size_t)(name[0] - '0'));
	return json_object_get(at, name);
}

static json_t *parent_of(json_t *document, const char *place, char last[static 32])
{
	json_t *at = document;
	const char *dot;

	while ((dot = strchr(place, '.'))) {
		char name[32] = "";

		memcpy(name, place, (size_t)(dot - place));
		at = step(at, name);
		assert_non_null(at);
		place = dot + 1;
	}
	(void)strcpy(last, place);
	return at;
}

/* Puts value (NULL removes the field) at a place of the good document and parses that. */
static void assert_refused(const char *place, json_t *value, const char *sentence)
{
	CLEANUP_JSON json_t *document = good_document();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Manifest *manifest = NULL;
	Error error = ERROR_INIT;
	char last[32];
	json_t *parent = parent_of(document, place, last);

	if (!value)
		assert_int_equal(json_object_del(parent, last), 0);
	else if (json_is_array(parent))
		assert_int_equal(json_array_set_new(parent, (size_t)(last[0] - '0'), value), 0);
	else
		assert_int_equal(json_object_set_new(parent, last, value), 0);
	assert_done(json_write(document, &text, &error), &error);
	assert_fails(manifest_parse(buffer_bytes(&text), &manifest, &error), &error, sentence);
	assert_null(manifest);
}

static void reads_every_field(void **state)
{
	CLEANUP(manifest_free) Manifest *manifest = good_manifest();
	const ManifestFile *file;

	(void)state;
	assert_string_equal(manifest->component, "libxml2");
	assert_int_equal(manifest->sequence, 2);
	assert_int_equal(manifest->released, 1795502107);
	assert_string_equal(manifest->os.id, "debian");
	assert_null(manifest->os.image_version);
	assert_string_equal(manifest->base_version, "2.9.14+dfsg-1.3~deb12u4");
	assert_int_equal(manifest->n_base_files, 2);
	assert_string_equal(manifest->base_files[0].path, "usr/bin/xmllint");
	assert_int_equal(manifest->n_files, 4);
	file = manifest_find_file(manifest, "usr/lib/libxml2.so.2.9.14");
	assert_non_null(file);
	assert_int_equal(file->mode, 04755);
	assert_int_equal(file->gid, 50);
	assert_int_equal(file->size, 200);
	assert_int_equal(file->digest.bytes[31], 0x11);
	assert_string_equal(manifest_find_file(manifest, "usr/lib/new/link")->target, "/etc/passwd");
	assert_int_equal(manifest_find_file(manifest, "usr/lib/old")->type, MANIFEST_REMOVED);
	assert_null(manifest_find_file(manifest, "usr/lib"));
	assert_int_equal(manifest_find_base_file(manifest, "usr/lib/libxml2.so.2.9.14")->size, 100);
	assert_int_equal(manifest->image_size, 8192);
	assert_int_equal(manifest->n_downloads, 3);
	assert_string_equal(manifest->downloads[1].from, "a");
	assert_null(manifest->downloads[2].from);
	assert_true(manifest_is_withdrawn(manifest, 1));
	assert_false(manifest_is_withdrawn(manifest, 2));
	assert_int_equal(manifest->rollout.start, 1795502107);
	assert_int_equal(manifest->rollout.hours, 24);
	assert_int_equal(manifest->rollout.percent, 30);
	assert_true(manifest->rollout.urgent);
}

static void goes_to_everybody_without_haste_where_nothing_else_is_said(void **state)
{
	CLEANUP_JSON json_t *document = good_document();
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	json_t *rollout = json_object_get(document, "rollout");
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(json_object_del(rollout, "percent"), 0);
	assert_int_equal(json_object_del(rollout, "urgent"), 0);
	assert_done(json_write(document, &text, &error), &error);
	assert_done(manifest_parse(buffer_bytes(&text), &manifest, &error), &error);
	assert_int_equal(manifest->rollout.percent, 100);
	assert_false(manifest->rollout.urgent);
}

static void what_is_written_reads_the_same(void **state)
{
	CLEANUP(manifest_free) Manifest *manifest = good_manifest();
	CLEANUP(manifest_free) Manifest *again = NULL;
	CLEANUP_BUFFER Buffer first = BUFFER_INIT, second = BUFFER_INIT;
	CLEANUP_JSON json_t *written = NULL, *original = good_document();
	Error error = ERROR_INIT;

	(void)state;
	assert_done(manifest_write(manifest, &first, &error), &error);
	assert_done(manifest_parse(buffer_bytes(&first), &again, &error), &error);
	assert_done(manifest_write(again, &second, &error), &error);
	assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
	assert_done(json_parse(buffer_bytes(&first), first.size, &written, &error), &error);
	/* All but the arrays that were put into order. */
	assert_true(json_equal(json_object_get(written, "image"), json_object_get(original, "image")));
	assert_true(json_equal(json_object_get(written, "os"), json_object_get(original, "os")));
	assert_true(
		json_equal(json_object_get(written, "downloads"), json_object_get(original, "downloads")));
	assert_true(
		json_equal(json_object_get(written, "advisories"), json_object_get(original, "advisories")));
	assert_true(json_equal(json_object_get(written, "rollout"), json_object_get(original, "rollout")));
	assert_int_equal(json_object_size(written), json_object_size(original));
}

static void fields_of_the_future_are_ignored(void **state)
{
	CLEANUP_JSON json_t *document = good_document();
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(json_object_set_new(document, "restart", json_object()), 0);
	assert_int_equal(
		json_object_set_new(json_array_get(json_object_get(document, "files"), 0), "x", json_true()),
		0);
	assert_done(json_write(document, &text, &error), &error);
	assert_done(manifest_parse(buffer_bytes(&text), &manifest, &error), &error);
}

static void a_format_of_the_future_is_refused(void **state)
{
	(void)state;
	assert_refused("format", json_string("suture-manifest-2"), "reads \"suture-manifest-1\" only");
}

static void every_missing_field_is_named(void **state)
{
	static const char *const fields[] = {"format", "component", "sequence", "letter", "released", "os",
		"os.id", "os.version_id", "os.architecture", "base", "base.version", "base.files",
		"base.files.0.path", "base.files.0.size", "base.files.0.sha256", "fixed_version", "files",
		"files.1.path", "files.1.type", "files.1.mode", "files.1.uid", "files.1.gid", "files.1.size",
		"files.1.sha256", "files.2.target", "advisories", "advisories.0.id", "advisories.0.summary",
		"advisories.0.severity", "advisories.0.component", "advisories.0.kind", "image", "image.size",
		"image.sha256", "image.verity_root", "image.verity_salt", "image.fsverity", "downloads",
		"downloads.0.kind", "downloads.0.from", "downloads.0.path", "downloads.0.size",
		"downloads.0.sha256", "withdrawn", "rollout", "rollout.start", "rollout.hours"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *dot = strrchr(fields[i], '.');
		char sentence[64];

		(void)snprintf(
			sentence, sizeof(sentence), "field \"%s\" is missing", dot ? dot + 1 : fields[i]);
		assert_refused(fields[i], NULL, sentence);
	}
}

static void every_field_of_another_type_is_named(void **state)
{
	static const char *const fields[] = {"format", "component", "sequence", "letter", "released", "os",
		"os.id", "os.version_id", "os.architecture", "base", "base.version", "base.files",
		"base.files.0.path", "base.files.0.size", "base.files.0.sha256", "fixed_version", "files",
		"files.1.path", "files.1.type", "files.1.mode", "files.1.uid", "files.1.gid", "files.1.size",
		"files.1.sha256", "files.2.target", "advisories", "advisories.0.id", "image", "image.size",
		"image.sha256", "image.verity_root", "image.verity_salt", "image.fsverity", "downloads",
		"downloads.0.kind", "downloads.0.from", "downloads.0.path", "downloads.0.size", "withdrawn",
		"rollout", "rollout.start", "rollout.hours", "rollout.percent", "rollout.urgent"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *dot = strrchr(fields[i], '.');
		char sentence[64];

		(void)snprintf(sentence, sizeof(sentence), "field \"%s\" is not", dot ? dot + 1 : fields[i]);
		assert_refused(fields[i], json_real(1.5), sentence);
	}
	assert_refused("files.0", json_integer(1), "files[0] is not an object");
	assert_refused("withdrawn.0", json_string("a"), "withdrawn[0] is not a sequence");
	assert_refused("os.image_version", json_integer(1), "field \"image_version\" is not a string");
}

static void values_out_of_bounds_are_named(void **state)
{
	(void)state;
	assert_refused("component", json_string("../x"), "field \"component\" is not a name");
	assert_refused("component", json_string(""), "field \"component\" is not a name");
	assert_refused("os.id", json_string("a/b"), "field \"id\" is not a name");
	assert_refused("os.architecture", json_string("x 86"), "field \"architecture\" is not a name");
	assert_refused("os.image_version", json_string("."), "field \"image_version\" is not a name");
	assert_refused("base.version", json_string("-1"), "field \"base.version\" is not a name");
	assert_refused("fixed_version", json_string("a b"), "field \"fixed_version\" is not a name");
	assert_refused("sequence", json_integer(0), "field \"sequence\" is not between");
	assert_refused("sequence", json_integer(18279), "field \"sequence\" is not between");
	assert_refused("released", json_string("yesterday"), "field \"released\"");
	assert_refused("base.files.0.size", json_integer(-1), "field \"size\" is not between");
	assert_refused("base.files.0.size", json_integer((4ll << 30) + 1), "field \"size\" is not between");
	assert_refused("base.files.0.sha256", json_string("00"), "field \"sha256\"");
	assert_refused("files.1.mode", json_string("644"), "field \"mode\" is not four octal digits");
	assert_refused("files.1.mode", json_string("0888"), "field \"mode\" is not four octal digits");
	assert_refused("files.1.uid", json_integer(UINT32_MAX), "field \"uid\" is not between");
	assert_refused("files.1.gid", json_integer(-1), "field \"gid\" is not between");
	assert_refused("files.1.type", json_string("fifo"), "field \"type\" is not regular");
	assert_refused("files.2.target", json_string(""), "field \"target\" is empty");
	assert_refused("files.2.target", json_string("a\nb"), "field \"target\" holds control characters");
	assert_refused("advisories.0.severity", json_string("extreme"), "field \"severity\" is not low");
	assert_refused("advisories.0.summary", json_string("\x1b[2J"), "field \"summary\" holds control");
	assert_refused("advisories.0.id", json_string("CVE 1"), "field \"id\" is not a name");
	assert_refused("image.size", json_integer(0), "field \"image.size\" is not a multiple of 4096");
	assert_refused("image.size", json_integer(4097), "field \"image.size\" is not a multiple of 4096");
	assert_refused("image.verity_salt", json_string(ZEROS "00"), "field \"verity_salt\"");
	assert_refused("downloads.0.kind", json_string("torrent"), "field \"kind\" is not delta or full");
	assert_refused("downloads.0.size", json_integer(0), "field \"size\" is not between");
	assert_refused("withdrawn.0", json_integer(0), "withdrawn[0] is not a sequence");
	assert_refused("rollout.hours", json_integer(1 << 20), "field \"hours\" is not between");
	assert_refused("rollout.percent", json_integer(101), "field \"percent\" is not between");
	assert_refused("rollout.percent", json_integer(-1), "field \"percent\" is not between");
}

static void the_letter_and_the_sequence_must_agree(void **state)
{
	(void)state;
	assert_refused(
		"letter", json_string("c"), "field \"letter\" is \"c\", but sequence 2 is the letter b");
	assert_refused("sequence", json_integer(28), "field \"letter\"");
	assert_refused("letter", json_string("(b)"), "field \"letter\"");
}

static void a_delta_comes_from_the_base_or_an_earlier_letter(void **state)
{
	(void)state;
	assert_refused("downloads.1.from", json_string("b"), "field \"from\" names the letter b");
	assert_refused("downloads.1.from", json_string("zzz"), "field \"from\" names the letter zzz");
	assert_refused("downloads.1.from", json_string("Base"), "field \"from\" is neither");
	assert_refused("downloads.1.from", json_string("(a)"), "field \"from\" is neither");
}

static void no_path_leaves_usr(void **state)
{
	static const char *const bad[] = {"", "/usr/lib/x", "usr/../etc/passwd", "usr//x", "usr/./x",
		"usr/lib/", "etc/passwd", "usr", "usrx/y", "usr/a\nb"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_refused("files.1.path", json_string(bad[i]), "field \"path\"");
		assert_refused("base.files.0.path", json_string(bad[i]), "field \"path\"");
	}
	assert_refused("downloads.0.path", json_string("../x"), "field \"path\"");
	assert_refused("downloads.0.path", json_string("/x"), "field \"path\"");
}

static void no_path_is_endlessly_deep(void **state)
{
	char path[160] = "usr";

	(void)state;
	for (size_t i = 0; i < 64; i++)
		(void)strcat(path, "/x");
	assert_refused("files.1.path", json_string(path), "more than 64 components");
}

static void no_path_is_there_twice(void **state)
{
	(void)state;
	assert_refused("files.3.path", json_string("usr/lib/new"), "\"usr/lib/new\" is there twice");
	assert_refused(
		"base.files.0.path", json_string("usr/bin/xmllint"), "\"usr/bin/xmllint\" is there twice");
}

static void nothing_lies_below_what_is_no_directory(void **state)
{
	(void)state;
	assert_refused("files.3.path", json_string("usr/lib/new/link/deep/file"),
		"lies below \"usr/lib/new/link\", which is no directory");
}

/* n copies of what stands first in the array. */
static json_t *many(const char *field, size_t n)
{
	CLEANUP_JSON json_t *document = good_document();
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			json_array_append(array, json_array_get(json_object_get(document, field), 0)), 0);
	return array;
}

static void counts_are_bounded(void **state)
{
	(void)state;
	assert_refused("files", many("files", MANIFEST_FILES_MAX + 1), "field \"files\" has more than");
	assert_refused("base.files", many("files", MANIFEST_FILES_MAX + 1), "field \"files\" has more than");
	assert_refused("advisories", many("advisories", 1025), "field \"advisories\" has more than");
	assert_refused("downloads", many("downloads", 65), "field \"downloads\" has more than");
	assert_refused("withdrawn", many("withdrawn", 1025), "field \"withdrawn\" has more than");
	assert_refused("withdrawn", many("withdrawn", 2), "is there twice");
	assert_refused("files", json_array(), "field \"files\" has 0 entries");
	assert_refused("base.files", json_array(), "field \"base.files\" has 0 entries");
	assert_refused("downloads", json_array(), "field \"downloads\" has 0 entries");
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "{", "{\"format\": 1, \"format\": 1}", "{} x"};
	CLEANUP_BUFFER Buffer huge = BUFFER_INIT;
	Manifest *manifest = NULL;
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(manifest_parse(bytes_of_text(bad[i]), &manifest, &error), &error, "manifest: ");
	assert_done(buffer_reserve(&huge, MANIFEST_SIZE_MAX + 1, &error), &error);
	memset(huge.data, ' ', MANIFEST_SIZE_MAX + 1);
	huge.size = MANIFEST_SIZE_MAX + 1;
	assert_fails(manifest_parse(buffer_bytes(&huge), &manifest, &error), &error, "more than");
}

static void nothing_is_written_that_would_be_refused(void **state)
{
	CLEANUP(manifest_free) Manifest *manifest = good_manifest();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;
	ManifestFile first;

	(void)state;
	manifest->files[0].mode = 010000;
	assert_fails(manifest_write(manifest, &text, &error), &error, "field \"mode\"");
	manifest->files[0].mode = 0755;
	first = manifest->files[0];
	manifest->files[0] = manifest->files[1];
	manifest->files[1] = first;
	assert_fails(manifest_write(manifest, &text, &error), &error, "order");
	manifest_sort(manifest);
	assert_done(manifest_write(manifest, &text, &error), &error);
}

static void an_empty_manifest_is_an_error_and_no_crash(void **state)
{
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(manifest_new(&manifest, &error), &error);
	assert_null(manifest_find_file(manifest, "usr/x"));
	assert_fails(manifest_write(manifest, &text, &error), &error, "field \"component\" is missing");
	assert_int_equal(text.size, 0);
	assert_null(manifest_free(NULL));
}

static void its_title_is_for_people(void **state)
{
	CLEANUP(manifest_free) Manifest *manifest = good_manifest();
	CLEANUP_FREE char *title = NULL;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(manifest_title(manifest, &title, &error), &error);
	assert_string_equal(title, "libxml2 2.9.14+dfsg-1.3~deb12u4 (b)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(goes_to_everybody_without_haste_where_nothing_else_is_said),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(fields_of_the_future_are_ignored),
		cmocka_unit_test(a_format_of_the_future_is_refused),
		cmocka_unit_test(every_missing_field_is_named),
		cmocka_unit_test(every_field_of_another_type_is_named),
		cmocka_unit_test(values_out_of_bounds_are_named),
		cmocka_unit_test(the_letter_and_the_sequence_must_agree),
		cmocka_unit_test(a_delta_comes_from_the_base_or_an_earlier_letter),
		cmocka_unit_test(no_path_leaves_usr),
		cmocka_unit_test(no_path_is_endlessly_deep),
		cmocka_unit_test(no_path_is_there_twice),
		cmocka_unit_test(nothing_lies_below_what_is_no_directory),
		cmocka_unit_test(counts_are_bounded),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(nothing_is_written_that_would_be_refused),
		cmocka_unit_test(an_empty_manifest_is_an_error_and_no_crash),
		cmocka_unit_test(its_title_is_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
