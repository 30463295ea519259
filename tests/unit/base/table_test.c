/* The hash function of tables: what is the same has the same hash, and keys like ours spread. */
#include "../test.h"

#include "base/table.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 20000, BUCKETS = 4096 };

/* Hardly a bucket is empty, and none has a crowd. */
static void assert_spread(void (*print)(char *key, size_t size, unsigned number))
{
    static unsigned counts[BUCKETS];
    unsigned empty = 0;
    char key[256];

    memset(counts, 0, sizeof counts);
    for (unsigned i = 0; i < KEYS; i++) {
        print(key, sizeof key, i);
        counts[wi_table_hash(key, strlen(key)) % BUCKETS]++;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        empty += counts[i] == 0;
        assert_in_range(counts[i], 0, 5 * KEYS / BUCKETS);
    }
    assert_in_range(empty, 0, BUCKETS / 50); /* chance leaves 31 */
}

static void print_attempt(char *key, size_t size, unsigned number)
{
    snprintf(key, size, "req-6cbac8e334fdf217.%u", number);
}

static void print_model(char *key, size_t size, unsigned number)
{
    snprintf(key, size, "%064u\tchrome\tonnx\t1.20\twasm\t156.0\t\t\t", number);
}

static void print_short(char *key, size_t size, unsigned number)
{
    snprintf(key, size, "%u", number);
}

TEST(keys_spread)
{
    assert_spread(print_attempt);
    assert_spread(print_model);
    assert_spread(print_short);
}

TEST(the_length_counts)
{
    static const char zeros[64];

    for (size_t a = 0; a <= sizeof zeros; a++)
        for (size_t b = 0; b < a; b++)
            assert_true(wi_table_hash(zeros, a) != wi_table_hash(zeros, b));
}

TEST(each_byte_counts)
{
    char key[64] = {0};
    unsigned before = wi_table_hash(key, sizeof key);

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = 1;
        assert_true(wi_table_hash(key, sizeof key) != before);
        key[i] = 0;
    }
}

TEST(where_a_key_lies_does_not_count)
{
    static const char text[] = "a key of some length";
    char moved[sizeof text + 8];

    for (size_t i = 0; i < 8; i++) {
        memcpy(moved + i, text, sizeof text);
        assert_int_equal(wi_table_hash(moved + i, sizeof text), wi_table_hash(text, sizeof text));
    }
}

/* Of two words a first that differs in its highest bit, and a second that takes the difference
 * back: so keys of 192 bytes make 4096 for one chain, where words are mixed by multiplying. */
TEST(nobody_chooses_keys_of_one_chain)
{
    enum { PAIRS = 12, WORDS = 2 * PAIRS };
    static unsigned counts[1 << PAIRS];
    unsigned most = 0;

    for (unsigned i = 0; i < 1u << PAIRS; i++) {
        uint64_t key[WORDS] = {0};
        for (unsigned pair = 0; pair < PAIRS; pair++)
            if (i >> pair & 1) {
                key[2 * pair] = 1ull << 63;
                key[2 * pair + 1] = 1ull << 63 | 1ull << 31;
            }
        unsigned chain = wi_table_hash(key, sizeof key) % (1 << PAIRS);
        most = ++counts[chain] > most ? counts[chain] : most;
    }
    assert_in_range(most, 1, 12); /* by chance 6 or 7 */
}
