/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a release engineer, or a machine, gets to read about a release.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/manifest/letter.h"
#include "programs/publisher/layout.h"
#include "programs/publisher/release.h"
#include "programs/publisher/rollout-options.h"

static const char *verb(const Change *change)
{
	return !change->base ? "added" : change->fixed ? "replaced" : "removed";
}

/* "1,234 bytes (was 1,200 bytes)", "-> libfoo.so.2", "directory, mode 0755" */
static void print_details(const Change *change)
{
	const PackageEntry *entry = change->fixed ? change->fixed : change->base;
	const PackageEntry *base = change->base;
	char size[TEXT_SIZE_MAX];

	if (entry->type == PACKAGE_SYMLINK) {
		CLEANUP_FREE char *target = strdup(entry->target);

		if (target) {
			text_make_printable(target);
			printf("-> %s", target);
		}
	} else if (entry->type == PACKAGE_DIRECTORY) {
		printf("directory, mode %04o", entry->mode);
	} else {
		printf("%s", text_size(entry->size, size));
		if (change->fixed && base && base->type == PACKAGE_FILE && base->size != entry->size)
			printf(" (was %s)", text_size(base->size, size));
		if (change->fixed && base && base->mode != entry->mode)
			printf(", mode %04o (was %04o)", entry->mode, base->mode);
	}
}

static void print_changes(const Release *release)
{
	size_t width = 0;

	for (size_t i = 0; i < release->changes.n_items; i++) {
		size_t length = strlen(change_path(&release->changes.items[i]));

		width = length > width && length <= 64 ? length : width;
	}
	for (size_t i = 0; i < release->changes.n_items; i++) {
		const Change *change = &release->changes.items[i];

		printf("  %-8s  %-*s  ", verb(change), (int)width, change_path(change));
		print_details(change);
		printf("\n");
	}
}

static void print_size(const Release *release, const char *what, uint64_t size)
{
	char text[TEXT_SIZE_MAX];

	printf("  %-16s %16s", what, text_size(size, text));
	if (release->package_size > 0)
		printf("  %6.1f %% of the packages", 100.0 * (double)size / (double)release->package_size);
	printf("\n");
}

static void print_sizes(const Release *release)
{
	char text[TEXT_SIZE_MAX], what[32];

	if (release->package_size > 0)
		printf("  %-16s %16s\n", "fixed packages", text_size(release->package_size, text));
	print_size(release, "image", release->manifest->image_size);
	print_size(release, "image.zst", release->full.size);
	for (size_t i = 0; i < release->n_deltas; i++) {
		(void)snprintf(what, sizeof(what), "delta from %s", release->delta_from[i]);
		print_size(release, what, release->deltas[i].size);
	}
}

static void print_head(const Release *release, const char *title)
{
	const Manifest *manifest = release->manifest;
	char rollout[ROLLOUT_TEXT_SIZE];

	printf("%s for %s %s on %s\n", title, manifest->os.id, manifest->os.version_id,
		manifest->os.architecture);
	printf("  brings %s to %s\n", manifest->component, manifest->fixed_version);
	for (size_t i = 0; i < manifest->n_advisories; i++) {
		const ManifestAdvisory *advisory = &manifest->advisories[i];

		bool rated = strcmp(advisory->severity, "unknown") != 0;

		printf("  fixes %s%s%s%s%s%s\n", advisory->id, rated ? " (" : "",
			rated ? advisory->severity : "", rated ? ")" : "", *advisory->summary ? ": " : "",
			advisory->summary);
	}
	if (rollout_is_limited(&manifest->rollout) || manifest->rollout.urgent)
		printf("  %s\n", rollout_to_text(&manifest->rollout, rollout));
}

int release_print(const Release *release, Error *error)
{
	const Manifest *manifest = release->manifest;
	CLEANUP_FREE char *title = NULL, *path = NULL;

	if (manifest_title(manifest, &title, error) < 0 ||
		layout_file(manifest, manifest->sequence, "", &path, error) < 0)
		return -1;
	print_head(release, title);
	printf("\n");
	print_changes(release);
	printf("\n");
	print_sizes(release);
	if (release->changes.n_warnings > 0)
		printf("\n");
	for (size_t i = 0; i < release->changes.n_warnings; i++)
		printf("  warning: %s\n", release->changes.warnings[i]);
	if (release->settings->dry_run)
		printf("\nNothing was published (--dry-run).\n");
	else if (release->is_draft)
		printf("\n");
	else
		printf("\nPublished: %s/targets/%s\n", release->settings->repository, path);
	return 0;
}

static int add_change(json_t *array, const Change *change, Error *error)
{
	json_t *object = json_object();

	if (json_add(array, object, error) < 0 ||
		json_put_text(object, "path", change_path(change), error) < 0 ||
		json_put_text(object, "change", verb(change), error) < 0)
		return -1;
	if (change->base && json_put_integer(object, "base_size", (int64_t)change->base->size, error) < 0)
		return -1;
	return change->fixed ? json_put_integer(object, "size", (int64_t)change->fixed->size, error) : 0;
}

static int put_changes(json_t *document, const Release *release, Error *error)
{
	json_t *changes = json_array(), *warnings = json_array();

	if (json_put(document, "changes", changes, error) < 0)
		return -1;
	for (size_t i = 0; i < release->changes.n_items; i++)
		if (add_change(changes, &release->changes.items[i], error) < 0)
			return -1;
	if (json_put(document, "warnings", warnings, error) < 0)
		return -1;
	for (size_t i = 0; i < release->changes.n_warnings; i++)
		if (json_add(warnings, json_string(release->changes.warnings[i]), error) < 0)
			return -1;
	return 0;
}

static int put_deltas(json_t *document, const Release *release, Error *error)
{
	json_t *deltas = json_object();

	if (json_put(document, "delta_sizes", deltas, error) < 0)
		return -1;
	for (size_t i = 0; i < release->n_deltas; i++)
		if (json_put_integer(
			    deltas, release->delta_from[i], (int64_t)release->deltas[i].size, error) < 0)
			return -1;
	return 0;
}

static int put_head(json_t *document, const Release *release, Error *error)
{
	const Manifest *manifest = release->manifest;
	CLEANUP_FREE char *path = NULL;
	char letter[LETTER_SIZE];

	if (layout_file(manifest, manifest->sequence, "manifest.json", &path, error) < 0 ||
		json_put_text(document, "component", manifest->component, error) < 0 ||
		json_put_text(document, "base_version", manifest->base_version, error) < 0 ||
		json_put_text(document, "fixed_version", manifest->fixed_version, error) < 0 ||
		json_put_integer(document, "sequence", manifest->sequence, error) < 0 ||
		json_put_text(document, "letter", letter_from_sequence(manifest->sequence, letter), error) <
			0 ||
		json_put_time(document, "released", manifest->released, error) < 0)
		return -1;
	return json_put_text(document, "manifest", path, error);
}

int release_print_json(const Release *release, Error *error)
{
	const Manifest *manifest = release->manifest;
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	bool published = !release->settings->dry_run && !release->is_draft && release->document.size > 0;

	if (!document)
		return error_memory(error);
	if (json_put_text(document, "format", "suture-release-1", error) < 0 ||
		put_head(document, release, error) < 0 ||
		json_put(document, "published", json_boolean(published), error) < 0 ||
		put_changes(document, release, error) < 0)
		return -1;
	if (release->document.size > 0 &&
		(json_put_integer(document, "image_size", (int64_t)manifest->image_size, error) < 0 ||
			json_put_digest(document, "image_sha256", &manifest->image_digest, error) < 0 ||
			json_put_integer(document, "full_size", (int64_t)release->full.size, error) < 0 ||
			json_put_integer(document, "packages_size", (int64_t)release->package_size, error) <
				0 ||
			put_deltas(document, release, error) < 0))
		return -1;
	if (json_write(document, &text, error) < 0)
		return -1;
	(void)fwrite(text.data, 1, text.size, stdout);
	return 0;
}
