/* GGUF files for tests, written piece by piece: numbers of the two counts are put in at the end. */
#ifndef WI_TEST_GGUF_BUILD_H
#define WI_TEST_GGUF_BUILD_H

#include "base/buffer.h"
#include "terms/format/gguf.h"
#include "terms/format/gguf_input.h"
#include <stdint.h>
#include <string.h>

struct gguf {
    unsigned version;
    unsigned pair_count, tensor_count;
    struct wi_buffer pairs, tensors;
    uint64_t weights; /* bytes */
};

static inline void gguf_number(struct wi_buffer *out, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        unsigned char byte = (unsigned char)(number >> (8 * i));
        wi_buffer_add(out, &byte, 1);
    }
}

static inline void gguf_string(struct wi_buffer *out, const char *text)
{
    gguf_number(out, strlen(text), 8);
    wi_buffer_add(out, text, strlen(text));
}

/* The key and the type of a value, which the caller puts behind it. */
static inline struct wi_buffer *gguf_key(struct gguf *file, const char *key, unsigned type)
{
    file->pair_count++;
    gguf_string(&file->pairs, key);
    gguf_number(&file->pairs, type, 4);
    return &file->pairs;
}

static inline void gguf_u32(struct gguf *file, const char *key, uint32_t number)
{
    gguf_number(gguf_key(file, key, WI_GGUF_UINT32), number, 4);
}

static inline void gguf_text(struct gguf *file, const char *key, const char *text)
{
    gguf_string(gguf_key(file, key, WI_GGUF_STRING), text);
}

static inline void gguf_u32s(
    struct gguf *file, const char *key, const uint32_t *numbers, size_t count)
{
    struct wi_buffer *out = gguf_key(file, key, WI_GGUF_ARRAY);
    gguf_number(out, WI_GGUF_UINT32, 4);
    gguf_number(out, count, 8);
    for (size_t i = 0; i < count; i++)
        gguf_number(out, numbers[i], 4);
}

static inline void gguf_tokens(struct gguf *file, size_t count)
{
    struct wi_buffer *out = gguf_key(file, "tokenizer.ggml.tokens", WI_GGUF_ARRAY);
    gguf_number(out, WI_GGUF_STRING, 4);
    gguf_number(out, count, 8);
    for (size_t i = 0; i < count; i++)
        gguf_string(out, "token");
}

/* Rows × columns of a type, behind the others. */
static inline void gguf_tensor(
    struct gguf *file, const char *name, uint64_t columns, uint64_t rows, unsigned type)
{
    const struct wi_gguf_type *traits = wi_gguf_type(type);
    file->tensor_count++;
    gguf_string(&file->tensors, name);
    gguf_number(&file->tensors, 2, 4);
    gguf_number(&file->tensors, columns, 8);
    gguf_number(&file->tensors, rows, 8);
    gguf_number(&file->tensors, type, 4);
    file->weights = (file->weights + 31) / 32 * 32;
    gguf_number(&file->tensors, file->weights, 8);
    if (traits)
        file->weights += columns * rows / traits->block * traits->bytes;
}

/* What every model says of itself. */
static inline void gguf_basics(struct gguf *file, const char *architecture)
{
    static const char *const keys[] = {"context_length", "embedding_length", "block_count",
        "feed_forward_length", "attention.head_count"};
    static const uint32_t values[] = {2048, 64, 2, 128, 4};
    gguf_text(file, "general.architecture", architecture);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char key[128];
        snprintf(key, sizeof key, "%s.%s", architecture, keys[i]);
        gguf_u32(file, key, values[i]);
    }
}

/* The file's bytes; empties `file`. */
static inline struct wi_buffer finish_gguf(struct gguf *file)
{
    static const char zeros[32];
    struct wi_buffer out = {0};
    wi_buffer_add(&out, "GGUF", 4);
    gguf_number(&out, file->version ? file->version : 3, 4);
    gguf_number(&out, file->tensor_count, 8);
    gguf_number(&out, file->pair_count, 8);
    if (file->pairs.size)
        wi_buffer_add(&out, file->pairs.text, file->pairs.size);
    if (file->tensors.size)
        wi_buffer_add(&out, file->tensors.text, file->tensors.size);
    wi_buffer_add(&out, zeros, (32 - out.size % 32) % 32);
    for (uint64_t left = file->weights; left > 0; left -= left < 32 ? left : 32)
        wi_buffer_add(&out, zeros, left < 32 ? (size_t)left : 32);
    wi_buffer_clear(&file->pairs);
    wi_buffer_clear(&file->tensors);
    *file = (struct gguf){0};
    return out;
}

/* A small model of one type of weights. */
static inline struct wi_buffer small_gguf(const char *architecture, unsigned type)
{
    struct gguf file = {0};
    gguf_basics(&file, architecture);
    gguf_tokens(&file, 10);
    gguf_tensor(&file, "token_embd.weight", 256, 8, type);
    gguf_tensor(&file, "output_norm.weight", 64, 1, 0);
    return finish_gguf(&file);
}

#endif
