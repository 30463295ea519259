/*
 * Fuzzes what others call content by: the last bits of the first byte choose a CID as text, a CID
 * in binary, or the block of a file or a folder. What is read of them is bounded, lies in the
 * input, and is the same after it was written and read again.
 */
#include "base/memory.h"
#include "models/share/content/dag.h"
#include "must.h"
#include "plant.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- CIDs ------------------------------------------------------------------------------------- */

static void fuzz_text(const uint8_t *data, size_t size)
{
    char *text = wi_strndup((const char *)data, size), printed[WI_CID_TEXT];
    struct wi_error error = {0};
    struct wi_cid cid, again;
    if (wi_cid_parse(text, "model", &cid, &error) == WI_OK) {
        wi_cid_print(&cid, printed);
        must(strlen(printed) == WI_CID_TEXT - 1);
        must(wi_cid_parse(printed, NULL, &again, NULL) == WI_OK && wi_cid_equal(&cid, &again));
        must(text[0] != 'b' || strcmp(text, printed) == 0);
    } else {
        must(error.code == WI_INVALID_FIELD && error.detail[0] && error.allowed[0]);
    }
    free(text);
}

static void fuzz_binary(const uint8_t *data, size_t size)
{
    unsigned char written[WI_CID_BYTES];
    struct wi_cid_read read;
    if (wi_cid_read(data, size, &read) < 0)
        return;
    must(read.size <= size && (read.codec == WI_CODEC_RAW || read.codec == WI_CODEC_DAG_PB));
    if (read.identity) {
        must(read.identity_size <= WI_CID_IDENTITY_MAX);
        must(read.identity + read.identity_size == data + read.size);
        return;
    }
    wi_cid_write(&read.cid, written);
    size_t skipped = WI_CID_BYTES - read.size; /* a CIDv0 begins later */
    must(skipped < WI_CID_BYTES && memcmp(written + skipped, data, read.size) == 0);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void check_node(const struct wi_dag_node *node, const uint8_t *block, size_t size)
{
    uint64_t bytes = node->data_size;
    must(node->count <= WI_DAG_LINKS_MAX);
    must(node->data_size == 0 ||
         (node->data >= block && node->data + node->data_size <= block + size));
    for (size_t i = 0; i < node->count; i++) {
        const struct wi_dag_link *link = &node->links[i];
        bytes += link->bytes;
        if (node->kind == WI_DAG_FILE) {
            must(link->name == NULL && link->name_size == 0);
            continue;
        }
        const uint8_t *name = (const uint8_t *)link->name;
        must(name >= block && name + link->name_size <= block + size);
        must(link->name_size > 0 && !memchr(name, '/', link->name_size) &&
             !memchr(name, '\0', link->name_size));
    }
    must(bytes == node->bytes);
}

static int same_links(const struct wi_dag_link *a, const struct wi_dag_link *b)
{
    return wi_cid_equal(&a->to.cid, &b->to.cid) && a->tsize == b->tsize && a->bytes == b->bytes &&
           a->name_size == b->name_size &&
           (a->name_size == 0 || memcmp(a->name, b->name, a->name_size) == 0);
}

/* Whether it is one that could have been written by us. */
static int is_writable(const struct wi_dag_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        if (node->links[i].to.identity)
            return 0;
    return node->data_size == 0;
}

static void check_written(const struct wi_dag_node *node)
{
    struct wi_dag_child *children = wi_alloc((node->count + 1) * sizeof *children);
    struct wi_buffer block = {0};
    struct wi_dag_node again;
    for (size_t i = 0; i < node->count; i++) {
        const struct wi_dag_link *link = &node->links[i];
        children[i] = (struct wi_dag_child){link->to.cid,
            link->name ? wi_strndup(link->name, link->name_size) : NULL, link->tsize, link->bytes};
    }
    if (node->kind == WI_DAG_FILE)
        wi_dag_write_file(&block, children, node->count);
    else
        wi_dag_write_folder(&block, children, node->count);
    must(wi_dag_read(WI_CODEC_DAG_PB, (const unsigned char *)block.text, block.size, &again,
             NULL) == WI_OK);
    must(again.kind == node->kind && again.bytes == node->bytes && again.count == node->count);
    for (size_t i = 0; i < node->count; i++) {
        must(same_links(&node->links[i], &again.links[i]));
        free((void *)children[i].name);
    }
    wi_dag_clear(&again);
    wi_buffer_clear(&block);
    free(children);
}

static void fuzz_block(const uint8_t *data, size_t size)
{
    struct wi_error error = {0};
    struct wi_dag_node node;
    must(wi_dag_read(WI_CODEC_RAW, data, size, &node, NULL) == WI_OK && node.bytes == size);
    if (wi_dag_read(WI_CODEC_DAG_PB, data, size, &node, &error) != WI_OK) {
        must(error.code == WI_HUB_FAILED && error.detail[0] && node.links == NULL);
        return;
    }
    check_node(&node, data, size);
    if (is_writable(&node))
        check_written(&node);
    /* No seed has it. */
    WI_PLANT(node.count > 1 && node.links[1].tsize > 100);
    wi_dag_clear(&node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] & 7) {
    case 0:
        fuzz_text(data + 1, size - 1);
        break;
    case 1:
        fuzz_binary(data + 1, size - 1);
        break;
    default:
        fuzz_block(data + 1, size - 1);
    }
    return 0;
}
