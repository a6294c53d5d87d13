/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/power-supply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

enum { ATTRIBUTE_SIZE = 64, PERCENT_MAX = 100 };

static const char folder[] = "sys/class/power_supply";

/* All supplies together. */
typedef struct Sum {
	bool mains, emptied;
	unsigned percents, n; /* of the batteries that say how full they are */
} Sum;

/* An attribute of the kernel's, without its newline; "" when it has none, or cannot say (ENODEV, ENODATA). */
static void read_attribute(
	int root_fd, const char *supply, const char *name, char text[static ATTRIBUTE_SIZE])
{
	char path[PATH_LENGTH_MAX];
	CLEANUP_CLOSE int fd = -1;
	ssize_t n;

	text[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/%s/%s", folder, supply, name) >= (int)sizeof(path))
		return;
	fd = file_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	n = read(fd, text, ATTRIBUTE_SIZE - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static bool read_number(int root_fd, const char *supply, const char *name, int64_t max, int64_t *ret)
{
	char text[ATTRIBUTE_SIZE];

	read_attribute(root_fd, supply, name, text);
	return text_to_integer(text, 0, max, ret, NULL) == 0;
}

static bool attribute_is(int root_fd, const char *supply, const char *name, const char *wanted)
{
	char text[ATTRIBUTE_SIZE];

	read_attribute(root_fd, supply, name, text);
	return strcmp(text, wanted) == 0;
}

/* The kernel's own percentage; else from energy (µWh) or charge (µAh), of which a driver has one or the
 * other. */
static bool read_percent(int root_fd, const char *supply, unsigned *ret)
{
	static const char *const pairs[][2] = {{"energy_now", "energy_full"}, {"charge_now", "charge_full"}};
	int64_t now, full;

	if (read_number(root_fd, supply, "capacity", PERCENT_MAX, &now)) {
		*ret = (unsigned)now;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (read_number(root_fd, supply, pairs[i][1], INT32_MAX, &full) && full > 0 &&
			read_number(root_fd, supply, pairs[i][0], full, &now)) {
			*ret = (unsigned)(now * PERCENT_MAX / full);
			return true;
		}
	return false;
}

static void add_battery(int root_fd, const char *supply, Sum *sum)
{
	unsigned percent = 0;

	if (attribute_is(root_fd, supply, "present", "0"))
		return;
	sum->emptied = sum->emptied || attribute_is(root_fd, supply, "status", "Discharging");
	if (!read_percent(root_fd, supply, &percent))
		return;
	sum->percents += percent;
	sum->n++;
}

static void add(int root_fd, const char *supply, Sum *sum)
{
	char type[ATTRIBUTE_SIZE];

	if (attribute_is(root_fd, supply, "scope", "Device"))
		return;
	read_attribute(root_fd, supply, "type", type);
	if (strcmp(type, "Mains") == 0)
		sum->mains = sum->mains || attribute_is(root_fd, supply, "online", "1");
	else if (strcmp(type, "Battery") == 0 || strcmp(type, "UPS") == 0)
		add_battery(root_fd, supply, sum);
}

int power_supply_read(int root_fd, PowerSupply *ret, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, folder, O_RDONLY | O_DIRECTORY);
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	Sum sum = {.n = 0};

	if (fd < 0 && errno == ENOENT) {
		*ret = (PowerSupply){false, PERCENT_MAX};
		return 0;
	}
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", folder);
	listing = fdopendir(fd);
	if (!listing)
		return error_os(error, errno, "cannot list %s", folder);
	fd = -1;
	while ((entry = readdir(listing)))
		if (entry->d_name[0] != '.')
			add(root_fd, entry->d_name, &sum);
	*ret = (PowerSupply){sum.emptied && !sum.mains, sum.n > 0 ? sum.percents / sum.n : PERCENT_MAX};
	return 0;
}
