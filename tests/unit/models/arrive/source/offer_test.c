/* What neighbours say that they have: as a daemon says it, and as nobody should. */
#include "../../../test.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "models/arrive/source/offer.h"
#include "models/share/content/tree.h"
#include <stdlib.h>
#include <string.h>

/* Of "abc" and of nothing. */
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_CID "bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu"
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_CID "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
/* Of 2^20 zeros and one more, whatever its SHA-256 is claimed to be. */
#define LARGE_CID "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq"
#define LARGE_SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FOLDER "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu"
#define OTHER_FOLDER "bafybeifnd754mto6tpaf4qlzsgarhgg3rfnf4pvc5dewovbv7r34hrdf2m"

#define ABC_FILE(path)                                                                             \
    "{\"path\":\"" path "\",\"bytes\":3,\"sha256\":\"" ABC_SHA256 "\",\"cid\":\"" ABC_CID "\"}"
#define LARGE_FILE(path)                                                                           \
    "{\"path\":\"" path "\",\"bytes\":1048577,\"sha256\":\"" LARGE_SHA256                          \
    "\",\"cid\":\"" LARGE_CID "\"}"
#define ROW(cid, name, bytes, files)                                                               \
    "{\"cid\":\"" cid "\",\"name\":\"" name "\",\"bytes\":" bytes ",\"files\":[" files "]}"
#define GOOD_ROW ROW(FOLDER, "org/good", "3", ABC_FILE("model.onnx"))
#define LIST(rows) "{\"id\":\"a1\",\"version\":1,\"content\":[" rows "]}"

static void read_text(struct wi_offer *offer, const char *text)
{
    struct wi_error error;
    if (wi_offer_read(offer, text, strlen(text), &error) != WI_OK)
        fail_msg("%s", error.detail);
}

static void refuse(const char *text, size_t size, const char *why)
{
    struct wi_offer offer = {0};
    struct wi_error error;
    if (wi_offer_read(&offer, text, size, &error) != WI_HUB_FAILED)
        fail_msg("accepted: %.200s", text);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, why);
    assert_null(offer.id);
    assert_int_equal(offer.count, 0);
}

/* The row is left out, and the good one beside it is not. */
static void leave_out(const char *row)
{
    struct wi_offer offer = {0};
    char *text = wi_sprintf("{\"id\":\"a1\",\"version\":1,\"content\":[%s,%s]}", row, GOOD_ROW);
    read_text(&offer, text);
    if (offer.count != 1 || offer.left_out != 1)
        fail_msg("%zu rows are left, %zu are not: %s", offer.count, offer.left_out, row);
    assert_string_equal(offer.rows[0].name, "org/good");
    wi_offer_clear(&offer);
    free(text);
}

TEST(reads_what_a_daemon_says)
{
    struct wi_offer offer = {0};
    char cid[WI_CID_TEXT];
    read_text(&offer,
        "{\"id\":\"0f3c\",\"version\":1,\"takes\":5000,\"more\":{\"a\":[1]},\"content\":[{\"cid\":"
        "\"" FOLDER
        "\",\"name\":\"org/model:q8\",\"bytes\":1048580,\"published\":true,\"origin\":\"77aa\","
        "\"runs_24h\":12,\"also\":[\"" OTHER_FOLDER "\"],\"unknown\":null,\"files\":[" LARGE_FILE(
            "onnx/model.onnx") "," ABC_FILE("config.json") "]}," ROW(OTHER_FOLDER, "org/other", "0",
            "{\"path\":\"model.json\",\"bytes\":0,\"sha256\":\"" EMPTY_SHA256
            "\",\"cid\":\"" EMPTY_CID "\",\"mode\":7}") "]}");
    assert_string_equal(offer.id, "0f3c");
    assert_int_equal(offer.takes, 5000);
    assert_int_equal(offer.count, 2);
    assert_int_equal(offer.left_out, 0);
    const struct wi_offer_row *row = &offer.rows[0];
    wi_cid_print(&row->cid, cid);
    assert_string_equal(cid, FOLDER);
    assert_string_equal(row->name, "org/model:q8");
    assert_int_equal(row->bytes, 1048580);
    assert_true(row->published);
    assert_string_equal(row->origin, "77aa");
    assert_int_equal(row->runs_24h, 12);
    assert_int_equal(row->also_count, 1);
    assert_int_equal(row->count, 2);
    assert_string_equal(row->files[0].path, "config.json");
    assert_string_equal(row->files[1].path, "onnx/model.onnx");
    assert_false(offer.rows[1].published);
    assert_string_equal(offer.rows[1].origin, "");
    assert_int_equal(offer.rows[1].also_count, 0);
    wi_offer_clear(&offer);
}

TEST(finds_files_and_models)
{
    struct wi_offer offer = {0};
    unsigned char hash[WI_HASH_SIZE];
    read_text(
        &offer, LIST(ROW(FOLDER, "org/a", "1048580", ABC_FILE("a") "," LARGE_FILE("b")) "," ROW(
                    OTHER_FOLDER, "org/b", "3", ABC_FILE("c"))));
    wi_hash_from_hex(LARGE_SHA256, hash);
    const struct wi_offer_file *file = wi_offer_find(&offer, hash, 1048577);
    assert_non_null(file);
    assert_string_equal(file->path, "b");
    assert_null(wi_offer_find(&offer, hash, 1048578));
    wi_hash_from_hex(ABC_SHA256, hash);
    assert_non_null(wi_offer_find(&offer, hash, 3));
    hash[WI_HASH_SIZE - 1]++;
    assert_null(wi_offer_find(&offer, hash, 3));
    assert_ptr_equal(wi_offer_find_name(&offer, "org/b"), &offer.rows[1]);
    assert_null(wi_offer_find_name(&offer, "org/c"));
    wi_offer_clear(&offer);
    assert_null(wi_offer_find(&offer, hash, 3));
}

TEST(refuses_what_is_no_list)
{
    static const struct {
        const char *text, *why;
    } cases[] = {{"", "its list of content cannot be used"}, {"[]", "it is no object"},
        {"<!doctype html>", "expected near '<'"}, {"{\"id\":\"a\",\"version\":1}", "content"},
        {"{\"id\":\"a\",\"version\":2,\"content\":[]}", "version"},
        {"{\"id\":\"a\",\"version\":1,\"content\":{}}", "content"},
        {"{\"id\":7,\"version\":1,\"content\":[]}", "id"},
        {"{\"id\":\"\",\"version\":1,\"content\":[]}", "id"},
        {"{\"id\":\"a b\",\"version\":1,\"content\":[]}", "its id is none"},
        {"{\"version\":1,\"content\":[]}", "id"},
        {"{\"id\":\"a\",\"id\":\"b\",\"version\":1,\"content\":[]}", "duplicate"},
        {"{\"id\":\"a\",\"version\":1,\"content\":[]}x", "end of file"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(cases[i].text, strlen(cases[i].text), cases[i].why);
}

TEST(refuses_a_list_that_is_too_long)
{
    char *text = wi_alloc(WI_OFFER_MAX + 1);
    memset(text, ' ', WI_OFFER_MAX + 1);
    refuse(text, WI_OFFER_MAX + 1, "longer than 4 MiB");
    free(text);
}

TEST(leaves_out_rows_that_are_wrong)
{
    static const char *const rows[] = {"7", "[]", "{}", "null",
        ROW("bafybeicoelrp", "org/a", "3", ABC_FILE("a")),
        ROW(ABC_SHA256, "org/a", "3", ABC_FILE("a")), ROW(FOLDER, "", "3", ABC_FILE("a")),
        ROW(FOLDER, "org/../a", "3", ABC_FILE("a")), ROW(FOLDER, "org/a", "-3", ABC_FILE("a")),
        ROW(FOLDER, "org/a", "4", ABC_FILE("a")), ROW(FOLDER, "org/a", "3.0", ABC_FILE("a")),
        ROW(FOLDER, "org/a", "0", ""), ROW(FOLDER, "org/a", "6", ABC_FILE("a") "," ABC_FILE("a")),
        ROW(FOLDER, "org/a", "3", ABC_FILE("../a")), ROW(FOLDER, "org/a", "3", ABC_FILE("/a")),
        ROW(FOLDER, "org/a", "3", ABC_FILE(".a")), ROW(FOLDER, "org/a", "3", "7"),
        ROW(FOLDER, "org/a", "3", "{\"path\":\"a\"}"),
        /* Another SHA-256 or length than its CID can have. */
        ROW(FOLDER, "org/a", "3",
            "{\"path\":\"a\",\"bytes\":3,\"sha256\":\"" EMPTY_SHA256 "\",\"cid\":\"" ABC_CID "\"}"),
        ROW(FOLDER, "org/a", "3",
            "{\"path\":\"a\",\"bytes\":3,\"sha256\":\"" ABC_SHA256 "\",\"cid\":\"" LARGE_CID "\"}"),
        ROW(FOLDER, "org/a", "1048577",
            "{\"path\":\"a\",\"bytes\":1048577,\"sha256\":\"" ABC_SHA256 "\",\"cid\":\"" ABC_CID
            "\"}"),
        ROW(FOLDER, "org/a", "3",
            "{\"path\":\"a\",\"bytes\":3,\"sha256\":\"zz7816bf8f01cfea414140de5"
            "dae2223b00361a396177a9cb410ff61f20015ad\",\"cid\":\"" ABC_CID "\"}"),
        "{\"cid\":\"" FOLDER
        "\",\"name\":\"org/a\",\"bytes\":3,\"published\":1,\"files\":[" ABC_FILE("a") "]}",
        "{\"cid\":\"" FOLDER
        "\",\"name\":\"org/a\",\"bytes\":3,\"origin\":\"a b\",\"files\":[" ABC_FILE("a") "]}",
        "{\"cid\":\"" FOLDER
        "\",\"name\":\"org/a\",\"bytes\":3,\"also\":[7],\"files\":[" ABC_FILE("a") "]}",
        "{\"cid\":\"" FOLDER
        "\",\"name\":\"org/a\",\"bytes\":3,\"also\":[\"x\"],\"files\":[" ABC_FILE("a") "]}",
        "{\"cid\":\"" FOLDER
        "\",\"name\":\"org/a\",\"bytes\":3,\"runs_24h\":-1,\"files\":[" ABC_FILE("a") "]}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        leave_out(rows[i]);
}

TEST(takes_each_cid_once)
{
    struct wi_offer offer = {0};
    read_text(&offer, LIST(GOOD_ROW "," ROW(FOLDER, "org/b", "3", ABC_FILE("b")) "," ROW(
                          OTHER_FOLDER, "org/c", "3", ABC_FILE("c"))));
    assert_int_equal(offer.count, 2);
    assert_int_equal(offer.left_out, 1);
    assert_string_equal(offer.rows[0].name, "org/good");
    assert_string_equal(offer.rows[1].name, "org/c");
    wi_offer_clear(&offer);
}

TEST(reads_so_many_rows_and_no_more)
{
    struct wi_buffer text = {0};
    struct wi_offer offer = {0};
    char cid[WI_CID_TEXT];
    wi_buffer_puts(&text, "{\"id\":\"a\",\"version\":1,\"content\":[");
    for (unsigned i = 0; i < WI_OFFER_ROWS_MAX + 5; i++) {
        struct wi_cid own;
        wi_cid_of(WI_CODEC_DAG_PB, (const unsigned char *)&i, sizeof i, &own);
        wi_cid_print(&own, cid);
        wi_buffer_strings(&text, i ? "," : "", "{\"cid\":\"", cid,
            "\",\"name\":\"org/a\",\"bytes\":3,\"files\":[" ABC_FILE("a") "]}", NULL);
    }
    wi_buffer_puts(&text, "]}");
    read_text(&offer, text.text);
    assert_int_equal(offer.count, WI_OFFER_ROWS_MAX);
    assert_int_equal(offer.left_out, 5);
    wi_offer_clear(&offer);
    wi_buffer_clear(&text);
}

/* Two million values in 4 MiB cost the time to read them, and nothing is left of them. */
TEST(survives_a_flood_of_rows)
{
    struct wi_buffer text = {0};
    struct wi_offer offer = {0};
    wi_buffer_puts(&text, "{\"id\":\"a\",\"version\":1,\"content\":[0");
    while (text.size < WI_OFFER_MAX - 8)
        wi_buffer_puts(&text, ",0");
    wi_buffer_puts(&text, "]}");
    read_text(&offer, text.text);
    assert_int_equal(offer.count, 0);
    assert_true(offer.left_out > 2000000);
    wi_offer_clear(&offer);
    wi_buffer_clear(&text);
}
