/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/archive-library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/cleanup.h"

static const char file_name[] = "libarchive.so.13"; /* of every libarchive 3 */

typedef struct Function {
	const char *name;
	size_t place; /* in ArchiveLibrary */
} Function;

#define FUNCTION(function) {#function, offsetof(ArchiveLibrary, function)},

static const Function functions[] = {ARCHIVE_LIBRARY_FUNCTIONS(FUNCTION)};

static int find_functions(void *handle, ArchiveLibrary *library, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function)
			return error_set(error, "%s is too old: it has no %s", file_name, functions[i].name);
		/* POSIX lets a function's address come as a void *, C does not let it be cast back. */
		memcpy((char *)library + functions[i].place, &function, sizeof(function));
	}
	return 0;
}

int archive_library_load(const ArchiveLibrary **ret, Error *error)
{
	static ArchiveLibrary library;
	static void *handle;

	if (!handle) {
		void *opened = dlopen(file_name, RTLD_NOW | RTLD_LOCAL);

		if (!opened)
			return error_set(error,
				"directory trees need libarchive (in Debian the package libarchive13 or "
				"libarchive13t64): %s",
				dlerror());
		if (find_functions(opened, &library, error) < 0) {
			(void)dlclose(opened);
			return -1;
		}
		handle = opened;
	}
	*ret = &library;
	return 0;
}
