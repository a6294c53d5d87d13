/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The texts of /proc that a census reads: the first byte chooses the parser, the rest is the text.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mountinfo.h"
#include "parts/census/maps.h"
#include "parts/census/old-usr.h"
#include "parts/census/proc-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void require_printable(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	require(length < size);
	for (size_t i = 0; i < length; i++)
		require(text[i] >= 0x20 && text[i] < 0x7f);
}

static void try_maps(Bytes text)
{
	MapsEntry entry;

	if (maps_parse(text, &entry, NULL) == 0)
		require(entry.start < entry.end);
}

static void try_stat(Bytes text)
{
	ProcStat stat;

	if (proc_text_stat(text, &stat, NULL) == 0)
		require_printable(stat.name, sizeof(stat.name));
}

static void try_uid(Bytes text)
{
	uid_t uid;

	(void)proc_text_uid(text, &uid, NULL);
}

static void try_unit(Bytes text)
{
	char unit[CENSUS_UNIT_SIZE];

	proc_text_unit(text, unit);
	require_printable(unit, sizeof(unit));
}

static void try_mountinfo(Bytes text)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	CLEANUP_OLD_USR OldUsr usr = OLD_USR_INIT;
	dev_t shown;
	Buffer buffer = BUFFER_INIT;

	if (buffer_append(&buffer, text.data, text.size, NULL) < 0)
		return;
	if (mountinfo_parse(&buffer, &mounts, NULL) < 0)
		return;
	for (size_t i = 0; i < mounts.n_entries; i++)
		require(mountinfo_by_id(&mounts, mounts.entries[i].id) != NULL);
	if (old_usr_init(&usr, &mounts, "/", mounts.n_entries > 0 ? mounts.entries[0].device : 0, NULL) == 0)
		(void)old_usr_is_shown(&usr, &mounts, &shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(Bytes) = {try_maps, try_stat, try_uid, try_unit, try_mountinfo};

	if (size > 0)
		tries[data[0] % ARRAY_SIZE(tries)]((Bytes){data + 1, size - 1});
	return 0;
}
