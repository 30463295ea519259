/* SHA-256 and SHA-1: of bytes, piece by piece, of a file, and as digits. */
#include "../test.h"

#include "base/hash.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* FIPS 180-2, appendices A.1 and B.1: of "abc". */
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1 "a9993e364706816aba3e25717850c26c9cd0d89d"
#define NOTHING_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

TEST(hashes_as_sha256)
{
    unsigned char hash[WI_HASH_SIZE], again[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];
    wi_hash("abc", 3, hash);
    wi_hash_hex(hash, hex);
    assert_string_equal(hex, ABC_SHA256);
    assert_int_equal(wi_hash_from_hex(hex, again), 0);
    assert_true(wi_hash_equal(hash, again));
    again[31] ^= 1;
    assert_false(wi_hash_equal(hash, again));
    hex[5] = 'g';
    assert_int_equal(wi_hash_from_hex(hex, again), -1);
    assert_int_equal(wi_hash_from_hex("abcd", again), -1);
}

/* RFC 4231, test case 2: a shorter key is one that ends with zeros. */
TEST(with_a_key_it_is_hmac)
{
    static const unsigned char key[WI_HASH_SIZE] = "Jefe";
    static const char text[] = "what do ya want for nothing?";
    unsigned char hash[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];
    wi_hash_keyed(key, text, strlen(text), hash);
    wi_hash_hex(hash, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(pieces_give_the_hash_of_the_whole)
{
    char hex[WI_HASH_HEX_SIZE];
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256), *git = wi_hasher_new(WI_SHA1);
    wi_hasher_add(hasher, "a", 1);
    wi_hasher_add(hasher, "", 0);
    wi_hasher_add(hasher, "bc", 2);
    wi_hasher_end(hasher, hex);
    assert_string_equal(hex, ABC_SHA256);
    wi_hasher_end(hasher, hex); /* another begins */
    assert_string_equal(hex, NOTHING_SHA256);
    wi_hasher_add(git, "abc", 3);
    wi_hasher_end(git, hex);
    assert_string_equal(hex, ABC_SHA1);
    wi_hasher_free(hasher);
    wi_hasher_free(git);
    wi_hasher_free(NULL);
}

TEST(hashes_the_beginning_of_a_file)
{
    char hex[WI_HASH_HEX_SIZE];
    FILE *file = tmpfile();
    atomic_int stop = 1;
    assert_true(fputs("abcd", file) >= 0);
    fflush(file);
    assert_int_equal(wi_hash_file(fileno(file), 3, NULL, hex), 0);
    assert_string_equal(hex, ABC_SHA256);
    assert_int_equal(wi_hash_file(fileno(file), 5, NULL, hex), -1);
    assert_int_equal(errno, 0);
    assert_int_equal(wi_hash_file(fileno(file), 4, &stop, hex), -1);
    assert_int_equal(errno, ECANCELED);
    assert_int_equal(wi_hash_file(-1, 4, NULL, hex), -1);
    assert_int_equal(errno, EBADF);
    fclose(file);
}
