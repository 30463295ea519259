/* A server with a tokens file, and people who have one each. */
#ifndef WI_TESTS_API_PEOPLE_H
#define WI_TESTS_API_PEOPLE_H

#include "fixture.h"

#include "settings/config/api_tokens.h"

enum who { NOBODY, LAPTOP, BOB, ADA, ROOT, WHO_COUNT };
static const struct {
    const char *name;
    enum wi_rank rank;
} people[WHO_COUNT] = {{"nobody", WI_RANK_NONE}, {"laptop", WI_RANK_NODE}, {"bob", WI_RANK_USER},
    {"ada", WI_RANK_USER}, {"root", WI_RANK_ADMIN}};

static char tokens[WHO_COUNT][WI_TOKEN_SIZE];
static char path[] = "/tmp/webinfer-tokens-XXXXXX";

/* Writes the file with the tokens of those in `mask`. */
static void write_tokens(unsigned mask)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = LAPTOP; i < WHO_COUNT; i++) {
        unsigned char hash[WI_HASH_SIZE];
        char hex[2 * WI_HASH_SIZE + 1];
        wi_hash(tokens[i], strlen(tokens[i]), hash);
        wi_hash_hex(hash, hex);
        if (mask & 1u << i)
            fprintf(file, "%s:%s:%s\n", people[i].name, hex, wi_rank_names[people[i].rank]);
    }
    fclose(file);
}

static void reload(void)
{
    struct wi_error error;
    assert_int_equal(wi_server_reload(fixture->server, &fixture->config, &error), WI_OK);
}

/* For a server that runs. */
static int give_tokens(void)
{
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    for (int i = 0; i < WHO_COUNT; i++)
        wi_token_new(tokens[i]);
    write_tokens(~0u);
    fixture->config.api.tokens_file = path;
    reload();
    return 0;
}

static inline int set_up_tokens(void **state)
{
    return set_up(state) == 0 ? give_tokens() : -1;
}

static int tear_down_tokens(void **state)
{
    unlink(path);
    return tear_down(state);
}

static void header_of(enum who who, char *header, size_t size)
{
    header[0] = '\0';
    if (who != NOBODY)
        snprintf(header, size, "Authorization: Bearer %s\r\n", tokens[who]);
}

static inline int ask_as(enum who who, const char *method, const char *where, json_t **json)
{
    char header[128];
    header_of(who, header, sizeof header);
    return ask(method, where, header, json);
}

#endif
