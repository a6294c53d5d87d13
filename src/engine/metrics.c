/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/version.h"
#include "engine/context.h"
#include "parts/manifest/letter.h"

/* A figure that is not known is no sample. */
enum { NO_SAMPLE = 1 };

/* A family with one sample. */
typedef struct DeviceFamily {
	const char *name, *unit, *help;
	int (*value)(const Closure *closure, int64_t *ret);
} DeviceFamily;

/* One with a sample for each installed improvement. */
typedef struct ImprovementFamily {
	const char *name, *unit, *help;
	int (*value)(const Closure *closure, const LedgerEntry *entry, int64_t *ret);
} ImprovementFamily;

static int known_time(int64_t time, int64_t *ret)
{
	*ret = time;
	return time > 0 ? 0 : NO_SAMPLE;
}

static int generation(const Closure *closure, int64_t *ret)
{
	*ret = (int64_t)closure->mounted;
	return 0;
}

static int improvements(const Closure *closure, int64_t *ret)
{
	*ret = (int64_t)closure->state.active.n;
	return 0;
}

static int quarantined(const Closure *closure, int64_t *ret)
{
	*ret = (int64_t)closure->state.trial.n_quarantined;
	return 0;
}

static int checked(const Closure *closure, int64_t *ret)
{
	return known_time(closure->state.checked, ret);
}

static int expires(const Closure *closure, int64_t *ret)
{
	return known_time(closure->state.expires, ret);
}

static int old_data_since(const Closure *closure, int64_t *ret)
{
	return known_time(closure->state.old_data_since, ret);
}

static int exposed_processes(const Closure *closure, int64_t *ret)
{
	*ret = (int64_t)json_array_size(json_object_get(closure->exposed, "processes"));
	return closure->looked ? 0 : NO_SAMPLE;
}

static int unreadable_processes(const Closure *closure, int64_t *ret)
{
	*ret = json_integer_value(json_object_get(closure->exposed, "unreadable"));
	return closure->looked ? 0 : NO_SAMPLE;
}

static const DeviceFamily device_families[] = {
	{"suture_generation", NULL, "Generation that /usr shows; 0 is the base.", generation},
	{"suture_improvements", NULL, "Improvements that are installed.", improvements},
	{"suture_quarantined_letters", NULL, "Letters with which boots did not complete.", quarantined},
	{"suture_last_check_timestamp_seconds", "seconds",
		"When the repository's metadata was last refreshed.", checked},
	{"suture_metadata_expiry_timestamp_seconds", "seconds",
		"When the first role of that metadata expires.", expires},
	{"suture_old_data_timestamp_seconds", "seconds",
		"Since when each check got old metadata; absent when it did not.", old_data_since},
	{"suture_exposed_processes", NULL,
		"Processes and mount namespaces that still use replaced bytes; only root can tell.",
		exposed_processes},
	{"suture_unreadable_processes", NULL, "Processes that even root could not look into.",
		unreadable_processes},
};

static int entry_active(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	*ret = closure_shows(closure, &entry->manifest);
	return 0;
}

static int entry_protected(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	*ret = closure_judge(closure, entry) == CLOSURE_PROTECTED;
	return 0;
}

static int entry_exposed(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	*ret = (int64_t)closure_count_exposed(closure, entry);
	return closure->looked && closure_judge(closure, entry) != CLOSURE_UNKNOWN ? 0 : NO_SAMPLE;
}

static int entry_released(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	(void)closure;
	return known_time(entry->released, ret);
}

static int entry_fetched(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	(void)closure;
	return known_time(entry->fetched, ret);
}

static int entry_activated(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	(void)closure;
	return known_time(entry->active, ret);
}

static int entry_protected_since(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	*ret = entry->protected_since;
	return closure_judge(closure, entry) == CLOSURE_PROTECTED ? 0 : NO_SAMPLE;
}

static int entry_reopenings(const Closure *closure, const LedgerEntry *entry, int64_t *ret)
{
	(void)closure;
	*ret = entry->reopened;
	return 0;
}

static const ImprovementFamily improvement_families[] = {
	{"suture_improvement_active", NULL, "Whether /usr shows the improvement.", entry_active},
	{"suture_improvement_protected", NULL, "Whether it is active and nothing is exposed to it.",
		entry_protected},
	{"suture_improvement_exposed_processes", NULL,
		"Processes and mount namespaces that still use the bytes that it replaces.", entry_exposed},
	{"suture_improvement_released_timestamp_seconds", "seconds", "When it was released.", entry_released},
	{"suture_improvement_fetched_timestamp_seconds", "seconds", "When its download was complete.",
		entry_fetched},
	{"suture_improvement_activated_timestamp_seconds", "seconds", "When it became active.",
		entry_activated},
	{"suture_improvement_protected_timestamp_seconds", "seconds", "Since when nothing is exposed to it.",
		entry_protected_since},
	{"suture_improvement_reopenings", NULL, "How often the protection by it has ended.",
		entry_reopenings},
};

static int append_head(Buffer *buffer, const char *name, const char *unit, const char *help, Error *error)
{
	if (buffer_append_format(buffer, error, "# TYPE %s gauge\n", name) < 0 ||
		(unit && buffer_append_format(buffer, error, "# UNIT %s %s\n", name, unit) < 0))
		return -1;
	return buffer_append_format(buffer, error, "# HELP %s %s\n", name, help);
}

int metrics_append_label(Buffer *buffer, const char *name, const char *value, Error *error)
{
	if (buffer_append_format(buffer, error, "%s=\"", name) < 0)
		return -1;
	for (; *value; value++) {
		const char *escaped = *value == '\\'   ? "\\\\"
				      : *value == '"'  ? "\\\""
				      : *value == '\n' ? "\\n"
						       : NULL;

		if (buffer_append(buffer, escaped ? escaped : value, escaped ? 2 : 1, error) < 0)
			return -1;
	}
	return buffer_append(buffer, "\"", 1, error);
}

/* NAME{component="…",letter="a" without the closing brace: more may follow. */
static int append_sample_name(Buffer *buffer, const char *name, const LedgerEntry *entry, Error *error)
{
	char letter[LETTER_SIZE];

	if (buffer_append_format(buffer, error, "%s{", name) < 0 ||
		metrics_append_label(buffer, "component", entry->component, error) < 0 ||
		buffer_append(buffer, ",", 1, error) < 0)
		return -1;
	return metrics_append_label(buffer, "letter", letter_from_sequence(entry->sequence, letter), error);
}

static int append_info(Buffer *buffer, const LedgerEntry *entry, Error *error)
{
	if (append_sample_name(buffer, "suture_improvement_info", entry, error) < 0 ||
		buffer_append(buffer, ",", 1, error) < 0 ||
		metrics_append_label(buffer, "base_version", entry->base_version, error) < 0 ||
		buffer_append(buffer, ",", 1, error) < 0 ||
		metrics_append_label(buffer, "fixed_version", entry->fixed_version, error) < 0)
		return -1;
	return buffer_append_format(buffer, error, "} 1\n");
}

/* The entry of an installed improvement; NULL when the ledger has lost it and nobody could write since. */
static const LedgerEntry *find_entry(const Closure *closure, size_t i)
{
	return ledger_find(&closure->ledger, &closure->state.active.items[i].manifest_digest);
}

static int append_infos(const Closure *closure, Buffer *buffer, Error *error)
{
	if (append_head(buffer, "suture_build_info", NULL, "The version of suture.", error) < 0 ||
		buffer_append_format(buffer, error, "suture_build_info{version=\"%s\"} 1\n", SUTURE_VERSION) <
			0 ||
		append_head(buffer, "suture_improvement_info", NULL, "An installed improvement.", error) < 0)
		return -1;
	for (size_t i = 0; i < closure->state.active.n; i++) {
		const LedgerEntry *entry = find_entry(closure, i);

		if (entry && append_info(buffer, entry, error) < 0)
			return -1;
	}
	return 0;
}

static int append_device_family(
	const Closure *closure, const DeviceFamily *family, Buffer *buffer, Error *error)
{
	int64_t value = 0;

	if (append_head(buffer, family->name, family->unit, family->help, error) < 0)
		return -1;
	if (family->value(closure, &value) != 0)
		return 0;
	return buffer_append_format(buffer, error, "%s %" PRId64 "\n", family->name, value);
}

static int append_improvement_family(
	const Closure *closure, const ImprovementFamily *family, Buffer *buffer, Error *error)
{
	if (append_head(buffer, family->name, family->unit, family->help, error) < 0)
		return -1;
	for (size_t i = 0; i < closure->state.active.n; i++) {
		const LedgerEntry *entry = find_entry(closure, i);
		int64_t value = 0;

		if (!entry || family->value(closure, entry, &value) != 0)
			continue;
		if (append_sample_name(buffer, family->name, entry, error) < 0 ||
			buffer_append_format(buffer, error, "} %" PRId64 "\n", value) < 0)
			return -1;
	}
	return 0;
}

int metrics_write(const Closure *closure, Buffer *ret, Error *error)
{
	if (append_infos(closure, ret, error) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(device_families); i++)
		if (append_device_family(closure, &device_families[i], ret, error) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(improvement_families); i++)
		if (append_improvement_family(closure, &improvement_families[i], ret, error) < 0)
			return -1;
	return buffer_append_format(ret, error, "# EOF\n");
}

int engine_metrics(Engine *engine, Buffer *ret, Error *error)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;

	if (closure_look(engine, &closure, error) < 0)
		return -1;
	return metrics_write(&closure, ret, error);
}
