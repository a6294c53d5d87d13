/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/rollout.h"

#include <stdbool.h>
#include <string.h>

enum { PLACE_BITS = 64, SECONDS_PER_HOUR = 60 * 60, PERCENT_ALL = 100 };

/* A place times the longest spread, in seconds, has 87 bits. */
typedef unsigned __int128 Wide;

int rollout_place(const Digest *device, const Digest *image, uint64_t *ret, Error *error)
{
	static const char purpose[] = "suture-rollout-1"; /* with its zero byte */
	uint8_t text[sizeof(purpose) + 2 * DIGEST_SIZE];
	Digest drawn;

	memcpy(text, purpose, sizeof(purpose));
	memcpy(text + sizeof(purpose), device->bytes, DIGEST_SIZE);
	memcpy(text + sizeof(purpose) + DIGEST_SIZE, image->bytes, DIGEST_SIZE);
	if (hash_bytes((Bytes){text, sizeof(text)}, &drawn, error) < 0)
		return -1;
	*ret = load_u64(drawn.bytes);
	return 0;
}

static bool is_below_percent(uint64_t place, unsigned percent)
{
	return (Wide)place * PERCENT_ALL < (Wide)percent << PLACE_BITS;
}

/* The second at which the share reaches beyond the place: the first after which place < elapsed / whole. */
static int64_t turn_comes(const ManifestRollout *rollout, uint64_t place)
{
	Wide whole = (Wide)rollout->hours * SECONDS_PER_HOUR;

	if (whole == 0)
		return rollout->start;
	return rollout->start + (int64_t)((place * whole >> PLACE_BITS) + 1);
}

RolloutTurn rollout_turn(const ManifestRollout *rollout, uint64_t place, int64_t now, int64_t *ret_when)
{
	int64_t when;

	if (rollout->urgent)
		return ROLLOUT_NOW;
	if (!is_below_percent(place, rollout->percent))
		return ROLLOUT_HELD;
	when = turn_comes(rollout, place);
	if (when <= now)
		return ROLLOUT_NOW;
	*ret_when = when;
	return ROLLOUT_LATER;
}
