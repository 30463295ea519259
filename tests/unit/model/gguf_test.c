/* The architecture that a GGUF file names, whole and damaged. */
#include "../test.h"

#include "base/buffer.h"
#include "model/gguf.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void put(struct wi_buffer *out, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        unsigned char byte = (unsigned char)(number >> (8 * i));
        wi_buffer_add(out, &byte, 1);
    }
}

static void put_text(struct wi_buffer *out, const char *text)
{
    put(out, strlen(text), 8);
    wi_buffer_add(out, text, strlen(text));
}

/* A head with a number, an array, a string and, if given, the architecture. */
static struct wi_buffer make(unsigned version, const char *architecture)
{
    struct wi_buffer out = {0};
    wi_buffer_add(&out, "GGUF", 4);
    put(&out, version, 4);
    put(&out, 7, 8);
    put(&out, architecture ? 4 : 3, 8);
    put_text(&out, "general.alignment");
    put(&out, 4, 4);
    put(&out, 32, 4);
    put_text(&out, "some.list");
    put(&out, 9, 4);
    put(&out, 2, 4);
    put(&out, 3, 8);
    put(&out, 0, 6);
    put_text(&out, "general.name");
    put(&out, 8, 4);
    put_text(&out, "tiny");
    if (architecture) {
        put_text(&out, "general.architecture");
        put(&out, 8, 4);
        put_text(&out, architecture);
    }
    return out;
}

/* Over an exact copy, so that a read past the end is seen. */
static int read_copy(const struct wi_buffer *head, size_t size, char *out)
{
    unsigned char *copy = malloc(size ? size : 1);
    memcpy(copy, head->text, size);
    int code = wi_gguf_architecture(copy, size, out);
    free(copy);
    return code;
}

static void reads_the_architecture(void **state)
{
    char name[WI_GGUF_NAME_MAX];
    for (unsigned version = 2; version <= 3; version++) {
        struct wi_buffer head = make(version, "llama");
        assert_int_equal(read_copy(&head, head.size, name), 0);
        assert_string_equal(name, "llama");
        wi_buffer_clear(&head);
    }
}

static void refuses_what_is_none(void **state)
{
    char name[WI_GGUF_NAME_MAX], longest[WI_GGUF_NAME_MAX + 1];
    struct wi_buffer old = make(1, "llama"), without = make(3, NULL), head = make(3, "llama");
    assert_int_equal(read_copy(&old, old.size, name), -1);
    assert_int_equal(read_copy(&without, without.size, name), -1);
    for (size_t size = 0; size < head.size; size++)
        assert_int_equal(read_copy(&head, size, name), -1);
    for (size_t i = 0; i < head.size; i++) {
        char before = head.text[i];
        for (int byte = 0; byte < 256; byte += 51) {
            head.text[i] = (char)byte;
            if (read_copy(&head, head.size, name) == 0)
                assert_in_range(strlen(name), 1, WI_GGUF_NAME_MAX - 1);
        }
        head.text[i] = before;
    }
    memset(longest, 'x', sizeof longest);
    longest[WI_GGUF_NAME_MAX] = '\0';
    struct wi_buffer too_long = make(3, longest);
    assert_int_equal(read_copy(&too_long, too_long.size, name), -1);
    wi_buffer_clear(&too_long);
    wi_buffer_clear(&old);
    wi_buffer_clear(&without);
    wi_buffer_clear(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_architecture),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
