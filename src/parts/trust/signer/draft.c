/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/updater-name.h"

enum { FILE_MODE = 0644, DIRECTORY_MODE = 0755, NAMES_MAX = 4096 };

static const char folder[] = "staged";

int draft_name(const char *role, int64_t version, char **ret, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if (updater_name_of_role(role, version, &name, error) < 0)
		return -1;
	return path_join(folder, name, ret, error);
}

int draft_read(int directory, const char *role, int64_t version, Update *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_FREE char *name = NULL;
	int read;

	if (draft_name(role, version, &name, error) < 0)
		return -1;
	read = file_read(directory, name, METADATA_SIZE_MAX, &text, error);
	if (read != 0)
		return read < 0 ? -1 : DRAFT_ABSENT;
	if (json_parse(buffer_bytes(&text), METADATA_SIZE_MAX, &document, error) < 0 ||
		update_put(ret, role, &document, error) < 0)
		return error_in(error, "%s", name);
	return 0;
}

/* Snapshot and timestamp are made when all else is complete. */
static bool is_draft(const UpdateFile *file)
{
	return file->root || file->targets;
}

int draft_write(int directory, const Update *update, Error *error)
{
	if (file_make_directories(directory, folder, DIRECTORY_MODE, NULL, error) < 0)
		return -1;
	for (size_t i = update->count; i-- > 0;) {
		const UpdateFile *file = &update->files[i];
		CLEANUP_FREE char *name = NULL;

		if (!is_draft(file))
			continue;
		if (draft_name(file->role, file->version, &name, error) < 0 ||
			file_replace(directory, name, buffer_bytes(&file->bytes), FILE_MODE, error) < 0)
			return -1;
	}
	return 0;
}

int draft_remove(int directory, const Update *update, Error *error)
{
	for (size_t i = 0; i < update->count; i++) {
		CLEANUP_FREE char *name = NULL;

		if (!is_draft(&update->files[i]))
			continue;
		if (draft_name(update->files[i].role, update->files[i].version, &name, error) < 0 ||
			file_remove(directory, name, error) < 0)
			return -1;
	}
	return 0;
}

static bool is_name(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits > 0 && name[digits] == '.' && text_has_suffix(name + digits + 1, ".json") &&
	       strlen(name + digits + 1) > strlen(".json") && strcmp(name + digits, ".snapshot.json") != 0 &&
	       strcmp(name + digits, ".timestamp.json") != 0;
}

/* In place; what is no code stays. */
static void decode(char *text)
{
	char *to = text;
	uint8_t byte;

	for (const char *from = text; *from; to++) {
		char code[3] = "";

		if (*from == '%')
			(void)strncat(code, from + 1, 2);
		if (strlen(code) == 2 && hex_decode(code, &byte, 1, NULL) == 0) {
			*to = (char)byte;
			from += 3;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

int draft_parse_name(const char *name, char **ret_role, int64_t *ret_version, Error *error)
{
	size_t digits = strspn(name, "0123456789");
	CLEANUP_FREE char *number = NULL, *role = NULL, *expected = NULL;
	int64_t version = 0;

	if (!is_name(name))
		return error_set(error, "its name does not say which role it is of: it shall be N.ROLE.json");
	if (text_format(&number, error, "%.*s", (int)digits, name) < 0 ||
		text_to_integer(number, 1, INT64_MAX, &version, error) < 0 ||
		text_format(&role, error, "%.*s", (int)(strlen(name + digits + 1) - strlen(".json")),
			name + digits + 1) < 0)
		return -1;
	decode(role);
	/* Each file has one name, and each name is of one role. */
	if (updater_name_of_role(role, version, &expected, error) < 0)
		return -1;
	if (strcmp(expected, name) != 0)
		return error_set(error, "its name should be %s", expected);
	*ret_role = TAKE_PTR(role);
	*ret_version = version;
	return 0;
}

static int role_of_file(const char *path, const char *type, char **ret, Error *error)
{
	int64_t version;

	return strcmp(type, "root") == 0 ? text_copy(type, ret, error)
					 : draft_parse_name(path_basename(path), ret, &version, error);
}

int draft_read_file(const char *path, json_t **ret, char **ret_role, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_FREE char *role = NULL;
	json_t *content = NULL;
	const char *type;

	if (file_read(AT_FDCWD, path, METADATA_SIZE_MAX, &text, error) != 0)
		return -1;
	if (json_parse(buffer_bytes(&text), METADATA_SIZE_MAX, &document, error) < 0 ||
		json_object_field(document, "signed", &content, error) < 0 ||
		json_string_field(content, "_type", METADATA_NAME_MAX, &type, error) < 0)
		return error_in(error, "%s", path);
	if (strcmp(type, "root") != 0 && strcmp(type, "targets") != 0)
		return error_set(error, "%s is %s metadata, which is signed as it is published", path, type);
	if (role_of_file(path, type, &role, error) < 0)
		return error_in(error, "%s", path);
	*ret = TAKE_PTR(document);
	*ret_role = TAKE_PTR(role);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect(DIR *listing, char **names, size_t *n, Error *error)
{
	struct dirent *entry;

	while ((entry = readdir(listing))) {
		if (!is_name(entry->d_name))
			continue;
		if (*n == NAMES_MAX)
			return error_set(error, "there are more than %d files in %s", NAMES_MAX, folder);
		if (text_copy(entry->d_name, &names[*n], error) < 0)
			return -1;
		++*n;
	}
	return 0;
}

int draft_list(int directory, int (*visit)(void *userdata, const char *name, Error *error), void *userdata,
	Error *error)
{
	CLEANUP_FREE char **names = calloc(NAMES_MAX, sizeof(*names));
	CLEANUP(closedir) DIR *listing = NULL;
	int fd = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;
	int done;

	if (fd < 0 && errno == ENOENT)
		return 0;
	listing = fd < 0 ? NULL : fdopendir(fd);
	if (!listing || !names) {
		(void)error_os(error, errno, "cannot list %s", folder);
		return listing ? -1 : close_keeping_errno(fd);
	}
	done = collect(listing, names, &n, error);
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++) {
		if (done == 0)
			done = visit(userdata, names[i], error);
		free(names[i]);
	}
	return done;
}
