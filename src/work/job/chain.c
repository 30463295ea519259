#include "work/job/chain.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Texts with their lengths, so that no two lists of texts are the same bytes. */
static void text_put(struct wi_buffer *out, const char *text, size_t length)
{
    wi_buffer_printf(out, "%zu:", length);
    wi_buffer_add(out, text, length);
}

static void put_string(struct wi_buffer *out, const json_t *value)
{
    text_put(out, json_is_string(value) ? json_string_value(value) : "",
        json_is_string(value) ? json_string_length(value) : 0);
}

static void put_json(struct wi_buffer *out, const json_t *value)
{
    struct wi_buffer text = {0};

    if (value)
        wi_buffer_json(&text, value);
    text_put(out, text.size ? text.text : "", text.size);
    wi_buffer_clear(&text);
}

static struct wi_prefix_key bytes_key(struct wi_buffer *bytes)
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_prefix_key key;

    wi_hash(bytes->text, bytes->size, hash);
    memcpy(key.bytes, hash, sizeof key.bytes);
    wi_buffer_clear(bytes);
    return key;
}

static void chain_add(struct wi_chain *chain, struct wi_prefix_key key)
{
    chain->keys = wi_realloc_array(chain->keys, chain->count + 1, sizeof *chain->keys);
    chain->keys[chain->count++] = key;
}

/* Begins what comes behind `before`. */
static void key_begin(struct wi_buffer *out, const struct wi_prefix_key *before)
{
    text_put(out, (const char *)before->bytes, sizeof before->bytes);
}

/* The text of a message's content: a string, or the texts of its parts. */
static void put_content(struct wi_buffer *out, const json_t *content)
{
    struct wi_buffer text = {0};

    if (json_is_string(content))
        wi_buffer_add(&text, json_string_value(content), json_string_length(content));
    for (size_t i = 0; i < json_array_size(content); i++) {
        const json_t *piece = json_object_get(json_array_get(content, i), "text");
        if (json_is_string(piece))
            wi_buffer_add(&text, json_string_value(piece), json_string_length(piece));
    }
    text_put(out, text.size ? text.text : "", text.size);
    wi_buffer_clear(&text);
}

static struct wi_prefix_key key_behind(const struct wi_prefix_key *before, const json_t *message)
{
    struct wi_buffer bytes = {0};

    key_begin(&bytes, before);
    put_string(&bytes, json_object_get(message, "role"));
    put_content(&bytes, json_object_get(message, "content"));
    put_json(&bytes, json_object_get(message, "tool_calls"));
    return bytes_key(&bytes);
}

static void fill_messages(
    struct wi_chain *chain, struct wi_prefix_key before, const json_t *messages)
{
    size_t count = json_array_size(messages);

    for (size_t i = 0; i < count && chain->count < WI_CHAIN_MAX; i++) {
        before = key_behind(&before, json_array_get(messages, i));
        chain_add(chain, before);
    }
    chain->whole = chain->count > 0 && chain->count == count;
    chain->share = count > 0 ? (double)chain->count / (double)count : 0;
}

static void fill_text(struct wi_chain *chain, struct wi_prefix_key before, const json_t *prompt)
{
    const char *text = json_string_value(prompt);
    size_t length = json_string_length(prompt), pieces = length / WI_CHAIN_PIECE;

    for (; chain->count < pieces && chain->count < WI_CHAIN_MAX; text += WI_CHAIN_PIECE) {
        struct wi_buffer bytes = {0};
        key_begin(&bytes, &before);
        text_put(&bytes, text, WI_CHAIN_PIECE);
        before = bytes_key(&bytes);
        chain_add(chain, before);
    }
    chain->share = length > 0 ? (double)(chain->count * WI_CHAIN_PIECE) / (double)length : 0;
}

void wi_chain_fill(struct wi_chain *chain, const char *owner, const char *model,
    const json_t *input, const json_t *options)
{
    const json_t *messages = json_object_get(input, "messages");
    const json_t *prompt = json_object_get(input, "prompt");
    struct wi_buffer bytes = {0};

    text_put(&bytes, owner ? owner : "", owner ? strlen(owner) : 0);
    text_put(&bytes, model, strlen(model));
    /* What a template puts before the messages. */
    put_json(&bytes, json_object_get(options, "tools"));
    put_json(&bytes, json_object_get(options, "chat_template_kwargs"));
    struct wi_prefix_key root = bytes_key(&bytes);
    if (json_is_array(messages))
        fill_messages(chain, root, messages);
    else if (json_is_string(prompt))
        fill_text(chain, root, prompt);
}

struct wi_prefix_key wi_chain_answered(
    const struct wi_chain *chain, const char *text, size_t length)
{
    json_t *message = json_pack("{s:s, s:s%}", "role", "assistant", "content", text, length);
    struct wi_prefix_key key = key_behind(&chain->keys[chain->count - 1], message);
    json_decref(message);
    return key;
}

void wi_chain_clear(struct wi_chain *chain)
{
    free(chain->keys);
    *chain = (struct wi_chain){0};
}
