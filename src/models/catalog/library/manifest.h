/*
 * What a model is made of: a list of files, each with its length and its SHA-256, sorted by path.
 * The model's own hash is over that list, so that it names the bytes of all of them.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_MANIFEST_H
#define WI_MODELS_CATALOG_LIBRARY_MANIFEST_H

#include "models/catalog/format/view.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define WI_MANIFEST_HEX 65 /* a SHA-256 in hexadecimal, with the NUL */
/* So many files of a model stay open, as far as the repository lets them, so that who fetches them
 * while they are replaced gets the old ones to their end. Any others are opened again by their path
 * for each transfer, and served only while they are those that were hashed. */
#define WI_MANIFEST_OPEN_MAX 32

/* What tells a changed file from an unchanged one. All zero: there is none. Programs can set when a
 * file was modified (cp -p, rsync -t), and cannot set when its inode was changed. The latter also
 * changes with each link, which the store makes and removes, so that it counts for files of one
 * name alone. */
struct wi_file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    nlink_t links;
    struct timespec modified, changed;
};

struct wi_model_file {
    char *path; /* inside the model's folder; of characters that wi_file_path_ok allows */
    uint64_t bytes;
    char hash[WI_MANIFEST_HEX];
    struct wi_file_identity identity; /* as it was hashed */
    int fd;                           /* open for reading; -1: only by its path */
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
/* NULL if there is none; of a sorted manifest. */
const struct wi_model_file *wi_manifest_find(const struct wi_manifest *manifest, const char *path);
/* Leaves `fd`, open for reading, with the entry added last. */
void wi_manifest_keep_open(struct wi_manifest *manifest, int fd);
void wi_manifest_close(struct wi_manifest *manifest);           /* the files; entries stay */
uint64_t wi_manifest_bytes(const struct wi_manifest *manifest); /* of all files */
/* SHA-256 over the lines `path NUL bytes NUL sha256 LF` of a sorted manifest, numbers in decimal
 * and hashes in hexadecimal digits. */
void wi_manifest_hash(const struct wi_manifest *manifest, char hash[WI_MANIFEST_HEX]);
void wi_manifest_move(struct wi_manifest *to, struct wi_manifest *from); /* `from` becomes empty */
void wi_manifest_clear(struct wi_manifest *manifest);

struct wi_file_identity wi_file_identity_of(const struct stat *status);
int wi_file_identity_same(const struct wi_file_identity *a, const struct wi_file_identity *b);

#endif
