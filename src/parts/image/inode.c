/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/inode.h"

#include <sys/stat.h>

#include "parts/image/image.h"

enum { SLOT_SIZE = 32, COMPACT_SIZE = 32, EXTENDED_SIZE = 64 };

/* Bit 0 of the format: extended; bits 1 to 3: where the content is. */
enum { FORMAT_EXTENDED = 1, LAYOUT_PLAIN = 0, LAYOUT_INLINE = 2 };

/* Extended attributes: a header of 12 bytes that the count includes as one, then 4 bytes for each more. */
static uint64_t attributes_size(uint16_t count)
{
	return count == 0 ? 0 : 12 + 4 * (uint64_t)(count - 1);
}

static bool is_known_type(mode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) || S_ISBLK(mode) ||
	       S_ISFIFO(mode) || S_ISSOCK(mode);
}

static bool has_content(mode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

static void load_compact(const uint8_t *at, Inode *inode)
{
	inode->size = load_u32(at + 8);
	inode->uid = load_u16(at + 24);
	inode->gid = load_u16(at + 26);
}

static void load_extended(const uint8_t *at, Inode *inode)
{
	inode->size = load_u64(at + 8);
	inode->uid = load_u32(at + 24);
	inode->gid = load_u32(at + 28);
}

/* Offset of the inode's slot, when at least `size` bytes of the image follow. */
static int locate(const Superblock *superblock, uint64_t number, uint64_t size, uint64_t *ret, Error *error)
{
	uint64_t at;

	if (__builtin_mul_overflow(number, SLOT_SIZE, &at) ||
		__builtin_add_overflow(at, superblock->inodes_at, &at) ||
		!range_within(at, size, superblock->image.size))
		return error_set(error, "inode %llu lies outside the image", (unsigned long long)number);
	*ret = at;
	return 0;
}

static int check(const Inode *inode, unsigned format, Error *error)
{
	unsigned layout = format >> 1;

	if (!is_known_type(inode->mode))
		return error_set(error, "inode %llu has the unknown type 0%o",
			(unsigned long long)inode->number, inode->mode & S_IFMT);
	if (layout != LAYOUT_PLAIN && layout != LAYOUT_INLINE)
		return error_set(error, "inode %llu has the layout %u, which images of Suture do not use",
			(unsigned long long)inode->number, layout);
	if (!has_content(inode->mode) && inode->size != 0)
		return error_set(
			error, "inode %llu is special but has content", (unsigned long long)inode->number);
	return 0;
}

int inode_read(const Superblock *superblock, uint64_t number, Inode *ret, Error *error)
{
	Inode inode = {.number = number};
	const uint8_t *at;
	uint64_t offset = 0;
	uint32_t place;
	unsigned format;

	if (locate(superblock, number, COMPACT_SIZE, &offset, error) < 0)
		return -1;
	at = superblock->image.data + offset;
	format = load_u16(at);
	if (format & FORMAT_EXTENDED && locate(superblock, number, EXTENDED_SIZE, &offset, error) < 0)
		return -1;
	inode.mode = load_u16(at + 4);
	if (format & FORMAT_EXTENDED)
		load_extended(at, &inode);
	else
		load_compact(at, &inode);
	if (check(&inode, format, error) < 0)
		return -1;
	place = load_u32(at + 16);
	inode.rdev = has_content(inode.mode) ? 0 : place;
	inode.blocks_at = (uint64_t)place * IMAGE_BLOCK_SIZE;
	inode.inline_tail = format >> 1 == LAYOUT_INLINE;
	inode.tail_at = offset + (format & FORMAT_EXTENDED ? EXTENDED_SIZE : COMPACT_SIZE) +
			attributes_size(load_u16(at + 2));
	*ret = inode;
	return 0;
}

/* Where the inline tail begins; like the kernel, refuses one that crosses a block. */
static int find_tail(const Inode *inode, uint64_t length, uint64_t *ret, Error *error)
{
	if (inode->tail_at % IMAGE_BLOCK_SIZE + length > IMAGE_BLOCK_SIZE)
		return error_set(error, "the inline data of inode %llu crosses a block",
			(unsigned long long)inode->number);
	*ret = inode->tail_at;
	return 0;
}

static int take(const Superblock *superblock, const Inode *inode, uint64_t offset, uint64_t length,
	Bytes *ret, Error *error)
{
	if (!range_within(offset, length, superblock->image.size))
		return error_set(error, "the content of inode %llu lies outside the image",
			(unsigned long long)inode->number);
	*ret = (Bytes){superblock->image.data + offset, (size_t)length};
	return 0;
}

int inode_block(const Superblock *superblock, const Inode *inode, uint64_t index, Bytes *ret, Error *error)
{
	uint64_t begin = index * IMAGE_BLOCK_SIZE; /* within size, so it cannot wrap */
	uint64_t left = inode->size - begin;
	uint64_t length = left < IMAGE_BLOCK_SIZE ? left : IMAGE_BLOCK_SIZE;
	uint64_t offset;

	if (__builtin_add_overflow(inode->blocks_at, begin, &offset))
		return error_set(error, "inode %llu is too large", (unsigned long long)inode->number);
	if (inode->inline_tail && length < IMAGE_BLOCK_SIZE && find_tail(inode, length, &offset, error) < 0)
		return -1;
	return take(superblock, inode, offset, length, ret, error);
}

int inode_content(
	const Superblock *superblock, const Inode *inode, Bytes *ret, uint64_t *ret_offset, Error *error)
{
	uint64_t tail = inode->inline_tail ? inode->size % IMAGE_BLOCK_SIZE : 0;
	uint64_t whole = inode->size - tail;
	uint64_t offset = inode->size > 0 ? inode->blocks_at : 0; /* nothing has no place */

	if (tail > 0) {
		uint64_t tail_at = 0;

		if (find_tail(inode, tail, &tail_at, error) < 0)
			return -1;
		if (whole > tail_at || (whole > 0 && offset != tail_at - whole))
			return error_set(error, "the content of inode %llu is not one contiguous run",
				(unsigned long long)inode->number);
		offset = tail_at - whole;
	}
	if (take(superblock, inode, offset, inode->size, ret, error) < 0)
		return -1;
	*ret_offset = offset;
	return 0;
}
