/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An improvement's manifest: what it fixes, on which exact base, which bytes it brings and how they travel.
 * The format with every field is docs/formats/manifest.md. Parsing is pure: bytes in, an object or an error
 * out; whatever a Manifest holds has been checked (paths are safe, names are names, sequence and letter
 * agree, sizes are within bounds, no path twice).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

enum {
	MANIFEST_SIZE_MAX = 16 * 1024 * 1024, /* bytes of the JSON document */
	MANIFEST_FILES_MAX = 65536,           /* entries in files, and in base files */
	MANIFEST_NAME_MAX = 128,              /* component, version, OS fields */
};

static const uint64_t MANIFEST_IMAGE_MAX = 4ull << 30; /* bytes */

/* A regular file of the base, as it must be on the device. */
typedef struct ManifestBaseFile {
	char *path; /* relative to the root: "usr/lib/…" */
	uint64_t size;
	Digest digest;
} ManifestBaseFile;

typedef enum ManifestFileType {
	MANIFEST_REGULAR,
	MANIFEST_SYMLINK,
	MANIFEST_DIRECTORY,
	MANIFEST_REMOVED, /* a whiteout in the image */
} ManifestFileType;

/* One path that the improvement replaces, adds or removes. */
typedef struct ManifestFile {
	char *path;
	ManifestFileType type;
	uint32_t mode; /* permission bits with setuid, setgid and sticky; 0 when removed */
	uint32_t uid, gid;
	uint64_t size; /* regular */
	Digest digest; /* regular */
	char *target;  /* symlink, else NULL */
} ManifestFile;

typedef struct ManifestAdvisory {
	char *id;        /* "CVE-2026-1234" */
	char *summary;   /* may be empty */
	char *severity;  /* "low", "medium", "high", "critical" or "unknown" */
	char *component; /* what the flaw is in; often the component itself */
	char *kind;      /* kind of fix: "security" */
} ManifestAdvisory;

typedef enum ManifestDownloadKind { MANIFEST_DELTA, MANIFEST_FULL } ManifestDownloadKind;

typedef struct ManifestDownload {
	ManifestDownloadKind kind; /* a delta, or the whole image compressed with zstd */
	char *from;                /* delta: "base" or a letter; full: NULL */
	char *path;                /* target path in the repository */
	uint64_t size;
	Digest digest;
} ManifestDownload;

typedef struct ManifestOs {
	char *id;            /* os-release ID */
	char *version_id;    /* os-release VERSION_ID; "rolling" where there is none */
	char *image_version; /* os-release IMAGE_VERSION, NULL: any */
	char *architecture;  /* of the kernel: "x86_64", "aarch64" (uname -m) */
} ManifestOs;

/* Who takes it when, of the devices that update by themselves. */
typedef struct ManifestRollout {
	int64_t start;    /* seconds since 1970: nobody before */
	uint32_t hours;   /* from then on, evenly, over so many hours; 0: everybody at once */
	unsigned percent; /* and no more of them than these */
	bool urgent;      /* everybody at once, whatever the others say */
} ManifestRollout;

typedef struct Manifest {
	char *component;
	unsigned sequence; /* 1 = (a) */
	int64_t released;  /* seconds since 1970 */
	ManifestOs os;
	char *base_version; /* "2.9.14+dfsg-1.3~deb12u4" */
	char *fixed_version;
	ManifestBaseFile *base_files; /* sorted by path */
	size_t n_base_files;
	ManifestFile *files; /* sorted by path */
	size_t n_files;
	ManifestAdvisory *advisories;
	size_t n_advisories;
	uint64_t image_size;
	Digest image_digest;
	Digest verity_root; /* dm-verity, SHA-256, 4096-byte blocks, no superblock */
	uint8_t verity_salt[32];
	Digest fsverity; /* fs-verity measurement: SHA-256, 4096-byte blocks, no salt */
	ManifestDownload *downloads;
	size_t n_downloads;
	unsigned *withdrawn; /* sequences of this series that must not be active any more */
	size_t n_withdrawn;
	ManifestRollout rollout;
} Manifest;

int manifest_parse(Bytes json, Manifest **ret, Error *error);

/* Puts base files, files and withdrawn sequences into the order that everything below expects.
 * manifest_parse() does it itself. */
void manifest_sort(Manifest *manifest);

/* The document for a (sorted) manifest; the same manifest gives the same bytes. Checks what manifest_parse()
 * checks, so that nothing is published that a device would refuse. */
int manifest_write(const Manifest *manifest, Buffer *ret, Error *error);

Manifest *manifest_free(Manifest *manifest);
DEFINE_CLEANUP(Manifest *, manifest_free);

/* An empty manifest to fill, which goes to everybody; all strings in it are then owned by it. */
int manifest_new(Manifest **ret, Error *error);

/* The entry for path, or NULL. */
const ManifestFile *manifest_find_file(const Manifest *manifest, const char *path);
const ManifestBaseFile *manifest_find_base_file(const Manifest *manifest, const char *path);
bool manifest_is_withdrawn(const Manifest *manifest, unsigned sequence);

/* "libxml2 2.9.14+dfsg-1.3~deb12u4 (a)", for people. The caller frees it. */
int manifest_title(const Manifest *manifest, char **ret, Error *error);
