/* What can run a model, its options and its files. */
#include "terms/format/model.h"

#include "base/file.h"
#include <stdio.h>
#include <unistd.h>

int wi_model_is_built_in(const struct wi_model *model)
{
    return model->builtin || model->kernels;
}

enum wi_code wi_model_check_engine(const struct wi_model *model, struct wi_error *error)
{
    const struct wi_format *format = wi_formats[model->format];
    if (format->check_memory && format->check_memory(&model->facts, model->name, error) != WI_OK)
        return WI_MODEL_TOO_LARGE;
    return WI_OK;
}

const char *wi_model_precision(const struct wi_model *model)
{
    return wi_formats[model->format]->precision(&model->facts, model->variant);
}

void wi_model_warnings(const struct wi_model *model, struct wi_strings *warnings)
{
    if (wi_formats[model->format]->warn)
        wi_formats[model->format]->warn(&model->facts, model->name, warnings);
}

int wi_model_open_file(const struct wi_model *model, const struct wi_model_file *file, int *owned)
{
    struct wi_error error;
    struct stat status;
    *owned = file->fd < 0;
    int fd = *owned ? wi_open_inside(model->folder, model->folder, file->path, &status, &error)
                    : file->fd;
    if (fd < 0)
        return -1;
    if (*owned || fstat(fd, &status) == 0) {
        struct wi_file_identity now = wi_file_identity_of(&status);
        if (wi_file_identity_same(&now, &file->identity))
            return fd;
    }
    if (*owned)
        close(fd);
    return -1;
}

/* --- options --------------------------------------------------------------------------------- */

static enum wi_code check_none(
    const struct wi_model *model, const json_t *options, const char *where, struct wi_error *error)
{
    const char *first = json_object_iter_key(json_object_iter((json_t *)options));
    char field[80];
    if (!first)
        return WI_OK;
    snprintf(field, sizeof field, "%s%.60s", where, first);
    wi_error_set(error, WI_UNKNOWN_FIELD, field, "%s takes no options, so there is no %s",
        model->name, field);
    return wi_error_allow(error, "no options");
}

enum wi_code wi_model_check_options(
    const struct wi_model *model, const json_t *options, const char *where, struct wi_error *error)
{
    struct wi_count_options count;
    if (model->builtin == WI_BUILTIN_COUNT)
        return wi_builtin_read_count(options, where, &count, error);
    return check_none(model, options, where, error);
}
