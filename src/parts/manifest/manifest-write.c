/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a Manifest to JSON.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "parts/manifest/letter.h"
#include "parts/manifest/manifest-check.h"

/* Adds a new object to the array; it belongs to the array. */
static int add_object(json_t *array, json_t **ret, Error *error)
{
	json_t *object = json_object();

	if (json_add(array, object, error) < 0)
		return -1;
	*ret = object;
	return 0;
}

/* The same for a field of an object, with an object or an array. */
static int put_new(json_t *object, const char *key, json_t *value, json_t **ret, Error *error)
{
	if (json_put(object, key, value, error) < 0)
		return -1;
	*ret = value;
	return 0;
}

static int put_os(json_t *document, const ManifestOs *os, Error *error)
{
	json_t *object = NULL;

	if (put_new(document, "os", json_object(), &object, error) < 0 ||
		json_put_text(object, "id", os->id, error) < 0 ||
		json_put_text(object, "version_id", os->version_id, error) < 0 ||
		json_put_text(object, "architecture", os->architecture, error) < 0)
		return -1;
	return os->image_version ? json_put_text(object, "image_version", os->image_version, error) : 0;
}

static int put_base(json_t *document, const Manifest *manifest, Error *error)
{
	json_t *object = NULL, *array = NULL, *entry = NULL;

	if (put_new(document, "base", json_object(), &object, error) < 0 ||
		json_put_text(object, "version", manifest->base_version, error) < 0 ||
		put_new(object, "files", json_array(), &array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_base_files; i++) {
		const ManifestBaseFile *file = &manifest->base_files[i];

		if (add_object(array, &entry, error) < 0 ||
			json_put_text(entry, "path", file->path, error) < 0 ||
			json_put_integer(entry, "size", (int64_t)file->size, error) < 0 ||
			json_put_digest(entry, "sha256", &file->digest, error) < 0)
			return -1;
	}
	return 0;
}

static int put_file(json_t *entry, const ManifestFile *file, Error *error)
{
	static const char *const types[] = {
		[MANIFEST_REGULAR] = "regular",
		[MANIFEST_SYMLINK] = "symlink",
		[MANIFEST_DIRECTORY] = "directory",
		[MANIFEST_REMOVED] = "removed",
	};
	char mode[8];

	if (json_put_text(entry, "path", file->path, error) < 0 ||
		json_put_text(entry, "type", types[file->type], error) < 0)
		return -1;
	if (file->type == MANIFEST_REMOVED)
		return 0;
	(void)snprintf(mode, sizeof(mode), "%04o", file->mode & 07777);
	if (json_put_text(entry, "mode", mode, error) < 0 ||
		json_put_integer(entry, "uid", file->uid, error) < 0 ||
		json_put_integer(entry, "gid", file->gid, error) < 0)
		return -1;
	if (file->type == MANIFEST_SYMLINK)
		return json_put_text(entry, "target", file->target, error);
	if (file->type == MANIFEST_DIRECTORY)
		return 0;
	if (json_put_integer(entry, "size", (int64_t)file->size, error) < 0)
		return -1;
	return json_put_digest(entry, "sha256", &file->digest, error);
}

static int put_files(json_t *document, const Manifest *manifest, Error *error)
{
	json_t *array = NULL, *entry = NULL;

	if (put_new(document, "files", json_array(), &array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_files; i++)
		if (add_object(array, &entry, error) < 0 || put_file(entry, &manifest->files[i], error) < 0)
			return -1;
	return 0;
}

static int put_advisories(json_t *document, const Manifest *manifest, Error *error)
{
	json_t *array = NULL, *entry = NULL;

	if (put_new(document, "advisories", json_array(), &array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_advisories; i++) {
		const ManifestAdvisory *advisory = &manifest->advisories[i];

		if (add_object(array, &entry, error) < 0 ||
			json_put_text(entry, "id", advisory->id, error) < 0 ||
			json_put_text(entry, "summary", advisory->summary, error) < 0 ||
			json_put_text(entry, "severity", advisory->severity, error) < 0 ||
			json_put_text(entry, "component", advisory->component, error) < 0 ||
			json_put_text(entry, "kind", advisory->kind, error) < 0)
			return -1;
	}
	return 0;
}

static int put_downloads(json_t *document, const Manifest *manifest, Error *error)
{
	json_t *array = NULL, *entry = NULL;

	if (put_new(document, "downloads", json_array(), &array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_downloads; i++) {
		const ManifestDownload *download = &manifest->downloads[i];
		bool delta = download->kind == MANIFEST_DELTA;

		if (add_object(array, &entry, error) < 0 ||
			json_put_text(entry, "kind", delta ? "delta" : "full", error) < 0 ||
			(delta && json_put_text(entry, "from", download->from, error) < 0) ||
			json_put_text(entry, "path", download->path, error) < 0 ||
			json_put_integer(entry, "size", (int64_t)download->size, error) < 0 ||
			json_put_digest(entry, "sha256", &download->digest, error) < 0)
			return -1;
	}
	return 0;
}

static int put_image(json_t *document, const Manifest *manifest, Error *error)
{
	json_t *object = NULL;
	Digest salt;

	memcpy(salt.bytes, manifest->verity_salt, sizeof(salt.bytes));
	if (put_new(document, "image", json_object(), &object, error) < 0 ||
		json_put_integer(object, "size", (int64_t)manifest->image_size, error) < 0 ||
		json_put_digest(object, "sha256", &manifest->image_digest, error) < 0 ||
		json_put_digest(object, "verity_root", &manifest->verity_root, error) < 0 ||
		json_put_digest(object, "verity_salt", &salt, error) < 0)
		return -1;
	return json_put_digest(object, "fsverity", &manifest->fsverity, error);
}

static int put_withdrawn(json_t *document, const Manifest *manifest, Error *error)
{
	json_t *array = NULL;

	if (put_new(document, "withdrawn", json_array(), &array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_withdrawn; i++)
		if (json_add(array, json_integer(manifest->withdrawn[i]), error) < 0)
			return -1;
	return 0;
}

static int put_rollout(json_t *document, const Manifest *manifest, Error *error)
{
	const ManifestRollout *rollout = &manifest->rollout;
	json_t *object = NULL;

	if (put_new(document, "rollout", json_object(), &object, error) < 0 ||
		json_put_time(object, "start", rollout->start, error) < 0 ||
		json_put_integer(object, "hours", rollout->hours, error) < 0 ||
		json_put_integer(object, "percent", rollout->percent, error) < 0)
		return -1;
	return json_put(object, "urgent", json_boolean(rollout->urgent), error);
}

static int put_document(json_t *document, const Manifest *manifest, Error *error)
{
	char letter[LETTER_SIZE];

	if (json_put_text(document, "format", MANIFEST_FORMAT, error) < 0 ||
		json_put_text(document, "component", manifest->component, error) < 0 ||
		json_put_integer(document, "sequence", manifest->sequence, error) < 0 ||
		json_put_text(document, "letter", letter_from_sequence(manifest->sequence, letter), error) <
			0 ||
		json_put_time(document, "released", manifest->released, error) < 0 ||
		json_put_text(document, "fixed_version", manifest->fixed_version, error) < 0)
		return -1;
	if (put_os(document, &manifest->os, error) < 0 || put_base(document, manifest, error) < 0 ||
		put_files(document, manifest, error) < 0 || put_advisories(document, manifest, error) < 0 ||
		put_image(document, manifest, error) < 0 || put_downloads(document, manifest, error) < 0 ||
		put_withdrawn(document, manifest, error) < 0)
		return -1;
	return put_rollout(document, manifest, error);
}

int manifest_write(const Manifest *manifest, Buffer *ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (!document)
		return error_memory(error);
	if (manifest_check(manifest, error) < 0 || put_document(document, manifest, error) < 0 ||
		json_write(document, &text, error) < 0)
		return error_in(error, "manifest");
	if (text.size > MANIFEST_SIZE_MAX)
		return error_set(error, "the manifest has %zu bytes, more than the %d allowed", text.size,
			MANIFEST_SIZE_MAX);
	return buffer_append(ret, text.data, text.size, error);
}
