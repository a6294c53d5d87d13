/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/text.h"
#include "parts/delta/encode/diff.h"
#include "programs/delta-tool/old-files.h"
#include "programs/delta-tool/output.h"
#include "programs/delta-tool/tree-pack.h"

enum { LARGE_BLOCK = 256 * 1024 };

/* What a patch is made of. */
typedef struct Job {
	OldFiles old;
	PackedTree packed; /* NEW: an archive, or the file as it is */
	DeltaKind kind;
	bool fast;
	Progress progress;
} Job;

static void job_clear_cleanup(Job *job)
{
	old_files_clear(&job->old);
	packed_tree_clear(&job->packed);
}

static void show(void *userdata, uint64_t done, uint64_t total)
{
	progress_update(userdata, done, total);
}

static int read_new_file(Job *job, const char *path, Error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (file_map(fd, DELTA_RESULT_MAX, path, &job->packed.map, error) < 0)
		return -1;
	job->packed.extents = calloc(1, sizeof(*job->packed.extents));
	if (!job->packed.extents)
		return error_memory(error);
	job->packed.extents[0] = (DiffExtent){0, job->packed.map.size, S_ISDIR(job->old.mode) ? SIZE_MAX : 0};
	job->packed.n_extents = 1;
	return 0;
}

static int read_new(Job *job, const char *path, const char *patch, Error *error)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return error_os(error, errno, "cannot examine %s", path);
	job->kind = S_ISDIR(status.st_mode) ? DELTA_KIND_TREE : DELTA_KIND_FILE;
	if (job->kind == DELTA_KIND_FILE)
		return read_new_file(job, path, error);
	return tree_pack(path, &job->old, patch, &job->packed, error);
}

static int make_delta(Job *job, Buffer *ret, Error *error)
{
	CLEANUP_FREE DiffSource *sources = calloc(job->old.count ? job->old.count : 1, sizeof(*sources));

	if (!sources)
		return error_memory(error);
	for (size_t i = 0; i < job->old.count; i++)
		sources[i] = (DiffSource){job->old.files[i].name, old_file_bytes(&job->old.files[i])};
	return delta_diff(
		&(DiffJob){
			.sources = sources,
			.n_sources = job->old.count,
			.result = {job->packed.map.data, job->packed.map.size},
			.extents = job->packed.extents,
			.n_extents = job->packed.n_extents,
			.level = job->fast ? DIFF_FAST : DIFF_SMALL,
			.progress = show,
			.userdata = &job->progress,
		},
		ret, error);
}

/* The differ knows files only; that its result is a tree is written into the header afterwards. */
static int set_kind(DeltaKind kind, Buffer *delta, Error *error)
{
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	CLEANUP_BUFFER Buffer changed = BUFFER_INIT;

	if (delta_header_parse(buffer_bytes(delta), &header, error) < 0)
		return -1;
	header.kind = kind;
	if (delta_header_write(&header, &changed, error) < 0)
		return -1;
	memcpy(delta->data, changed.data, changed.size);
	return 0;
}

static int write_patch(const char *path, Bytes bytes, Error *error)
{
	CLEANUP(output_clear) Output output = OUTPUT_INIT;

	if (output_open(path, &output, error) < 0 || output_write(&output, bytes, error) < 0)
		return -1;
	return output_commit(&output, output_mode(0666), error);
}

int command_diff(void *settings, const OptionList *operands, Error *error)
{
	const DeltaToolSettings *options = settings;
	const char *patch = operands->words[2];
	CLEANUP(job_clear)
	Job job = {.fast = options->fast, .progress = progress_on(options->quiet ? NULL : stderr)};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	char size[TEXT_SIZE_MAX];

	/* What is large goes back to the system when it is freed, instead of leaving a hole that the next
	 * does not fit into. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	if (old_files_read(operands->words[0], &job.old, error) < 0 ||
		read_new(&job, operands->words[1], patch, error) < 0)
		return -1;
	progress_begin(&job.progress, "diffing");
	if (make_delta(&job, &delta, error) < 0 || set_kind(job.kind, &delta, error) < 0 ||
		write_patch(patch, buffer_bytes(&delta), error) < 0) {
		progress_end(&job.progress, NULL);
		return -1;
	}
	progress_end(&job.progress, text_size(delta.size, size));
	return 0;
}
