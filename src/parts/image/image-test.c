/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/image.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/test.h"
#include "base/text.h"

enum { SEEN_MAX = 100, SUPERBLOCK_AT = 1024, BLOCKS_AT = SUPERBLOCK_AT + 36 };

/* A staged tree and the image that mkfs.erofs makes of it. */
typedef struct Stage {
	char *directory; /* temporary; holds "tree" and "image" */
	char *tree;
	char *image_path;
	Buffer image;
} Stage;

typedef struct Seen {
	ImageEntry entries[SEEN_MAX];
	char paths[SEEN_MAX][PATH_MAX];
	size_t count;
} Seen;

static void put(const Stage *stage, const char *name, const char *content, size_t size, mode_t mode)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int fd = -1;
	Error error = ERROR_INIT;

	assert_done(text_format(&path, &error, "%s/%s", stage->tree, name), &error);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_done(file_write_all(fd, (Bytes){(const uint8_t *)content, size}, name, &error), &error);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void put_directory(const Stage *stage, const char *name)
{
	CLEANUP_FREE char *path = NULL;
	Error error = ERROR_INIT;

	assert_done(text_format(&path, &error, "%s/%s", stage->tree, name), &error);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* With one option of mkfs.erofs. */
static void make_image(Stage *stage, const char *option, const char *value)
{
	const char *argv[] = {"env", "-u", "SOURCE_DATE_EPOCH", "mkfs.erofs", "--quiet", "-T1", option, value,
		stage->image_path, stage->tree, NULL};
	Error error = ERROR_INIT;

	buffer_clear(&stage->image);
	(void)unlink(stage->image_path);
	assert_done(process_run(argv, 0, NULL, &error), &error);
	assert_done(file_read(AT_FDCWD, stage->image_path, 1 << 20, &stage->image, &error), &error);
}

static const char big[5000] = {'b', 'i', 'g'};

static void fill(const Stage *stage)
{
	CLEANUP_CLOSE int tree = open(stage->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(tree >= 0);
	put_directory(stage, "lib");
	put_directory(stage, "lib/deep");
	put(stage, "lib/big", big, sizeof(big), 0644);
	put(stage, "lib/deep/small", "hello", 5, 0600);
	put(stage, "lib-x", "", 0, 0644);
	put(stage, "su", "root", 4, 04755);
	assert_int_equal(linkat(tree, "su", tree, "su2", 0), 0);
	assert_int_equal(symlinkat("lib/big", tree, "link"), 0);
	assert_int_equal(mknodat(tree, "lib/gone", S_IFCHR, makedev(0, 0)), 0);
}

static int setup(void **state)
{
	Stage *stage = calloc(1, sizeof(*stage));
	Error error = ERROR_INIT;

	assert_non_null(stage);
	assert_done(file_temporary_directory("image-test", &stage->directory, &error), &error);
	assert_done(text_format(&stage->tree, &error, "%s/tree", stage->directory), &error);
	assert_done(text_format(&stage->image_path, &error, "%s/image", stage->directory), &error);
	assert_int_equal(mkdir(stage->tree, 0755), 0);
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	Stage *stage = *state;
	Error error = ERROR_INIT;

	assert_done(file_remove_tree(AT_FDCWD, stage->directory, &error), &error);
	buffer_clear(&stage->image);
	free(stage->image_path);
	free(stage->tree);
	free(stage->directory);
	free(stage);
	return 0;
}

static int see(void *userdata, const ImageEntry *entry, Error *error)
{
	Seen *seen = userdata;

	(void)error;
	assert_true(seen->count < SEEN_MAX);
	(void)snprintf(seen->paths[seen->count], PATH_MAX, "%s", entry->path);
	seen->entries[seen->count++] = *entry;
	return 0;
}

static int see_nothing(void *userdata, const ImageEntry *entry, Error *error)
{
	unsigned *sum = userdata;

	(void)error;
	for (size_t i = 0; i < entry->content.size; i++)
		*sum += entry->content.data[i];
	return 0;
}

static const ImageEntry *find(const Seen *seen, const char *path)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->paths[i], path) == 0)
			return &seen->entries[i];
	fail_msg("%s is missing", path);
	return NULL;
}

static void assert_content(const Stage *stage, const ImageEntry *entry, const void *content, size_t size)
{
	assert_int_equal(entry->size, size);
	assert_int_equal(entry->content.size, size);
	assert_memory_equal(entry->content.data, content, size);
	assert_memory_equal(stage->image.data + entry->offset, content, size);
}

static void assert_filled(const Stage *stage)
{
	static const char *const order[] = {
		"lib", "lib/big", "lib/deep", "lib/deep/small", "lib/gone", "lib-x", "link", "su", "su2"};
	Seen *seen = calloc(1, sizeof(*seen));
	Error error = ERROR_INIT;

	assert_non_null(seen);
	assert_done(image_walk(buffer_bytes(&stage->image), see, seen, &error), &error);
	assert_int_equal(seen->count, ARRAY_SIZE(order));
	for (size_t i = 0; i < seen->count; i++)
		assert_string_equal(seen->paths[i], order[i]);
	assert_content(stage, find(seen, "lib/big"), big, sizeof(big));
	assert_content(stage, find(seen, "lib/deep/small"), "hello", 5);
	assert_content(stage, find(seen, "link"), "lib/big", 7);
	assert_content(stage, find(seen, "su2"), "root", 4);
	assert_int_equal(find(seen, "lib-x")->size, 0);
	assert_int_equal(find(seen, "lib")->mode, S_IFDIR | 0755);
	assert_int_equal(find(seen, "su")->mode, S_IFREG | 04755);
	assert_int_equal(find(seen, "su")->uid, getuid());
	assert_int_equal(find(seen, "su")->inode, find(seen, "su2")->inode);
	assert_int_equal(find(seen, "lib/gone")->mode & S_IFMT, S_IFCHR);
	assert_int_equal(find(seen, "lib/gone")->rdev, 0);
	free(seen);
}

static void gives_every_entry_with_its_bytes_and_mode(void **state)
{
	Stage *stage = *state;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	assert_filled(stage);
}

static void understands_extended_inodes(void **state)
{
	Stage *stage = *state;

	fill(stage);
	make_image(stage, "-E", "noinline_data,force-inode-extended");
	assert_filled(stage);
}

static void steps_over_extended_attributes(void **state)
{
	char path[PATH_MAX];
	Stage *stage = *state;

	fill(stage);
	(void)snprintf(path, sizeof(path), "%s/link", stage->tree);
	if (lsetxattr(path, "trusted.suture", "some value", 10, 0) < 0)
		skip(); /* not root, or a file system without them */
	assert_int_equal(lsetxattr(stage->tree, "trusted.suture", "another", 7, 0), 0);
	make_image(stage, "-E", "noinline_data");
	assert_filled(stage);
}

static void understands_directories_of_many_blocks(void **state)
{
	Stage *stage = *state;
	Seen *seen = calloc(1, sizeof(*seen));
	Error error = ERROR_INIT;

	assert_non_null(seen);
	for (int i = 0; i < SEEN_MAX; i++) {
		char name[200];

		(void)snprintf(name, sizeof(name), "%03d%0150d", i, 0);
		put(stage, name, name, 3, 0644);
	}
	make_image(stage, "-E", "noinline_data");
	assert_done(image_walk(buffer_bytes(&stage->image), see, seen, &error), &error);
	assert_int_equal(seen->count, SEEN_MAX);
	for (size_t i = 0; i < seen->count; i++)
		assert_memory_equal(seen->paths[i], seen->entries[i].content.data, 3);
	free(seen);
}

static void takes_inline_files_but_refuses_split_ones(void **state)
{
	Stage *stage = *state;
	unsigned sum = 0;
	Error error = ERROR_INIT;

	put(stage, "small", "hello", 5, 0644);
	make_image(stage, "-x", "2");
	assert_done(image_walk(buffer_bytes(&stage->image), see_nothing, &sum, &error), &error);
	assert_int_equal(sum, 'h' + 'e' + 'l' + 'l' + 'o');
	put(stage, "split", big, sizeof(big), 0644);
	put(stage, "trailing", big, sizeof(big), 0644);
	make_image(stage, "-x", "2");
	assert_fails(image_walk(buffer_bytes(&stage->image), see_nothing, &sum, &error), &error,
		"not one contiguous run");
}

/* Over the staged tree, in a namespace that ends with this process. */
static bool mount_image(const Stage *stage)
{
	const char *argv[] = {"mount", "-t", "erofs", "-o", "ro,loop", stage->image_path, stage->tree, NULL};

	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       process_run(argv, 0, NULL, NULL) == 0;
}

static void agrees_with_the_kernel_about_inode_numbers(void **state)
{
	char path[PATH_MAX];
	Stage *stage = *state;
	Seen *seen = NULL;
	struct stat status;
	Error error = ERROR_INIT;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	if (!mount_image(stage))
		skip(); /* not root, or no EROFS */
	seen = calloc(1, sizeof(*seen));
	assert_non_null(seen);
	(void)snprintf(path, sizeof(path), "%s/lib/deep/small", stage->tree);
	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(umount2(stage->tree, MNT_DETACH), 0);
	assert_done(image_walk(buffer_bytes(&stage->image), see, seen, &error), &error);
	assert_int_equal(find(seen, "lib/deep/small")->inode, status.st_ino);
	free(seen);
}

/* The image's byte where the directory entry's name begins, by a name that occurs once. */
static uint8_t *locate_name(const Stage *stage, const char *name)
{
	uint8_t *at = memmem(stage->image.data, stage->image.size, name, strlen(name));

	assert_non_null(at);
	return at;
}

static void assert_walk_fails(const Stage *stage, const char *part)
{
	unsigned sum = 0;
	Error error = ERROR_INIT;

	assert_fails(image_walk(buffer_bytes(&stage->image), see_nothing, &sum, &error), &error, part);
}

static void refuses_names_that_would_escape(void **state)
{
	static const struct {
		char name[6];
		const char *sentence;
	} bad[] = {{"sl/sh", "impossible name"}, {"ze\0ro", "impossible name"}, {"es\x1b[m", "not a safe"}};
	Stage *stage = *state;
	uint8_t *at;

	put(stage, "hello", "x", 1, 0644);
	put(stage, "zzzzz", "x", 1, 0644);
	make_image(stage, "-E", "noinline_data");
	at = locate_name(stage, "hello");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(at, bad[i].name, 5);
		assert_walk_fails(stage, bad[i].sentence);
	}
}

static void refuses_names_out_of_order_or_twice(void **state)
{
	Stage *stage = *state;
	uint8_t *at;

	put(stage, "first", "x", 1, 0644);
	put(stage, "other", "x", 1, 0644);
	make_image(stage, "-E", "noinline_data");
	at = locate_name(stage, "other");
	memcpy(at, "first", 5);
	assert_walk_fails(stage, "not sorted");
	memcpy(at, "alpha", 5);
	assert_walk_fails(stage, "not sorted");
}

/* The entries of a root directory with one subdirectory "child": ".", "..", "child", 12 bytes each. */
static uint8_t *child_entry(const Stage *stage)
{
	return locate_name(stage, "...child") - 12;
}

static void refuses_a_directory_that_contains_itself(void **state)
{
	Stage *stage = *state;
	uint8_t *entry;

	put_directory(stage, "child");
	make_image(stage, "-E", "noinline_data");
	entry = child_entry(stage);
	memcpy(entry, entry - 24, 8);
	assert_walk_fails(stage, "contains itself");
}

static void refuses_a_directory_in_two_places(void **state)
{
	Stage *stage = *state;
	uint8_t *entry, *below;

	put_directory(stage, "child");
	put_directory(stage, "child/below");
	put_directory(stage, "child/below/end");
	make_image(stage, "-E", "noinline_data");
	entry = child_entry(stage);
	below = locate_name(stage, "...below") - 12;
	memcpy(entry, below, 8);
	assert_walk_fails(stage, "leads elsewhere");
}

static void refuses_an_entry_of_another_type(void **state)
{
	Stage *stage = *state;

	put_directory(stage, "child");
	make_image(stage, "-E", "noinline_data");
	child_entry(stage)[10] = 1;
	assert_walk_fails(stage, "another type");
}

static void refuses_an_inode_outside_the_image(void **state)
{
	Stage *stage = *state;

	put_directory(stage, "child");
	make_image(stage, "-E", "noinline_data");
	memset(child_entry(stage), 0xff, 8);
	assert_walk_fails(stage, "outside the image");
	memset(child_entry(stage), 0x00, 8);
	child_entry(stage)[2] = 0x10;
	assert_walk_fails(stage, "outside the image");
}

static void refuses_too_deep_a_tree(void **state)
{
	char path[2 * (IMAGE_DEPTH_MAX + 1) + 1] = "";
	Stage *stage = *state;
	unsigned sum = 0;
	Error error = ERROR_INIT;

	for (int i = 0; i < IMAGE_DEPTH_MAX; i++) {
		(void)strcat(path, i == 0 ? "d" : "/d");
		put_directory(stage, path);
	}
	make_image(stage, "-E", "noinline_data");
	assert_done(image_walk(buffer_bytes(&stage->image), see_nothing, &sum, &error), &error);
	(void)strcat(path, "/d");
	put_directory(stage, path);
	make_image(stage, "-E", "noinline_data");
	assert_walk_fails(stage, "nested deeper");
}

static void refuses_compressed_images(void **state)
{
	static char zeroes[1 << 16];
	Stage *stage = *state;

	put(stage, "zeroes", zeroes, sizeof(zeroes), 0644);
	make_image(stage, "-z", "lz4hc");
	assert_walk_fails(stage, "images of Suture do not");
}

static int stop(void *userdata, const ImageEntry *entry, Error *error)
{
	(void)userdata;
	(void)entry;
	return error_set(error, "enough");
}

static void stops_with_the_error_of_the_visitor(void **state)
{
	Stage *stage = *state;
	Error error = ERROR_INIT;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	assert_fails(image_walk(buffer_bytes(&stage->image), stop, NULL, &error), &error, "enough");
}

/* Walks the image with each byte of its metadata set to several values, each a different lie. */
static void survives_every_corrupted_byte(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0xff};
	Stage *stage = *state;
	unsigned sum = 0;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	for (size_t i = SUPERBLOCK_AT; i < IMAGE_BLOCK_SIZE; i++) {
		uint8_t saved = stage->image.data[i];

		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			stage->image.data[i] = values[j];
			(void)image_walk(buffer_bytes(&stage->image), see_nothing, &sum, NULL);
		}
		stage->image.data[i] = saved;
	}
	assert_filled(stage);
}

static void refuses_every_truncated_image(void **state)
{
	Stage *stage = *state;
	unsigned sum = 0;
	Error error = ERROR_INIT;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	for (size_t size = 0; size < stage->image.size; size += size < 2048 ? 1 : 512) {
		/* A copy of its own, for the sanitizer to see where it ends. */
		CLEANUP_FREE uint8_t *part = malloc(size + 1);

		memcpy(part, stage->image.data, size);
		assert_fails(image_walk((Bytes){part, size}, see_nothing, &sum, &error), &error, "image");
	}
}

static void verifies_an_image_by_size_digest_and_superblock(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Stage *stage = *state;
	Digest digest, other = {{0}};
	Error error = ERROR_INIT;
	size_t size;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	size = stage->image.size;
	assert_done(hash_bytes(buffer_bytes(&stage->image), &digest, &error), &error);
	fd = open(stage->image_path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_done(image_verify(fd, size, &digest, &error), &error);
	assert_fails(image_verify(fd, size - 1, &digest, &error), &error, "differs from its manifest: ");
	assert_fails(image_verify(fd, size + 1, &digest, &error), &error, "bytes instead of");
	assert_fails(image_verify(fd, size, &other, &error), &error, "instead of 00000000");
}

static void assert_refused_by_superblock(const Stage *stage, size_t size, const char *part)
{
	CLEANUP_CLOSE int fd = open(stage->image_path, O_RDWR | O_TRUNC | O_CLOEXEC);
	Bytes bytes = {stage->image.data, size};
	Digest digest;
	Error error = ERROR_INIT;

	assert_true(fd >= 0);
	assert_done(file_write_all(fd, bytes, "image", &error), &error);
	assert_done(hash_bytes(bytes, &digest, &error), &error);
	assert_fails(image_verify(fd, size, &digest, &error), &error, part);
}

static void refuses_to_verify_what_is_no_whole_erofs_image(void **state)
{
	Stage *stage = *state;

	fill(stage);
	make_image(stage, "-E", "noinline_data");
	assert_refused_by_superblock(stage, stage->image.size - IMAGE_BLOCK_SIZE, "its superblock counts");
	assert_refused_by_superblock(stage, 1000, "not an EROFS image");
	assert_refused_by_superblock(stage, 0, "not an EROFS image");
	stage->image.data[BLOCKS_AT + 3] = 0xff;
	assert_refused_by_superblock(stage, stage->image.size, "its superblock counts");
	stage->image.data[SUPERBLOCK_AT] ^= 1;
	assert_refused_by_superblock(stage, stage->image.size, "not an EROFS image");
}

#define image_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const char *const probe[] = {"mkfs.erofs", "--help", NULL};
	const struct CMUnitTest tests[] = {
		image_test(gives_every_entry_with_its_bytes_and_mode),
		image_test(understands_extended_inodes),
		image_test(steps_over_extended_attributes),
		image_test(understands_directories_of_many_blocks),
		image_test(takes_inline_files_but_refuses_split_ones),
		image_test(agrees_with_the_kernel_about_inode_numbers),
		image_test(refuses_names_that_would_escape),
		image_test(refuses_names_out_of_order_or_twice),
		image_test(refuses_a_directory_that_contains_itself),
		image_test(refuses_a_directory_in_two_places),
		image_test(refuses_an_entry_of_another_type),
		image_test(refuses_an_inode_outside_the_image),
		image_test(refuses_too_deep_a_tree),
		image_test(refuses_compressed_images),
		image_test(stops_with_the_error_of_the_visitor),
		image_test(survives_every_corrupted_byte),
		image_test(refuses_every_truncated_image),
		image_test(verifies_an_image_by_size_digest_and_superblock),
		image_test(refuses_to_verify_what_is_no_whole_erofs_image),
	};

	if (process_run(probe, 0, NULL, NULL) < 0)
		return 77; /* Meson's code for a skipped test: no mkfs.erofs */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
