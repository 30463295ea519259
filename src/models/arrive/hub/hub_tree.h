/*
 * The files of one revision of a repository, as a hub lists them. Pure: text from a hub is hostile
 * until it has been checked here. Files whose paths no model can have (manifest.h) are left out. A
 * path that leads out of the repository makes the whole list invalid.
 */
#ifndef WI_MODELS_ARRIVE_HUB_HUB_TREE_H
#define WI_MODELS_ARRIVE_HUB_HUB_TREE_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

#define WI_HUB_FILES_MAX 10000              /* that are listed */
#define WI_HUB_FILE_MAX (UINT64_C(1) << 50) /* bytes of one */
#define WI_HUB_PAGE_MAX (4u << 20)          /* bytes of a page of the list, and of SHA256SUMS */
#define WI_HUB_BYTES_UNKNOWN UINT64_MAX     /* a file's length until the server has told it */

enum wi_hub_digest {
    WI_HUB_SHA256,   /* of the content */
    WI_HUB_GIT_SHA1, /* of "blob LENGTH", a NUL and the content */
    WI_HUB_CID       /* of the tree that the content is split into */
};

struct wi_hub_file {
    char *path;   /* in the model's folder; accepted by wi_file_path_ok */
    char *remote; /* in the repository; usually the same */
    uint64_t bytes;
    enum wi_hub_digest digest;
    char hash[65];   /* lower-case hexadecimal digits: 64, or 40 of a SHA-1; or the CID */
    char sha256[65]; /* of a file fetched by its CID; "": not known, or it is `hash` */
    int here;        /* it is at `path` already, verified, and need not be fetched */
};

/* Zero-initialise; free with wi_hub_tree_clear. */
struct wi_hub_tree {
    char *commit;
    struct wi_hub_file *files; /* sorted by path after wi_hub_tree_finish */
    size_t count;
    uint64_t bytes; /* of all files whose length is known */
};

/* Each returns WI_OK, or WI_HUB_FAILED with what is wrong with the text; `tree` is then for
 * clearing only. This one reads the commit from the answer to wi_hub_revision_url: */
enum wi_code wi_hub_tree_read_revision(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
/* Adds the files of one page of the JSON tree. */
enum wi_code wi_hub_tree_read_page(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
/* Adds the files of a SHA256SUMS, as sha256sum(1) prints it; their lengths are unknown. The commit
 * becomes the SHA-256 of the text. */
enum wi_code wi_hub_tree_read_sums(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
/* Once all is read: sorts the files, and refuses a path that occurs twice. */
enum wi_code wi_hub_tree_finish(struct wi_hub_tree *tree, struct wi_error *error);

/* Whether the tree, finished or not, has such a path. */
int wi_hub_tree_has(const struct wi_hub_tree *tree, const char *path);
/* NULL if there is none. The tree must be finished. */
const struct wi_hub_file *wi_hub_tree_find(const struct wi_hub_tree *tree, const char *path);
/* Sets the length of a file that was unknown. */
void wi_hub_tree_set_bytes(struct wi_hub_tree *tree, size_t index, uint64_t bytes);
/* Appends a copy of `file` with the path `path`. */
void wi_hub_tree_add(struct wi_hub_tree *tree, const struct wi_hub_file *file, const char *path);
void wi_hub_tree_copy(struct wi_hub_tree *to, const struct wi_hub_tree *from); /* `to` is empty */
void wi_hub_tree_clear(struct wi_hub_tree *tree);

#endif
