/* A store of models in a temporary folder, its repository, and look-ups in it. */
#ifndef WI_TESTS_MODEL_STORE_FIXTURE_H
#define WI_TESTS_MODEL_STORE_FIXTURE_H

#include "../../../test.h"

#include "../../../files.h"
#include "../../../terms/format/onnx_build.h"
#include "base/memory.h"
#include "models/catalog/library/repository.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    char root[64]; /* holds the store's folder and what lies outside it */
    char repository[80];
    struct wi_repository *models;
    int open; /* files, before */
};

static inline void make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0)
        fail_msg("%s: %s", path, strerror(errno));
}

static inline void put_file(
    const struct fixture *f, const char *name, const void *bytes, size_t size)
{
    char path[256], fresh[300];
    snprintf(path, sizeof path, "%s/%s", f->repository, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
    assert_int_equal(rename(fresh, path), 0);
}

static inline void put_model(const struct fixture *f, const char *name, const char *extra)
{
    struct wi_buffer model = small_model();
    char file[128];
    put_bytes(&model, 6, extra, strlen(extra)); /* doc_string: makes the content differ */
    snprintf(file, sizeof file, "%s/%s", f->repository, name);
    mkdir(file, 0700);
    snprintf(file, sizeof file, "%s/model.onnx", name);
    put_file(f, file, model.text, model.size);
    wi_buffer_clear(&model);
}

static inline int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root(f->root, "store");
    snprintf(f->repository, sizeof f->repository, "%s/store", f->root);
    make_folder(f->repository);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->open = count_open();
    f->models = wi_repository_new(&f->loop, f->repository, NULL);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_repository_free(f->models);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(count_open(), f->open);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    remove_root(f->root);
    free(f);
    return 0;
}

struct answer {
    int count;
    struct wi_model *model; /* a reference */
    struct wi_error error;
};

static inline void on_model(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct answer *answer = context;
    answer->count++;
    assert_true((model == NULL) != (error == NULL));
    wi_model_unref(answer->model);
    answer->model = model ? wi_model_ref(model) : NULL;
    if (error)
        answer->error = *error;
}

/* Looks `name` up and waits for the answer. Returns whether the callback came at once. */
static inline int find(struct fixture *f, const char *name, struct answer *answer)
{
    *answer = (struct answer){0};
    struct wi_repository_lookup *lookup = wi_repository_find(f->models, name, on_model, answer);
    int at_once = answer->count;
    assert_int_equal(at_once, lookup == NULL);
    while (answer->count == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(answer->count, 1);
    return at_once;
}

static inline struct wi_model *find_good(struct fixture *f, const char *name)
{
    struct answer answer;
    find(f, name, &answer);
    if (!answer.model)
        fail_msg("%s: %s", name, answer.error.detail);
    return answer.model;
}

static inline void expect_error(
    struct fixture *f, const char *name, enum wi_code code, const char *part)
{
    struct answer answer;
    find(f, name, &answer);
    assert_null(answer.model);
    if (answer.error.code != code || !strstr(answer.error.detail, part))
        fail_msg("%s: %s: %s", name, wi_code_name(answer.error.code), answer.error.detail);
}

static inline void put_folder(const struct fixture *f, const char *const *files)
{
    for (; *files; files++) {
        free(path_to(f->repository, *files));
        put_file(f, *files, *files, strlen(*files));
    }
}

#endif
