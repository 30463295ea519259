/*
 * A model as requests hold it: an immutable snapshot of one version, which stays valid and servable
 * (the file stays open) when the file on disk is replaced. Snapshots are counted;
 * model/repository.h makes them.
 */
#ifndef WI_MODEL_MODEL_H
#define WI_MODEL_MODEL_H

#include "base/error.h"
#include "model/builtin.h"
#include "model/engine.h"
#include "model/onnx.h"
#include "model/type.h"
#include <jansson.h>
#include <sys/types.h>

struct wi_model {
    char *name;
    char hash[65]; /* SHA-256 of model.onnx in hex; "" for builtin/… */
    enum wi_model_type type;
    enum wi_engine engine; /* what runs it, wherever it runs */
    enum wi_builtin builtin;
    int fd; /* model.onnx, open for reading; -1 for builtin */
    off_t size;
    json_t *spec;      /* model.json, checked; NULL if there is none */
    char *spec_text;   /* the same as sent to the page; NULL if there is none */
    int takes_picture; /* spec says how to turn a picture into the input tensor */
    struct wi_onnx_signature signature;
    unsigned _references;
};

struct wi_model *wi_model_ref(struct wi_model *model);
void wi_model_unref(struct wi_model *model); /* NULL is fine */

/* WI_OK if `name` is "seg" or "seg/seg" of allowed characters; else WI_INVALID_FIELD. */
enum wi_code wi_model_check_name(const char *name, struct wi_error *error);

#endif
