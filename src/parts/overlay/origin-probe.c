/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * For tests: a program that is installed in ROOT/usr/bin and says whether it still knows where it lives.
 *
 * usage: origin-probe PATH          checks that /proc/self/exe is PATH, loads ../lib/librelease.so from
 *                                   $ORIGIN and prints the release it names
 *        origin-probe PATH wait     prints "ready" and waits for a line before
 *        origin-probe PATH quiet    prints only what is wrong
 *        origin-probe PATH euid     prints the effective user instead
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int wait_for_line(void)
{
	char line[16];

	(void)puts("ready");
	(void)fflush(stdout);
	return fgets(line, sizeof(line), stdin) ? 0 : -1;
}

static int check_path(const char *expected)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	if (strcmp(path, expected) == 0)
		return 0;
	(void)printf("/proc/self/exe is \"%s\"\n", path);
	return -1;
}

static int print_release(int quiet)
{
	void *library = dlopen("$ORIGIN/../lib/librelease.so", RTLD_NOW);
	const char *release = library ? dlsym(library, "release") : NULL;

	if (!release || !quiet)
		(void)puts(release ? release : dlerror());
	return release ? 0 : -1;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "";

	if (argc < 2)
		return 2;
	if (strcmp(mode, "euid") == 0)
		return printf("%u\n", (unsigned int)geteuid()) < 0;
	if (strcmp(mode, "wait") == 0 && wait_for_line() < 0)
		return 1;
	return check_path(argv[1]) < 0 || print_release(strcmp(mode, "quiet") == 0) < 0;
}
