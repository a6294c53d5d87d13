/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernel's side of verity.h: device-mapper devices through libcryptsetup, over loop devices that go with
 * them. */

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <libdevmapper.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/text.h"
#include "parts/image/cryptsetup.h"
#include "parts/image/verity.h"

static bool is_there(void)
{
	return access("/dev/mapper/control", F_OK) == 0 && access("/dev/loop-control", F_OK) == 0 &&
	       access("/sys/module/dm_verity", F_OK) == 0;
}

bool verity_is_supported(void)
{
	const char *const argv[] = {"modprobe", "-a", "-q", "loop", "dm_verity", NULL};

	if (is_there())
		return true;
	/* Fails where a module is built in or nothing can be loaded; what is there then decides. */
	(void)process_run(argv, 0, NULL, NULL);
	return is_there();
}

/* The socket alone says nothing: the one of the initrd's udev stays behind. */
static bool udev_listens(void)
{
	static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/udev/control"};
	CLEANUP_CLOSE int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return probe >= 0 && connect(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* What matters is in what the calls return. Else it would tell every boot's console that udev is bypassed. */
static void drop_message(int level, const char *file, int line, int dm_errno, const char *format, ...)
{
	(void)level;
	(void)file;
	(void)line;
	(void)dm_errno;
	(void)format;
}

/* libdevmapper would wait for udev to answer, forever where there is none (yet), as in early boot. */
static void expect_udev_only_where_it_runs(void)
{
	dm_log_with_errno_init(drop_message);
	dm_udev_set_sync_support(udev_listens());
}

static bool has_root(struct crypt_device *device, const Digest *root)
{
	const char *type = crypt_get_type(device);
	size_t size = DIGEST_SIZE;
	Digest actual;

	return type && text_has_prefix(type, CRYPT_VERITY) &&
	       crypt_volume_key_get(device, CRYPT_ANY_SLOT, (char *)actual.bytes, &size, NULL, 0) >= 0 &&
	       size == DIGEST_SIZE && digest_equal(&actual, root);
}

static bool met_wrong_bytes(struct crypt_device *device, const char *name)
{
	struct crypt_active_device active = {.flags = 0};

	return crypt_get_active_device(device, name, &active) >= 0 &&
	       (active.flags & CRYPT_ACTIVATE_CORRUPTED);
}

/* Takes over an open device, also one that would close with its last user. */
static int use_again(const char *name, const Digest *root, Error *error)
{
	CLEANUP(crypt_free) struct crypt_device *device = NULL;
	CryptsetupLog log = {""};
	int r;

	r = cryptsetup_init_by_name(&device, name, &log);
	if (r < 0)
		return cryptsetup_error(error, r, &log, "cannot inspect the open device");
	if (!has_root(device, root))
		return error_set(error, "the device is open over other content; close it first");
	if (met_wrong_bytes(device, name))
		return error_set(error, "its bytes on the disk are corrupt");
	r = crypt_deactivate_by_name(device, name, CRYPT_DEACTIVATE_DEFERRED_CANCEL);
	if (r < 0)
		return cryptsetup_error(error, r, &log, "cannot keep the open device");
	/* A close that is put off takes the node away at once where udev does not look after it. */
	if (!dm_mknodes(name))
		return error_set(error, "cannot make the node of the open device");
	return 0;
}

/* libcryptsetup would attach loop devices that can be written to, and nothing could make the file system
 * below them read-only any more, at a shutdown for example. */
static int attach(const char *path, int *ret_fd, char loop[static LOOP_PATH_SIZE], Error *error)
{
	CLEANUP_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC);

	return file < 0 ? error_os(error, errno, "cannot open %s", path)
			: loop_attach(file, ret_fd, loop, error);
}

static int activate(const char *image, const char *tree, uint64_t size, const uint8_t *salt,
	const Digest *root, const char *name, Error *error)
{
	char image_loop[LOOP_PATH_SIZE], tree_loop[LOOP_PATH_SIZE];
	CLEANUP_CLOSE int image_fd = -1, tree_fd = -1;
	CLEANUP(crypt_free) struct crypt_device *device = NULL;
	struct crypt_params_verity parameters;
	CryptsetupLog log = {""};
	int r;

	if (attach(image, &image_fd, image_loop, error) < 0 || attach(tree, &tree_fd, tree_loop, error) < 0)
		return -1;
	parameters = cryptsetup_verity_parameters(image_loop, size, salt);
	r = cryptsetup_init(&device, tree_loop, &log);
	/* Without CRYPT_VERITY_CREATE_HASH this writes nothing: it is how a tree without a superblock is
	 * told. */
	if (r >= 0)
		r = crypt_format(device, CRYPT_VERITY, NULL, NULL, NULL, NULL, 0, &parameters);
	if (r >= 0)
		r = crypt_activate_by_volume_key(
			device, name, (const char *)root->bytes, DIGEST_SIZE, CRYPT_ACTIVATE_READONLY);
	return r < 0 ? cryptsetup_error(error, r, &log, "cannot open it") : 0;
}

static inline void destroy_task(struct dm_task **task)
{
	if (*task)
		dm_task_destroy(*task);
}
#define CLEANUP_TASK __attribute__((cleanup(destroy_task)))

/* libcryptsetup's word for a device that was opened under this name, whatever it is called by now. */
static bool is_known(const char *name)
{
	CLEANUP_TASK struct dm_task *task = dm_task_create(DM_DEVICE_INFO);
	CLEANUP_FREE char *uuid = NULL;
	struct dm_info info;

	return task && text_format(&uuid, NULL, "CRYPT-%s-%s", CRYPT_VERITY, name) == 0 &&
	       dm_task_set_uuid(task, uuid) && dm_task_run(task) && dm_task_get_info(task, &info) &&
	       info.exists;
}

/* The number of the open device: no other one has it. */
static bool find_minor(const char *name, unsigned *ret)
{
	CLEANUP_TASK struct dm_task *task = dm_task_create(DM_DEVICE_INFO);
	struct dm_info info;

	if (!task || !dm_task_set_name(task, name) || !dm_task_run(task) || !dm_task_get_info(task, &info) ||
		!info.exists)
		return false;
	*ret = info.minor;
	return true;
}

/* A run that was cut off between making the device and resuming it left one without anything in it, of which
 * libcryptsetup cannot tell what it is. */
static void remove_unfinished(const char *name)
{
	CLEANUP_TASK struct dm_task *look = dm_task_create(DM_DEVICE_INFO);
	CLEANUP_TASK struct dm_task *removal = NULL;
	struct dm_info info;
	uint32_t cookie = 0;

	if (!look || !dm_task_set_name(look, name) || !dm_task_run(look) || !dm_task_get_info(look, &info) ||
		!info.exists || info.live_table)
		return;
	removal = dm_task_create(DM_DEVICE_REMOVE);
	if (removal && dm_task_set_name(removal, name) && dm_task_set_cookie(removal, &cookie, 0))
		(void)dm_task_run(removal);
	(void)dm_udev_wait(cookie);
}

static bool rename_device(const char *name, const char *to)
{
	CLEANUP_TASK struct dm_task *task = dm_task_create(DM_DEVICE_RENAME);
	uint32_t cookie = 0;
	bool done = task && dm_task_set_name(task, name) && dm_task_set_newname(task, to) &&
		    dm_task_set_cookie(task, &cookie, 0) && dm_task_run(task);

	(void)dm_udev_wait(cookie);
	return done;
}

/* While an older device was renamed and has users, the kernel takes no other that was opened under the same
 * name. */
static int activate_beside(const char *image, const char *tree, uint64_t size, const uint8_t *salt,
	const Digest *root, const char *name, Error *error)
{
	CLEANUP_FREE char *other = NULL;

	if (!is_known(name))
		return activate(image, tree, size, salt, root, name, error);
	if (text_format(&other, error, "%s-%lld", name, (long long)clock_monotonic_ms()) < 0 ||
		activate(image, tree, size, salt, root, other, error) < 0)
		return -1;
	if (rename_device(other, name))
		return 0;
	(void)verity_close(other, NULL);
	return error_set(error, "cannot rename the device %s/%s", crypt_get_dir(), other);
}

int verity_open(const char *image, const char *tree, uint64_t size,
	const uint8_t salt[static VERITY_SALT_SIZE], const Digest *root, const char *name, char **ret_path,
	Error *error)
{
	CLEANUP_FREE char *path = NULL;
	crypt_status_info status;
	int r;

	if (!verity_is_supported()) {
		(void)error_set(error, "this kernel has no dm-verity");
		return VERITY_UNSUPPORTED;
	}
	if (text_format(&path, error, "%s/%s", crypt_get_dir(), name) < 0)
		return -1;
	expect_udev_only_where_it_runs();
	remove_unfinished(name);
	status = crypt_status(NULL, name);
	if (status == CRYPT_ACTIVE || status == CRYPT_BUSY)
		r = use_again(name, root, error);
	else
		r = activate_beside(image, tree, size, salt, root, name, error);
	if (r < 0)
		return error_in(error, "%s", path);
	*ret_path = TAKE_PTR(path);
	return 0;
}

int verity_close(const char *name, Error *error)
{
	CLEANUP(crypt_free) struct crypt_device *device = NULL;
	CryptsetupLog log = {""};
	int r;

	if (!is_there())
		return 0; /* then nothing can be open */
	expect_udev_only_where_it_runs();
	remove_unfinished(name);
	r = cryptsetup_init_by_name(&device, name, &log);
	if (r >= 0)
		r = crypt_deactivate_by_name(device, name, CRYPT_DEACTIVATE_DEFERRED);
	if (r < 0 && r != -ENODEV) {
		(void)cryptsetup_error(error, r, &log, "cannot close the device");
		return error_in(error, "%s/%s", crypt_get_dir(), name);
	}
	return 0;
}

bool verity_is_corrupt(const char *name)
{
	CLEANUP(crypt_free) struct crypt_device *device = NULL;
	CryptsetupLog log = {""};

	return is_there() && cryptsetup_init_by_name(&device, name, &log) >= 0 &&
	       met_wrong_bytes(device, name);
}

bool verity_is_open(const char *name)
{
	CLEANUP_FREE char *path = NULL;

	return text_format(&path, NULL, "%s/%s", crypt_get_dir(), name) == 0 && access(path, F_OK) == 0;
}

int verity_retire(const char *name, Error *error)
{
	CLEANUP_FREE char *old = NULL;
	unsigned number;

	if (!is_there())
		return 0;
	expect_udev_only_where_it_runs();
	if (!find_minor(name, &number))
		return 0;
	if (text_format(&old, error, "old-%s-%u", name, number) < 0)
		return -1;
	if (!rename_device(name, old))
		return error_set(error, "cannot rename the device %s/%s", crypt_get_dir(), name);
	return verity_close(old, error);
}
