/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/coder.h"

#include "parts/delta/body/range-end.h"

void coder_read_from(Coder *coder, Bytes bytes)
{
	CoderInput *input = &coder->input;

	*coder = (Coder){.input = {.bytes = bytes, .high = UINT32_MAX}};
	for (unsigned i = 0; i < 4; i++)
		input->value = input->value << 8 | coder_next_byte(input);
}

bool coder_is_at_end(const Coder *coder)
{
	const CoderInput *input = &coder->input;
	uint32_t value;
	unsigned n = range_end(input->low, input->high, &value);

	/* Four bytes are looked ahead. */
	return input->value == value && input->bytes.size == input->at - 4 + n;
}
