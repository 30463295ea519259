/* Pictures and sounds as inputs; see media.h. */
#include "wire/media.h"

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

enum wi_code wi_media_add_picture(struct wi_infer *infer, const char *name, struct wi_blob *blob,
    json_t **form, struct wi_error *error)
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
    size_t size, struct wi_sound *sound, const char *field, struct wi_error *error)
{
    enum wi_code code = wi_sound_sniff(blob->bytes + at, size, sound, field, error);
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
