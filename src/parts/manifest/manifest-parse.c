/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From JSON to a Manifest. This file checks that each field is there and has its type; manifest_check()
 * then holds the values against the rules. Counts are bounded here, before memory is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/manifest/letter.h"
#include "parts/manifest/manifest-check.h"

static int text_field(const json_t *object, const char *key, size_t max, char **ret, Error *error)
{
	const char *text;

	if (json_string_field(object, key, max, &text, error) < 0)
		return -1;
	return text_copy(text, ret, error);
}

static int size_field(const json_t *object, const char *key, uint64_t *ret, Error *error)
{
	int64_t size;

	if (json_integer_field(object, key, 0, (int64_t)MANIFEST_IMAGE_MAX, &size, error) < 0)
		return -1;
	*ret = (uint64_t)size;
	return 0;
}

static int number_field(const json_t *object, const char *key, uint32_t max, uint32_t *ret, Error *error)
{
	int64_t number;

	if (json_integer_field(object, key, 0, max, &number, error) < 0)
		return -1;
	*ret = (uint32_t)number;
	return 0;
}

/* Reads the objects of an array, one call of `read` each, into new zeroed memory whose count grows with it:
 * what has been read so far is freed with the manifest. */
typedef int (*ReadEntry)(const json_t *entry, void *to, Error *error);

static int read_array(const json_t *object, const char *key, const char *name, size_t max, size_t size,
	ReadEntry read, void **place, size_t *count, Error *error)
{
	json_t *array = NULL;
	uint8_t *entries;
	size_t n;

	if (json_array_field(object, key, max, &array, error) < 0)
		return -1;
	n = json_array_size(array);
	if (n == 0)
		return 0;
	entries = calloc(n, size);
	if (!entries)
		return error_memory(error);
	*place = entries;
	*count = n;
	for (size_t i = 0; i < n; i++) {
		const json_t *entry = json_array_get(array, i);

		if (!json_is_object(entry))
			return error_set(error, "%s[%zu] is not an object", name, i);
		if (read(entry, entries + i * size, error) < 0)
			return error_in(error, "%s[%zu]", name, i);
	}
	return 0;
}

static int read_base_file(const json_t *entry, void *to, Error *error)
{
	ManifestBaseFile *file = to;

	if (text_field(entry, "path", PATH_LENGTH_MAX, &file->path, error) < 0 ||
		size_field(entry, "size", &file->size, error) < 0)
		return -1;
	return json_digest_field(entry, "sha256", &file->digest, error);
}

static int read_type(const json_t *entry, ManifestFileType *ret, Error *error)
{
	static const char *const names[] = {
		[MANIFEST_REGULAR] = "regular",
		[MANIFEST_SYMLINK] = "symlink",
		[MANIFEST_DIRECTORY] = "directory",
		[MANIFEST_REMOVED] = "removed",
	};
	const char *text;

	if (json_string_field(entry, "type", MANIFEST_NAME_MAX, &text, error) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (ManifestFileType)i;
			return 0;
		}
	}
	return error_set(error, "field \"type\" is not regular, symlink, directory or removed");
}

/* Four octal digits, as chmod(1) writes them. */
static int read_mode(const json_t *entry, uint32_t *ret, Error *error)
{
	const char *text;
	uint32_t mode = 0;

	if (json_string_field(entry, "mode", MANIFEST_NAME_MAX, &text, error) < 0)
		return -1;
	if (strlen(text) != 4 || strspn(text, "01234567") != 4)
		return error_set(error, "field \"mode\" is not four octal digits");
	for (size_t i = 0; i < 4; i++)
		mode = mode << 3 | (uint32_t)(text[i] - '0');
	*ret = mode;
	return 0;
}

static int read_file(const json_t *entry, void *to, Error *error)
{
	ManifestFile *file = to;

	if (text_field(entry, "path", PATH_LENGTH_MAX, &file->path, error) < 0 ||
		read_type(entry, &file->type, error) < 0)
		return -1;
	if (file->type == MANIFEST_REMOVED)
		return 0;
	if (read_mode(entry, &file->mode, error) < 0 ||
		number_field(entry, "uid", UINT32_MAX - 1, &file->uid, error) < 0 ||
		number_field(entry, "gid", UINT32_MAX - 1, &file->gid, error) < 0)
		return -1;
	if (file->type == MANIFEST_SYMLINK)
		return text_field(entry, "target", MANIFEST_TARGET_MAX, &file->target, error);
	if (file->type == MANIFEST_DIRECTORY)
		return 0;
	if (size_field(entry, "size", &file->size, error) < 0)
		return -1;
	return json_digest_field(entry, "sha256", &file->digest, error);
}

static int read_advisory(const json_t *entry, void *to, Error *error)
{
	ManifestAdvisory *advisory = to;

	if (text_field(entry, "id", MANIFEST_NAME_MAX, &advisory->id, error) < 0 ||
		text_field(entry, "summary", MANIFEST_SUMMARY_MAX, &advisory->summary, error) < 0 ||
		text_field(entry, "severity", MANIFEST_NAME_MAX, &advisory->severity, error) < 0 ||
		text_field(entry, "component", MANIFEST_NAME_MAX, &advisory->component, error) < 0)
		return -1;
	return text_field(entry, "kind", MANIFEST_NAME_MAX, &advisory->kind, error);
}

static int read_download(const json_t *entry, void *to, Error *error)
{
	ManifestDownload *download = to;
	const char *kind;

	if (json_string_field(entry, "kind", MANIFEST_NAME_MAX, &kind, error) < 0)
		return -1;
	if (strcmp(kind, "delta") == 0)
		download->kind = MANIFEST_DELTA;
	else if (strcmp(kind, "full") == 0)
		download->kind = MANIFEST_FULL;
	else
		return error_set(error, "field \"kind\" is not delta or full");
	if (download->kind == MANIFEST_DELTA &&
		text_field(entry, "from", MANIFEST_NAME_MAX, &download->from, error) < 0)
		return -1;
	if (text_field(entry, "path", PATH_LENGTH_MAX, &download->path, error) < 0 ||
		size_field(entry, "size", &download->size, error) < 0)
		return -1;
	return json_digest_field(entry, "sha256", &download->digest, error);
}

static int read_os(const json_t *document, ManifestOs *os, Error *error)
{
	json_t *object = NULL;

	if (json_object_field(document, "os", &object, error) < 0)
		return -1;
	if (text_field(object, "id", MANIFEST_NAME_MAX, &os->id, error) < 0 ||
		text_field(object, "version_id", MANIFEST_NAME_MAX, &os->version_id, error) < 0 ||
		text_field(object, "architecture", MANIFEST_NAME_MAX, &os->architecture, error) < 0)
		return error_in(error, "field \"os\"");
	if (json_has(object, "image_version") &&
		text_field(object, "image_version", MANIFEST_NAME_MAX, &os->image_version, error) < 0)
		return error_in(error, "field \"os\"");
	return 0;
}

static int read_base(const json_t *document, Manifest *manifest, Error *error)
{
	json_t *object = NULL;

	if (json_object_field(document, "base", &object, error) < 0)
		return -1;
	if (text_field(object, "version", MANIFEST_NAME_MAX, &manifest->base_version, error) < 0)
		return error_in(error, "field \"base\"");
	return read_array(object, "files", "base.files", MANIFEST_FILES_MAX, sizeof(*manifest->base_files),
		read_base_file, (void **)&manifest->base_files, &manifest->n_base_files, error);
}

static int read_image(const json_t *document, Manifest *manifest, Error *error)
{
	json_t *object = NULL;
	Digest salt;

	_Static_assert(sizeof(salt.bytes) == sizeof(manifest->verity_salt), "both are 32 bytes");
	if (json_object_field(document, "image", &object, error) < 0)
		return -1;
	if (size_field(object, "size", &manifest->image_size, error) < 0 ||
		json_digest_field(object, "sha256", &manifest->image_digest, error) < 0 ||
		json_digest_field(object, "verity_root", &manifest->verity_root, error) < 0 ||
		json_digest_field(object, "verity_salt", &salt, error) < 0 ||
		json_digest_field(object, "fsverity", &manifest->fsverity, error) < 0)
		return error_in(error, "field \"image\"");
	memcpy(manifest->verity_salt, salt.bytes, sizeof(salt.bytes));
	return 0;
}

/* The letter is there for people who read the document; the sequence is what counts. */
static int read_sequence(const json_t *document, Manifest *manifest, Error *error)
{
	const char *text;
	char letter[LETTER_SIZE];
	int64_t sequence;

	if (json_integer_field(document, "sequence", 1, LETTER_SEQUENCE_MAX, &sequence, error) < 0 ||
		json_string_field(document, "letter", LETTER_SIZE - 1, &text, error) < 0)
		return -1;
	if (strcmp(letter_from_sequence((unsigned)sequence, letter), text) != 0)
		return error_set(error, "field \"letter\" is \"%s\", but sequence %lld is the letter %s",
			text, (long long)sequence, letter);
	manifest->sequence = (unsigned)sequence;
	return 0;
}

static int read_withdrawn(const json_t *document, Manifest *manifest, Error *error)
{
	json_t *array = NULL;
	size_t n;

	if (json_array_field(document, "withdrawn", MANIFEST_WITHDRAWN_MAX, &array, error) < 0)
		return -1;
	n = json_array_size(array);
	manifest->withdrawn = calloc(n > 0 ? n : 1, sizeof(*manifest->withdrawn));
	if (!manifest->withdrawn)
		return error_memory(error);
	for (size_t i = 0; i < n; i++) {
		const json_t *entry = json_array_get(array, i);
		json_int_t number = json_is_integer(entry) ? json_integer_value(entry) : 0;

		if (number < 1 || number > LETTER_SEQUENCE_MAX)
			return error_set(error, "withdrawn[%zu] is not a sequence from 1 to %d", i,
				LETTER_SEQUENCE_MAX);
		manifest->withdrawn[manifest->n_withdrawn++] = (unsigned)number;
	}
	return 0;
}

static int read_rollout(const json_t *document, Manifest *manifest, Error *error)
{
	ManifestRollout *rollout = &manifest->rollout;
	uint32_t percent = rollout->percent;
	json_t *object = NULL;

	if (json_object_field(document, "rollout", &object, error) < 0)
		return -1;
	if (json_time_field(object, "start", &rollout->start, error) < 0 ||
		number_field(object, "hours", MANIFEST_ROLLOUT_HOURS_MAX, &rollout->hours, error) < 0 ||
		(json_has(object, "percent") &&
			number_field(object, "percent", MANIFEST_PERCENT_MAX, &percent, error) < 0) ||
		(json_has(object, "urgent") &&
			json_bool_field(object, "urgent", &rollout->urgent, error) < 0))
		return error_in(error, "field \"rollout\"");
	rollout->percent = percent;
	return 0;
}

static int read_format(const json_t *document, Error *error)
{
	const char *format;

	if (json_string_field(document, "format", MANIFEST_NAME_MAX, &format, error) < 0)
		return -1;
	if (strcmp(format, MANIFEST_FORMAT) != 0)
		return error_set(error,
			"field \"format\" is \"%s\", but this version of Suture reads \"" MANIFEST_FORMAT
			"\" only",
			format);
	return 0;
}

static int read_document(const json_t *document, Manifest *manifest, Error *error)
{
	if (read_format(document, error) < 0 ||
		text_field(document, "component", MANIFEST_NAME_MAX, &manifest->component, error) < 0 ||
		read_sequence(document, manifest, error) < 0 ||
		json_time_field(document, "released", &manifest->released, error) < 0 ||
		read_os(document, &manifest->os, error) < 0 || read_base(document, manifest, error) < 0 ||
		text_field(document, "fixed_version", MANIFEST_NAME_MAX, &manifest->fixed_version, error) < 0)
		return -1;
	if (read_array(document, "files", "files", MANIFEST_FILES_MAX, sizeof(*manifest->files), read_file,
		    (void **)&manifest->files, &manifest->n_files, error) < 0 ||
		read_array(document, "advisories", "advisories", MANIFEST_ADVISORIES_MAX,
			sizeof(*manifest->advisories), read_advisory, (void **)&manifest->advisories,
			&manifest->n_advisories, error) < 0 ||
		read_array(document, "downloads", "downloads", MANIFEST_DOWNLOADS_MAX,
			sizeof(*manifest->downloads), read_download, (void **)&manifest->downloads,
			&manifest->n_downloads, error) < 0)
		return -1;
	if (read_image(document, manifest, error) < 0 || read_withdrawn(document, manifest, error) < 0)
		return -1;
	return read_rollout(document, manifest, error);
}

int manifest_parse(Bytes json, Manifest **ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP(manifest_free) Manifest *manifest = NULL;

	if (json_parse(json, MANIFEST_SIZE_MAX, &document, error) < 0 || manifest_new(&manifest, error) < 0 ||
		read_document(document, manifest, error) < 0)
		return error_in(error, "manifest");
	manifest_sort(manifest);
	if (manifest_check(manifest, error) < 0)
		return error_in(error, "manifest");
	*ret = TAKE_PTR(manifest);
	return 0;
}
