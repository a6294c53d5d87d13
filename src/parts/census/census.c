/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/census.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "parts/census/namespaces.h"
#include "parts/census/scan.h"

enum { FINDINGS_MAX = 65536 };

/* A census under way. */
typedef struct Taking {
	const CensusQuery *query;
	int proc;
	Replaced *targets;
	Content *content;
	Namespaces namespaces;
	size_t capacity;
	Census *census;
} Taking;

static void taking_clear_cleanup(Taking *taking)
{
	(void)close_keeping_errno(taking->proc);
	(void)replaced_free(taking->targets);
	(void)content_free(taking->content);
	namespaces_clear(&taking->namespaces);
	(void)census_free(taking->census);
}

Census *census_free(Census *census)
{
	if (census) {
		free(census->findings);
		free(census);
	}
	return NULL;
}

/* More findings than the limit are left out: nobody is protected then in any case. */
static int add_finding(Taking *taking, const CensusFinding *finding, Error *error)
{
	Census *census = taking->census;

	if (census->n_findings == taking->capacity) {
		size_t capacity = taking->capacity ? 2 * taking->capacity : 64;
		CensusFinding *grown;

		if (capacity > FINDINGS_MAX)
			return 0;
		grown = reallocarray(census->findings, capacity, sizeof(*grown));
		if (!grown)
			return error_memory(error);
		census->findings = grown;
		taking->capacity = capacity;
	}
	census->findings[census->n_findings++] = *finding;
	return 0;
}

/* A process, and the thread of it that is looked at: the first one unless that has ended. */
typedef struct Task {
	pid_t pid;
	pid_t id;
	int process;   /* /proc/PID, borrowed */
	int directory; /* /proc/ID, borrowed */
} Task;

/* Fills in who the process is and reports it. */
static int report(Taking *taking, const Task *task, CensusFinding *finding, Error *error)
{
	ProcStat stat;
	int r = proc_stat(task->process, &stat, error);

	if (r == 0)
		r = proc_namespace(task->directory, &finding->namespace, error);
	if (r == 0)
		r = proc_uid(task->directory, &finding->uid, error);
	if (r == 0)
		r = proc_unit(task->directory, finding->unit, error);
	if (r != 0)
		return r;
	finding->pid = task->pid;
	finding->start_time = stat.start_time;
	memcpy(finding->name, stat.name, sizeof(finding->name));
	return add_finding(taking, finding, error);
}

/* Start times need not be compared before and after: the open directories never become another process's.
 * TASK_WITHOUT_MEMORY is a kernel thread or a zombie. */
enum { TASK_WITHOUT_MEMORY = 3 };

static int take_task(Taking *taking, const Task *task, Error *error)
{
	NamespaceMember member = {.pid = task->pid, .task = task->id};
	CensusFinding finding = {.kind = CENSUS_MAPPING};
	ProcStat stat;
	Scan scan;
	int r = scan_task(task->directory, taking->targets, taking->content, &scan, error);

	if (r == 0 && !scan.has_memory)
		return TASK_WITHOUT_MEMORY;
	if (r == 0)
		r = proc_stat(task->process, &stat, error);
	if (r != 0)
		return r;
	member.start_time = stat.start_time;
	r = namespaces_add(&taking->namespaces, task->directory, member, error);
	if (r != 0)
		return r;
	taking->census->n_processes++;
	if (scan.n_subjects == 0)
		return 0;
	if (scan.is_executable)
		finding.kind = CENSUS_EXECUTABLE;
	finding.subject = scan.first_subject;
	finding.n_subjects = scan.n_subjects;
	finding.groups = scan.groups;
	return report(taking, task, &finding, error);
}

/* A process whose first thread has ended shows no memory, although its other threads live on in it: then the
 * first of those that still has it is looked at. */
static int take_other_threads(Taking *taking, int process, pid_t pid, Error *error)
{
	CLEANUP(closedir) DIR *threads = NULL;
	struct dirent *entry;
	int fd = -1;
	int r = proc_open(process, "task", O_RDONLY | O_DIRECTORY, &fd, error);

	if (r != 0)
		return r;
	threads = fdopendir(fd);
	if (!threads) {
		(void)error_os(error, errno, "cannot list threads");
		return close_keeping_errno(fd);
	}
	r = TASK_WITHOUT_MEMORY;
	while ((r == TASK_WITHOUT_MEMORY || r == PROC_GONE) && (entry = readdir(threads))) {
		CLEANUP_CLOSE int directory = -1;
		int64_t id;

		if (text_to_integer(entry->d_name, 1, INT_MAX, &id, NULL) < 0)
			continue;
		r = proc_open_process(taking->proc, (pid_t)id, &directory, error);
		if (r == 0)
			r = take_task(taking, &(Task){pid, (pid_t)id, process, directory}, error);
	}
	return r;
}

static int take_process(Taking *taking, pid_t pid, Error *error)
{
	CLEANUP_CLOSE int directory = -1;
	ProcStat stat;
	int r = proc_open_process(taking->proc, pid, &directory, error);

	if (r == 0)
		r = take_task(taking, &(Task){pid, pid, directory, directory}, error);
	if (r != TASK_WITHOUT_MEMORY)
		return r;
	r = proc_stat(directory, &stat, error);
	if (r == 0 && stat.state == 'Z' && stat.n_threads > 1)
		r = take_other_threads(taking, directory, pid, error);
	return r;
}

static int take_processes(Taking *taking, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	int fd = openat(taking->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	listing = fd < 0 ? NULL : fdopendir(fd);
	if (!listing) {
		(void)error_os(error, errno, "cannot list /proc");
		return close_keeping_errno(fd);
	}
	for (errno = 0; (entry = readdir(listing)); errno = 0) {
		int64_t pid;
		int r;

		if (text_to_integer(entry->d_name, 1, INT_MAX, &pid, NULL) < 0)
			continue;
		r = take_process(taking, (pid_t)pid, error);
		if (r < 0)
			return error_in(error, "process %s", entry->d_name);
		if (r == PROC_DENIED)
			taking->census->n_unreadable++;
	}
	return errno == 0 ? 0 : error_os(error, errno, "cannot list /proc");
}

static int compare_pids(const void *a, const void *b)
{
	const CensusFinding *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

static void sort_findings(Census *census)
{
	if (census->n_findings > 0)
		qsort(census->findings, census->n_findings, sizeof(*census->findings), compare_pids);
}

static CensusFinding *find(const Census *census, size_t n, pid_t pid)
{
	CensusFinding key = {.pid = pid};

	return n > 0 ? bsearch(&key, census->findings, n, sizeof(key), compare_pids) : NULL;
}

/* Adds the oldest process of a namespace that shows an old /usr. Should it have ended since, so may have the
 * namespace; the next census tells. */
static int take_namespace(Taking *taking, const NamespaceMember *oldest, Error *error)
{
	CensusFinding finding = {.kind = CENSUS_NAMESPACE,
		.subject = SIZE_MAX,
		.keeps_old_usr = true,
		.old_usr = oldest->old_usr};
	CLEANUP_CLOSE int process = -1, directory = -1;
	ProcStat stat;
	int r = proc_open_process(taking->proc, oldest->pid, &process, error);

	if (r == 0)
		r = proc_stat(process, &stat, error);
	if (r == 0 && stat.start_time != oldest->start_time)
		return 0;
	if (r == 0)
		r = proc_open_process(taking->proc, oldest->task, &directory, error);
	if (r == 0)
		r = report(taking, &(Task){oldest->pid, oldest->task, process, directory}, &finding, error);
	return r < 0 ? r : 0;
}

static int take_namespaces(Taking *taking, Error *error)
{
	CLEANUP_MOUNTINFO Mountinfo own = MOUNTINFO_INIT;
	CLEANUP_OLD_USR OldUsr usr = OLD_USR_INIT;
	CLEANUP_FREE char *root = realpath(taking->query->root, NULL);
	CLEANUP_FREE NamespaceMember *old = NULL;
	size_t n_old = 0, n_found = taking->census->n_findings;

	if (!root)
		return error_os(error, errno, "cannot find %s", taking->query->root);
	if (mountinfo_read(taking->proc, "self/mountinfo", &own, error) < 0 ||
		old_usr_init(&usr, &own, root, taking->query->current, error) < 0 ||
		namespaces_find_old(&taking->namespaces, taking->proc, &usr, &old, &n_old, error) < 0)
		return -1;
	for (size_t i = 0; i < n_old; i++) {
		CensusFinding *known = find(taking->census, n_found, old[i].pid);

		if (known) {
			known->keeps_old_usr = true;
			known->old_usr = old[i].old_usr;
		} else if (take_namespace(taking, &old[i], error) < 0) {
			return -1;
		}
	}
	return 0;
}

int census_take(const CensusQuery *query, Census **ret, Error *error)
{
	__attribute__((cleanup(taking_clear_cleanup)))
	Taking taking = {.query = query, .proc = -1, .namespaces = NAMESPACES_INIT};

	taking.census = calloc(1, sizeof(*taking.census));
	if (!taking.census)
		return error_memory(error);
	if (proc_open_root(&taking.proc, error) < 0 ||
		replaced_new(query->targets, query->n_targets, &taking.targets, error) < 0 ||
		content_new(&taking.content, error) < 0 || take_processes(&taking, error) < 0)
		return -1;
	sort_findings(taking.census);
	if (take_namespaces(&taking, error) < 0)
		return -1;
	sort_findings(taking.census);
	*ret = TAKE_PTR(taking.census);
	return 0;
}
