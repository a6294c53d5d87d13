/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What stands between an image on the disk and those who read it: dm-verity where the kernel has it, else
 * fs-verity where the file system has it, else a look at all of it; as far as Integrity= takes that. Bytes
 * that turn out to be wrong are discarded, so that the next install or repair fetches them again: kept, they
 * would be refused for ever.
 */

#include "engine/context.h"
#include "engine/integrity.h"

/* The path to mount: a dm-verity device over the image, or the image itself. Owned by the caller. */
int guard_open(const Engine *engine, const Manifest *manifest, char **ret_path, Error *error);

/* Reads the image from the disk as /usr would, to its end. */
int guard_check(const Engine *engine, const Manifest *manifest, Error *error);

/* Has root/usr mounted an image that turned out to be wrong since, whatever is in its place on the disk by
 * now? It is to be mounted anew; then that is forgotten. Noted in run, which ends with the mount. */
bool guard_is_spoilt(const Engine *engine);
void guard_forget_spoilt(const Engine *engine);

/* Has the kernel met wrong bytes in this image since it was activated? Only root can tell. */
bool guard_is_corrupt(const Manifest *manifest);

/* What guards an image that is active. */
Protection guard_kind(const Engine *engine, const Manifest *manifest);

/* The image goes: so does its device, once nobody reads from it. Till then both keep their space. */
void guard_close(const Digest *image);

/* A device name that is the same for the same image, and short enough for device-mapper's 127 bytes. */
int guard_device_name(const Manifest *manifest, char **ret, Error *error);
