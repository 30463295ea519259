/* See view.h. */
#include "terms/model/view.h"

#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *wi_view_read(const struct wi_view *view, const char *path, enum wi_view_reach reach,
    size_t max, size_t *size, struct wi_error *error)
{
    uint64_t bytes;
    int fd = view->open(view, path, reach, &bytes, error);
    if (fd < 0)
        return NULL;
    char *text = NULL;
    ssize_t n = 0;
    *size = 0;
    if (bytes > max)
        wi_error_set(
            error, WI_MODEL_INVALID, path, "%.200s is larger than %zu KiB", path, max / 1024);
    else
        text = wi_alloc((size_t)bytes + 1);
    while (text && *size < bytes && (n = read(fd, text + *size, (size_t)bytes - *size)) > 0)
        *size += (size_t)n;
    if (n < 0) {
        wi_error_set(
            error, WI_MODEL_INVALID, path, "%.200s cannot be read: %s", path, strerror(errno));
        free(text);
        text = NULL;
    }
    close(fd);
    return text;
}

int wi_view_is_in(const char *path, const char *folder)
{
    size_t length = strlen(folder) + (*folder != '\0');
    return (size_t)(wi_text_basename(path) - path) == length &&
           strncmp(path, folder, strlen(folder)) == 0;
}

int wi_guess_is_pointer(const unsigned char *head, size_t size)
{
    static const char lfs[] = "version https://git-lfs";
    return size >= sizeof lfs - 1 && memcmp(head, lfs, sizeof lfs - 1) == 0;
}

/* Models of other programs, by the bytes that their files have at a place. */
static const char *guess_model(const unsigned char *head, size_t size)
{
    static const struct {
        size_t at;
        const char *bytes, *what;
    } rows[] = {
        {4, "TFL3", "it is a model of TensorFlow Lite: convert it to ONNX, with tf2onnx"},
        {0, "PK\3\4", "it is a ZIP archive, as PyTorch and Keras write: export the model to ONNX"},
        {0, "\x89HDF", "it is an HDF5 file, as Keras writes: export the model to ONNX"},
        {0, "GGUF", "it is a GGUF file: name it NAME.gguf"},
        {5, "\0\0\0{", "it is a safetensors file, weights with no graph: export the model to ONNX"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (size >= rows[i].at + 4 && memcmp(head + rows[i].at, rows[i].bytes, 4) == 0)
            return rows[i].what;
    return NULL;
}

const char *wi_guess_text(const unsigned char *head, size_t size)
{
    if (size == 0)
        return "it is empty";
    if (wi_guess_is_pointer(head, size))
        return WI_GUESS_POINTER;
    if (head[0] == '<')
        return "it is an HTML or XML text";
    if (head[0] == '{')
        return "it is a JSON text";
    return guess_model(head, size);
}

int wi_gguf_is(const unsigned char *head, size_t size)
{
    return size >= WI_GGUF_MAGIC_BYTES && memcmp(head, "GGUF", WI_GGUF_MAGIC_BYTES) == 0;
}
