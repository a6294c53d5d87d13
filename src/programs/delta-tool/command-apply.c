/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/text.h"
#include "parts/delta/decode/apply.h"
#include "programs/delta-tool/old-files.h"
#include "programs/delta-tool/output.h"
#include "programs/delta-tool/tree-unpack.h"

/* A patch being applied. */
typedef struct Job {
	FileMap patch;
	DeltaHeader header;
	OldFiles old;
	Progress progress;
	int fd; /* takes the result */
	const char *old_path, *new_path;
	uint64_t done;
} Job;

static void job_clear_cleanup(Job *job)
{
	old_files_clear(&job->old);
	delta_header_clear(&job->header);
	file_unmap(&job->patch);
}

static int take(void *userdata, Bytes next, Error *error)
{
	Job *job = userdata;

	job->done += next.size;
	progress_update(&job->progress, job->done, job->header.result_size);
	return file_write_all(job->fd, next, job->new_path, error);
}

static int read_patch(Job *job, const char *path, Error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	Bytes bytes;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (file_map(fd, UINT64_MAX, path, &job->patch, error) < 0)
		return -1;
	bytes = (Bytes){job->patch.data, job->patch.size};
	return delta_header_parse(bytes, &job->header, error) < 0 ? error_in(error, "%s", path) : 0;
}

static int apply_to(Job *job, int fd, Error *error)
{
	CLEANUP_FREE Bytes *sources = calloc(job->old.count ? job->old.count : 1, sizeof(*sources));
	Bytes patch = {job->patch.data, job->patch.size};

	if (!sources)
		return error_memory(error);
	for (size_t i = 0; i < job->old.count; i++)
		sources[i] = old_file_bytes(&job->old.files[i]);
	job->fd = fd;
	if (delta_apply(patch, &job->header, sources, take, job, error) == 0)
		return 0;
	(void)old_files_check(&job->old, job->old_path, &job->header, error);
	return -1;
}

/* The new file gets the permissions of the old one. */
static int make_file(Job *job, Error *error)
{
	CLEANUP(output_clear) Output output = OUTPUT_INIT;
	mode_t mode = S_ISREG(job->old.mode) ? job->old.mode & 0777 : output_mode(0666);

	if (output_open(job->new_path, &output, error) < 0 || apply_to(job, output.fd, error) < 0)
		return -1;
	return output_commit(&output, mode, error);
}

/* The archive is rebuilt and verified as a whole before anything in it is looked at. */
static int make_tree(Job *job, Error *error)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_MAP FileMap archive = {NULL, 0};
	struct stat status;

	if (text_copy(job->new_path, &path, error) < 0)
		return -1;
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	if (lstat(path, &status) == 0)
		return error_set(error, "%s exists already; a tree is only made in a new place", path);
	if (output_scratch(path, &fd, error) < 0 || apply_to(job, fd, error) < 0 ||
		file_map(fd, DELTA_RESULT_MAX, path, &archive, error) < 0)
		return -1;
	return tree_unpack((Bytes){archive.data, archive.size}, path, error);
}

static int apply_patch(Job *job, Error *error)
{
	return job->header.kind == DELTA_KIND_TREE ? make_tree(job, error) : make_file(job, error);
}

int command_apply(void *settings, const OptionList *operands, Error *error)
{
	const DeltaToolSettings *options = settings;
	CLEANUP(job_clear)
	Job job = {.progress = progress_on(options->quiet ? NULL : stderr),
		.old_path = operands->words[0],
		.new_path = operands->words[2]};
	char size[TEXT_SIZE_MAX];

	if (read_patch(&job, operands->words[1], error) < 0 ||
		old_files_read_named(operands->words[0], &job.header, &job.old, error) < 0)
		return -1;
	progress_begin(&job.progress, "applying");
	if (apply_patch(&job, error) < 0) {
		progress_end(&job.progress, NULL);
		return -1;
	}
	progress_end(&job.progress, text_size(job.header.result_size, size));
	return 0;
}
