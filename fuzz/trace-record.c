/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the kernel tells of processes: records one behind the other, as a ring has them, and the format of a
 * tracepoint, whatever stands in them. */

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parts/watch/processes.h"
#include "parts/watch/trace-format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_format(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	size_t offset;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (trace_format_field(text, "int", "sig", sizeof(int), &offset, NULL) == 0 && offset > 4096)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const TraceLayout layout = {.signal = 8, .code = 16, .handler = 24, .has_cgroup = true};
	Processes processes = {.n = 0};

	parse_format(data, size);
	while (size >= sizeof(struct perf_event_header)) {
		struct perf_event_header header;
		TraceRecord record;

		memcpy(&header, data, sizeof(header));
		if (header.size < sizeof(header) || header.size > size)
			break;
		if (trace_record_parse((Bytes){data, header.size}, &layout, &record, NULL) == 0 &&
			processes_apply(&processes, &record, record.inode, NULL) < 0)
			abort();
		data += header.size;
		size -= header.size;
	}
	for (size_t i = 1; i < processes.n; i++)
		if (processes.items[i - 1].pid >= processes.items[i].pid)
			abort();
	processes_clear(&processes);
	return 0;
}
