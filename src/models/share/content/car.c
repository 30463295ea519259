/* CAR v1, both ways; see car.h. Each section is its length as a varint, a CID, and the block. */
#include "models/share/content/car.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "base/protobuf.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- writing ---------------------------------------------------------------------------------- */

/* In DAG-CBOR, {"roots": [CID], "version": 1}. A CID is tag 42 of a zero and its bytes. */
static const unsigned char before_root[] = {
    0xa2, 0x65, 'r', 'o', 'o', 't', 's', 0x81, 0xd8, 42, 0x58, 1 + WI_CID_BYTES, 0};
static const unsigned char behind_root[] = {0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 1};

void wi_car_begin(struct wi_buffer *out, const struct wi_cid *root)
{
    unsigned char length[WI_VARINT_MAX], cid[WI_CID_BYTES];
    size_t size = wi_varint_write(sizeof before_root + sizeof cid + sizeof behind_root, length);
    wi_cid_write(root, cid);
    wi_buffer_add(out, length, size);
    wi_buffer_add(out, before_root, sizeof before_root);
    wi_buffer_add(out, cid, sizeof cid);
    wi_buffer_add(out, behind_root, sizeof behind_root);
}

size_t wi_car_section(const struct wi_cid *cid, size_t size, unsigned char head[WI_CAR_HEAD_MAX])
{
    size_t length = wi_varint_write(WI_CID_BYTES + size, head);
    wi_cid_write(cid, head + length);
    return length + WI_CID_BYTES;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The most bytes of the file's head that are read; with one root it has 58. */
#define HEAD_MAX 4096u
/* The most bytes before a block: its length and the longest CID, an identity. */
#define SECTION_HEAD_MAX (WI_VARINT_MAX + 8 + WI_CID_IDENTITY_MAX)

/* A block in the index. */
struct item {
    unsigned char hash[WI_HASH_SIZE];
    uint64_t at;
    uint32_t size;
    uint32_t codec;
};

struct wi_car_file {
    int fd; /* borrowed */
    uint64_t size;
    struct wi_cid root;
    struct item *items; /* sorted once all is read */
    size_t count;
    struct wi_protobuf input; /* over `head` */
    unsigned char head[HEAD_MAX];
    unsigned char *block; /* the one that is hashed */
    size_t room;          /* bytes that it may have */
};

/* The problem of the byte at `at`. */
#define car_fail(error, at, format, ...)                                                           \
    wi_error_set(                                                                                  \
        error, WI_HUB_FAILED, "", "at byte %" PRIu64 ": " format, (uint64_t)(at), ##__VA_ARGS__)

/* The bytes at `at`, which are there by the file's size. */
static enum wi_code read_at(const struct wi_car_file *car, uint64_t at, unsigned char *bytes,
    size_t size, struct wi_error *error)
{
    ssize_t got = wi_read_all(car->fd, bytes, size, at);
    if (got == (ssize_t)size)
        return WI_OK;
    return wi_error_set(error, WI_STORAGE_FAILED, "", "at byte %" PRIu64 ": %s",
        at + (got > 0 ? (uint64_t)got : 0),
        got < 0 ? strerror(errno) : "the file has become shorter");
}

/* Reads a length at `at` and the bytes after it into `head`, at most `max` bytes together and no
 * more than the file has. `*begin`: the offset in `head` of the content that has the length. */
static enum wi_code read_length(struct wi_car_file *car, uint64_t at, size_t max, size_t *begin,
    uint64_t *length, struct wi_error *error)
{
    struct wi_protobuf_range range = {0};
    uint64_t left = car->size - at;
    size_t size = left < max ? (size_t)left : max;
    enum wi_code code = read_at(car, at, car->head, size, error);
    if (code != WI_OK)
        return code;
    car->input.bytes = car->head;
    car->input.size = range.end = size;
    if (wi_protobuf_varint(&car->input, &range, length) < 0)
        return car_fail(error, at,
            "there is no length; a CAR is a head and sections, each of them "
            "with its length before it");
    *begin = (size_t)range.at;
    if (*length > left - range.at)
        return car_fail(error, at,
            "it is cut, or a length is wrong: %" PRIu64 " bytes should follow, and %" PRIu64 " do",
            *length, left - range.at);
    return WI_OK;
}

/* --- the head --------------------------------------------------------------------------------- */

/* DAG-CBOR that is read item by item. */
struct cbor {
    const unsigned char *bytes;
    size_t at, size;
    uint64_t begin; /* of `bytes` in the file */
};

enum { CBOR_NUMBER = 0, CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_LIST = 4, CBOR_MAP = 5, CBOR_TAG = 6 };

/* The number of an item of this kind. 0, or -1 where none is. */
static int cbor_take(struct cbor *cbor, unsigned kind, uint64_t *value)
{
    if (cbor->at == cbor->size || cbor->bytes[cbor->at] >> 5 != kind)
        return -1;
    unsigned detail = cbor->bytes[cbor->at++] & 0x1f;
    *value = detail;
    if (detail < 24)
        return 0;
    size_t size = (size_t)1 << (detail - 24);
    if (detail > 27 || cbor->size - cbor->at < size)
        return -1;
    *value = 0;
    while (size-- > 0)
        *value = *value << 8 | cbor->bytes[cbor->at++];
    return 0;
}

/* Text or bytes. */
static int take_string(struct cbor *cbor, unsigned kind, const unsigned char **string, size_t *size)
{
    uint64_t length;
    if (cbor_take(cbor, kind, &length) < 0 || length > cbor->size - cbor->at)
        return -1;
    *string = cbor->bytes + cbor->at;
    *size = (size_t)length;
    cbor->at += *size;
    return 0;
}

static enum wi_code fail_head(const struct cbor *cbor, struct wi_error *error)
{
    return car_fail(error, cbor->begin + cbor->at, "the head is not that of a CAR");
}

/* A CID is tag 42 of a zero and its bytes. */
static enum wi_code take_roots(struct cbor *cbor, struct wi_cid *root, struct wi_error *error)
{
    const unsigned char *bytes;
    struct wi_cid_read read;
    uint64_t count, tag, at = cbor->begin + cbor->at;
    size_t size;
    if (cbor_take(cbor, CBOR_LIST, &count) < 0)
        return fail_head(cbor, error);
    if (count != 1)
        return car_fail(error, at, "it has %" PRIu64 " roots; a CAR of one root is read", count);
    at = cbor->begin + cbor->at;
    if (cbor_take(cbor, CBOR_TAG, &tag) < 0 || tag != 42 ||
        take_string(cbor, CBOR_BYTES, &bytes, &size) < 0 || size == 0 || *bytes != 0)
        return fail_head(cbor, error);
    if (wi_cid_read(bytes + 1, size - 1, &read) < 0 || read.size != size - 1 || read.identity)
        return car_fail(
            error, at, "the root's CID is not one of codec raw or dag-pb and hash sha2-256");
    *root = read.cid;
    return WI_OK;
}

static enum wi_code take_version(struct cbor *cbor, struct wi_error *error)
{
    uint64_t version, at = cbor->begin + cbor->at;
    if (cbor_take(cbor, CBOR_NUMBER, &version) < 0)
        return fail_head(cbor, error);
    return version == 1 ? WI_OK
                        : car_fail(error, at,
                              "it is a CAR of version %" PRIu64 "; version 1 is read", version);
}

static int string_is(const unsigned char *text, size_t size, const char *expected)
{
    return size == strlen(expected) && memcmp(text, expected, size) == 0;
}

/* A map of "roots" and "version", in any order. Version 2 has only "version". */
static enum wi_code take_head(struct cbor *cbor, struct wi_cid *root, struct wi_error *error)
{
    int has_root = 0, has_version = 0;
    const unsigned char *key;
    enum wi_code code = WI_OK;
    uint64_t pairs;
    size_t size;
    if (cbor_take(cbor, CBOR_MAP, &pairs) < 0)
        return fail_head(cbor, error);
    for (; pairs > 0 && code == WI_OK; pairs--) {
        if (take_string(cbor, CBOR_TEXT, &key, &size) < 0)
            return fail_head(cbor, error);
        if (string_is(key, size, "roots") && !has_root++)
            code = take_roots(cbor, root, error);
        else if (string_is(key, size, "version") && !has_version++)
            code = take_version(cbor, error);
        else
            return fail_head(cbor, error);
    }
    if (code == WI_OK && (!has_root || !has_version || cbor->at != cbor->size))
        return fail_head(cbor, error);
    return code;
}

/* `*at`: where the first section begins. */
static enum wi_code car_read_head(struct wi_car_file *car, uint64_t *at, struct wi_error *error)
{
    uint64_t length;
    size_t begin;
    if (car->size == 0)
        return car_fail(error, 0, "it is empty");
    enum wi_code code = read_length(car, 0, HEAD_MAX, &begin, &length, error);
    if (code != WI_OK)
        return code;
    size_t there = HEAD_MAX - begin;
    struct cbor cbor = {.bytes = car->head + begin,
        .size = length < there ? (size_t)length : there,
        .begin = begin};
    *at = begin + length;
    return take_head(&cbor, &car->root, error);
}

/* --- sections --------------------------------------------------------------------------------- */

static enum wi_code car_add(struct wi_car_file *car, const struct wi_cid *cid, uint64_t at,
    uint32_t size, struct wi_error *error)
{
    if (car->count == WI_CAR_BLOCKS_MAX)
        return car_fail(
            error, at, "it has more than %u blocks, which is more than is read", WI_CAR_BLOCKS_MAX);
    struct item *item = WI_APPEND(car->items, car->count);
    *item = (struct item){.at = at, .size = size, .codec = cid->codec};
    memcpy(item->hash, cid->hash, WI_HASH_SIZE);
    return WI_OK;
}

/* Whether the block has the CID; one of an identity is its content. */
static int is_right(const unsigned char *block, size_t size, const struct wi_cid_read *read)
{
    struct wi_cid cid;
    if (read->identity)
        return size == read->identity_size && memcmp(block, read->identity, size) == 0;
    wi_cid_of(read->cid.codec, block, size, &cid);
    return wi_cid_equal(&cid, &read->cid);
}

/* Takes the section at `*at`, which is advanced past it. */
static enum wi_code read_section(struct wi_car_file *car, uint64_t *at, struct wi_error *error)
{
    struct wi_cid_read read;
    char text[WI_CID_TEXT];
    uint64_t length;
    size_t begin;
    enum wi_code code = read_length(car, *at, SECTION_HEAD_MAX, &begin, &length, error);
    if (code != WI_OK)
        return code;
    size_t there = SECTION_HEAD_MAX - begin;
    if (wi_cid_read(car->head + begin, length < there ? (size_t)length : there, &read) < 0)
        return car_fail(
            error, *at + begin, "there is no CID of codec raw or dag-pb and hash sha2-256");
    uint64_t size = length - read.size, block_at = *at + begin + read.size;
    if (size > WI_BLOCK_MAX)
        return car_fail(error, *at,
            "the block has %" PRIu64 " bytes; blocks of at most %u are read", size, WI_BLOCK_MAX);
    if (size > car->room) {
        car->room = (size_t)size;
        car->block = wi_realloc_array(car->block, car->room, 1);
    }
    if ((code = read_at(car, block_at, car->block, (size_t)size, error)) != WI_OK)
        return code;
    if (!is_right(car->block, (size_t)size, &read)) {
        wi_cid_print(&read.cid, text);
        return wi_error_set(error, WI_DOWNLOAD_CORRUPT, "",
            "at byte %" PRIu64 ": the block is not the one of its CID, %s", block_at,
            read.identity ? "an identity" : text);
    }
    *at = block_at + size;
    return read.identity ? WI_OK : car_add(car, &read.cid, block_at, (uint32_t)size, error);
}

/* --- the index -------------------------------------------------------------------------------- */

/* By CID. */
static int item_compare(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    int order = memcmp(left->hash, right->hash, WI_HASH_SIZE);
    return order ? order : (left->codec > right->codec) - (left->codec < right->codec);
}

enum wi_code wi_car_find(const struct wi_car_file *car, const struct wi_cid *cid,
    struct wi_car_place *place, struct wi_error *error)
{
    struct item wanted = {.codec = cid->codec};
    char text[WI_CID_TEXT];
    memcpy(wanted.hash, cid->hash, WI_HASH_SIZE);
    const struct item *item =
        car->count ? bsearch(&wanted, car->items, car->count, sizeof wanted, item_compare) : NULL;
    if (!item) {
        wi_cid_print(cid, text);
        return wi_error_set(error, WI_HUB_NOT_FOUND, "", "the block %s is missing in it", text);
    }
    *place = (struct wi_car_place){.at = item->at, .size = item->size};
    return WI_OK;
}

enum wi_code wi_car_block(const struct wi_car_file *car, const struct wi_car_place *place,
    unsigned char *block, struct wi_error *error)
{
    return read_at(car, place->at, block, place->size, error);
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum wi_code car_read_all(
    struct wi_car_file *car, wi_car_progress_fn *on_progress, void *context, struct wi_error *error)
{
    struct wi_car_place root;
    uint64_t at = 0;
    enum wi_code code = car_read_head(car, &at, error);
    while (code == WI_OK && at < car->size) {
        code = read_section(car, &at, error);
        if (code == WI_OK && on_progress && on_progress(context, at) != 0)
            code = wi_error_set(error, WI_CANCELLED, "", "interrupted");
    }
    if (code != WI_OK)
        return code;
    if (car->count > 0)
        qsort(car->items, car->count, sizeof *car->items, item_compare);
    return wi_car_find(car, &car->root, &root, error);
}

enum wi_code wi_car_open(int fd, uint64_t size, wi_car_progress_fn *on_progress, void *context,
    struct wi_car_file **car, struct wi_error *error)
{
    struct wi_car_file *file = wi_alloc(sizeof *file);
    file->fd = fd;
    file->size = size;
    enum wi_code code = car_read_all(file, on_progress, context, error);
    if (code != WI_OK) {
        wi_car_free(file);
        file = NULL;
    }
    *car = file;
    return code;
}

void wi_car_free(struct wi_car_file *car)
{
    if (!car)
        return;
    free(car->items);
    free(car->block);
    free(car);
}

const struct wi_cid *wi_car_root(const struct wi_car_file *car)
{
    return &car->root;
}
