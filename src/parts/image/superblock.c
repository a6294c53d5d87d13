/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/superblock.h"

#include "parts/image/image.h"

enum {
	OFFSET = 1024,
	MAGIC_AT = OFFSET,
	BLOCK_BITS_AT = OFFSET + 12,
	ROOT_AT = OFFSET + 14,
	BLOCKS_AT = OFFSET + 36,
	INODES_BLOCK_AT = OFFSET + 40,
	INCOMPATIBLE_AT = OFFSET + 80,
	EXTRA_DEVICES_AT = OFFSET + 86,
};

static const uint32_t magic = 0xe0f5e1e2;
static const uint8_t block_bits = 12;
/* "LZ4 data is padded at its front" says nothing about an image without compressed data. */
static const uint32_t harmless_features = 1;

int superblock_read(Bytes image, uint64_t size, Superblock *ret, Error *error)
{
	uint32_t features;
	uint64_t counted;

	if (image.size < SUPERBLOCK_END || load_u32(image.data + MAGIC_AT) != magic)
		return error_set(error, "is not an EROFS image");
	if (image.data[BLOCK_BITS_AT] != block_bits)
		return error_set(error, "is an EROFS image with blocks of 2^%u bytes instead of %d",
			image.data[BLOCK_BITS_AT], IMAGE_BLOCK_SIZE);
	features = load_u32(image.data + INCOMPATIBLE_AT) & ~harmless_features;
	if (features != 0 || load_u16(image.data + EXTRA_DEVICES_AT) != 0)
		return error_set(error,
			"uses EROFS features (0x%x) that images of Suture do not have, such as compression",
			features);
	counted = (uint64_t)load_u32(image.data + BLOCKS_AT) * IMAGE_BLOCK_SIZE;
	if (counted < SUPERBLOCK_END || counted > size)
		return error_set(error, "has %llu bytes, but its superblock counts %llu",
			(unsigned long long)size, (unsigned long long)counted);
	*ret = (Superblock){
		.image = {image.data, image.size < counted ? image.size : (size_t)counted},
		.inodes_at = (uint64_t)load_u32(image.data + INODES_BLOCK_AT) * IMAGE_BLOCK_SIZE,
		.root = load_u16(image.data + ROOT_AT),
	};
	return 0;
}
