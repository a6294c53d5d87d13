/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/novel.h"

#include <stdlib.h>
#include <string.h>

#include "parts/delta/body/history.h"
#include "parts/delta/body/lines.h"
#include "parts/delta/body/mixer.h"
#include "parts/delta/model/x86-64.h"

enum {
	CONTEXTS = 4,
	ROLES = 64, /* 24 in x86-64, 4 for targets, 4 for AArch64, 8 columns for each of 4 kinds */
	ROLE_TARGET = 24,
	ROLE_AARCH64 = 28,
	ROLE_COLUMN = 32,
	TRUST_CLASSES = 6,
	CURVE_TARGET = NOVEL_KINDS * 256, /* before it: by kind and the byte before */
	CURVE_EXPECTED = CURVE_TARGET + 8,
	AGREEMENT_MAX = 15,
	LENGTH_CLASSES = 16,
	HINT_BITS = 13,
};

/* Where the byte that is expected is from. */
typedef enum Source {
	SOURCE_HISTORY, /* it followed the same bytes before */
	SOURCE_OLD,     /* the old file has it in the same place, and nothing followed the same bytes */
	SOURCE_OTHER,   /* the same, and something else followed */
	SOURCE_BOTH,
	SOURCES,
} Source;

/* What is known of the next byte, whatever it belongs to. */
typedef struct Outlook {
	uint32_t contexts[CONTEXTS];
	unsigned role, curve;
	unsigned old;       /* the old byte in the same place; 256: none */
	unsigned agreement; /* how many of the last bytes were as the old file has them */
} Outlook;

/* Is the byte the expected one? */
typedef struct Expectations {
	Node by_agreement[SOURCES][AGREEMENT_MAX + 1];
	Node by_role[ROLES][SOURCES][4];
	Node by_byte[256][SOURCES];
	Node by_context[3][1 << HINT_BITS];
} Expectations;

struct Novel {
	Mixer *mixer;
	Lines lines;
	History history;
	Expectations expectations;
	Node by_role[ROLES][256]; /* at each node of the tree of a byte's bits */
	Node as_guess[5][8][2];   /* is a bit as in the guess, by why it is one and which bit it is */
	Node silent;
	uint8_t instruction[24]; /* x86-64: the bytes of the one under way, zeros behind them */
	unsigned n_instruction;
	X86Instruction shape; /* of those bytes and zeros */
	uint32_t prefix;      /* a hash of those bytes */
	uint32_t last_shape;  /* opcode and operands of the one before */
	unsigned agreement;   /* how many of the last bytes were as the old file had them */
	uint32_t words[2];    /* AArch64: the last instructions */
};

Novel *novel_free(Novel *novel)
{
	if (!novel)
		return NULL;
	(void)mixer_free(novel->mixer);
	lines_clear_cleanup(&novel->lines);
	history_clear_cleanup(&novel->history);
	free(novel);
	return NULL;
}

static void begin_instruction(Novel *novel)
{
	memset(novel->instruction, 0, sizeof(novel->instruction));
	novel->n_instruction = 0;
	novel->prefix = 0;
	x86_64_read(novel->instruction, sizeof(novel->instruction), &novel->shape);
}

int novel_new(unsigned line_bits, Novel **ret, Error *error)
{
	CLEANUP(novel_free) Novel *novel = calloc(1, sizeof(*novel));

	if (!novel)
		return error_memory(error);
	if (lines_init(&novel->lines, line_bits, error) < 0 || history_init(&novel->history, error) < 0 ||
		mixer_new(ROLES * (TRUST_CLASSES + SOURCES), CURVE_EXPECTED + SOURCES, &novel->mixer, error) <
			0)
		return -1;
	node_init((Node *)&novel->expectations, sizeof(novel->expectations) / sizeof(Node));
	node_init(&novel->by_role[0][0], sizeof(novel->by_role) / sizeof(Node));
	node_init(&novel->as_guess[0][0][0], sizeof(novel->as_guess) / sizeof(Node));
	novel->silent = NODE_INIT;
	begin_instruction(novel);
	*ret = TAKE_PTR(novel);
	return 0;
}

size_t novel_memory(const Novel *novel)
{
	return sizeof(*novel) + mixer_memory(novel->mixer) + lines_memory(&novel->lines) + history_memory();
}

void novel_follow(Novel *novel, const uint8_t *before, size_t n)
{
	history_follow(&novel->history, before, n);
	novel->agreement = 0;
}

static uint32_t hash2(uint32_t a, uint32_t b)
{
	uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(x >> 32) ^ (uint32_t)(x >> 7);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned length_class(uint32_t length)
{
	return length < 8 ? length : length < 32 ? 6 + length / 4 : length < 64 ? 14 : LENGTH_CLASSES - 1;
}

/* The byte that is expected, if any, and then the next best guess. */
typedef struct Guess {
	bool expects;
	Source source;
	uint8_t expected;
	unsigned next; /* 256: none */
	unsigned why;  /* there is a next one: 0 to 4 */
} Guess;

static Guess make_guess(const Novel *novel, const Outlook *outlook)
{
	const History *history = &novel->history;
	bool seen = history->length > 0, trusted = outlook->old < 256 && outlook->agreement > 0;
	uint8_t old = (uint8_t)outlook->old;

	if (!seen && !trusted)
		return (Guess){.next = outlook->old, .why = 0};
	if (!seen)
		return (Guess){true, SOURCE_OLD, old, 256, 0};
	if (!trusted)
		return (Guess){true, SOURCE_HISTORY, history->next, outlook->old, 1};
	if (old == history->next)
		return (Guess){true, SOURCE_BOTH, old, 256, 0};
	if (history->length >= 24 && outlook->agreement < 2)
		return (Guess){true, SOURCE_HISTORY, history->next, old, 2};
	return (Guess){true, SOURCE_OTHER, old, history->next, history->length < 16 ? 3 : 4};
}

static bool code_expected(
	Novel *novel, const Outlook *outlook, const Guess *guess, Coder *coder, uint8_t byte)
{
	Expectations *all = &novel->expectations;
	Source source = guess->source;
	unsigned expected = guess->expected, length = length_class(novel->history.length);
	unsigned agreement = least(outlook->agreement, AGREEMENT_MAX);
	const uint32_t *contexts = outlook->contexts;
	Node *models[MIXER_INPUTS] = {
		&all->by_agreement[source][source == SOURCE_HISTORY ? length : agreement],
		&all->by_role[outlook->role][source][least(agreement, 3)],
		&all->by_byte[expected][source],
		&all->by_context[0][hash2(contexts[0] * SOURCES + source, expected) >> (32 - HINT_BITS)],
		&all->by_context[1][hash2(contexts[1] * SOURCES + source, expected) >> (32 - HINT_BITS)],
		&all->by_context[2][hash2(contexts[3] * SOURCES + source, length) >> (32 - HINT_BITS)],
	};

	return mixer_code(novel->mixer, models, ROLES * TRUST_CLASSES + outlook->role * SOURCES + source,
		CURVE_EXPECTED + source, coder, byte == expected);
}

static Node *guess_model(Novel *novel, const Guess *guess, unsigned known, unsigned bits)
{
	/* known: the upper bits of the byte behind a leading 1; bits: how many there are. */
	if (guess->next > 255 || (guess->next | 256u) >> (8 - bits) != known)
		return &novel->silent;
	return &novel->as_guess[guess->why][bits][guess->next >> (7 - bits) & 1];
}

/* By known, the upper half of the byte behind a leading 1; 1 before that. */
static void find_lines(Novel *novel, const uint32_t *contexts, unsigned known, Line **lines)
{
	uint32_t hashes[CONTEXTS];

	for (unsigned i = 0; i < CONTEXTS; i++) {
		hashes[i] = hash2(contexts[i] + i * 0x3c6ef372u, known);
		lines_prefetch(&novel->lines, hashes[i]);
	}
	for (unsigned i = 0; i < CONTEXTS; i++)
		lines[i] = lines_find(&novel->lines, hashes[i]);
}

static unsigned trust_class(const Novel *novel, const Outlook *outlook)
{
	uint32_t length = novel->history.length;

	return (length == 0 ? 0 : length < 16 ? 1 : 2) + (outlook->agreement > 1 ? 3 : 0);
}

/* Bit by bit, with a model for each context. */
static uint8_t code_bits(Novel *novel, const Outlook *outlook, const Guess *guess, Coder *coder, uint8_t byte)
{
	Line *lines[CONTEXTS];
	Node *models[MIXER_INPUTS];
	unsigned known = 1, set = outlook->role * TRUST_CLASSES + trust_class(novel, outlook);
	unsigned not_expected = guess->expects ? guess->expected | 256u : 0;

	for (unsigned bits = 0; bits < 8; bits++) {
		unsigned node = bits < 4 ? known : (known & ((1u << (bits - 4)) - 1)) | 1u << (bits - 4);

		if (bits % 4 == 0)
			find_lines(novel, outlook->contexts, known, lines);
		if (bits == 7 && not_expected >> 1 == known) {
			known = not_expected ^ 1;
			break;
		}
		for (unsigned i = 0; i < CONTEXTS; i++)
			models[i] = &lines[i]->nodes[node - 1];
		models[CONTEXTS] = &novel->by_role[outlook->role][known];
		models[CONTEXTS + 1] = guess_model(novel, guess, known, bits);
		known = known << 1 |
			mixer_code(novel->mixer, models, set, outlook->curve, coder, byte >> (7 - bits) & 1);
	}
	return (uint8_t)known;
}

static uint8_t code_byte(Novel *novel, const Outlook *outlook, Coder *coder, uint8_t byte)
{
	Guess guess = make_guess(novel, outlook);

	if (guess.expects && code_expected(novel, outlook, &guess, coder, byte))
		byte = guess.expected;
	else
		byte = code_bits(novel, outlook, &guess, coder, byte);
	history_add(&novel->history, byte);
	return byte;
}

static void end_instruction(Novel *novel)
{
	const X86Instruction *shape = &novel->shape;

	novel->last_shape = shape->opcode | (uint32_t)shape->map << 8;
	if (shape->modrm_at)
		novel->last_shape |= (uint32_t)(shape->modrm + 1) << 12;
	begin_instruction(novel);
}

static void add_to_instruction(Novel *novel, uint8_t byte)
{
	novel->instruction[novel->n_instruction++] = byte;
	novel->prefix = hash2(novel->prefix + 1, byte);
	x86_64_read(novel->instruction, sizeof(novel->instruction), &novel->shape);
	/* At X86_64_LENGTH_MAX bytes it ends in any case. */
	if (novel->shape.length <= novel->n_instruction)
		end_instruction(novel);
}

void novel_begin_code(Novel *novel, const uint8_t *instruction, size_t n)
{
	begin_instruction(novel);
	for (size_t i = 0; i < n; i++)
		add_to_instruction(novel, instruction[i]);
}

unsigned novel_x86_field(const Novel *novel, unsigned *ret_skip)
{
	const X86Instruction *shape = &novel->shape;

	if (novel->n_instruction == 0 || shape->field == X86_FIELD_NONE || shape->field_size != 4 ||
		shape->field_at != novel->n_instruction)
		return 0;
	*ret_skip = shape->length - shape->field_at;
	return shape->field;
}

static void look_at_old(const Novel *novel, const NovelPlace *place, Outlook *ret)
{
	ret->old = place->old && place->old_left > 0 ? place->old[0] : 256;
	ret->agreement = place->old ? novel->agreement : 0;
}

static uint32_t hash_of_old(const Outlook *outlook, uint32_t place)
{
	return hash2(outlook->old << 8 | least(outlook->agreement, 7), place);
}

static void look_at_x86(const Novel *novel, Outlook *ret)
{
	unsigned index;
	X86Role role = x86_64_next(&novel->shape, novel->instruction, novel->n_instruction, &index);
	uint32_t place = (uint32_t)role << 4 | (index & 15);

	ret->contexts[0] = novel->prefix;
	ret->contexts[1] = hash2(novel->prefix, novel->last_shape);
	ret->contexts[2] = hash2(history_back(&novel->history, 1), place);
	ret->contexts[3] = hash_of_old(ret, place);
	ret->role = (unsigned)role * 4 + least(index, 3);
}

static void look_at_data(const Novel *novel, const NovelPlace *place, Outlook *ret)
{
	const History *history = &novel->history;
	uint32_t kind = place->kind + 1, column = place->at & 7;

	ret->contexts[0] = history_hash(history, 1);
	ret->contexts[1] = history_hash(history, 2);
	ret->contexts[2] = hash2(
		(uint32_t)history_back(history, 8) << 16 | (uint32_t)history_back(history, 4) << 8 | kind,
		column);
	ret->contexts[3] = hash_of_old(ret, kind);
	ret->role = ROLE_COLUMN + place->kind * 8 + column;
}

uint8_t novel_byte(Novel *novel, const NovelPlace *place, Coder *coder, uint8_t byte)
{
	Outlook outlook = {.curve = place->kind << 8 | history_back(&novel->history, 1)};

	look_at_old(novel, place, &outlook);
	if (place->kind == NOVEL_X86_64)
		look_at_x86(novel, &outlook);
	else
		look_at_data(novel, place, &outlook);
	byte = code_byte(novel, &outlook, coder, byte);
	if (place->kind == NOVEL_X86_64)
		add_to_instruction(novel, byte);
	novel->agreement = byte == outlook.old ? novel->agreement + 1 : 0;
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
	uint32_t last = a64_shape(novel->words[0]), before = a64_shape(novel->words[1]), so_far = 0;
	bool agrees = old != 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned shift = 24 - 8 * i;
		uint32_t expected = old ? old >> shift & 255 : 256;
		uint32_t path = hash2(so_far, i + 0x5a5a), state = hash2(expected, agrees + 2 * i);
		Outlook outlook = {
			.contexts = {path, hash2(path, last), hash2(hash2(path, last), before),
				hash2(state, least(novel->agreement, 7))},
			.role = ROLE_AARCH64 + i,
			.curve = NOVEL_AARCH64 << 8 | (so_far & 255),
			.old = agrees ? expected : 256,
			.agreement = agrees ? novel->agreement + i + 1 : 0,
		};
		uint8_t byte = code_byte(novel, &outlook, coder, (uint8_t)(word >> shift));

		agrees = agrees && byte == expected;
		so_far = so_far << 8 | byte;
	}
	novel->words[1] = novel->words[0];
	novel->words[0] = so_far;
	novel->agreement = agrees ? novel->agreement + 1 : 0;
	return so_far;
}

uint32_t novel_target(Novel *novel, const NovelTarget *about, Coder *coder, uint32_t target)
{
	uint32_t so_far = 0, kind = about->kind | 0x4000;
	bool agrees = about->expected;
	CoderPurpose purpose = coder->purpose;

	coder->purpose = CODER_TARGETS;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t path = hash2(hash2(kind, i), so_far);
		unsigned expected = agrees ? about->expectation >> (24 - 8 * i) & 255 : 256;
		Outlook outlook = {
			.contexts = {path, hash2(path, novel->last_shape), hash2(path, novel->prefix),
				hash2(path, expected)},
			.role = ROLE_TARGET + i,
			.curve = CURVE_TARGET + i + (agrees ? 4 : 0),
			.old = expected,
			.agreement = agrees ? i + 1 : 0,
		};

		so_far = so_far << 8 | code_byte(novel, &outlook, coder, (uint8_t)(target >> (24 - 8 * i)));
		agrees = agrees && (so_far & 255) == expected;
	}
	coder->purpose = purpose;
	for (unsigned i = 0; about->in_code && i < 4; i++)
		add_to_instruction(novel, (uint8_t)(so_far >> (24 - 8 * i)));
	return so_far;
}
