/* CIDs: which texts are one, which bytes, and how they are printed. */
#include "../../test.h"

#include "terms/model/cid.h"
#include <ctype.h>
#include <string.h>

/* Of "abc". */
#define RAW "bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu"
#define RAW_BASE58 "zb2rhjCBERUodVMcKTiFjjbWP12nfh2nNKKcpDNHeQPReWC2G"
#define DAG_PB "bafybeif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu"
#define DAG_PB_BASE58 "zdj7Whyo7oLRFhwXqv61NvvgrT8ecAynRQiaMppemuUUp6uzU"
#define V0 "QmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1pY"

static void assert_parsed(const char *text, enum wi_codec codec, const char *content)
{
    struct wi_cid cid, expected;
    struct wi_error error;
    if (wi_cid_parse(text, "model", &cid, &error) != WI_OK)
        fail_msg("%s", error.detail);
    wi_cid_of(codec, (const unsigned char *)content, strlen(content), &expected);
    assert_true(wi_cid_equal(&cid, &expected));
}

static void assert_refused(const char *text, const char *why)
{
    struct wi_cid cid;
    struct wi_error error = {0};
    assert_int_equal(wi_cid_parse(text, "model", &cid, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "model");
    assert_string_equal(error.allowed, "a CIDv0, or a CIDv1 in base32 or base58btc, of codec raw "
                                       "or dag-pb and hash sha2-256");
    if (!strstr(error.detail, why) || !strstr(error.detail, error.allowed))
        fail_msg("%s", error.detail);
}

TEST(reads_every_form_of_text)
{
    char upper[WI_CID_TEXT];
    for (size_t i = 0; i < sizeof upper; i++)
        upper[i] = (char)toupper((unsigned char)RAW[i]);
    assert_parsed(RAW, WI_CODEC_RAW, "abc");
    assert_parsed(upper, WI_CODEC_RAW, "abc");
    assert_parsed(RAW_BASE58, WI_CODEC_RAW, "abc");
    assert_parsed(DAG_PB, WI_CODEC_DAG_PB, "abc");
    assert_parsed(DAG_PB_BASE58, WI_CODEC_DAG_PB, "abc");
    assert_parsed(V0, WI_CODEC_DAG_PB, "abc");
}

TEST(prints_what_it_reads)
{
    static const char *const texts[] = {RAW, DAG_PB};
    struct wi_cid cid;
    char text[WI_CID_TEXT];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(wi_cid_parse(texts[i], NULL, &cid, NULL), WI_OK);
        wi_cid_print(&cid, text);
        assert_string_equal(text, texts[i]);
    }
    /* A CIDv0 is its CIDv1. */
    assert_int_equal(wi_cid_parse(V0, NULL, &cid, NULL), WI_OK);
    wi_cid_print(&cid, text);
    assert_string_equal(text, DAG_PB);
}

TEST(codecs_tell_blocks_apart)
{
    struct wi_cid raw, dag_pb;
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"abc", 3, &raw);
    wi_cid_of(WI_CODEC_DAG_PB, (const unsigned char *)"abc", 3, &dag_pb);
    assert_false(wi_cid_equal(&raw, &dag_pb));
    dag_pb.codec = WI_CODEC_RAW;
    assert_true(wi_cid_equal(&raw, &dag_pb));
    dag_pb.hash[31] ^= 1;
    assert_false(wi_cid_equal(&raw, &dag_pb));
}

TEST(refuses_other_texts)
{
    static const char known_base[] = "neither base32 nor base58btc", form[] = "not well-formed",
                      cut[] = "cut, or something follows it";
    char mixed[] = RAW, last[] = RAW;
    mixed[20] = (char)toupper((unsigned char)mixed[20]);
    last[58] = 'v'; /* a bit behind the last byte */
    assert_refused("", known_base);
    assert_refused("model.onnx", known_base);
    assert_refused(
        "f01551220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", known_base);
    assert_refused("ipfs://" RAW, known_base);
    assert_refused(" " RAW, known_base);
    assert_refused(mixed, form);
    assert_refused(last, form);
    assert_refused(RAW " ", form);
    assert_refused(RAW "/", form);
    assert_refused(RAW "=", form);
    assert_refused(RAW "a", form); /* five bits that are part of no byte */
    assert_refused(RAW "aa", cut);
    assert_refused("b", cut);
    assert_refused("z", cut);
    assert_refused("Qm", cut);
    assert_refused("bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaav", cut);
    assert_refused("QmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1p", cut);
    assert_refused(V0 "1", cut);
    assert_refused("QmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1p0", form); /* 0 is no digit */
    assert_refused("z1b2rhjCBERUodVMcKTiFjjbWP12nfh2nNKKcpDNHeQPReWC2G", form);
    assert_refused("z" V0, "no letter of a base");
    assert_refused("bciqlu6awx6hqdt7kifaubxs5vyrchmadmgrzmf32ts2bb73b6iablli", "no letter");
}

TEST(refuses_other_codecs_hashes_and_versions)
{
    assert_refused("bafyreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu", "codec");
    assert_refused("bafkrgqg5v422de3bpk5myqltjgxcaqjrcltputujvf7kecu653tewvottiqzfgjke5h4dkbwxi6"
                   "chi765o6uktkeensdz2aofknmst5fjssj6",
        "not sha2-256");
    assert_refused("bafkrcffjte7dmrygqfvluprfof4fbqtmttinrhi", "not sha2-256");
    assert_refused("bafkreff2pall7dybz7vecqka3zo24irdwabwdiy", "not of 32 bytes");
    assert_refused("bajkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu", "version");
    /* The version in two bytes. */
    assert_refused("bqeafkeraxj4bnp4pahh6uqkbidpf3lrceoyagyndsylxvhfucd7wd4qacwwq", "cut");
}

TEST(refuses_long_texts)
{
    char text[4096];
    for (const char *first = "bBzQ"; *first; first++) {
        memset(text, 'A', sizeof text);
        text[sizeof text - 1] = '\0';
        text[0] = *first;
        if (*first == 'Q')
            text[1] = 'm';
        assert_refused(text, "cut");
        text[214] = '\0'; /* the longest that is decoded */
        assert_refused(text, "\"");
    }
    memset(text, 'z', 214); /* a number of more bytes than a CID has */
    text[0] = 'z';
    assert_refused(text, "not well-formed");
}

TEST(refuses_identities_as_a_root)
{
    assert_refused(WI_CID_PROBE, "holds its content itself");
    assert_refused("bafkqaa3bmjrq", "holds its content itself");
}

/* --- binary ----------------------------------------------------------------------------------- */

TEST(binary_is_what_was_written)
{
    unsigned char bytes[WI_CID_BYTES + 1] = {0};
    struct wi_cid_read read;
    struct wi_cid cid;
    wi_cid_of(WI_CODEC_DAG_PB, (const unsigned char *)"abc", 3, &cid);
    wi_cid_write(&cid, bytes);
    assert_int_equal(wi_cid_read(bytes, sizeof bytes, &read), 0);
    assert_int_equal(read.size, WI_CID_BYTES);
    assert_int_equal(read.codec, WI_CODEC_DAG_PB);
    assert_null(read.identity);
    assert_true(wi_cid_equal(&read.cid, &cid));
    for (size_t size = 0; size < WI_CID_BYTES; size++)
        assert_int_equal(wi_cid_read(bytes, size, &read), -1);
    /* Of version 0 it is the multihash. */
    assert_int_equal(wi_cid_read(bytes + 2, WI_CID_BYTES - 2, &read), 0);
    assert_int_equal(read.size, 34);
    assert_int_equal(read.codec, WI_CODEC_DAG_PB);
    assert_true(wi_cid_equal(&read.cid, &cid));
}

TEST(binary_identities_are_bounded)
{
    unsigned char bytes[5 + WI_CID_IDENTITY_MAX + 1] = {1, WI_CODEC_RAW, 0, 3, 'a', 'b', 'c', 'd'};
    struct wi_cid_read read;
    assert_int_equal(wi_cid_read(bytes, 8, &read), 0);
    assert_int_equal(read.size, 7);
    assert_int_equal(read.codec, WI_CODEC_RAW);
    assert_int_equal(read.identity_size, 3);
    assert_memory_equal(read.identity, "abc", 3);
    assert_int_equal(wi_cid_read(bytes, 6, &read), -1);
    bytes[3] = 0;
    assert_int_equal(wi_cid_read(bytes, 4, &read), 0);
    assert_non_null(read.identity);
    assert_int_equal(read.identity_size, 0);
    bytes[3] = 0x80;
    bytes[4] = 1; /* 128 */
    assert_int_equal(wi_cid_read(bytes, sizeof bytes, &read), 0);
    assert_int_equal(read.identity_size, WI_CID_IDENTITY_MAX);
    bytes[3] = 0x81;
    assert_int_equal(wi_cid_read(bytes, sizeof bytes, &read), -1);
}

TEST(numbers_without_end_are_refused)
{
    unsigned char bytes[64];
    struct wi_cid_read read;
    for (size_t from = 0; from < 4; from++) {
        const unsigned char head[] = {1, WI_CODEC_RAW, 0x12, 32};
        memset(bytes, 0xff, sizeof bytes);
        memcpy(bytes, head, from);
        assert_int_equal(wi_cid_read(bytes, sizeof bytes, &read), -1);
    }
}
