/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/boot-report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/manifest/letter.h"

enum { REPORT_SIZE_MAX = 1024 * 1024 };

static const char format_name[] = "suture-boot-1";
static const char folder[] = "suture";
static const char file_name[] = "suture/boot.json";

int boot_report_new(json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *report = json_object();

	if (!report)
		return error_memory(error);
	if (json_put_text(report, "format", format_name, error) < 0 ||
		json_put(report, "problems", json_array(), error) < 0)
		return -1;
	*ret = TAKE_PTR(report);
	return 0;
}

int boot_report_problem(json_t *report, const Manifest *manifest, const char *reason, Error *error)
{
	json_t *item = json_object();
	char letter[LETTER_SIZE];

	if (json_add(json_object_get(report, "problems"), item, error) < 0 ||
		(manifest && json_put_text(item, "component", manifest->component, error) < 0) ||
		(manifest && json_put_text(item, "letter", letter_from_sequence(manifest->sequence, letter),
				     error) < 0))
		return -1;
	return json_put_text(item, "reason", reason, error);
}

static int list_manifests(const Improvements *set, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *array = json_array();

	if (!array)
		return error_memory(error);
	for (size_t i = 0; i < set->n; i++) {
		char hex[DIGEST_HEX_SIZE];

		if (json_add(array, json_string(digest_to_hex(&set->items[i].manifest_digest, hex)), error) <
			0)
			return -1;
	}
	*ret = TAKE_PTR(array);
	return 0;
}

int boot_report_finish(json_t *report, uint64_t generation, const Improvements *set, Error *error)
{
	json_t *manifests = NULL, *generations = json_object();
	CLEANUP_FREE char *number = NULL;

	if (json_put(report, "generations", generations, error) < 0 ||
		list_manifests(set, &manifests, error) < 0 ||
		json_put(report, "manifests", manifests, error) < 0 ||
		text_format(&number, error, "%" PRIu64, generation) < 0 ||
		(generation > 0 && json_put(generations, number, json_incref(manifests), error) < 0))
		return -1;
	return json_put_integer(report, "generation", (int64_t)generation, error);
}

int boot_report_sign(json_t *report, const char *id, Error *error)
{
	if (json_put_text(report, "boot", id, error) < 0)
		return -1;
	return json_put(report, "began", json_incref(json_object_get(report, "manifests")), error);
}

static int keep_signature(const json_t *earlier, json_t *report, Error *error)
{
	if (json_has(report, "boot") || !json_has(earlier, "boot"))
		return 0;
	if (json_put(report, "boot", json_incref(json_object_get(earlier, "boot")), error) < 0)
		return -1;
	return json_put(report, "began", json_incref(json_object_get(earlier, "began")), error);
}

/* What an earlier report of this boot knows besides. */
static int keep_earlier(const char *run, json_t *report, Error *error)
{
	CLEANUP_JSON json_t *earlier = NULL;
	json_t *generations;

	if (boot_report_read(run, &earlier, NULL) < 0 || !earlier)
		return 0;
	if (keep_signature(earlier, report, error) < 0)
		return -1;
	generations = json_object_get(earlier, "generations");
	if (generations &&
		json_object_update_missing(json_object_get(report, "generations"), generations) < 0)
		return error_memory(error);
	return 0;
}

int boot_report_write(const char *run, json_t *report, Error *error)
{
	CLEANUP_CLOSE int directory = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (directory < 0)
		return error_os(error, errno, "cannot open %s", run);
	if (keep_earlier(run, report, error) < 0 || json_write(report, &text, error) < 0 ||
		file_make_directories(directory, folder, 0755, NULL, error) < 0)
		return -1;
	return file_replace(directory, file_name, buffer_bytes(&text), 0644, error);
}

/* Earlier versions wrote none. */
static int check_generations(const json_t *report, Error *error)
{
	json_t *generations, *manifests;
	const char *number;

	if (!json_has(report, "generations"))
		return 0;
	if (json_object_field(report, "generations", &generations, error) < 0)
		return -1;
	json_object_foreach(generations, number, manifests)
	{
		if (!json_is_array(manifests))
			return error_set(error, "\"generations\" has something else than lists");
	}
	return 0;
}

static int check_signature(const json_t *report, Error *error)
{
	const char *id;
	json_t *began;

	if (!json_has(report, "boot"))
		return 0;
	if (json_string_field(report, "boot", TRIAL_BOOT_ID_SIZE, &id, error) < 0)
		return -1;
	return json_array_field(report, "began", REPORT_SIZE_MAX, &began, error);
}

static int check(const json_t *report, Error *error)
{
	const char *format;
	json_t *problems, *manifests;
	int64_t generation;

	if (json_string_field(report, "format", 64, &format, error) < 0)
		return -1;
	if (strcmp(format, format_name) != 0)
		return error_set(error, "is of the format \"%s\", which this version does not know", format);
	if (json_integer_field(report, "generation", 0, INT64_MAX, &generation, error) < 0 ||
		json_array_field(report, "problems", REPORT_SIZE_MAX, &problems, error) < 0)
		return -1;
	if (json_array_field(report, "manifests", REPORT_SIZE_MAX, &manifests, error) < 0)
		return -1;
	return check_generations(report, error) < 0 ? -1 : check_signature(report, error);
}

int boot_report_read(const char *run, json_t **ret, Error *error)
{
	CLEANUP_CLOSE int directory = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_JSON json_t *report = NULL;
	int r;

	*ret = NULL;
	if (directory < 0 && errno == ENOENT)
		return 0;
	if (directory < 0)
		return error_os(error, errno, "cannot open %s", run);
	r = file_read(directory, file_name, REPORT_SIZE_MAX, &text, error);
	if (r != 0)
		return r == FILE_ABSENT ? 0 : -1;
	if (json_parse(buffer_bytes(&text), REPORT_SIZE_MAX, &report, error) < 0 || check(report, error) < 0)
		return error_in(error, "%s/%s", run, file_name);
	*ret = TAKE_PTR(report);
	return 0;
}

int boot_report_of_root(const char *root, json_t **ret, Error *error)
{
	CLEANUP_FREE char *run = NULL;

	return path_join(root, "run", &run, error) < 0 ? -1 : boot_report_read(run, ret, error);
}

int boot_report_teach(const char *root, State *state, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;

	if (boot_report_of_root(root, &report, NULL) < 0 || !report)
		return 0;
	return state_learn_generations(state, json_object_get(report, "generations"), error);
}

bool boot_report_is_of(const json_t *report, uint64_t generation)
{
	return report && json_integer_value(json_object_get(report, "generation")) == (json_int_t)generation;
}

bool boot_report_holds(const json_t *report, const Improvements *set)
{
	CLEANUP_JSON json_t *manifests = NULL;

	return list_manifests(set, &manifests, NULL) == 0 &&
	       json_equal(manifests, json_object_get(report, "manifests"));
}

static bool is_among(const json_t *manifests, const Digest *manifest)
{
	char hex[DIGEST_HEX_SIZE];
	size_t index;
	json_t *item;

	(void)digest_to_hex(manifest, hex);
	json_array_foreach(manifests, index,
		item) if (json_is_string(item) && strcmp(json_string_value(item), hex) == 0) return true;
	return false;
}

bool boot_report_names(const json_t *report, const Digest *manifest)
{
	return is_among(json_object_get(report, "manifests"), manifest);
}

bool boot_report_proves(const json_t *report, const char *id, const Digest *manifest)
{
	const char *boot = json_string_value(json_object_get(report, "boot"));

	return boot && strcmp(boot, id) == 0 && is_among(json_object_get(report, "began"), manifest);
}
