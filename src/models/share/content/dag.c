/*
 * Nodes of dag-pb (https://ipld.io/specs/codecs/dag-pb/) whose Data is a message of UnixFS; see
 * dag.h. Both are protobuf. A node's links and Data may come in either order; they are written with
 * the links first, as other programs do.
 */
#include "models/share/content/dag.h"

#include "base/memory.h"
#include "base/protobuf_put.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Fields of a node, of a link and of UnixFS. */
enum { NODE_DATA = 1, NODE_LINK = 2 };
enum { LINK_HASH = 1, LINK_NAME = 2, LINK_TSIZE = 3 };
enum { UNIXFS_TYPE = 1, UNIXFS_DATA = 2, UNIXFS_FILESIZE = 3, UNIXFS_BLOCKSIZES = 4 };
enum { TYPE_RAW = 0, TYPE_DIRECTORY = 1, TYPE_FILE = 2, TYPE_METADATA, TYPE_SYMLINK, TYPE_HAMT };

#define NAME_MAX_BYTES 255 /* what file systems take */

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct wi_protobuf input;
    struct wi_dag_node *node;
    struct wi_protobuf_range data; /* of the node */
    unsigned seen;                 /* fields of UnixFS, a bit each */
    uint64_t type, filesize;
    size_t blocksizes; /* so many were there */
};

/* That a field, which begins at `at`, is of this wire type, and there for the first time. 0, or -1
 * with `problem` set. */
static int check_field(struct wi_protobuf *input, uint64_t at,
    const struct wi_protobuf_field *field, enum wi_protobuf_wire wire, unsigned *seen)
{
    unsigned bit = 1u << field->number;
    if (field->wire != wire)
        return wi_protobuf_fail(input, at, "a field is of another wire type than is its own");
    if (*seen & bit)
        return wi_protobuf_fail(input, at, "a field is there twice");
    *seen |= bit;
    return 0;
}

static int read_link(
    struct wi_protobuf *input, struct wi_protobuf_range message, struct wi_dag_link *link)
{
    struct wi_protobuf_field field;
    uint64_t start = message.at, at = start;
    unsigned seen = 0;
    int more;
    for (; (more = wi_protobuf_next(input, &message, &field)) > 0; at = message.at) {
        const unsigned char *bytes = input->bytes + field.bytes.at;
        size_t size = (size_t)(field.bytes.end - field.bytes.at);
        enum wi_protobuf_wire wire = field.number == LINK_TSIZE ? WI_WIRE_VARINT : WI_WIRE_BYTES;
        if (field.number < LINK_HASH || field.number > LINK_TSIZE)
            continue;
        if (check_field(input, at, &field, wire, &seen) < 0)
            return -1;
        if (field.number == LINK_TSIZE) {
            link->tsize = field.value;
        } else if (field.number == LINK_NAME) {
            link->name = (const char *)bytes;
            link->name_size = size;
        } else if (wi_cid_read(bytes, size, &link->to) < 0 || link->to.size != size) {
            return wi_protobuf_fail(
                input, at, "a link's CID is cut, or not of codec raw or dag-pb and hash sha2-256");
        }
    }
    if (more == 0 && !(seen & 1u << LINK_HASH))
        return wi_protobuf_fail(input, start, "a link has no CID");
    return more;
}

/* Finds the node's Data and how many links it has. */
static int dag_survey(struct reading *reading, size_t *links)
{
    struct wi_protobuf_range node = {0, reading->input.size};
    struct wi_protobuf_field field;
    uint64_t at = 0;
    unsigned seen = 0;
    int more;
    *links = 0;
    for (; (more = wi_protobuf_next(&reading->input, &node, &field)) > 0; at = node.at) {
        if (field.number == NODE_DATA) {
            if (check_field(&reading->input, at, &field, WI_WIRE_BYTES, &seen) < 0)
                return -1;
            reading->data = field.bytes;
        } else if (field.number == NODE_LINK) {
            unsigned each = 0;
            if (check_field(&reading->input, at, &field, WI_WIRE_BYTES, &each) < 0)
                return -1;
            if (++*links > WI_DAG_LINKS_MAX)
                return wi_protobuf_fail(&reading->input, at, "it has too many links");
        }
    }
    if (more == 0 && !(seen & 1u << NODE_DATA))
        return wi_protobuf_fail(&reading->input, 0, "it has no UnixFS in it");
    return more;
}

static int read_links(struct reading *reading, size_t count)
{
    struct wi_protobuf_range node = {0, reading->input.size};
    struct wi_protobuf_field field;
    reading->node->links = count > 0 ? wi_alloc(count * sizeof *reading->node->links) : NULL;
    while (reading->node->count < count && wi_protobuf_next(&reading->input, &node, &field) > 0) {
        if (field.number != NODE_LINK)
            continue;
        if (read_link(&reading->input, field.bytes, &reading->node->links[reading->node->count]) <
            0)
            return -1;
        reading->node->count++;
    }
    return 0;
}

/* Takes the size of the next link's part of the file. A size without a link is counted, too. */
static void take_blocksize(struct reading *reading, uint64_t size)
{
    if (reading->blocksizes < reading->node->count)
        reading->node->links[reading->blocksizes].bytes = size;
    reading->blocksizes++;
}

/* They come one by one, or packed. */
static int read_blocksizes(
    struct reading *reading, uint64_t at, const struct wi_protobuf_field *field)
{
    struct wi_protobuf_range packed = field->bytes;
    uint64_t size;
    if (field->wire == WI_WIRE_VARINT) {
        take_blocksize(reading, field->value);
        return 0;
    }
    if (field->wire != WI_WIRE_BYTES)
        return wi_protobuf_fail(
            &reading->input, at, "a field is of another wire type than is its own");
    while (packed.at < packed.end) {
        if (wi_protobuf_varint(&reading->input, &packed, &size) < 0)
            return -1;
        take_blocksize(reading, size);
    }
    return 0;
}

static int read_unixfs(struct reading *reading)
{
    struct wi_protobuf *input = &reading->input;
    struct wi_protobuf_range message = reading->data;
    struct wi_protobuf_field field;
    uint64_t at = message.at;
    int more;
    for (; (more = wi_protobuf_next(input, &message, &field)) > 0; at = message.at) {
        enum wi_protobuf_wire wire = field.number == UNIXFS_DATA ? WI_WIRE_BYTES : WI_WIRE_VARINT;
        int done = 0;
        if (field.number == UNIXFS_BLOCKSIZES)
            done = read_blocksizes(reading, at, &field);
        else if (field.number >= UNIXFS_TYPE && field.number <= UNIXFS_FILESIZE)
            done = check_field(input, at, &field, wire, &reading->seen);
        if (done < 0)
            return -1;
        if (field.number == UNIXFS_TYPE)
            reading->type = field.value;
        if (field.number == UNIXFS_FILESIZE)
            reading->filesize = field.value;
        if (field.number == UNIXFS_DATA) {
            reading->node->data = input->bytes + field.bytes.at;
            reading->node->data_size = (size_t)(field.bytes.end - field.bytes.at);
        }
    }
    if (more == 0 && !(reading->seen & 1u << UNIXFS_TYPE))
        return wi_protobuf_fail(input, reading->data.at, "its UnixFS has no type");
    return more;
}

/* --- checks of a node ------------------------------------------------------------------------- */

/* Old nodes of files have no filesize: it is the sum. */
static int dag_check_file(struct reading *reading)
{
    struct wi_dag_node *node = reading->node;
    uint64_t at = reading->data.at, sum = node->data_size;
    node->kind = WI_DAG_FILE;
    if (reading->blocksizes != node->count)
        return wi_protobuf_fail(
            &reading->input, at, "it has not as many sizes of blocks as it has links");
    for (size_t i = 0; i < node->count; i++) {
        node->links[i].name = NULL;
        node->links[i].name_size = 0;
        if (__builtin_add_overflow(sum, node->links[i].bytes, &sum))
            return wi_protobuf_fail(&reading->input, at, "its sizes add up to more than 64 bits");
    }
    if (reading->seen & 1u << UNIXFS_FILESIZE && reading->filesize != sum)
        return wi_protobuf_fail(
            &reading->input, at, "its size is not the sum of its data and its blocks");
    node->bytes = sum;
    return 0;
}

/* NULL, or the problem of the name. */
static const char *name_problem(const struct wi_dag_link *link)
{
    char name[NAME_MAX_BYTES + 1];
    if (link->name_size == 0)
        return "a name in the folder is empty";
    if (link->name_size > NAME_MAX_BYTES)
        return "a name in the folder is longer than 255 bytes";
    memcpy(name, link->name, link->name_size);
    name[link->name_size] = '\0';
    if (strlen(name) != link->name_size || strchr(name, '/'))
        return "a name in the folder has a \"/\" or a NUL in it";
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return "a name in the folder is \".\" or \"..\"";
    for (size_t i = 0, length; i < link->name_size; i += length) {
        length = (unsigned char)name[i] < 0x80 ? 1 : wi_text_sequence(name + i);
        if (length == 0)
            return "a name in the folder is not UTF-8";
    }
    return NULL;
}

static int compare_names(const struct wi_dag_link *a, const struct wi_dag_link *b)
{
    size_t shorter = a->name_size < b->name_size ? a->name_size : b->name_size;
    int order = memcmp(a->name, b->name, shorter);
    return order != 0 ? order : (a->name_size > b->name_size) - (a->name_size < b->name_size);
}

static int compare_places(const void *a, const void *b)
{
    return compare_names(
        *(const struct wi_dag_link *const *)a, *(const struct wi_dag_link *const *)b);
}

/* The first link, by its name, whose name another has, too; NULL if there is none. */
static const struct wi_dag_link *find_twin(const struct wi_dag_node *node)
{
    const struct wi_dag_link **sorted, *twin = NULL;
    size_t in_order = 1;
    while (in_order < node->count &&
           compare_names(&node->links[in_order - 1], &node->links[in_order]) < 0)
        in_order++;
    if (in_order >= node->count)
        return NULL;
    sorted = wi_alloc(node->count * sizeof *sorted);
    for (size_t i = 0; i < node->count; i++)
        sorted[i] = &node->links[i];
    qsort(sorted, node->count, sizeof *sorted, compare_places);
    for (size_t i = 1; i < node->count && !twin; i++)
        if (compare_names(sorted[i - 1], sorted[i]) == 0)
            twin = sorted[i];
    free(sorted);
    return twin;
}

static int check_folder(struct reading *reading)
{
    struct wi_dag_node *node = reading->node;
    const unsigned char *block = reading->input.bytes;
    node->kind = WI_DAG_FOLDER;
    node->data = NULL;
    node->data_size = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct wi_dag_link *link = &node->links[i];
        const char *problem = name_problem(link);
        node->links[i].bytes = 0;
        if (problem)
            return wi_protobuf_fail(&reading->input,
                link->name ? (uint64_t)((const unsigned char *)link->name - block) : 0, problem);
    }
    const struct wi_dag_link *twin = find_twin(node);
    return twin ? wi_protobuf_fail(&reading->input,
                      (uint64_t)((const unsigned char *)twin->name - block),
                      "a name is there twice in the folder")
                : 0;
}

static int check_type(struct reading *reading)
{
    static const char *const refused[] = {
        [TYPE_METADATA] = "it is metadata of UnixFS; files and folders are read",
        [TYPE_SYMLINK] = "it is a symbolic link; files and folders are read",
        [TYPE_HAMT] = "it is a HAMT directory, a folder in many blocks; files and folders in one "
                      "block are read",
    };
    if (reading->type == TYPE_RAW || reading->type == TYPE_FILE)
        return dag_check_file(reading);
    if (reading->type == TYPE_DIRECTORY)
        return check_folder(reading);
    return wi_protobuf_fail(&reading->input, reading->data.at,
        reading->type <= TYPE_HAMT
            ? refused[reading->type]
            : "it is of an unknown type of UnixFS; files and folders are read");
}

enum wi_code wi_dag_read(enum wi_codec codec, const unsigned char *block, size_t size,
    struct wi_dag_node *node, struct wi_error *error)
{
    *node = (struct wi_dag_node){0};
    if (size > WI_BLOCK_MAX)
        return wi_error_set(error, WI_HUB_FAILED, NULL,
            "a block of the tree has %zu bytes; at most %u are read", size, WI_BLOCK_MAX);
    if (codec == WI_CODEC_RAW) {
        node->data = block;
        node->bytes = node->data_size = size;
        return WI_OK;
    }
    struct reading reading = {.input = {.bytes = block, .size = size}, .node = node};
    size_t links;
    if (dag_survey(&reading, &links) == 0 && read_links(&reading, links) == 0 &&
        read_unixfs(&reading) == 0 && check_type(&reading) == 0)
        return WI_OK;
    wi_dag_clear(node);
    return wi_error_set(error, WI_HUB_FAILED, NULL,
        "a block of the tree is refused at byte %" PRIu64 ": %s", reading.input.problem_at,
        reading.input.problem);
}

void wi_dag_clear(struct wi_dag_node *node)
{
    free(node->links);
    *node = (struct wi_dag_node){0};
}

/* --- writing ---------------------------------------------------------------------------------- */

/* A link of a file has a name, too, which is empty. */
static void add_link(struct wi_buffer *out, const struct wi_dag_child *child, const char *name)
{
    struct wi_buffer link = {0};
    unsigned char cid[WI_CID_BYTES];
    wi_cid_write(&child->cid, cid);
    wi_protobuf_put_bytes(&link, LINK_HASH, cid, sizeof cid);
    wi_protobuf_put_text(&link, LINK_NAME, name);
    wi_protobuf_put_number(&link, LINK_TSIZE, child->tsize);
    wi_protobuf_put_message(out, NODE_LINK, &link);
}

void wi_dag_write_file(struct wi_buffer *out, const struct wi_dag_child *children, size_t count)
{
    struct wi_buffer data = {0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        add_link(out, &children[i], "");
        bytes += children[i].bytes;
    }
    wi_protobuf_put_number(&data, UNIXFS_TYPE, TYPE_FILE);
    wi_protobuf_put_number(&data, UNIXFS_FILESIZE, bytes);
    for (size_t i = 0; i < count; i++)
        wi_protobuf_put_number(&data, UNIXFS_BLOCKSIZES, children[i].bytes);
    wi_protobuf_put_message(out, NODE_DATA, &data);
}

void wi_dag_write_folder(struct wi_buffer *out, const struct wi_dag_child *children, size_t count)
{
    struct wi_buffer data = {0};
    for (size_t i = 0; i < count; i++)
        add_link(out, &children[i], children[i].name);
    wi_protobuf_put_number(&data, UNIXFS_TYPE, TYPE_DIRECTORY);
    wi_protobuf_put_message(out, NODE_DATA, &data);
}
