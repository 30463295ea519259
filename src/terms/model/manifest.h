/*
 * The files of a model: a list of paths, each with its length and its SHA-256, sorted by path. The
 * model's own hash is computed over that list, so it identifies the bytes of all files.
 */
#ifndef WI_TERMS_MODEL_MANIFEST_H
#define WI_TERMS_MODEL_MANIFEST_H

#include "terms/model/view.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define WI_MANIFEST_HEX 65 /* a SHA-256 in hexadecimal, with the NUL */
/* Files of a model that stay open, as far as the repository allows, so that a node that fetches
 * them while they are replaced gets the old ones to their end. Other files are opened by their path
 * for each transfer, and served only while they are the ones that were hashed. */
#define WI_MANIFEST_OPEN_MAX 32

/* Tells a changed file from an unchanged one. All zero: there is no file. Programs can set the time
 * of a file's modification (cp -p, rsync -t), but not the time of its inode's change. The latter
 * also changes with each link, which the store makes and removes, so it counts only for files with
 * one name. */
struct wi_file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    nlink_t links;
    struct timespec modified, changed;
};

struct wi_model_file {
    char *path; /* inside the model's folder; accepted by wi_file_path_ok */
    uint64_t bytes;
    char hash[WI_MANIFEST_HEX];
    struct wi_file_identity identity; /* when it was hashed */
    int fd;                           /* open for reading; -1: it is opened by its path */
};

/* Zero-initialise; free with wi_manifest_clear, which closes the files. */
struct wi_manifest {
    struct wi_model_file *files;
    size_t count;
    size_t open; /* files with a descriptor */
};

/* Appends an entry with a copy of `path` and no file open, to be filled. */
struct wi_model_file *wi_manifest_add(struct wi_manifest *manifest, const char *path);
void wi_manifest_sort(struct wi_manifest *manifest);
/* NULL if there is none. The manifest must be sorted. */
const struct wi_model_file *wi_manifest_find(const struct wi_manifest *manifest, const char *path);
/* Hands `fd`, open for reading, over to the entry added last. */
void wi_manifest_keep_open(struct wi_manifest *manifest, int fd);
void wi_manifest_close(struct wi_manifest *manifest);           /* the files; entries stay */
uint64_t wi_manifest_bytes(const struct wi_manifest *manifest); /* of all files */
/* SHA-256 over the lines `path NUL bytes NUL sha256 LF` of a sorted manifest, numbers in decimal
 * and hashes in hexadecimal digits. */
void wi_manifest_hash(const struct wi_manifest *manifest, char hash[WI_MANIFEST_HEX]);
void wi_manifest_clear(struct wi_manifest *manifest);

struct wi_file_identity wi_file_identity_of(const struct stat *status);
int wi_file_identity_same(const struct wi_file_identity *a, const struct wi_file_identity *b);

#endif
