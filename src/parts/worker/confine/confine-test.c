/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/test.h"
#include "parts/worker/sanitizer.h"

/* What the child comes to, instead of an exit status of its own. */
enum { CANNOT_CONFINE = 100, WRONG = 101 };

static const uid_t ordinary = 65534;

static const Confinement nothing = {.network = false};

static const char *const files[] = {"/etc/passwd", "/etc/no-such-file", "/usr/bin/env", NULL};
static const Confinement network = {.network = true, .files = files, .certificates = "/no/such/directory"};

/* How a child ends that does this, in a process namespace of its own or not. */
static int status_of(void (*work)(void), bool apart)
{
	struct clone_args arguments = {.flags = apart ? CLONE_NEWPID : 0, .exit_signal = SIGCHLD};
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	int status = 0;

	if (child == 0) {
		work();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_ends_well(void (*work)(void), bool apart)
{
	int status = status_of(work, apart);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void confine(void)
{
	if (confine_reach(&nothing, NULL) < 0)
		_exit(CANNOT_CONFINE);
}

static void expect(bool condition)
{
	if (!condition)
		_exit(WRONG);
}

static void look_for_files(void)
{
	confine();
	expect(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0);
	expect(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0);
	expect(open("/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0);
}

static void root_is_left_with_its_files(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_ends_well(look_for_files, true);
}

static void look_for_root(void)
{
	confine();
	expect(getuid() != 0 && geteuid() != 0 && getgid() != 0 && getgroups(0, NULL) == 0);
	expect(setuid(0) < 0 && setgid(0) < 0);
	expect(getpid() == 1 && getsid(0) == 1);
}

static void there_is_no_way_back_to_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_ends_well(look_for_root, true);
}

static void be_in_the_open(void)
{
	Error error = ERROR_INIT;

	expect(confine_reach(&nothing, &error) < 0 && strstr(error.text, "not alone in a process namespace"));
}

static void root_that_can_see_other_processes_refuses(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_ends_well(be_in_the_open, false);
}

static char chroot_directory[] = "/tmp/suture-test-XXXXXX";

/* With what is looked at before the root is. */
static void work_in_a_chroot(void)
{
	Error error = ERROR_INIT;
	bool refuses;

	expect(chroot(chroot_directory) == 0 && chdir("/") == 0);
	expect(mkdir("/dev", 0700) == 0 && mknod("/dev/null", S_IFCHR | 0600, makedev(1, 3)) == 0);
	refuses =
		confine_reach(&nothing, &error) < 0 && strstr(error.text, "the root is no mount of its own");
	expect(unlink("/dev/null") == 0 && rmdir("/dev") == 0);
	expect(refuses);
}

static void a_root_that_is_no_mount_is_told_so(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(chroot_directory));
	assert_ends_well(work_in_a_chroot, true);
	assert_int_equal(rmdir(chroot_directory), 0);
}

static void look_around_without_root(void)
{
	struct rlimit limit;

	if (geteuid() == 0)
		expect(setresgid(ordinary, ordinary, ordinary) == 0 &&
			setresuid(ordinary, ordinary, ordinary) == 0);
	confine();
	expect(fork() < 0 && errno == EAGAIN);
	expect(getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_max == 0);
	expect(getsid(0) == getpid());
}

static void without_root_what_needs_none_is_put_on(void **state)
{
	(void)state;
	assert_ends_well(look_around_without_root, false);
}

static void open_a_socket(void)
{
	expect(setresuid(ordinary, ordinary, ordinary) == 0 || geteuid() != 0);
	confine();
	if (confine_calls(&nothing, NULL) < 0)
		_exit(CANNOT_CONFINE);
	(void)socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void a_system_call_that_is_given_up_is_the_end(void **state)
{
	int status = status_of(open_a_socket, false);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void compute(void)
{
	expect(setresuid(ordinary, ordinary, ordinary) == 0 || geteuid() != 0);
	confine();
	if (confine_calls(&nothing, NULL) < 0)
		_exit(CANNOT_CONFINE);
	for (size_t size = 1; size < 64 * 1024 * 1024; size *= 4) {
		uint8_t *bytes = malloc(size);

		expect(bytes);
		memset(bytes, 1, size);
		bytes = realloc(bytes, 2 * size);
		expect(bytes && bytes[0] == 1);
		free(bytes);
	}
}

static void memory_can_still_be_had(void **state)
{
	(void)state;
	assert_ends_well(compute, false);
}

static void look_for_copies(void)
{
	char byte;
	int fd;

	(void)umask(0077);
	if (confine_reach(&network, NULL) < 0)
		_exit(CANNOT_CONFINE);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	expect(fd >= 0 && read(fd, &byte, 1) == 1);
	expect(open("/etc/group", O_RDONLY | O_CLOEXEC) < 0 && errno != EMFILE);
	expect(open("/etc/passwd", O_WRONLY | O_CLOEXEC) < 0 && unlink("/etc/passwd") < 0);
	expect(open("/etc/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0);
	expect(execl("/usr/bin/env", "env", NULL) < 0);
	expect(getuid() != 0 && getpid() == 1);
}

static void its_root_has_copies_of_what_it_needs_and_nothing_else(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_ends_well(look_for_copies, true);
}

static void *note_that_it_runs(void *userdata)
{
	*(bool *)userdata = true;
	return NULL;
}

static void confine_but_for_network(void)
{
	expect(setresuid(ordinary, ordinary, ordinary) == 0 || geteuid() != 0);
	if (confine_reach(&network, NULL) < 0 || confine_calls(&network, NULL) < 0)
		_exit(CANNOT_CONFINE);
}

static void use_network(void)
{
	bool runs = false;
	pthread_t thread;

	confine_but_for_network();
	expect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	expect(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0) >= 0 || errno == EAFNOSUPPORT);
	expect(pthread_create(&thread, NULL, note_that_it_runs, &runs) == 0);
	expect(pthread_join(thread, NULL) == 0 && runs);
	if (worker_is_sanitized)
		return;
	expect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 && errno == EPERM);
	expect(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 && errno == EPERM);
	expect(fork() < 0 && errno == EPERM);
	expect(open("/etc/passwd", O_RDWR | O_CLOEXEC) < 0 && errno == EPERM);
}

static void a_network_can_be_kept_and_threads(void **state)
{
	(void)state;
	assert_ends_well(use_network, false);
}

static void bind_a_socket(void)
{
	const struct sockaddr address = {.sa_family = AF_INET};

	confine_but_for_network();
	(void)bind(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &address, sizeof(address));
}

static void with_a_network_what_is_on_no_list_is_the_end(void **state)
{
	int status = status_of(bind_a_socket, false);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_is_left_with_its_files),
		cmocka_unit_test(there_is_no_way_back_to_root),
		cmocka_unit_test(root_that_can_see_other_processes_refuses),
		cmocka_unit_test(a_root_that_is_no_mount_is_told_so),
		cmocka_unit_test(without_root_what_needs_none_is_put_on),
		cmocka_unit_test(a_system_call_that_is_given_up_is_the_end),
		cmocka_unit_test(memory_can_still_be_had),
		cmocka_unit_test(its_root_has_copies_of_what_it_needs_and_nothing_else),
		cmocka_unit_test(a_network_can_be_kept_and_threads),
		cmocka_unit_test(with_a_network_what_is_on_no_list_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
