/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/fixture.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/manifest/letter.h"

int fixture_set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || file_temporary_directory("suture-engine", &fixture->path, &fixture->error) < 0)
		return -1;
	*state = fixture;
	return store_open(fixture->path, true, &fixture->store, &fixture->error);
}

int fixture_tear_down(void **state)
{
	Fixture *fixture = *state;

	(void)store_free(fixture->store);
	(void)file_remove_tree(AT_FDCWD, fixture->path, NULL);
	free(fixture->path);
	free(fixture);
	return 0;
}

static char *copy(const char *text)
{
	char *copied = NULL;

	assert_int_equal(text_copy(text, &copied, NULL), 0);
	return copied;
}

static void *one(size_t size)
{
	void *memory = calloc(1, size);

	assert_non_null(memory);
	return memory;
}

static void fill(Manifest *manifest, const char *component, unsigned sequence)
{
	char letter[LETTER_SIZE];
	char *path = NULL;

	manifest->component = copy(component);
	manifest->sequence = sequence;
	manifest->released = 1700000000;
	manifest->os = (ManifestOs){copy("debian"), copy("12"), NULL, copy("x86_64")};
	manifest->base_version = copy("1.0-1");
	manifest->fixed_version = copy("1.0-2");
	manifest->base_files = one(sizeof(*manifest->base_files));
	manifest->n_base_files = 1;
	assert_int_equal(text_format(&manifest->base_files[0].path, NULL, "usr/lib/%s.so.1", component), 0);
	manifest->base_files[0].size = 1;
	manifest->files = one(sizeof(*manifest->files));
	manifest->n_files = 1;
	manifest->files[0] =
		(ManifestFile){.path = copy(manifest->base_files[0].path), .mode = 0644, .size = 2};
	manifest->image_size = 8192;
	manifest->image_digest.bytes[0] = (uint8_t)sequence;
	(void)snprintf((char *)manifest->image_digest.bytes + 1, DIGEST_SIZE - 1, "%s", component);
	manifest->downloads = one(sizeof(*manifest->downloads));
	manifest->n_downloads = 1;
	assert_int_equal(text_format(&path, NULL, "debian/12/x86_64/%s/1.0-1/%s/image.zst", component,
				 letter_from_sequence(sequence, letter)),
		0);
	manifest->downloads[0] = (ManifestDownload){.kind = MANIFEST_FULL, .path = path, .size = 100};
}

Digest fixture_manifest(Fixture *fixture, const char *component, unsigned sequence)
{
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Digest digest;

	assert_done(manifest_new(&manifest, &fixture->error), &fixture->error);
	fill(manifest, component, sequence);
	assert_done(manifest_write(manifest, &text, &fixture->error), &fixture->error);
	assert_done(hash_bytes(buffer_bytes(&text), &digest, &fixture->error), &fixture->error);
	assert_done(
		store_put_blob(fixture->store, STORE_MANIFEST, &digest, buffer_bytes(&text), &fixture->error),
		&fixture->error);
	return digest;
}
