/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/novel.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/body/mixer.h"
#include "parts/delta/model/x86-64.h"

enum {
	CONTEXTS = MIXER_INPUTS - 2, /* the last two are what the match and the old file suggest */
	MATCH_MIN = 5,
	HISTORY = 1 << 20,
	MATCH_SLOTS = 1 << 16,
	MATCH_LENGTHS = 16,
	ROLE_SETS = 64, /* roles in x86-64, 4 for targets, 4 for AArch64, columns of data */
	AGREEMENT_SETS = 6,
	AGREEMENTS = 8,
};

/* The models of one context for four bits: one at each node of the tree of their values. */
typedef struct Line {
	Adaptive nodes[15];
	uint32_t check;
} Line;

/* Predicts that what followed the same bytes before follows again. */
typedef struct Match {
	uint32_t *heads; /* by the hash of the last MATCH_MIN bytes: 1 + where in the history they end */
	uint32_t from;   /* where the predicted byte is; 0: no prediction */
	unsigned length; /* how long it has been right */
	uint8_t byte;    /* what it predicts */
	Adaptive models[MATCH_LENGTHS][2];
	Adaptive silent;
} Match;

struct Novel {
	Mixer *mixer;
	Line *lines; /* begin at a multiple of their size, in memory */
	void *memory;
	unsigned line_bits;
	uint8_t *history; /* a ring */
	uint32_t n;       /* bytes of history ever */
	Match match;
	Adaptive as_old[AGREEMENTS][2]; /* is a bit as in the old byte, by how many bytes were */
	Adaptive no_old;
	unsigned old_next; /* the old byte in the same place; 256: none */
	unsigned old_agreement;
	uint8_t instruction[16]; /* x86-64: the bytes of the one under way */
	unsigned n_instruction;
	uint32_t shape;     /* opcode and operands of the one before */
	unsigned agreement; /* how many of the last bytes were as the old file had them */
	uint32_t words[2];  /* AArch64: the last instructions */
};

Novel *novel_free(Novel *novel)
{
	if (!novel)
		return NULL;
	(void)mixer_free(novel->mixer);
	free(novel->memory);
	free(novel->history);
	free(novel->match.heads);
	free(novel);
	return NULL;
}

int novel_new(unsigned line_bits, Novel **ret, Error *error)
{
	CLEANUP(novel_free) Novel *novel = calloc(1, sizeof(*novel));

	if (!novel)
		return error_memory(error);
	novel->line_bits = line_bits;
	/* Fresh memory is zero, and what is never touched costs nothing. */
	novel->memory = calloc(((size_t)1 << line_bits) + 1, sizeof(Line));
	novel->history = calloc(1, HISTORY);
	if (!novel->memory || !novel->history)
		return error_memory(error);
	novel->lines = (Line *)(((uintptr_t)novel->memory + sizeof(Line) - 1) & ~(sizeof(Line) - 1));
	if (mixer_new(ROLE_SETS * AGREEMENT_SETS, &novel->mixer, error) < 0)
		return -1;
	novel->match.heads = calloc(MATCH_SLOTS, sizeof(*novel->match.heads));
	if (!novel->match.heads)
		return error_memory(error);
	adaptive_init(&novel->match.models[0][0], MATCH_LENGTHS * 2);
	novel->match.silent = ADAPTIVE_INIT;
	adaptive_init(&novel->as_old[0][0], AGREEMENTS * 2);
	novel->no_old = ADAPTIVE_INIT;
	*ret = TAKE_PTR(novel);
	return 0;
}

size_t novel_memory(const Novel *novel)
{
	return sizeof(*novel) + mixer_memory(novel->mixer) + ((size_t)1 << novel->line_bits) * sizeof(Line) +
	       HISTORY + MATCH_SLOTS * sizeof(uint32_t);
}

static uint32_t hash2(uint32_t a, uint32_t b)
{
	uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(x >> 32) ^ (uint32_t)(x >> 7);
}

static uint8_t back(const Novel *novel, uint32_t n)
{
	return n <= novel->n ? novel->history[(novel->n - n) & (HISTORY - 1)] : 0;
}

static uint32_t hash_back(const Novel *novel, uint32_t n)
{
	uint32_t hash = n;

	for (uint32_t i = 1; i <= n; i++)
		hash = (hash + back(novel, i) + 1) * 0x2c9277b5u;
	return hash ^ hash >> 15;
}

static void match_update(Match *match, Novel *novel)
{
	uint32_t *head = &match->heads[hash_back(novel, MATCH_MIN) & (MATCH_SLOTS - 1)];

	if (match->length > 0 && match->byte == back(novel, 1)) {
		match->length++;
		match->from++;
	} else {
		match->length = 0;
	}
	if (match->length == 0 && *head > 0 && novel->n - *head < HISTORY - 64) {
		uint32_t at = *head;

		while (match->length < 32 && match->length < at &&
			novel->history[(at - 1 - match->length) & (HISTORY - 1)] ==
				back(novel, match->length + 1))
			match->length++;
		match->from = at;
		if (match->length < MATCH_MIN)
			match->length = 0;
	}
	*head = novel->n;
	match->byte = match->length > 0 ? novel->history[match->from & (HISTORY - 1)] : 0;
}

static void remember(Novel *novel, uint8_t byte)
{
	novel->history[novel->n & (HISTORY - 1)] = byte;
	novel->n++;
	match_update(&novel->match, novel);
}

void novel_follow(Novel *novel, const uint8_t *before, size_t n)
{
	for (size_t i = n > 16 ? n - 16 : 0; i < n; i++)
		remember(novel, before[i]);
	novel->agreement = 0;
}

static unsigned length_class(unsigned length)
{
	return length < 8    ? length
	       : length < 12 ? 8
	       : length < 16 ? 9
	       : length < 20 ? 10
	       : length < 24 ? 11
	       : length < 28 ? 12
	       : length < 32 ? 13
	       : length < 64 ? 14
			     : 15;
}

static Adaptive *match_model(Match *match, unsigned known, unsigned bits)
{
	/* known: the upper bits of the byte behind a leading 1; bits: how many there are. */
	if (match->length == 0 || (match->byte | 256u) >> (8 - bits) != known)
		return &match->silent;
	return &match->models[length_class(match->length)][match->byte >> (7 - bits) & 1];
}

static uint32_t line_index(const Novel *novel, uint32_t hash)
{
	return (hash >> 8) * 0x9e3779b1u >> (32 - novel->line_bits);
}

/* As match_model(), for the old byte. */
static Adaptive *old_model(Novel *novel, unsigned known, unsigned bits)
{
	if (novel->old_next > 255 || (novel->old_next | 256u) >> (8 - bits) != known)
		return &novel->no_old;
	return &novel->as_old[novel->old_agreement < AGREEMENTS ? novel->old_agreement : AGREEMENTS - 1]
			     [novel->old_next >> (7 - bits) & 1];
}

static Line *line_for(Novel *novel, uint32_t hash)
{
	uint32_t check = hash | 1, at = line_index(novel, hash);
	Line *line = &novel->lines[at], *other = &novel->lines[at ^ 1];

	if (line->check == check)
		return line;
	if (other->check == check)
		return other;
	if (line->check &&
		(!other->check || adaptive_count(other->nodes[0]) < adaptive_count(line->nodes[0])))
		line = other;
	line->check = check;
	adaptive_init(line->nodes, 15);
	return line;
}

static void find_lines(Novel *novel, const uint32_t *contexts, unsigned known, Line **lines)
{
	uint32_t hashes[CONTEXTS];

	for (unsigned i = 0; i < CONTEXTS; i++) {
		hashes[i] = hash2(contexts[i] + i * 0x3c6ef372u, known);
		__builtin_prefetch(&novel->lines[line_index(novel, hashes[i])], 1);
	}
	for (unsigned i = 0; i < CONTEXTS; i++)
		lines[i] = line_for(novel, hashes[i]);
}

/* Codes one byte with a context of its own for each input. */
static uint8_t code_byte(Novel *novel, const uint32_t *contexts, unsigned set0, unsigned set1,
	unsigned refine, Coder *coder, uint8_t byte)
{
	Line *lines[CONTEXTS];
	Adaptive *models[MIXER_INPUTS];
	unsigned known = 1, set = set0 * AGREEMENT_SETS + set1;

	for (unsigned bits = 0; bits < 8; bits++) {
		unsigned node = bits < 4 ? known : (known & ((1u << (bits - 4)) - 1)) | 1u << (bits - 4);

		if (bits % 4 == 0)
			find_lines(novel, contexts, known, lines);
		for (unsigned i = 0; i < CONTEXTS; i++)
			models[i] = &lines[i]->nodes[node - 1];
		models[CONTEXTS] = match_model(&novel->match, known, bits);
		models[CONTEXTS + 1] = old_model(novel, known, bits);
		known = known << 1 |
			mixer_code(novel->mixer, models, set, refine, coder, byte >> (7 - bits) & 1);
	}
	remember(novel, (uint8_t)known);
	return (uint8_t)known;
}

static uint32_t hash_bytes_of(const uint8_t *bytes, unsigned n, uint32_t hash)
{
	for (unsigned i = 0; i < n; i++)
		hash = hash2(hash, bytes[i]);
	return hash;
}

static void end_instruction(Novel *novel)
{
	X86Instruction shape;
	uint32_t hash;

	x86_64_read(novel->instruction, novel->n_instruction, &shape);
	hash = shape.opcode | (uint32_t)shape.map << 8;
	if (shape.modrm_at)
		hash |= (uint32_t)(shape.modrm + 1) << 12;
	novel->shape = hash;
	novel->n_instruction = 0;
}

static void add_to_instruction(Novel *novel, uint8_t byte)
{
	X86Instruction shape;

	novel->instruction[novel->n_instruction++] = byte;
	x86_64_read(novel->instruction, novel->n_instruction, &shape);
	if (shape.length > 0 || novel->n_instruction == X86_64_LENGTH_MAX)
		end_instruction(novel);
}

void novel_begin_code(Novel *novel, const uint8_t *instruction, size_t n)
{
	novel->n_instruction = 0;
	for (size_t i = 0; i < n; i++)
		add_to_instruction(novel, instruction[i]);
}

unsigned novel_x86_field(const Novel *novel, unsigned *ret_skip)
{
	uint8_t padded[16] = {0};
	X86Instruction shape;

	if (novel->n_instruction == 0)
		return 0;
	memcpy(padded, novel->instruction, novel->n_instruction);
	x86_64_read(padded, sizeof(padded), &shape);
	if (shape.field == X86_FIELD_NONE || shape.field_size != 4 || shape.field_at != novel->n_instruction)
		return 0;
	*ret_skip = shape.length - shape.field_at;
	return shape.field;
}

typedef struct Old {
	unsigned next, agreement;
} Old;

static Old look_at_old(const Novel *novel, const NovelPlace *place)
{
	Old old = {256, novel->agreement};

	if (!place->old)
		old.agreement = 0;
	if (place->old && place->old_left > 0)
		old.next = place->old[0];
	return old;
}

static unsigned agreement_set(const Novel *novel, unsigned agreement)
{
	unsigned length = novel->match.length;

	return (length == 0 ? 0 : length < 16 ? 1 : 2) + (agreement > 1 ? 3 : 0);
}

static void x86_contexts(Novel *novel, const Old *old, uint32_t *c, unsigned *ret_set)
{
	unsigned index;
	X86Role role = x86_64_next(novel->instruction, novel->n_instruction, &index);
	uint32_t prefix = hash_bytes_of(novel->instruction, novel->n_instruction, novel->n_instruction);
	uint32_t place = (uint32_t)role << 4 | (index & 15);

	c[0] = prefix;
	c[1] = hash2(prefix, novel->shape);
	c[2] = hash2(back(novel, 1), place);
	c[3] = hash_back(novel, 3);
	c[4] = hash2(old->next << 8 | (old->agreement > 7 ? 7 : old->agreement), place);
	*ret_set = (unsigned)role * 4 + (index > 3 ? 3 : index);
}

static void data_contexts(
	Novel *novel, const NovelPlace *place, const Old *old, uint32_t *c, unsigned *ret_set)
{
	uint32_t kind = place->kind + 1, column = place->at & 7;

	c[0] = hash2(back(novel, 1), kind);
	c[1] = hash_back(novel, 2);
	c[2] = hash_back(novel, 3);
	c[3] = hash2((uint32_t)back(novel, 8) << 16 | (uint32_t)back(novel, 4) << 8 | kind, column);
	c[4] = hash2(old->next << 8 | (old->agreement > 7 ? 7 : old->agreement), kind);
	*ret_set = 32 + place->kind * 8 + column;
}

uint8_t novel_byte(Novel *novel, const NovelPlace *place, Coder *coder, uint8_t byte)
{
	uint32_t contexts[CONTEXTS];
	Old old = look_at_old(novel, place);
	unsigned set;

	novel->old_next = old.next;
	novel->old_agreement = old.agreement;

	if (place->kind == NOVEL_X86_64)
		x86_contexts(novel, &old, contexts, &set);
	else
		data_contexts(novel, place, &old, contexts, &set);
	byte = code_byte(novel, contexts, set, agreement_set(novel, old.agreement),
		place->kind << 8 | back(novel, 1), coder, byte);
	if (place->kind == NOVEL_X86_64)
		add_to_instruction(novel, byte);
	novel->agreement = byte == old.next ? novel->agreement + 1 : 0;
	return byte;
}

/* What an AArch64 instruction is, without its operands. */
static uint32_t a64_shape(uint32_t word)
{
	return word >> 21;
}

/* From the upper byte on: it says what the others are for. */
uint32_t novel_word(Novel *novel, uint32_t old, Coder *coder, uint32_t word)
{
	uint32_t contexts[CONTEXTS], *c = contexts;
	uint32_t last = novel->words[0], before = novel->words[1], so_far = 0;
	bool agrees = old != 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned shift = 24 - 8 * i;
		uint32_t expected = old ? old >> shift & 255 : 256;
		uint32_t path = hash2(so_far, i + 0x5a5a), state = hash2(expected, agrees + 2 * i);
		uint8_t byte;

		c[0] = hash2(path, a64_shape(last));
		c[1] = path;
		c[2] = hash2(path, last);
		c[3] = hash2(hash2(path, a64_shape(last)), a64_shape(before));
		c[4] = hash2(state, novel->agreement > 7 ? 7 : novel->agreement);
		novel->old_next = agrees ? expected : 256;
		novel->old_agreement = novel->agreement + i;
		byte = code_byte(novel, contexts, 28 + i, agreement_set(novel, agrees ? novel->agreement : 0),
			NOVEL_AARCH64 << 8 | (so_far & 255), coder, (uint8_t)(word >> shift));
		agrees = agrees && byte == expected;
		so_far = so_far << 8 | byte;
	}
	novel->words[1] = last;
	novel->words[0] = so_far;
	novel->agreement = agrees ? novel->agreement + 1 : 0;
	return so_far;
}

uint32_t novel_target(Novel *novel, const NovelTarget *about, Coder *coder, uint32_t target)
{
	uint32_t contexts[CONTEXTS];
	uint32_t so_far = 0, kind = about->kind | 0x4000;
	bool agrees = about->expected;
	CoderPurpose purpose = coder->purpose;

	coder->purpose = CODER_TARGETS;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t place = hash2(kind, i), path = hash2(place, so_far);
		uint8_t expected = (uint8_t)(agrees ? about->expectation >> (24 - 8 * i) : 0);
		uint32_t *c = contexts;

		novel->old_next = agrees ? expected : 256u;
		novel->old_agreement = i + 1;

		c[0] = hash2(path, agrees ? expected : 256u);
		c[1] = path;
		c[2] = hash2(i + 0x777, so_far);
		c[3] = hash2(path, novel->shape);
		c[4] = hash2(path, hash_bytes_of(novel->instruction, novel->n_instruction, 0));
		so_far = so_far << 8 |
			 code_byte(novel, contexts, 24 + i, agreement_set(novel, agrees ? 3 : 0),
				 1024u + i + (agrees ? 4 : 0), coder, (uint8_t)(target >> (24 - 8 * i)));
		agrees = agrees && (so_far & 255) == expected;
	}
	coder->purpose = purpose;
	for (unsigned i = 0; about->in_code && i < 4; i++)
		add_to_instruction(novel, (uint8_t)(so_far >> (24 - 8 * i)));
	return so_far;
}
