/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "parts/delta/model/x86-64-step.h"

/* bytes, in hexadecimal, and beside it what each is: p prefix, o opcode, m ModRM, s SIB, d displacement, i
 * immediate. */
typedef struct Sample {
	const char *bytes;
	const char *parts;
	uint8_t map;   /* X86Map */
	uint8_t field; /* X86Field */
} Sample;

enum {
	ONE = X86_MAP_ONE_BYTE,
	TWO = X86_MAP_0F,
	THREE_38 = X86_MAP_0F38,
	THREE_3A = X86_MAP_0F3A,
	OTHER = X86_MAP_OTHER,
	NONE = X86_FIELD_NONE,
	CALL = X86_FIELD_CALL,
	JUMP = X86_FIELD_JUMP,
	BRANCH = X86_FIELD_BRANCH,
	SHORT = X86_FIELD_SHORT,
	LEA = X86_FIELD_RIP_LEA,
	RIP_JUMP = X86_FIELD_RIP_JUMP,
	DATA = X86_FIELD_RIP_DATA,
	ROOM = 64,
};

static const Sample plain[] = {
	{"c3", "o", ONE, NONE},                           /* ret */
	{"55", "o", ONE, NONE},                           /* push %rbp */
	{"4889e5", "pom", ONE, NONE},                     /* mov %rsp,%rbp */
	{"8b07", "om", ONE, NONE},                        /* mov (%rdi),%eax */
	{"8b4708", "omd", ONE, NONE},                     /* mov 8(%rdi),%eax */
	{"8b8700010000", "omdddd", ONE, NONE},            /* mov 256(%rdi),%eax */
	{"8b0424", "oms", ONE, NONE},                     /* mov (%rsp),%eax */
	{"8b442408", "omsd", ONE, NONE},                  /* mov 8(%rsp),%eax */
	{"8b842400010000", "omsdddd", ONE, NONE},         /* mov 256(%rsp),%eax */
	{"8b042500100000", "omsdddd", ONE, NONE},         /* mov 0x1000,%eax */
	{"8b44fd08", "omsd", ONE, NONE},                  /* mov 8(%rbp,%rdi,8),%eax */
	{"428b04fd00100000", "pomsdddd", ONE, NONE},      /* mov 0x1000(,%r15,8),%eax */
	{"c74424080a000000", "omsdiiii", ONE, NONE},      /* movl $10,8(%rsp) */
	{"6bc007", "omi", ONE, NONE},                     /* imul $7,%eax,%eax */
	{"c8100001", "oiii", ONE, NONE},                  /* enter $16,$1 */
	{"c20800", "oii", ONE, NONE},                     /* ret $8 */
	{"cd80", "oi", ONE, NONE},                        /* int $0x80 */
	{"8f00", "om", ONE, NONE},                        /* pop (%rax) */
	{"f390", "po", ONE, NONE},                        /* pause */
	{"9b", "o", ONE, NONE},                           /* fwait */
	{"d93c24", "oms", ONE, NONE},                     /* fnstcw (%rsp) */
	{"0f05", "po", TWO, NONE},                        /* syscall */
	{"0fb6c0", "pom", TWO, NONE},                     /* movzbl %al,%eax */
	{"0fbae007", "pomi", TWO, NONE},                  /* bt $7,%eax */
	{"0fc8", "po", TWO, NONE},                        /* bswap %eax */
	{"0f2205", "pom", TWO, NONE},                     /* mov %rbp,%cr0; mod does not count */
	{"0f0fc1b4", "pomi", TWO, NONE},                  /* pfmul %mm1,%mm0 */
	{"0f78c1", "pom", TWO, NONE},                     /* vmread %rax,%rcx */
	{"660f1f840000000000", "ppomsdddd", TWO, NONE},   /* nopw 0(%rax,%rax,1) */
	{"660f3800c1", "pppom", THREE_38, NONE},          /* pshufb %xmm1,%xmm0 */
	{"660f3a0fc108", "pppomi", THREE_3A, NONE},       /* palignr $8,%xmm1,%xmm0 */
	{"c5f877", "ppo", TWO, NONE},                     /* vzeroupper */
	{"c5fd6f4620", "ppomd", TWO, NONE},               /* vmovdqa 32(%rsi),%ymm0 */
	{"c5fdc6c101", "ppomi", TWO, NONE},               /* vshufpd $1,%ymm1,%ymm0,%ymm0 */
	{"c4e27d18442408", "pppomsd", THREE_38, NONE},    /* vbroadcastss 8(%rsp),%ymm0 */
	{"c4e37d19c101", "pppomi", THREE_3A, NONE},       /* vextractf128 $1,%ymm0,%xmm1 */
	{"62f17c48104701", "ppppomd", TWO, NONE},         /* vmovups 64(%rdi),%zmm0 */
	{"62f37d483fc100", "ppppomi", THREE_3A, NONE},    /* vpcmpb $0,%zmm1,%zmm0,%k0 */
	{"62f57c4858c1", "ppppom", OTHER, NONE},          /* vaddph %zmm1,%zmm0,%zmm0 */
	{"8fe878c0c101", "pppomi", OTHER, NONE},          /* vprotb $1,%xmm1,%xmm0 */
	{"8fe97801c1", "pppom", OTHER, NONE},             /* blcfill %ecx,%eax */
	{"8fea7810c101000000", "pppomiiii", OTHER, NONE}, /* bextr $1,%ecx,%eax */
};

static const Sample behind_prefixes[] = {
	{"8b0511223344", "omdddd", ONE, DATA},
	{"488b0511223344", "pomdddd", ONE, DATA},
	{"668b0511223344", "pomdddd", ONE, DATA},
	{"678b0511223344", "pomdddd", ONE, DATA},
	{"64f066448b0511223344", "ppppomdddd", ONE, DATA},
	{"0fb60511223344", "pomdddd", TWO, DATA},
	{"f30f100511223344", "ppomdddd", TWO, DATA},
	{"66480f6e0511223344", "pppomdddd", TWO, DATA},
	{"660f38000511223344", "pppomdddd", THREE_38, DATA},
	{"66440f3a0f051122334408", "ppppomddddi", THREE_3A, DATA},
	{"c5f8100511223344", "ppomdddd", TWO, DATA},
	{"c4e27d180511223344", "pppomdddd", THREE_38, DATA},
	{"c4e37d06051122334401", "pppomddddi", THREE_3A, DATA},
	{"62f17c48100511223344", "ppppomdddd", TWO, DATA},
	{"62f3fd4825051122334455", "ppppomddddi", THREE_3A, DATA},
	{"8fe978010511223344", "pppomdddd", OTHER, DATA},
};

static const Sample sizes[] = {
	{"b811223344", "oiiii", ONE, NONE},
	{"66b81122", "poii", ONE, NONE},
	{"48b81122334455667788", "poiiiiiiii", ONE, NONE},
	{"6648b81122334455667788", "ppoiiiiiiii", ONE, NONE},
	{"41b811223344", "poiiii", ONE, NONE},
	{"0511223344", "oiiii", ONE, NONE},
	{"66051122", "poii", ONE, NONE},
	{"480511223344", "poiiii", ONE, NONE},
	{"6648c7c011223344", "ppomiiii", ONE, NONE},
	{"66c7001122", "pomii", ONE, NONE},
	{"66681122", "poii", ONE, NONE},
	{"f6c001", "omi", ONE, NONE},
	{"f6c801", "omi", ONE, NONE},
	{"f6d0", "om", ONE, NONE},
	{"f7c011223344", "omiiii", ONE, NONE},
	{"66f7c01122", "pomii", ONE, NONE},
	{"48f7d8", "pom", ONE, NONE},
	{"a11122334455667788", "odddddddd", ONE, NONE},
	{"48a31122334455667788", "podddddddd", ONE, NONE},
	{"67a011223344", "podddd", ONE, NONE},
	{"660f78c00102", "ppomii", TWO, NONE}, /* extrq */
	{"f20f78c10102", "ppomii", TWO, NONE}, /* insertq */
	{"62f17d4878c1", "ppppom", TWO, NONE}, /* vcvttps2uqq: the 66 within counts for nothing */
	{"66c5f810c1", "pppom", TWO, NONE},
};

static const Sample relative[] = {
	{"e811223344", "oiiii", ONE, CALL},
	{"66e811223344", "poiiii", ONE, CALL},
	{"666648e811223344", "pppoiiii", ONE, CALL},
	{"67e811223344", "poiiii", ONE, CALL},
	{"e911223344", "oiiii", ONE, JUMP},
	{"66e911223344", "poiiii", ONE, JUMP},
	{"f2e911223344", "poiiii", ONE, JUMP},
	{"0f8411223344", "poiiii", TWO, BRANCH},
	{"2e0f8f11223344", "ppoiiii", TWO, BRANCH},
	{"660f8411223344", "ppoiiii", TWO, BRANCH},
	{"c7f811223344", "omiiii", ONE, BRANCH},
	{"66c7f81122", "pomii", ONE, NONE},
	{"eb10", "oi", ONE, SHORT},
	{"7510", "oi", ONE, SHORT},
	{"3e7f10", "poi", ONE, SHORT},
	{"e010", "oi", ONE, SHORT},
	{"67e310", "poi", ONE, SHORT},
	{"488d0511223344", "pomdddd", ONE, LEA},
	{"488d442408", "pomsd", ONE, NONE},
	{"ff1511223344", "omdddd", ONE, RIP_JUMP},
	{"ff2511223344", "omdddd", ONE, RIP_JUMP},
	{"f2ff2511223344", "pomdddd", ONE, RIP_JUMP},
	{"ff0511223344", "omdddd", ONE, DATA},
	{"ff3511223344", "omdddd", ONE, DATA},
	{"ffd0", "om", ONE, NONE},
	{"833d1122334401", "omddddi", ONE, DATA},
	{"c7051122334455667788", "omddddiiii", ONE, DATA},
	{"66c705112233445566", "pomddddii", ONE, DATA},
	{"f6051122334455", "omddddi", ONE, DATA},
	{"f71d11223344", "omdddd", ONE, DATA},
};

static const Sample invalid[] = {
	{"06", "o", ONE, NONE},                                                   /* push %es */
	{"82", "o", ONE, NONE},                                                   /* a second 80 */
	{"9a", "o", ONE, NONE},                                                   /* far call */
	{"d4", "o", ONE, NONE},                                                   /* aam */
	{"ea", "o", ONE, NONE},                                                   /* far jump */
	{"0f04", "po", TWO, NONE},                                                /* nothing */
	{"0fff00", "pom", TWO, NONE},                                             /* ud0 */
	{"4866", "po", ONE, NONE},                                                /* REX is the last prefix */
	{"4848", "po", ONE, NONE},                                                /* and there is one */
	{"c4e07810c1", "pppom", OTHER, NONE},                                     /* map 0 */
	{"62f07c4810c1", "ppppom", OTHER, NONE}, {"48c5f877", "pppo", TWO, NONE}, /* REX before VEX */
};

static unsigned nibble(char digit)
{
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

static size_t from_hex(const char *text, uint8_t *ret)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return n;
}

/* How many bytes of a kind there are, and where the first is; 0 when there is none. */
static unsigned count(const char *parts, char part, unsigned *ret_at)
{
	const char *first = strchr(parts, part);

	*ret_at = first ? (unsigned)(first - parts) : 0;
	return first ? (unsigned)strspn(first, (const char[]){part, '\0'}) : 0;
}

static void expect_parts(const Sample *sample, const uint8_t *code, const X86Instruction *shape)
{
	unsigned at, n;

	assert_int_equal(shape->length, strlen(sample->parts));
	assert_int_equal(count(sample->parts, 'o', &at), 1);
	assert_int_equal(shape->opcode_at, at);
	assert_int_equal(shape->opcode, code[at]);
	n = count(sample->parts, 'm', &at);
	assert_int_equal(shape->modrm_at, at);
	assert_int_equal(shape->modrm, n > 0 ? code[at] : 0);
	n = count(sample->parts, 'd', &at);
	assert_int_equal(shape->displacement_size, n);
	if (n > 0)
		assert_int_equal(shape->displacement_at, at);
	n = count(sample->parts, 'i', &at);
	assert_int_equal(shape->immediate_size, n);
	if (n > 0)
		assert_int_equal(shape->immediate_at, at);
	assert_int_equal(shape->map, sample->map);
}

static void expect_field(const Sample *sample, const X86Instruction *shape)
{
	unsigned at = 0, n = 0;

	if (sample->field >= X86_FIELD_RIP_LEA)
		n = count(sample->parts, 'd', &at);
	else if (sample->field != X86_FIELD_NONE)
		n = count(sample->parts, 'i', &at);
	assert_int_equal(shape->field, sample->field);
	assert_int_equal(shape->field_size, n);
	assert_int_equal(shape->field_at, at);
}

static void expect_samples(const Sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t code[ROOM] = {0};
		X86Instruction shape;
		size_t size = from_hex(samples[i].bytes, code);

		x86_64_read(code, size, &shape);
		if (shape.length != strlen(samples[i].parts))
			fail_msg("%s is taken for %u bytes", samples[i].bytes, shape.length);
		expect_parts(&samples[i], code, &shape);
		expect_field(&samples[i], &shape);
		x86_64_read(code, sizeof(code), &shape);
		expect_parts(&samples[i], code, &shape);
		expect_field(&samples[i], &shape);
	}
}

static void finds_every_part_of_an_instruction(void **state)
{
	(void)state;
	expect_samples(plain, ARRAY_SIZE(plain));
}

static void finds_the_displacement_behind_every_kind_of_prefix(void **state)
{
	(void)state;
	expect_samples(behind_prefixes, ARRAY_SIZE(behind_prefixes));
}

static void knows_what_changes_the_size_of_an_immediate(void **state)
{
	(void)state;
	expect_samples(sizes, ARRAY_SIZE(sizes));
}

static void knows_every_field_that_is_relative(void **state)
{
	(void)state;
	expect_samples(relative, ARRAY_SIZE(relative));
}

static void gives_what_no_processor_runs_one_shape(void **state)
{
	(void)state;
	expect_samples(invalid, ARRAY_SIZE(invalid));
}

static void cuts_what_is_longer_than_fifteen_bytes(void **state)
{
	static const Sample samples[] = {
		{"666666666666666666666666666666", "ppppppppppppppo", ONE, NONE},
		{"6666666666666666666666666690", "pppppppppppppo", ONE, NONE},
		{"66666666666666666666666666e810111213", "pppppppppppppoi", ONE, NONE},
		{"66666666666666666666668b0510111213", "pppppppppppomdd", ONE, NONE},
		{"6666666666666666666666668b842410111213", "ppppppppppppoms", ONE, NONE},
		{"666666666666666666666666660f380000", "ppppppppppppppo", THREE_38, NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		uint8_t code[ROOM] = {0}, padded[ROOM] = {0};
		size_t size = from_hex(samples[i].bytes, code);
		X86Instruction shape, other;

		x86_64_read(code, sizeof(code), &shape);
		expect_parts(&samples[i], code, &shape);
		expect_field(&samples[i], &shape);
		memcpy(padded, code, size < X86_64_LENGTH_MAX ? size : X86_64_LENGTH_MAX);
		x86_64_read(padded, X86_64_LENGTH_MAX, &other);
		assert_memory_equal(&shape, &other, sizeof(shape));
	}
}

/* Random bytes in which prefixes and escapes are frequent; the same in every run. */
static void fill(uint8_t *bytes, size_t n, uint32_t *seed)
{
	static const uint8_t frequent[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x48, 0x41, 0x0f, 0x38, 0x3a, 0xc4,
		0xc5, 0x62, 0x8f, 0xe8, 0xf7, 0xff, 0xc7, 0xf8, 0xa1, 0xb8, 0x05, 0x24, 0x78};

	for (size_t i = 0; i < n; i++) {
		*seed = *seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(*seed >> 16);
		if (*seed >> 30 == 0)
			bytes[i] = frequent[bytes[i] % sizeof(frequent)];
	}
}

static void looks_at_no_byte_behind_the_instruction(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t code[ROOM];
		X86Instruction whole, shape;
		X86Step step;

		fill(code, sizeof(code), &seed);
		x86_64_read(code, sizeof(code), &whole);
		assert_in_range(whole.length, 1, X86_64_LENGTH_MAX);
		for (size_t size = 0; size <= whole.length; size++) {
			/* The sanitizer knows where a block of its own ends. */
			uint8_t *exact = malloc(size > 0 ? size : 1);

			assert_non_null(exact);
			memcpy(exact, code, size);
			x86_64_read(exact, size, &shape);
			step = x86_64_step(exact, size);
			free(exact);
			assert_int_equal(shape.length, size < whole.length ? 0 : whole.length);
			assert_int_equal(step.length, shape.length);
		}
		assert_memory_equal(&shape, &whole, sizeof(whole));
	}
}

static void steps_over_what_it_reads(void **state)
{
	uint32_t seed = 2;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		uint8_t code[ROOM];
		X86Instruction shape;
		X86Step step;

		fill(code, sizeof(code), &seed);
		x86_64_read(code, sizeof(code), &shape);
		step = x86_64_step(code, sizeof(code));
		assert_int_equal(step.length, shape.length);
		assert_int_equal(x86_step_field(step), shape.field);
		assert_int_equal(x86_step_field_at(step), shape.field_at);
		assert_int_equal(x86_step_field_size(step), shape.field_size);
	}
}

static bool is_legacy_prefix(uint8_t byte)
{
	return byte > 0 && strchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", byte);
}

/* What the header promises about byte n, at or before the opcode or the second byte of XOP. */
static X86Role role_before_opcode(const uint8_t *code, unsigned n, unsigned *ret_index)
{
	unsigned at = 0, payload;

	while (at < n && is_legacy_prefix(code[at]))
		at++;
	*ret_index = n;
	if (at == n)
		return X86_ROLE_PREFIX;
	*ret_index = X86_MAP_ONE_BYTE;
	if ((code[at] & 0xf0) == 0x40 && ++at == n)
		return X86_ROLE_OPCODE;
	if (code[at] == 0x0f) {
		*ret_index = n - at == 1 ? X86_MAP_0F : code[at + 1] == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
		return X86_ROLE_OPCODE;
	}
	if (code[at] == 0x8f && n == at + 1) {
		*ret_index = 0;
		return X86_ROLE_MODRM;
	}
	payload = code[at] == 0xc5 ? 1 : code[at] == 0x62 ? 3 : 2;
	*ret_index = n;
	if (n - at <= payload)
		return X86_ROLE_PREFIX;
	n = code[at] == 0xc5 ? 1 : code[at + 1] & (code[at] == 0x62 ? 7 : 0x1f);
	*ret_index = n >= X86_MAP_0F && n <= X86_MAP_0F3A ? n : X86_MAP_OTHER;
	return X86_ROLE_OPCODE;
}

static X86Role role_of(const uint8_t *code, const X86Instruction *shape, unsigned n, unsigned *ret_index)
{
	if (n <= shape->opcode_at)
		return role_before_opcode(code, n, ret_index);
	*ret_index = 0;
	if (n == shape->modrm_at)
		return X86_ROLE_MODRM;
	if (shape->immediate_size > 0 && n >= shape->immediate_at) {
		*ret_index = n - shape->immediate_at;
		return X86_ROLE_IMMEDIATE;
	}
	if (shape->displacement_size > 0 && n >= shape->displacement_at) {
		*ret_index = n - shape->displacement_at;
		return X86_ROLE_DISPLACEMENT;
	}
	return X86_ROLE_SIB;
}

static X86Role next_role(const uint8_t *code, size_t n, unsigned *ret_index)
{
	uint8_t padded[32] = {0};
	X86Instruction shape;

	memcpy(padded, code, n);
	x86_64_read(padded, sizeof(padded), &shape);
	return x86_64_next(&shape, padded, n, ret_index);
}

static void tells_byte_by_byte_what_it_reads_at_once(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 100000; round++) {
		uint8_t code[ROOM];
		X86Instruction shape;
		unsigned index, expected_index;

		fill(code, sizeof(code), &seed);
		x86_64_read(code, sizeof(code), &shape);
		for (unsigned n = 0; n < shape.length; n++) {
			X86Role expected = role_of(code, &shape, n, &expected_index);

			assert_int_equal(next_role(code, n, &index), expected);
			assert_int_equal(index, expected_index);
		}
		assert_int_equal(next_role(code, shape.length, &index), X86_ROLE_PREFIX);
		assert_int_equal(index, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_part_of_an_instruction),
		cmocka_unit_test(finds_the_displacement_behind_every_kind_of_prefix),
		cmocka_unit_test(knows_what_changes_the_size_of_an_immediate),
		cmocka_unit_test(knows_every_field_that_is_relative),
		cmocka_unit_test(gives_what_no_processor_runs_one_shape),
		cmocka_unit_test(cuts_what_is_longer_than_fifteen_bytes),
		cmocka_unit_test(looks_at_no_byte_behind_the_instruction),
		cmocka_unit_test(steps_over_what_it_reads),
		cmocka_unit_test(tells_byte_by_byte_what_it_reads_at_once),
	};

	return cmocka_run_group_tests_name("x86-64", tests, NULL, NULL);
}
