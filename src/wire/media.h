/*
 * Pictures and sounds as inputs: the bytes of a file, or a slice of a body, become the only tensor
 * of a request, whatever its dialect or content type.
 */
#ifndef WI_WIRE_MEDIA_H
#define WI_WIRE_MEDIA_H

#include "wire/infer.h"
#include "wire/sound.h"

/* Makes `size` bytes of `blob` from `at` on the picture or the sound of `infer`, which has no
 * inputs yet; it takes a reference to the blob. WI_OK, or as wi_picture_sniff and
 * wi_sound_sniff. */
enum wi_code wi_media_take_picture(
    struct wi_infer *infer, struct wi_blob *blob, size_t at, size_t size, struct wi_error *error);
/* `sound` has the known properties and receives the others. */
enum wi_code wi_media_take_sound(struct wi_infer *infer, struct wi_blob *blob, size_t at,
    size_t size, struct wi_sound *sound, struct wi_error *error);

/* As OpenAI's clients send them: `part`, an object other than a text, becomes {"type": "image",
 * "image": {"tensor", "media_type"}}, with a tensor of `infer` that is named `where`. WI_OK,
 * WI_INVALID_FIELD, WI_MISSING_FIELD, WI_UNKNOWN_FIELD, WI_PICTURE_INVALID or WI_MEMORY_BUDGET. */
enum wi_code wi_message_picture_read(
    struct wi_infer *infer, json_t *part, const char *where, struct wi_error *error);

/* The same for a picture's address, which has to be a data URI: WI_OK, or WI_INVALID_FIELD with
 * what is `expected`. And for `data`, a string with that URI or with base64 alone: `part`, an
 * object, becomes the picture. */
enum wi_code wi_message_picture_check(
    const json_t *url, const char *where, const char *expected, struct wi_error *error);
enum wi_code wi_message_picture_take(struct wi_infer *infer, json_t *part, const json_t *data,
    const char *where, struct wi_error *error);

#endif
