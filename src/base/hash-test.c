/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

/* The examples of FIPS 180-4. */
static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc_hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char million_a_hex[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void assert_digest(const Digest *digest, const char *hex)
{
	char text[DIGEST_HEX_SIZE];

	assert_string_equal(digest_to_hex(digest, text), hex);
}

static void agrees_with_the_standard(void **state)
{
	Error error = ERROR_INIT;
	Digest digest;

	(void)state;
	assert_done(hash_bytes((Bytes){NULL, 0}, &digest, &error), &error);
	assert_digest(&digest, empty_hex);
	assert_done(hash_bytes(bytes_of_text("abc"), &digest, &error), &error);
	assert_digest(&digest, abc_hex);
}

static void hashes_in_pieces(void **state)
{
	CLEANUP(hash_free) Hash *hash = NULL;
	Error error = ERROR_INIT;
	uint8_t piece[1000];
	Digest digest;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	assert_done(hash_new(&hash, &error), &error);
	assert_done(hash_update(hash, (Bytes){NULL, 0}, &error), &error);
	for (int i = 0; i < 1000; i++)
		assert_done(hash_update(hash, (Bytes){piece, sizeof(piece)}, &error), &error);
	assert_done(hash_finish(hash, &digest, &error), &error);
	assert_digest(&digest, million_a_hex);
	assert_null(hash_free(NULL));
}

static void hashes_a_file_from_its_first_byte(void **state)
{
	CLEANUP_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
	CLEANUP_FREE uint8_t *content = malloc(1000000);
	Error error = ERROR_INIT;
	Digest digest;
	uint64_t size = 99;

	(void)state;
	assert_non_null(content);
	memset(content, 'a', 1000000);
	assert_done(file_write_all(fd, (Bytes){content, 1000000}, "file", &error), &error);
	assert_done(hash_file(fd, 1000000, &digest, &size, &error), &error);
	assert_digest(&digest, million_a_hex);
	assert_int_equal(size, 1000000);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1000000);
	assert_done(hash_file(fd, UINT64_MAX, &digest, NULL, &error), &error);
	assert_fails(hash_file(fd, 999999, &digest, NULL, &error), &error, "larger than the 999999 bytes");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_done(hash_file(fd, 0, &digest, &size, &error), &error);
	assert_digest(&digest, empty_hex);
	assert_int_equal(size, 0);
}

static void refuses_what_cannot_be_read_at_an_offset(void **state)
{
	Error error = ERROR_INIT;
	Digest digest;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_fails(hash_file(ends[0], 100, &digest, NULL, &error), &error, "cannot read");
	assert_fails(hash_file(-1, 100, &digest, NULL, &error), &error, "cannot read");
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void reads_and_compares_digests(void **state)
{
	Error error = ERROR_INIT;
	Digest a, b;

	(void)state;
	assert_done(digest_from_hex(abc_hex, &a, &error), &error);
	assert_digest(&a, abc_hex);
	assert_done(hash_bytes(bytes_of_text("abc"), &b, &error), &error);
	assert_true(digest_equal(&a, &b));
	b.bytes[DIGEST_SIZE - 1] ^= 1;
	assert_false(digest_equal(&a, &b));
	assert_fails(digest_from_hex("e3b0", &a, &error), &error, "is not 64 hexadecimal digits");
	assert_digest(&a, abc_hex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_standard),
		cmocka_unit_test(hashes_in_pieces),
		cmocka_unit_test(hashes_a_file_from_its_first_byte),
		cmocka_unit_test(refuses_what_cannot_be_read_at_an_offset),
		cmocka_unit_test(reads_and_compares_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
