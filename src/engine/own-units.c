/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/own-units.h"

#include <string.h>
#include <unistd.h>

#include "parts/census/proc.h"

static void add_unit_of(int proc, pid_t pid, OwnUnits *own)
{
	CLEANUP_CLOSE int directory = -1;
	char *name = own->names[own->n];

	if (proc_open_process(proc, pid, &directory, NULL) != 0 || proc_unit(directory, name, NULL) != 0)
		return;
	if (name[0] && !own_units_has(own, name))
		own->n++;
}

void own_units_find(const pid_t leaving[static ENGINE_LEAVING_MAX], OwnUnits *ret)
{
	CLEANUP_CLOSE int proc = -1;

	*ret = (OwnUnits){.n = 0};
	if (proc_open_root(&proc, NULL) != 0)
		return;
	add_unit_of(proc, getpid(), ret);
	for (size_t i = 0; i < ENGINE_LEAVING_MAX; i++)
		if (leaving[i] != 0)
			add_unit_of(proc, leaving[i], ret);
}

bool own_units_has(const OwnUnits *own, const char *unit)
{
	for (size_t i = 0; i < own->n; i++)
		if (strcmp(own->names[i], unit) == 0)
			return true;
	return false;
}
