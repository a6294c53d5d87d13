/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/manifest/manifest-check.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "parts/manifest/letter.h"

static int check_name(const char *field, const char *value, Error *error)
{
	if (!value)
		return error_set(error, "field \"%s\" is missing", field);
	if (!text_is_name(value, MANIFEST_NAME_MAX))
		return error_set(error,
			"field \"%s\" is not a name of at most %d letters, digits and .+_~:-: \"%.140s\"",
			field, MANIFEST_NAME_MAX, value);
	return 0;
}

/* Free text ends up on terminals and in one-line messages. */
static int check_text(const char *field, const char *value, size_t max, Error *error)
{
	CLEANUP_FREE char *printable = NULL;

	if (!value)
		return error_set(error, "field \"%s\" is missing", field);
	if (strnlen(value, max + 1) > max)
		return error_set(error, "field \"%s\" has more than %zu bytes", field, max);
	if (text_copy(value, &printable, error) < 0)
		return -1;
	text_make_printable(printable);
	if (strcmp(printable, value) != 0)
		return error_set(error, "field \"%s\" holds control characters", field);
	return 0;
}

/* Paths of the OS: below usr/, because nothing else is ever shown by a generation. */
static int check_os_path(const char *path, Error *error)
{
	size_t depth = 1;

	if (!path)
		return error_set(error, "field \"path\" is missing");
	if (path_check(path, error) < 0)
		return error_in(error, "field \"path\"");
	if (!text_has_prefix(path, "usr/"))
		return error_set(error, "field \"path\": \"%.200s\" is not below usr/", path);
	for (const char *at = path; *at; at++)
		depth += *at == '/';
	if (depth > MANIFEST_DEPTH_MAX)
		return error_set(error, "field \"path\": \"%.200s\" has more than %d components", path,
			MANIFEST_DEPTH_MAX);
	return 0;
}

static int check_order(const char *before, const char *path, Error *error)
{
	int order = before ? strcmp(before, path) : -1;

	if (order == 0)
		return error_set(error, "field \"path\": \"%.200s\" is there twice", path);
	if (order > 0)
		return error_set(error, "field \"path\": \"%.200s\" is not in its place in the order", path);
	return 0;
}

static int check_os(const ManifestOs *os, Error *error)
{
	if (check_name("id", os->id, error) < 0 || check_name("version_id", os->version_id, error) < 0 ||
		check_name("architecture", os->architecture, error) < 0)
		return error_in(error, "field \"os\"");
	if (os->image_version && check_name("image_version", os->image_version, error) < 0)
		return error_in(error, "field \"os\"");
	return 0;
}

static int check_base_files(const Manifest *manifest, Error *error)
{
	if (manifest->n_base_files == 0 || manifest->n_base_files > MANIFEST_FILES_MAX)
		return error_set(error, "field \"base.files\" has %zu entries, not 1 to %d",
			manifest->n_base_files, MANIFEST_FILES_MAX);
	for (size_t i = 0; i < manifest->n_base_files; i++) {
		const ManifestBaseFile *file = &manifest->base_files[i];

		if (check_os_path(file->path, error) < 0 ||
			check_order(i > 0 ? file[-1].path : NULL, file->path, error) < 0)
			return error_in(error, "base.files[%zu]", i);
		if (file->size > MANIFEST_IMAGE_MAX)
			return error_set(error, "base.files[%zu]: field \"size\" is too large", i);
	}
	return 0;
}

static int check_file_type(const ManifestFile *file, Error *error)
{
	bool link = file->type == MANIFEST_SYMLINK;

	if (file->mode > 07777)
		return error_set(error, "field \"mode\" is more than 7777");
	if (file->uid == UINT32_MAX)
		return error_set(error, "field \"uid\" is not a user");
	if (file->gid == UINT32_MAX)
		return error_set(error, "field \"gid\" is not a group");
	if (file->type != MANIFEST_REGULAR && file->size != 0)
		return error_set(error, "field \"size\" belongs to regular files only");
	if (file->size > MANIFEST_IMAGE_MAX)
		return error_set(error, "field \"size\" is too large");
	if (!link && file->target)
		return error_set(error, "field \"target\" belongs to symlinks only");
	if (link && check_text("target", file->target, MANIFEST_TARGET_MAX, error) < 0)
		return -1;
	if (link && !*file->target)
		return error_set(error, "field \"target\" is empty");
	if (file->type == MANIFEST_REMOVED && (file->mode != 0 || file->uid != 0 || file->gid != 0))
		return error_set(error, "a removed file has neither mode nor owner");
	return 0;
}

/* A path below something that is no directory would be read from the base in one generation and be an error
 * in another. */
static int check_parents(const Manifest *manifest, const char *path, Error *error)
{
	CLEANUP_FREE char *parent = NULL;
	char *slash;

	if (text_copy(path, &parent, error) < 0)
		return -1;
	while ((slash = strrchr(parent, '/'))) {
		const ManifestFile *file;

		*slash = '\0';
		file = manifest_find_file(manifest, parent);
		if (file && file->type != MANIFEST_DIRECTORY)
			return error_set(error,
				"field \"path\": \"%.200s\" lies below \"%.200s\", which is no directory",
				path, parent);
	}
	return 0;
}

static int check_files(const Manifest *manifest, Error *error)
{
	if (manifest->n_files == 0 || manifest->n_files > MANIFEST_FILES_MAX)
		return error_set(error, "field \"files\" has %zu entries, not 1 to %d", manifest->n_files,
			MANIFEST_FILES_MAX);
	for (size_t i = 0; i < manifest->n_files; i++) {
		const ManifestFile *file = &manifest->files[i];

		if (check_os_path(file->path, error) < 0 ||
			check_order(i > 0 ? file[-1].path : NULL, file->path, error) < 0 ||
			check_file_type(file, error) < 0)
			return error_in(error, "files[%zu]", i);
	}
	for (size_t i = 0; i < manifest->n_files; i++)
		if (check_parents(manifest, manifest->files[i].path, error) < 0)
			return error_in(error, "files[%zu]", i);
	return 0;
}

static bool is_severity(const char *text)
{
	static const char *const known[] = {"low", "medium", "high", "critical", "unknown"};

	for (size_t i = 0; text && i < ARRAY_SIZE(known); i++)
		if (strcmp(text, known[i]) == 0)
			return true;
	return false;
}

static int check_advisories(const Manifest *manifest, Error *error)
{
	if (manifest->n_advisories > MANIFEST_ADVISORIES_MAX)
		return error_set(
			error, "field \"advisories\" has more than %d entries", MANIFEST_ADVISORIES_MAX);
	for (size_t i = 0; i < manifest->n_advisories; i++) {
		const ManifestAdvisory *advisory = &manifest->advisories[i];

		if (check_name("id", advisory->id, error) < 0 ||
			check_text("summary", advisory->summary, MANIFEST_SUMMARY_MAX, error) < 0 ||
			check_name("component", advisory->component, error) < 0 ||
			check_name("kind", advisory->kind, error) < 0)
			return error_in(error, "advisories[%zu]", i);
		if (!is_severity(advisory->severity))
			return error_set(error,
				"advisories[%zu]: field \"severity\" is not low, medium, high, critical or "
				"unknown",
				i);
	}
	return 0;
}

static int check_download(const Manifest *manifest, const ManifestDownload *download, Error *error)
{
	unsigned from = 0;

	if (!download->path)
		return error_set(error, "field \"path\" is missing");
	if (path_check(download->path, error) < 0)
		return error_in(error, "field \"path\"");
	if (download->size == 0 || download->size > MANIFEST_IMAGE_MAX)
		return error_set(error, "field \"size\" is not between 1 and %llu",
			(unsigned long long)MANIFEST_IMAGE_MAX);
	if (download->kind == MANIFEST_FULL)
		return download->from ? error_set(error, "field \"from\" belongs to deltas only") : 0;
	if (!download->from)
		return error_set(error, "field \"from\" is missing");
	if (strcmp(download->from, "base") == 0)
		return 0;
	if (letter_to_sequence(download->from, &from, error) < 0 || download->from[0] == '(')
		return error_set(
			error, "field \"from\" is neither \"base\" nor a letter: \"%.16s\"", download->from);
	if (from >= manifest->sequence)
		return error_set(error, "field \"from\" names the letter %s, which is not an earlier one",
			download->from);
	return 0;
}

static int check_downloads(const Manifest *manifest, Error *error)
{
	if (manifest->n_downloads == 0 || manifest->n_downloads > MANIFEST_DOWNLOADS_MAX)
		return error_set(error, "field \"downloads\" has %zu entries, not 1 to %d",
			manifest->n_downloads, MANIFEST_DOWNLOADS_MAX);
	for (size_t i = 0; i < manifest->n_downloads; i++)
		if (check_download(manifest, &manifest->downloads[i], error) < 0)
			return error_in(error, "downloads[%zu]", i);
	return 0;
}

static int check_withdrawn(const Manifest *manifest, Error *error)
{
	if (manifest->n_withdrawn > MANIFEST_WITHDRAWN_MAX)
		return error_set(
			error, "field \"withdrawn\" has more than %d entries", MANIFEST_WITHDRAWN_MAX);
	for (size_t i = 0; i < manifest->n_withdrawn; i++) {
		unsigned each = manifest->withdrawn[i];

		if (each < 1 || each > LETTER_SEQUENCE_MAX)
			return error_set(error, "withdrawn[%zu]: %u is not a sequence from 1 to %d", i, each,
				LETTER_SEQUENCE_MAX);
		if (i > 0 && manifest->withdrawn[i - 1] >= each)
			return error_set(error, "withdrawn[%zu]: %u is there twice or not in order", i, each);
	}
	return 0;
}

static int check_image(const Manifest *manifest, Error *error)
{
	if (manifest->image_size == 0 || manifest->image_size > MANIFEST_IMAGE_MAX ||
		manifest->image_size % MANIFEST_BLOCK_SIZE != 0)
		return error_set(error, "field \"image.size\" is not a multiple of %d between %d and %llu",
			MANIFEST_BLOCK_SIZE, MANIFEST_BLOCK_SIZE, (unsigned long long)MANIFEST_IMAGE_MAX);
	return 0;
}

static int check_times(const Manifest *manifest, Error *error)
{
	const int64_t end = 253402300799; /* 9999-12-31T23:59:59Z */

	if (manifest->released < 0 || manifest->released > end)
		return error_set(error, "field \"released\" is not between the years 1970 and 9999");
	if (manifest->rollout.start < 0 || manifest->rollout.start > end)
		return error_set(error, "field \"rollout.start\" is not between the years 1970 and 9999");
	if (manifest->rollout.hours > MANIFEST_ROLLOUT_HOURS_MAX)
		return error_set(
			error, "field \"rollout.hours\" is more than %d", MANIFEST_ROLLOUT_HOURS_MAX);
	if (manifest->rollout.percent > MANIFEST_PERCENT_MAX)
		return error_set(error, "field \"rollout.percent\" is more than %d", MANIFEST_PERCENT_MAX);
	return 0;
}

int manifest_check(const Manifest *manifest, Error *error)
{
	if (check_name("component", manifest->component, error) < 0 || check_os(&manifest->os, error) < 0 ||
		check_name("base.version", manifest->base_version, error) < 0 ||
		check_name("fixed_version", manifest->fixed_version, error) < 0)
		return -1;
	if (manifest->sequence < 1 || manifest->sequence > LETTER_SEQUENCE_MAX)
		return error_set(error, "field \"sequence\" is not between 1 and %d", LETTER_SEQUENCE_MAX);
	if (check_times(manifest, error) < 0 || check_image(manifest, error) < 0 ||
		check_base_files(manifest, error) < 0 || check_files(manifest, error) < 0 ||
		check_advisories(manifest, error) < 0 || check_downloads(manifest, error) < 0)
		return -1;
	return check_withdrawn(manifest, error);
}
