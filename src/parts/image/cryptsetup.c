/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/cryptsetup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parts/image/image.h"

static void keep(int level, const char *message, void *userdata)
{
	CryptsetupLog *log = userdata;

	if (log && level == CRYPT_LOG_ERROR)
		(void)snprintf(log->text, sizeof(log->text), "%.*s", (int)strcspn(message, "\n"), message);
}

int cryptsetup_init(struct crypt_device **ret, const char *path, CryptsetupLog *log)
{
	int r;

	crypt_set_log_callback(NULL, keep, NULL);
	r = crypt_init(ret, path);
	if (r >= 0)
		crypt_set_log_callback(*ret, keep, log);
	return r;
}

int cryptsetup_init_by_name(struct crypt_device **ret, const char *name, CryptsetupLog *log)
{
	int r;

	crypt_set_log_callback(NULL, keep, NULL);
	r = crypt_init_by_name(ret, name);
	if (r >= 0)
		crypt_set_log_callback(*ret, keep, log);
	return r;
}

struct crypt_params_verity cryptsetup_verity_parameters(
	const char *image, uint64_t size, const uint8_t salt[static VERITY_SALT_SIZE])
{
	return (struct crypt_params_verity){
		.hash_name = "sha256",
		.data_device = image,
		.salt = (const char *)salt,
		.salt_size = VERITY_SALT_SIZE,
		.hash_type = 1,
		.data_block_size = IMAGE_BLOCK_SIZE,
		.hash_block_size = IMAGE_BLOCK_SIZE,
		.data_size = size / IMAGE_BLOCK_SIZE,
		.flags = CRYPT_VERITY_NO_HEADER,
	};
}

int cryptsetup_error(Error *error, int r, const CryptsetupLog *log, const char *what)
{
	if (log->text[0] == '\0')
		return error_os(error, r < 0 ? -r : EIO, "%s", what);
	(void)error_set(error, "%s: %s", what, log->text);
	if (error)
		error->os_error = r < 0 ? -r : EIO;
	return -1;
}
