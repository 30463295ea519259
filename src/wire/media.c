/* Pictures and sounds as inputs; see media.h. */
#include "wire/media.h"

#include "base/params.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum wi_code wi_media_take_picture(
    struct wi_infer *infer, struct wi_blob *blob, size_t at, size_t size, struct wi_error *error)
{
    enum wi_code code = wi_picture_sniff(blob->bytes + at, size, &infer->picture, error);
    if (code != WI_OK)
        return code;
    wi_tensors_add_bytes(&infer->asked->tensors, "image", wi_blob_ref(blob), at, size);
    infer->form = WI_FORM_PICTURE;
    infer->asked->input =
        json_pack("{s:{s:i, s:s}}", "image", "tensor", 0, "media_type", infer->picture.media_type);
    return WI_OK;
}

static uint64_t picture_pixels(const struct wi_picture *picture)
{
    return (uint64_t)picture->width * picture->height;
}

/* Takes one of several pictures as a tensor of that name; `*form` becomes its description for
 * nodes, and the largest is the picture of `infer`. */
static enum wi_code media_add_picture(struct wi_infer *infer, const char *name,
    struct wi_blob *blob, json_t **form, struct wi_error *error)
{
    struct wi_picture picture = {0};
    enum wi_code code = wi_picture_sniff(blob->bytes, blob->size, &picture, error);
    if (code != WI_OK)
        return code;
    size_t place = infer->asked->tensors.count;
    *form = json_pack("{s:I, s:s}", "tensor", (json_int_t)place, "media_type", picture.media_type);
    wi_tensors_add_bytes(&infer->asked->tensors, name, wi_blob_ref(blob), 0, blob->size);
    if (picture_pixels(&picture) > picture_pixels(&infer->picture)) {
        infer->picture = picture;
        infer->largest = place;
    }
    return WI_OK;
}

enum wi_code wi_media_take_sound(struct wi_infer *infer, struct wi_blob *blob, size_t at,
    size_t size, struct wi_sound *sound, struct wi_error *error)
{
    enum wi_code code = wi_sound_sniff(blob->bytes + at, size, sound, error);
    if (code != WI_OK)
        return code;
    wi_tensors_add_bytes(&infer->asked->tensors, "audio", wi_blob_ref(blob), at, size);
    infer->form = WI_FORM_SOUND;
    infer->asked->input =
        json_pack("{s:{s:i, s:s}}", "audio", "tensor", 0, "media_type", sound->media_type);
    json_t *audio = json_object_get(infer->asked->input, "audio");
    if (sound->format) {
        json_object_set_new(audio, "sampling_rate", json_integer(sound->sampling_rate));
        json_object_set_new(audio, "channels", json_integer(sound->channels ? sound->channels : 1));
    }
    return WI_OK;
}

struct part {
    const char *type;
    json_t *image_url;
};
static const struct wi_param part_table[] = {
    WI_PARAM(part, type, STRING, .required = 1),
    WI_PARAM(part, image_url, ANY, .required = 1),
    WI_PARAM_END,
};

struct address {
    json_t *url;
    const char *detail; /* the model's folder decides how closely it looks */
};
static const struct wi_param address_table[] = {
    WI_PARAM(address, url, ANY, .required = 1),
    WI_PARAM(address, detail, STRING, .max = 16),
    WI_PARAM_END,
};

static const char parts[] = "{\"type\": \"text\", \"text\": string}, or {\"type\": \"image_url\", "
                            "\"image_url\": {\"url\": \"data:image/png;base64,…\"}}";

static enum wi_code picture_refuse(
    const char *where, const char *what, const char *expected, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, where, "%s %s", where, what);
    return wi_error_expect(error, "%s", expected);
}

/* `*url` is borrowed from the part; some clients send the address without an object around it. */
static enum wi_code read_address(
    const json_t *part, const char *where, const json_t **url, struct wi_error *error)
{
    struct part read = {0};
    struct address address = {0};
    char prefix[160];
    const char *type = json_string_value(json_object_get(part, "type"));
    if (type && strcmp(type, "image_url") != 0)
        return picture_refuse(where, "is neither text nor a picture", parts, error);
    snprintf(prefix, sizeof prefix, "%.120s.", where);
    enum wi_code code = wi_params_read(part_table, part, WI_PARAMS_STRICT, prefix, &read, error);
    if (code != WI_OK)
        return code;
    *url = read.image_url;
    if (!json_is_object(*url))
        return WI_OK;
    snprintf(prefix, sizeof prefix, "%.120s.image_url.", where);
    code = wi_params_read(address_table, *url, WI_PARAMS_STRICT, prefix, &address, error);
    *url = address.url;
    return code;
}

enum wi_code wi_message_picture_check(
    const json_t *url, const char *where, const char *expected, struct wi_error *error)
{
    const char *text = json_string_value(url);
    if (!text)
        return picture_refuse(where, "has an address that is no string", expected, error);
    if (strncasecmp(text, "data:", 5) == 0)
        return WI_OK;
    return picture_refuse(where,
        "is the address of a picture, but the service fetches nothing for clients; send the "
        "picture itself as a data URI",
        expected, error);
}

enum wi_code wi_message_picture_take(struct wi_infer *infer, json_t *part, const json_t *data,
    const char *where, struct wi_error *error)
{
    struct wi_blob *blob;
    json_t *form = NULL;
    if (infer->asked->tensors.count >= WI_TEXT_PICTURES) {
        wi_error_set(error, WI_INVALID_FIELD, where, "%s is one picture too many", where);
        return wi_error_expect(error, "at most %d pictures in a request", WI_TEXT_PICTURES);
    }
    enum wi_code code = wi_picture_decode(
        json_string_value(data), json_string_length(data), where, infer->budget, &blob, error);
    if (code != WI_OK)
        return code;
    code = media_add_picture(infer, where, blob, &form, error);
    wi_blob_unref(blob);
    if (code != WI_OK && error)
        snprintf(error->field, sizeof error->field, "%s", where);
    if (code != WI_OK)
        return code;
    json_object_clear(part);
    json_object_set_new(part, "type", json_string("image"));
    json_object_set_new(part, "image", form);
    return WI_OK;
}

enum wi_code wi_message_picture_read(
    struct wi_infer *infer, json_t *part, const char *where, struct wi_error *error)
{
    const json_t *url = NULL;
    enum wi_code code = read_address(part, where, &url, error);
    if (code == WI_OK && !infer->plain_pictures)
        code = wi_message_picture_check(url, where, parts, error);
    if (code != WI_OK)
        return code;
    return wi_message_picture_take(infer, part, url, where, error);
}
