/* See content_tree.h. */
#include "models/arrive/hub/content_tree.h"

#include "base/memory.h"
#include "base/text.h"
#include "terms/model/view.h"
#include <inttypes.h>

int wi_content_is_file(const struct wi_walk *walk)
{
    size_t count;
    const struct wi_walk_file *files = wi_walk_files(walk, &count);
    return count == 1 && !*files[0].path;
}

const char *wi_content_file_name(const unsigned char *bytes, size_t size)
{
    return wi_gguf_is(bytes, size) ? "model.gguf" : "model.onnx";
}

static enum wi_code tree_add(struct wi_hub_tree *tree, const struct wi_walk_file *found,
    const char *path, struct wi_error *error)
{
    if (found->bytes > WI_HUB_FILE_MAX)
        return wi_error_set(error, WI_HUB_FAILED, "",
            "%.255s has %" PRIu64 " bytes by its tree, which is more than any file has", path,
            found->bytes);
    struct wi_hub_file file = {.remote = found->path, .bytes = found->bytes};
    if (found->cid.codec == WI_CODEC_RAW) {
        file.digest = WI_HUB_SHA256;
        wi_hash_hex(found->cid.hash, file.hash);
    } else {
        file.digest = WI_HUB_CID;
        wi_cid_print(&found->cid, file.hash);
    }
    wi_hub_tree_add(tree, &file, path);
    return WI_OK;
}

enum wi_code wi_content_tree(
    const struct wi_walk *walk, const char *name, struct wi_hub_tree *tree, struct wi_error *error)
{
    char cid[WI_CID_TEXT];
    size_t count;
    const struct wi_walk_file *files = wi_walk_files(walk, &count);
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = tree_add(tree, &files[i], *files[i].path ? files[i].path : name, error);
    wi_cid_print(wi_walk_cid(walk), cid);
    tree->commit = wi_strdup(cid);
    return code == WI_OK ? wi_hub_tree_finish(tree, error) : code;
}

size_t wi_content_find(const struct wi_walk *walk, const char *remote)
{
    size_t count;
    const struct wi_walk_file *files = wi_walk_files(walk, &count);
    return (size_t)wi_names_find(files, count, sizeof *files, remote);
}
