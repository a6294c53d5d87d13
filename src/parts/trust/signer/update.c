/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/update.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/trust/canonical.h"
#include "parts/trust/updater-name.h"

static void file_clear(UpdateFile *file)
{
	free(file->role);
	json_decref(file->document);
	buffer_clear(&file->bytes);
	file->root = root_free(file->root);
	file->targets = targets_free(file->targets);
	*file = (UpdateFile){.role = NULL};
}
#define CLEANUP_FILE __attribute__((cleanup(file_clear)))

void update_cut(Update *update, size_t count)
{
	while (update->count > count)
		file_clear(&update->files[--update->count]);
}

void update_drop(Update *update, size_t n)
{
	file_clear(&update->files[n]);
	update->count--;
	memmove(&update->files[n], &update->files[n + 1], (update->count - n) * sizeof(*update->files));
}

void update_clear(Update *update)
{
	update_cut(update, 0);
	free(update->files);
	*update = (Update){NULL, 0};
}

UpdateFile *update_find(const Update *update, const char *role)
{
	for (size_t i = 0; i < update->count; i++)
		if (strcmp(update->files[i].role, role) == 0)
			return &update->files[i];
	return NULL;
}

static int parse(UpdateFile *file, Error *error)
{
	const char *role = file->role;

	if (strcmp(role, "root") == 0)
		return root_parse(buffer_bytes(&file->bytes), &file->root, error);
	if (strcmp(role, "snapshot") == 0 || strcmp(role, "timestamp") == 0)
		return 0;
	return targets_parse(buffer_bytes(&file->bytes), role, &file->targets, error);
}

static int add(Update *update, const UpdateFile *file, Error *error)
{
	UpdateFile *grown = reallocarray(update->files, update->count + 1, sizeof(*grown));

	if (!grown)
		return error_memory(error);
	update->files = grown;
	update->files[update->count++] = *file;
	return 0;
}

/* What is nested deeply and comes in few bytes from elsewhere would be many once it is indented. */
static int check_size(json_t *document, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (canonical_write(document, &text, error) < 0)
		return -1;
	return json_dumpb(document, NULL, 0, JSON_INDENT(2)) < METADATA_SIZE_MAX
		       ? 0
		       : error_set(error, "has more than the %d bytes allowed", METADATA_SIZE_MAX);
}

int update_put(Update *update, const char *role, json_t **document, Error *error)
{
	UpdateFile *old = update_find(update, role);
	CLEANUP_FILE UpdateFile file = {.role = NULL};

	if (text_copy(role, &file.role, error) < 0 || check_size(*document, error) < 0 ||
		json_write(*document, &file.bytes, error) < 0 ||
		json_integer_field(json_object_get(*document, "signed"), "version", 1, INT64_MAX,
			&file.version, error) < 0 ||
		parse(&file, error) < 0)
		return -1;
	if (!old && add(update, &file, error) < 0)
		return -1;
	if (old) {
		file_clear(old);
		*old = file;
	} else {
		old = &update->files[update->count - 1];
	}
	old->document = TAKE_PTR(*document);
	file = (UpdateFile){.role = NULL};
	return 0;
}

int update_file_name(const UpdateFile *file, char **ret, Error *error)
{
	bool unversioned = strcmp(file->role, "timestamp") == 0;

	return updater_name_of_role(file->role, unversioned ? 0 : file->version, ret, error);
}
