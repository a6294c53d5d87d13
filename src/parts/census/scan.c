/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/scan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

/* A reading of maps under way. */
typedef struct Look {
	int directory;
	Replaced *targets;
	Content *content;
	Scan scan;
} Look;

/* Is the mapped file the one that /proc/PID/exe stands for? Links are compared with links, because on an
 * overlay they show other device numbers than maps does. Who may not follow map_files compares with maps:
 * what is equal there is the same file everywhere. */
static bool is_executable(int directory, const MapsEntry *mapping)
{
	char name[CONTENT_NAME_SIZE];
	struct statx program, file;

	if (proc_examine(directory, "exe", &program, NULL) != 0)
		return false;
	if (proc_examine(directory, content_link(mapping, name), &file, NULL) == 0)
		return program.stx_ino == file.stx_ino && program.stx_dev_major == file.stx_dev_major &&
		       program.stx_dev_minor == file.stx_dev_minor;
	return program.stx_ino == mapping->inode &&
	       makedev(program.stx_dev_major, program.stx_dev_minor) == mapping->device;
}

static void look_at_mapping(Look *look, const MapsEntry *mapping)
{
	size_t n;
	const CensusTarget *found = replaced_find(look->targets, mapping->device, mapping->inode, &n);
	bool exposed = false;

	for (size_t i = 0; i < n; i++) {
		if (found[i].has_digest &&
			content_differs(look->content, look->directory, mapping, &found[i]))
			continue;
		exposed = true;
		look->scan.groups |= UINT64_C(1) << found[i].group;
		if (!replaced_count(look->targets, found[i].subject))
			continue;
		if (look->scan.n_subjects++ == 0 || found[i].subject < look->scan.first_subject)
			look->scan.first_subject = found[i].subject;
	}
	if (exposed && !look->scan.is_executable)
		look->scan.is_executable = is_executable(look->directory, mapping);
}

int scan_task(int directory, Replaced *targets, Content *content, Scan *ret, Error *error)
{
	Look look = {.directory = directory, .targets = targets, .content = content};
	CLEANUP_FREE MapsReader *reader = malloc(sizeof(*reader));
	CLEANUP_CLOSE int fd = -1;
	Error failure = ERROR_INIT;
	MapsEntry mapping;
	int r = proc_open(directory, "maps", O_RDONLY, &fd, error);

	if (r != 0)
		return r;
	if (!reader)
		return error_memory(error);
	replaced_begin(targets);
	maps_begin(reader, fd);
	while ((r = maps_next(reader, &mapping, &failure)) == 0)
		look_at_mapping(&look, &mapping);
	if (r < 0)
		return proc_condition(failure.os_error) ? proc_condition(failure.os_error)
							: error_set(error, "%s", failure.text);
	look.scan.has_memory = reader->n_lines > 0;
	*ret = look.scan;
	return 0;
}
