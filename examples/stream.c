/*
 * Prints an answer while it is written.
 *
 *     cc -o stream stream.c $(pkg-config --cflags --libs libcurl jansson)
 *     ./stream http://127.0.0.1:8470 finch "Tell me a story."
 *
 * The answer comes as server-sent events: lines "data: JSON", the last one "data: [DONE]".
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What came of the line that is not complete yet, and how it goes. */
struct reader {
    char *line;
    size_t used;
    int done;
};

/* A chunk has a piece of the text, or says what went wrong; so does an answer that is no stream. */
static void take(struct reader *reader, const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    json_t *choice = json_array_get(json_object_get(json, "choices"), 0);
    json_t *error = json_object_get(json_object_get(json, "error"), "message");
    json_t *piece = json_object_get(json_object_get(choice, "delta"), "content");
    if (error)
        fprintf(stderr, "%s\n", json_string_value(error));
    if (piece)
        fputs(json_string_value(piece), stdout);
    fflush(stdout);
    reader->done |= strcmp(text, "[DONE]") == 0;
    json_decref(json);
}

/* Bytes come as the network has them: a line may come in several calls. */
static size_t on_bytes(char *bytes, size_t one, size_t count, void *context)
{
    struct reader *reader = context;
    for (size_t i = 0; i < count * one; i++) {
        reader->line = realloc(reader->line, reader->used + 2);
        reader->line[reader->used++] = bytes[i];
        if (bytes[i] != '\n')
            continue;
        reader->line[reader->used - 1] = '\0';
        reader->used = 0;
        int is_data = strncmp(reader->line, "data: ", 6) == 0;
        if (is_data || *reader->line == '{')
            take(reader, reader->line + (is_data ? 6 : 0));
    }
    return count * one;
}

int main(int count, char **words)
{
    char url[512];
    struct reader reader = {0};
    if (count != 4 || snprintf(url, sizeof url, "%s/v1/chat/completions", words[1]) >= 512)
        return fprintf(stderr, "usage: %s SERVER MODEL QUESTION\n", words[0]), 2;
    json_t *json = json_pack("{s:s, s:b, s:i, s:[{s:s, s:s}]}", "model", words[2], "stream", 1,
        "temperature", 0, "messages", "role", "user", "content", words[3]);
    char *body = json_dumps(json, 0);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reader);
    CURLcode code = curl_easy_perform(curl);
    fprintf(code ? stderr : stdout, "%s\n", code ? curl_easy_strerror(code) : "");
    json_decref(json), free(body), free(reader.line);
    curl_slist_free_all(headers), curl_easy_cleanup(curl);
    return code != CURLE_OK || !reader.done;
}
