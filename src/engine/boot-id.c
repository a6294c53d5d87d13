/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/boot-id.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"

int boot_id_read(char id[static TRIAL_BOOT_ID_SIZE], Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", TRIAL_BOOT_ID_SIZE - 1, &text, error) != 0)
		return error_in(error, "cannot tell one boot from the next");
	(void)snprintf(
		id, TRIAL_BOOT_ID_SIZE, "%.*s", (int)strcspn((char *)text.data, "\n"), (char *)text.data);
	return 0;
}

int64_t boot_id_time(void)
{
	struct timespec since = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &since);
	return clock_now() - since.tv_sec;
}
