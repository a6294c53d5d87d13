/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Swaps generations under the eyes of processes that open, read and run files below ROOT/usr, and counts what
 * they should never see: an error, the base between two generations, a program that lost its own path.
 *
 * usage: swap-probe          exits with 0 when nothing was seen, 1 otherwise, 77 where it cannot run
 *        swap-probe naive    swaps by way of the base; exits with 0 when the probe noticed it, so that its
 *                            silence means something
 *
 * ORIGIN_PROBE and RELEASE_{BASE,ONE,TWO} name what is installed in the root.
 */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "observers.h"
#include "parts/overlay/overlay.h"

enum {
	READERS = 3,
	NAMESPACE_READERS = 2,
	EXECUTORS = 2,
	CYCLES = 40,
	CYCLES_NAIVE = 4,
	SWAPS_IN_CYCLE = 4,
	OPENS_MIN = 120000,
	SKIPPED = 77
};

typedef struct Probe {
	char directory[64], root[96], usr[112];
	Observed *observed;
	pid_t observers[READERS + NAMESPACE_READERS + EXECUTORS];
	size_t n_observers;
	bool naive;
	Epoch now;
	uint64_t number; /* of the last generation */
	uint64_t swaps;
} Probe;

/* Copies a program or library, or writes a short text, below the probe's directory. */
static int install(const Probe *probe, const char *path, const char *from, const char *text, Error *error)
{
	CLEANUP_CLOSE int directory = open(probe->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int parent = -1;
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	char folder[64];

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(path_basename(path) - path - 1), path);
	if (from && file_read(AT_FDCWD, from, 1 << 24, &content, error) != 0)
		return -1;
	if (!from && buffer_append(&content, text, strlen(text), error) < 0)
		return -1;
	if (file_make_directories(directory, folder, 0755, &parent, error) < 0)
		return -1;
	return file_replace(parent, path_basename(path), buffer_bytes(&content), 0755, error);
}

enum { IMAGE_PATH_SIZE = 112 };

static const char *image_path(const Probe *probe, const char *name, char path[static IMAGE_PATH_SIZE])
{
	(void)snprintf(path, IMAGE_PATH_SIZE, "%s/%s.img", probe->directory, name);
	return path;
}

static int make_image(const Probe *probe, const char *name, Error *error)
{
	char source[IMAGE_PATH_SIZE], image[IMAGE_PATH_SIZE];

	(void)snprintf(source, sizeof(source), "%s/%s", probe->directory, name);
	return process_run(
		(const char *const[]){"mkfs.erofs", "--quiet", image_path(probe, name, image), source, NULL},
		1 << 20, NULL, error);
}

static int populate(const Probe *probe, Error *error)
{
	if (install(probe, "root/usr/bin/origin-probe", getenv("ORIGIN_PROBE"), NULL, error) < 0 ||
		install(probe, "root/usr/lib/librelease.so", getenv("RELEASE_BASE"), NULL, error) < 0 ||
		install(probe, "root/usr/lib/generation", NULL, "0", error) < 0 ||
		install(probe, "one/lib/librelease.so", getenv("RELEASE_ONE"), NULL, error) < 0 ||
		install(probe, "one/lib/generation", NULL, "1", error) < 0 ||
		install(probe, "two/lib/librelease.so", getenv("RELEASE_TWO"), NULL, error) < 0 ||
		install(probe, "two/lib/generation", NULL, "2", error) < 0)
		return -1;
	return make_image(probe, "one", error) < 0 ? -1 : make_image(probe, "two", error);
}

/* A directory that is a mount which other namespaces follow, in a namespace of the probe's own. */
static int prepare(Probe *probe, Error *error)
{
	(void)snprintf(probe->directory, sizeof(probe->directory), "/var/tmp/suture-swap-probe-XXXXXX");
	if (!mkdtemp(probe->directory))
		return error_os(error, errno, "cannot make a directory");
	(void)snprintf(probe->root, sizeof(probe->root), "%s/root", probe->directory);
	(void)snprintf(probe->usr, sizeof(probe->usr), "%s/usr", probe->root);
	if (mount(probe->directory, probe->directory, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, probe->directory, NULL, MS_SHARED, NULL) < 0)
		return error_os(error, errno, "cannot mount");
	probe->observed =
		mmap(NULL, sizeof(Observed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (probe->observed == MAP_FAILED)
		return error_os(error, errno, "cannot share memory");
	return populate(probe, error);
}

static int start_observers(Probe *probe, Error *error)
{
	while (probe->n_observers < ARRAY_SIZE(probe->observers)) {
		size_t i = probe->n_observers;
		pid_t child = i < READERS ? observe_reads(probe->observed, probe->usr)
			      : i < READERS + NAMESPACE_READERS
				      ? observe_reads_in_namespace(probe->observed, probe->usr)
				      : observe_execs(probe->observed, probe->usr);

		if (child < 0)
			return error_os(error, errno, "cannot start an observer");
		probe->observers[probe->n_observers++] = child;
	}
	return 0;
}

static void publish(Probe *probe, uint32_t run, uint8_t from, uint8_t to)
{
	probe->now = (Epoch){run, (uint16_t)(probe->now.step + 1), from, to};
	atomic_store(&probe->observed->epoch, epoch_pack(probe->now));
}

/* Generation 1 or 2, or 0 for the base, after whatever is there. */
static int swap(Probe *probe, uint8_t to, Error *error)
{
	uint32_t run = probe->now.run;
	uint8_t from = probe->now.to;
	char image[IMAGE_PATH_SIZE];
	OverlayLayer layer = {image_path(probe, to == 2 ? "two" : "one", image)};

	run += run % 2 == 1 && to == 0;
	publish(probe, run, from, to);
	if ((to == 0 || probe->naive) && overlay_deactivate(probe->root, error) < 0)
		return -1;
	if (to != 0 && overlay_activate(probe->root, ++probe->number, &layer, 1, error) < 0)
		return -1;
	run += run % 2 == 0 && to != 0;
	publish(probe, run, to, to);
	probe->swaps++;
	return 0;
}

/* Lets the observers do their share before the next swap. */
static void let_them_look(const Probe *probe)
{
	const struct timespec moment = {.tv_nsec = 100 * 1000};
	uint64_t share = OPENS_MIN / (CYCLES * (SWAPS_IN_CYCLE + 1));

	while (atomic_load(&probe->observed->opens) < probe->swaps * share ||
		atomic_load(&probe->observed->execs) < probe->swaps * 2)
		(void)nanosleep(&moment, NULL);
}

/* nothing → 1 → 2 → 1 → 2 → the base */
static int run_cycles(Probe *probe, Error *error)
{
	for (int cycle = 0; cycle < (probe->naive ? CYCLES_NAIVE : CYCLES); cycle++) {
		for (int i = 0; i <= SWAPS_IN_CYCLE; i++) {
			int to = i == SWAPS_IN_CYCLE ? 0 : 1 + i % 2;

			if (swap(probe, (uint8_t)to, error) < 0)
				return -1;
			let_them_look(probe);
		}
	}
	return 0;
}

static void stop_observers(Probe *probe)
{
	if (probe->observed && probe->observed != MAP_FAILED)
		atomic_store(&probe->observed->stop, true);
	for (size_t i = 0; i < probe->n_observers; i++)
		(void)waitpid(probe->observers[i], NULL, 0);
}

static void clean_up(Probe *probe)
{
	if (umount2(probe->directory, MNT_DETACH) == 0)
		(void)file_remove_tree(AT_FDCWD, probe->directory, NULL);
}

static int report(const Probe *probe)
{
	const Observed *seen = probe->observed;
	char opens[TEXT_SIZE_MAX], errors[TEXT_SIZE_MAX], base[TEXT_SIZE_MAX], execs[TEXT_SIZE_MAX],
		failures[TEXT_SIZE_MAX], swaps[TEXT_SIZE_MAX], wrong[TEXT_SIZE_MAX];

	(void)printf("swap-probe: %s opens, %s errors, %s saw the base between generations\n",
		text_count(seen->opens, opens), text_count(seen->errors, errors),
		text_count(seen->base_between, base));
	(void)printf(
		"swap-probe: %s swaps, %s opens saw another generation than was active, %s execs, %s of them "
		"failed\n",
		text_count(probe->swaps, swaps), text_count(seen->wrong, wrong),
		text_count(seen->execs, execs), text_count(seen->exec_failures, failures));
	if (probe->naive)
		return seen->base_between > 0 ? 0 : -1;
	return seen->errors || seen->base_between || seen->wrong || seen->exec_failures ||
			       seen->opens < OPENS_MIN || seen->execs < probe->swaps
		       ? -1
		       : 0;
}

/* Root's rights and what the kernel must have; the rest is held to work. */
static bool can_run(void)
{
	CLEANUP_CLOSE int overlay = fsopen("overlay", FSOPEN_CLOEXEC);
	CLEANUP_CLOSE int erofs = fsopen("erofs", FSOPEN_CLOEXEC);

	return overlay >= 0 && erofs >= 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(int argc, char **argv)
{
	Probe probe = {.naive = argc > 1 && strcmp(argv[1], "naive") == 0};
	Error error = ERROR_INIT;
	int r;

	if (!can_run())
		return SKIPPED;
	r = prepare(&probe, &error);
	r = r < 0 ? r : start_observers(&probe, &error);
	r = r < 0 ? r : run_cycles(&probe, &error);
	stop_observers(&probe);
	if (r < 0)
		(void)fprintf(stderr, "swap-probe: %s\n", error.text);
	else
		r = report(&probe);
	clean_up(&probe);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
