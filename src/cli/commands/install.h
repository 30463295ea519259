/*
 * A model put into a models directory: copied beside its place, read there as the daemon would read
 * it, and put in place by one rename. At no moment has the directory half a model under a name.
 */
#ifndef WI_CLI_COMMANDS_INSTALL_H
#define WI_CLI_COMMANDS_INSTALL_H

#include "base/error.h"
#include "base/memory.h"

/* What is to be copied. Zero-initialise; free with wi_install_source_clear. */
struct wi_install_source {
    char *folder; /* where everything lies */
    char *model;  /* the file in it that becomes `target`; NULL: none gets another name */
    char *target; /* model.onnx, or the same name for another format; NULL like `model` */
    int whole;    /* the folder is the model: everything in it comes along */
    struct wi_strings externals; /* files that the graph keeps tensors in, by their paths */
    char *name; /* what the model may be called; "" where nothing can be made of its path */
};

/* Looks at a model file or at a folder with one, and that its graph can be read. WI_OK, or
 * `error` says what is wrong. */
enum wi_code wi_install_look(
    const char *path, struct wi_install_source *source, struct wi_error *error);
void wi_install_source_clear(struct wi_install_source *source);

/* A copy that is complete and readable, beside the place of `name` (checked) in `directory`. */
struct wi_install;
/* Blocks; a SIGINT, SIGTERM or SIGHUP that is blocked and pending ends it. NULL with `error` set;
 * nothing is left then. */
struct wi_install *wi_install_new(const struct wi_install_source *source, const char *directory,
    const char *name, struct wi_error *error);
/* WI_CONFLICT where something is at the path `place` already. */
enum wi_code wi_install_check_free(const char *place, struct wi_error *error);
/* Puts it in place. WI_CONFLICT where the name is taken and `force` is 0. */
enum wi_code wi_install_publish(struct wi_install *install, int force, struct wi_error *error);
/* Takes it back: what it replaced, if anything, is in place again. */
void wi_install_undo(struct wi_install *install);
/* The model's hash (library/manifest.h). Borrowed. */
const char *wi_install_hash(const struct wi_install *install);
/* Where the model is once it is published. Borrowed. */
const char *wi_install_path(const struct wi_install *install);
/* Removes what is not in place: a copy that was not published, or what it replaced. NULL is fine.
 */
void wi_install_free(struct wi_install *install);

#endif
