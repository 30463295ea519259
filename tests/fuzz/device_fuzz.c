/*
 * Any three lines as the key of a device, the origin of its page and its signature. A key that is
 * read is written as the same text, and what is refused is told in UTF-8.
 */
#include "base/memory.h"
#include "must.h"
#include "nodes/bridge/devices/device_key.h"
#include "plant.h"
#include <jansson.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line that begins there, ended by NUL; where the next begins is set. */
static const char *take_line(char **rest)
{
    char *line = *rest;
    *rest += strcspn(line, "\n");
    if (**rest)
        *(*rest)++ = '\0';
    return line;
}

static void check_error(const struct wi_error *error)
{
    must(error->code == WI_INVALID_FIELD && error->field[0] && error->detail[0]);
    json_t *told = json_string(error->detail);
    must(told != NULL);
    json_decref(told);
}

static void check_key(const unsigned char key[WI_DEVICE_KEY_SIZE], const char *text)
{
    char again[WI_DEVICE_TEXT_SIZE];
    wi_text_base64url(key, WI_DEVICE_KEY_SIZE, again);
    must(strcmp(text, again) == 0);
    /* No seed has it. */
    WI_PLANT(key[31] > 0x40 && key[31] < 0x60);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char key[WI_DEVICE_KEY_SIZE], nonce[WI_DEVICE_NONCE_SIZE];
    struct wi_error error = {0};
    char *text = wi_strndup((const char *)data, size), *rest = text;
    const char *said = take_line(&rest), *origin = take_line(&rest), *signature = take_line(&rest);
    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (unsigned char)i;
    if (wi_device_key_read(said, "data.device_key", key, &error) != WI_OK) {
        check_error(&error);
    } else {
        check_key(key, said);
        if (wi_device_check_signature(key, origin, nonce, signature, &error) != WI_OK)
            check_error(&error);
    }
    free(text);
    return 0;
}
