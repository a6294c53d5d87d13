/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/taken-worker/attempts.h"

static const size_t mib = 1024 * 1024;

static long open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long list_processes(void)
{
	return open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* How many names there are below the root. */
static long list_root(void)
{
	DIR *root = opendir("/");
	long n = 0;

	if (!root)
		return -1;
	for (const struct dirent *entry; (entry = readdir(root));)
		n += entry->d_name[0] != '.';
	return n;
}

/* Its own copy, where it has one. */
static long write_hosts(void)
{
	return open("/etc/hosts", O_WRONLY | O_CLOEXEC);
}

static long create_file(void)
{
	return open("/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long make_device(void)
{
	return mknod("/disk", S_IFBLK | 0600, 0xfe00);
}

static long write_given(void)
{
	return write(GIVEN_FD, "x", 1);
}

static long truncate_given(void)
{
	return ftruncate(GIVEN_FD, 0);
}

static long map_given_to_write(void)
{
	return mmap(NULL, 1, PROT_WRITE, MAP_SHARED, GIVEN_FD, 0) == MAP_FAILED ? -1 : 0;
}

static long chmod_given(void)
{
	return fchmod(GIVEN_FD, 0666);
}

static long reopen_given(void)
{
	return open("/proc/self/fd/4", O_RDWR | O_CLOEXEC);
}

/* Whoever can be seen. */
static long signal_others(void)
{
	return kill(-1, SIGKILL);
}

static long signal_first(void)
{
	for (pid_t pid = 2; pid < 65536; pid++)
		if (kill(pid, 0) == 0)
			return pid;
	return -1;
}

static long trace_others(void)
{
	return ptrace(PTRACE_SEIZE, 2, NULL, NULL);
}

static long read_others(void)
{
	char here[8];
	struct iovec local = {here, sizeof(here)}, there = {(void *)(uintptr_t)4096, sizeof(here)};

	return process_vm_readv(2, &local, 1, &there, 1, 0);
}

static long connect_to(const void *address, socklen_t size)
{
	int fd = socket(*(const sa_family_t *)address, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : connect(fd, address, size);
}

static long connect_to_network(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect_to(&address, sizeof(address));
}

static long connect_to_service(void)
{
	const struct sockaddr_un address = {AF_UNIX, "/run/dbus/system_bus_socket"};

	return connect_to(&address, sizeof(address));
}

/* The integration test listens there. */
static long connect_to_abstract(void)
{
	const struct sockaddr_un address = {AF_UNIX, "\0suture-test-abstract"};

	return connect_to(&address, sizeof(sa_family_t) + sizeof("suture-test-abstract"));
}

static long listen_to_network(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return listen(fd, 1);
}

static long use_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long use_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long attach_filter(void)
{
	struct sock_filter code = {.code = BPF_RET | BPF_K, .k = ~0u};
	const struct sock_fprog filter = {1, &code};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

/* The flags of clone3() lie where no filter of system calls sees them. */
static long clone_another(void)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (child == 0)
		_exit(0);
	return child;
}

/* A socket that is not made by socket(), and speaks to somebody else in the end. */
static long turn_pair_around(void)
{
	const struct sockaddr_un address = {AF_UNIX, "\0suture-test-abstract"};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	return connect(ends[0], (const void *)&address, sizeof(sa_family_t) + sizeof("suture-test-abstract"));
}

static long fork_another(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child;
}

static long run_shell(void)
{
	char *const nothing[] = {NULL};

	return execve("/bin/sh", nothing, nothing);
}

static long run_given(void)
{
	char *const nothing[] = {NULL};

	return syscall(SYS_execveat, GIVEN_FD, "", nothing, nothing, AT_EMPTY_PATH);
}

static long mount_files(void)
{
	return mount("tmpfs", "/", "tmpfs", 0, NULL);
}

static long unmount_root(void)
{
	return umount2("/", MNT_DETACH);
}

static long become_root(void)
{
	return setresuid(0, 0, 0);
}

static long join_group(void)
{
	const gid_t disk = 6;

	return setgroups(1, &disk);
}

static long take_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{~0u, ~0u, 0}};

	return syscall(SYS_capset, &header, sets);
}

static long enter_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long name_machine(void)
{
	return sethostname("taken", 5);
}

static long raise_limits(void)
{
	const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	return setrlimit(RLIMIT_FSIZE, &limit);
}

static long use_io_uring(void)
{
	uint8_t parameters[256] = {0};

	return syscall(SYS_io_uring_setup, 1, parameters);
}

static long use_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC);
}

static long use_bpf(void)
{
	uint8_t attributes[128] = {1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1};

	return syscall(SYS_bpf, 0, attributes, sizeof(attributes));
}

static long use_keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 1);
}

static long use_perf(void)
{
	uint8_t attributes[128] = {0};

	return syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0);
}

static long use_shared_memory(void)
{
	return shmget(IPC_PRIVATE, mib, IPC_CREAT | 0600);
}

static long load_module(void)
{
	return syscall(SYS_finit_module, GIVEN_FD, "", 0);
}

static long run_written_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static long make_text_writable(void)
{
	return mprotect((void *)((uintptr_t)make_text_writable & ~(uintptr_t)4095), 4096,
		PROT_READ | PROT_WRITE | PROT_EXEC);
}

static long map_shared(void)
{
	return mmap(NULL, mib, PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

/* Until it ends, one MiB at a time, each used; 4 GiB at most. */
static long allocate(void)
{
	for (long n = 0; n < 4096; n++) {
		void *more = mmap(NULL, mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (more == MAP_FAILED)
			return n < 16 ? n : -1; /* it has its share */
		memset(more, 1, mib);
	}
	return 4096;
}

/* Anything that is left of what root had. */
static long have_power(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};

	if (getpid() != 1 || getsid(0) != 1 || getuid() != geteuid() || getuid() == 0 || getgid() == 0)
		return 1;
	if (getgroups(0, NULL) != 0 || syscall(SYS_capget, &header, sets) != 0)
		return 2;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (sets[i].effective || sets[i].permitted || sets[i].inheritable)
			return 3;
	for (unsigned long capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
			return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 5;
	errno = 0;
	return -1;
}

/* Open but the standard streams, root's socket and what it gave. */
static long have_descriptors(void)
{
	for (int fd = GIVEN_FD + 1; fd < 65536; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	return -1;
}

static long ask_who(void)
{
	return getuid();
}

const Attempt attempts_on_system[] = {
	{"open-passwd", open_passwd},
	{"list-processes", list_processes},
	{"list-root", list_root},
	{"write-hosts", write_hosts},
	{"create-file", create_file},
	{"make-device", make_device},
	{"write-given", write_given},
	{"truncate-given", truncate_given},
	{"map-given-to-write", map_given_to_write},
	{"chmod-given", chmod_given},
	{"reopen-given", reopen_given},
	{"signal-others", signal_others},
	{"signal-first", signal_first},
	{"trace-others", trace_others},
	{"read-others", read_others},
	{"connect-to-network", connect_to_network},
	{"connect-to-service", connect_to_service},
	{"connect-to-abstract", connect_to_abstract},
	{"listen-to-network", listen_to_network},
	{"use-netlink", use_netlink},
	{"use-raw-socket", use_raw_socket},
	{"attach-filter", attach_filter},
	{"turn-pair-around", turn_pair_around},
	{"clone-another", clone_another},
	{"fork-another", fork_another},
	{"run-shell", run_shell},
	{"run-given", run_given},
	{"mount-files", mount_files},
	{"unmount-root", unmount_root},
	{"become-root", become_root},
	{"join-group", join_group},
	{"take-capabilities", take_capabilities},
	{"enter-user-namespace", enter_user_namespace},
	{"name-machine", name_machine},
	{"raise-limits", raise_limits},
	{"use-io-uring", use_io_uring},
	{"use-userfaultfd", use_userfaultfd},
	{"use-bpf", use_bpf},
	{"use-keys", use_keys},
	{"use-perf", use_perf},
	{"use-shared-memory", use_shared_memory},
	{"load-module", load_module},
	{"run-written-code", run_written_code},
	{"make-text-writable", make_text_writable},
	{"map-shared", map_shared},
	{"allocate", allocate},
	{"have-power", have_power},
	{"have-descriptors", have_descriptors},
	{"ask-who", ask_who},
};
const size_t n_attempts_on_system = ARRAY_SIZE(attempts_on_system);
