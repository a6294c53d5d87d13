/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-tries.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

enum { FILE_SIZE_MAX = 1024 * 1024 };

static const char format_name[] = "suture-tries-1";
static const char folder[] = "run/suture";
static const char file_name[] = "tries.json";

void restart_tries_clear_cleanup(RestartTries *tries)
{
	json_decref(tries->counts);
}

/* *ret stays NULL where there is none. */
static int read_file(int root_fd, json_t **ret, Error *error)
{
	CLEANUP_CLOSE int directory = file_open_in_root(root_fd, folder, O_RDONLY | O_DIRECTORY);
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int r;

	if (directory < 0)
		return errno == ENOENT ? 0 : error_os(error, errno, "cannot open /%s", folder);
	r = file_read(directory, file_name, FILE_SIZE_MAX, &text, error);
	if (r != 0)
		return r == FILE_ABSENT ? 0 : -1;
	if (json_parse(buffer_bytes(&text), FILE_SIZE_MAX, ret, error) < 0)
		return error_in(error, "/%s/%s", folder, file_name);
	return 0;
}

/* NULL when the document is of another generation. */
static int find_counts(const json_t *document, uint64_t generation, json_t **ret, Error *error)
{
	int64_t of;

	if (json_integer_field(document, "generation", 0, INT64_MAX, &of, error) < 0)
		return error_in(error, "/%s/%s", folder, file_name);
	if ((uint64_t)of != generation)
		return 0;
	if (json_object_field(document, "tries", ret, error) < 0)
		return error_in(error, "/%s/%s", folder, file_name);
	return 0;
}

int restart_tries_load(int root_fd, uint64_t generation, RestartTries *ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	Error minor = ERROR_INIT;
	json_t *counts = NULL;

	if (read_file(root_fd, &document, &minor) < 0 ||
		(document && find_counts(document, generation, &counts, &minor) < 0))
		log_warning("restarts are counted anew: %s", minor.text);
	counts = counts ? json_incref(counts) : json_object();
	if (!counts)
		return error_memory(error);
	*ret = (RestartTries){root_fd, generation, counts};
	return 0;
}

static const char *target_of(const json_t *action)
{
	const char *target = json_string_value(json_object_get(action, "target"));

	return target ? target : "";
}

static int64_t count_of(const RestartTries *tries, const json_t *action)
{
	return json_integer_value(json_object_get(tries->counts, target_of(action)));
}

bool restart_tries_are_spent(const RestartTries *tries, const json_t *action)
{
	return count_of(tries, action) >= RESTART_TRIES_MAX;
}

bool restart_tries_gave_up(const RestartTries *tries, const json_t *actions)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (json_is_true(json_object_get(action, "automatic")) &&
			restart_tries_are_spent(tries, action))
			return true;
	}
	return false;
}

static int write_file(const RestartTries *tries, const json_t *document, Error *error)
{
	CLEANUP_CLOSE int run = file_open_in_root(tries->root_fd, "run", O_RDONLY | O_DIRECTORY);
	CLEANUP_CLOSE int directory = -1;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (run < 0)
		return error_os(error, errno, "cannot open /run");
	if (file_make_directories(run, "suture", 0755, &directory, error) < 0 ||
		json_write(document, &text, error) < 0)
		return -1;
	return file_replace(directory, file_name, buffer_bytes(&text), 0644, error);
}

int restart_tries_note(const RestartTries *tries, const json_t *actions, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *counts = json_copy(tries->counts);
	size_t index;
	json_t *action;

	if (!document) {
		json_decref(counts);
		return error_memory(error);
	}
	if (json_put(document, "tries", counts, error) < 0 ||
		json_put_text(document, "format", format_name, error) < 0 ||
		json_put_integer(document, "generation", (int64_t)tries->generation, error) < 0)
		return -1;
	json_array_foreach(actions, index, action)
	{
		if (json_put_integer(counts, target_of(action), count_of(tries, action) + 1, error) < 0)
			return -1;
	}
	return write_file(tries, document, error);
}
