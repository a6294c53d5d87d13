/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-known.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/text.h"

static const char usr[] = "usr";

void watch_known_clear(WatchKnown *known)
{
	exposure_targets_clear(&known->targets);
	improvements_clear(&known->improvements);
	free(known->files);
	json_decref(known->failed_units);
	json_decref(known->failing_units);
	*known = WATCH_KNOWN_INIT;
}
static inline void known_clear_cleanup(WatchKnown *known)
{
	watch_known_clear(known);
}
#define CLEANUP_KNOWN __attribute__((cleanup(known_clear_cleanup)))

static int compare_files(const void *a, const void *b)
{
	uint64_t first = ((const WatchFile *)a)->inode, second = ((const WatchFile *)b)->inode;

	return first < second ? -1 : first > second;
}

static int add_file(WatchKnown *known, WatchFile file, Error *error)
{
	WatchFile *files = reallocarray(known->files, known->n_files + 1, sizeof(*files));

	if (!files)
		return error_memory(error);
	known->files = files;
	files[known->n_files++] = file;
	return 0;
}

static void sort_files(WatchKnown *known)
{
	if (known->n_files > 1)
		qsort(known->files, known->n_files, sizeof(known->files[0]), compare_files);
}

static size_t find_set(const WatchKnown *known, const Manifest *manifest)
{
	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (known->items[i].used && strcmp(known->items[i].component, manifest->component) == 0)
			return i;
	return WATCH_SETS_MAX;
}

static int find_files(WatchKnown *known, const Engine *engine, const State *state, Error *error)
{
	if (exposure_targets_brought(engine, state, &known->improvements, &known->targets, error) < 0)
		return -1;
	for (size_t i = 0; i < known->targets.n_targets; i++) {
		const CensusTarget *target = &known->targets.targets[i];
		const ExposureSubject *subject = &known->targets.subjects[target->subject];
		size_t set = find_set(known, subject->manifest);

		if (set < WATCH_SETS_MAX &&
			add_file(known,
				(WatchFile){target->device, target->inode, set, subject->path + strlen(usr)},
				error) < 0)
			return -1;
	}
	sort_files(known);
	return 0;
}

/* The number that it had, or the first that nobody has or had: what is known of processes goes by numbers. */
static size_t choose_number(const WatchKnown *known, const WatchKnown *former, const Digest *manifest)
{
	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (former->items[i].used && digest_equal(&former->items[i].manifest, manifest))
			return i;
	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (!former->items[i].used && !known->items[i].used)
			return i;
	return WATCH_SETS_MAX;
}

static void put_set(WatchKnown *known, size_t number, const Improvement *item, bool proven)
{
	WatchImprovement *to = &known->items[number];

	*to = (WatchImprovement){.used = true, .manifest = item->manifest_digest};
	(void)snprintf(to->component, sizeof(to->component), "%s", item->manifest->component);
	(void)letter_from_sequence(item->manifest->sequence, to->letter);
	known->ages[number] = (WatchSet){item->installed, proven};
}

/* A clock that was set back makes nothing young for ever. */
static bool is_young(const Improvement *item, int64_t now, int64_t seconds)
{
	int64_t age = now - item->installed;

	return age < seconds && age > -seconds;
}

static int choose_sets(WatchKnown *known, const WatchKnown *former, const Engine *engine, const State *state,
	int64_t now, int64_t seconds, Error *error)
{
	for (size_t i = 0; i < state->active.n; i++) {
		const Improvement *item = &state->active.items[i];
		size_t number = choose_number(known, former, &item->manifest_digest);

		if (!is_young(item, now, seconds) || number == WATCH_SETS_MAX)
			continue;
		if (improvements_put(&known->improvements, engine->store, &item->manifest_digest,
			    item->installed, error) < 0)
			return -1;
		put_set(known, number, item, trial_is_proven(&state->trial, &item->manifest_digest));
	}
	return 0;
}

int watch_known_load(WatchKnown *known, const Engine *engine, int64_t now, int64_t seconds,
	uint64_t *ret_gone, Error *error)
{
	CLEANUP_KNOWN WatchKnown fresh = WATCH_KNOWN_INIT;
	CLEANUP_STATE State state = STATE_INIT;
	WatchKnown former = *known;

	if (state_load(engine->store, &state, error) < 0 ||
		choose_sets(&fresh, known, engine, &state, now, seconds, error) < 0 ||
		find_files(&fresh, engine, &state, error) < 0)
		return -1;
	fresh.failed_units = json_incref(state.trial.failed_units);
	fresh.failing_units = json_incref(state.trial.failing_units);
	*known = fresh;
	fresh = former; /* what is cleared at the end */
	*ret_gone = watch_known_sets(&former) & ~watch_known_sets(known);
	return 0;
}

uint64_t watch_known_sets(const WatchKnown *known)
{
	uint64_t sets = 0;

	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		sets |= known->items[i].used ? UINT64_C(1) << i : 0;
	return sets;
}

int64_t watch_known_end(const WatchKnown *known, int64_t seconds)
{
	int64_t end = 0;

	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (known->items[i].used && known->ages[i].installed + seconds > end)
			end = known->ages[i].installed + seconds;
	return end;
}

/* The kernel gives a path that is too long a name of its own ("//toolong"): then the numbers decide. */
static bool ends_with(Bytes path, const char *end)
{
	size_t n = strlen(end);

	if (path.size >= 2 && path.data[0] == '/' && path.data[1] == '/')
		return true;
	return path.size >= n && memcmp(path.data + path.size - n, end, n) == 0;
}

static const WatchFile *first_with(const WatchKnown *known, uint64_t inode)
{
	size_t low = 0, high = known->n_files;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (known->files[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return known->files + low;
}

static bool is_end(const WatchKnown *known, const WatchFile *file, uint64_t inode)
{
	return file == known->files + known->n_files || file->inode != inode;
}

uint64_t watch_known_find(const WatchKnown *known, dev_t device, uint64_t inode, Bytes path)
{
	uint64_t sets = 0;

	for (const WatchFile *file = first_with(known, inode); !is_end(known, file, inode); file++)
		if (file->device == device && ends_with(path, file->path))
			sets |= UINT64_C(1) << file->set;
	return sets;
}

/* All that the set has lies on that device as well. */
static int add_device(WatchKnown *known, size_t set, dev_t device, Error *error)
{
	size_t n = known->n_files;

	for (size_t i = 0; i < n; i++) {
		WatchFile file = known->files[i];

		if (file.set != set)
			continue;
		file.device = device;
		if (add_file(known, file, error) < 0)
			return -1;
	}
	sort_files(known);
	return 0;
}

int watch_known_learn(WatchKnown *known, dev_t device, uint64_t inode, Bytes path, Error *error)
{
	if (watch_known_find(known, device, inode, path) != 0)
		return 0;
	for (const WatchFile *file = first_with(known, inode); !is_end(known, file, inode); file++)
		if (ends_with(path, file->path))
			return add_device(known, file->set, device, error);
	return 0;
}

void watch_known_show(const WatchKnown *known, const Engine *engine)
{
	uint64_t shown = 0;

	for (size_t i = 0; i < known->n_files; i++) {
		const WatchFile *file = &known->files[i];
		CLEANUP_CLOSE int fd = -1;
		CLEANUP_FREE char *path = NULL;
		void *place;

		if (shown >> file->set & 1 || text_format(&path, NULL, "%s%s", usr, file->path) < 0)
			continue;
		fd = file_open_in_root(engine->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		place = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		if (place == MAP_FAILED)
			continue;
		(void)munmap(place, 1);
		shown |= UINT64_C(1) << file->set;
	}
}

static bool holds(const json_t *names, const char *name)
{
	size_t index;
	json_t *item;

	json_array_foreach(names, index, item)
	{
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

bool watch_known_had_failed(const WatchKnown *known, const char *unit)
{
	return holds(known->failed_units, unit) || holds(known->failing_units, unit);
}
