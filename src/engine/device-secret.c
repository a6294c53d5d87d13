/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/device-secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/log.h"

enum { SECRET_SIZE = 32, SECRET_MODE = 0600, MACHINE_ID_MAX = 4096 };

static const char secret_file[] = "secret";

static int make(const Store *store, Buffer *ret, Error *error)
{
	uint8_t secret[SECRET_SIZE];

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return error_os(error, errno, "cannot get random bytes");
	if (file_replace(store_directory(store), secret_file, (Bytes){secret, sizeof(secret)}, SECRET_MODE,
		    error) < 0)
		return error_in(error, "state directory %s", store_path(store));
	return buffer_append(ret, secret, sizeof(secret), error);
}

/* What has another size was damaged: with a new one the device only gets other places. */
static int read_or_make(const Store *store, Buffer *ret, Error *error)
{
	int r = file_read(store_directory(store), secret_file, MACHINE_ID_MAX, ret, error);

	if (r < 0)
		return error_in(error, "state directory %s", store_path(store));
	if (r == 0 && ret->size == SECRET_SIZE)
		return 0;
	if (r == 0)
		log_warning("%s/%s is damaged: made anew", store_path(store), secret_file);
	buffer_cut(ret, 0);
	return make(store, ret, error);
}

static int add_machine_id(int root_fd, Buffer *to, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, "etc/machine-id", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	CLEANUP_MAP FileMap map = {NULL, 0};

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_os(error, errno, "cannot open etc/machine-id");
	if (file_map(fd, MACHINE_ID_MAX, "etc/machine-id", &map, error) < 0)
		return -1;
	return buffer_append(to, map.data, map.size, error);
}

int device_secret(const Store *store, int root_fd, Digest *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (read_or_make(store, &text, error) < 0 || add_machine_id(root_fd, &text, error) < 0)
		return -1;
	return hash_bytes(buffer_bytes(&text), ret, error);
}
