/*
 * Sends a tensor in binary and gets one back: no number is written as text on the way.
 *
 *     cc -o tensors tensors.c $(pkg-config --cflags --libs libcurl jansson)
 *     ./tensors http://127.0.0.1:8470 builtin/echo
 *
 * A body is JSON, of which Inference-Header-Content-Length says how long it is, and behind it the
 * tensors, little-endian, each as many bytes as its binary_data_size says.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float sent[2][3] = {{0.5f, 1, 2}, {-1, 1e-9f, 16777216}};

/* The body, as long as *size says; its head has *head bytes. */
static char *body_of(const char *model, size_t *head, size_t *size)
{
    json_t *json = json_pack("{s:s, s:[{s:s, s:s, s:[i, i], s:{s:I}}], s:{s:b}}", "model_name",
        model, "inputs", "name", "x", "datatype", "FP32", "shape", 2, 3, "parameters",
        "binary_data_size", (json_int_t)sizeof sent, "parameters", "binary_data_output", 1);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    *head = strlen(text);
    text = realloc(text, *size = *head + sizeof sent);
    memcpy(text + *head, sent, sizeof sent);
    return text;
}

/* Prints what came: the first output, whose bytes are right behind the JSON. */
static int show(CURL *curl, const char *bytes, size_t size)
{
    struct curl_header *header;
    int is_binary = curl_easy_header(
                        curl, "Inference-Header-Content-Length", 0, CURLH_HEADER, -1, &header) == 0;
    size_t head = is_binary ? strtoul(header->value, NULL, 10) : size, values = 0;
    json_t *json = json_loadb(bytes, head, 0, NULL);
    json_t *output = json_array_get(json_object_get(json, "outputs"), 0);
    const char *detail = json_string_value(json_object_get(json, "detail"));
    if (is_binary && output)
        values = (size - head) / sizeof(float);
    else
        fprintf(stderr, "%s\n", detail ? detail : "no tensor came");
    for (size_t i = 0; i < values; i++) {
        float value;
        memcpy(&value, bytes + head + i * sizeof value, sizeof value);
        printf("%s[%zu] = %.9g\n", json_string_value(json_object_get(output, "name")), i, value);
    }
    json_decref(json);
    return values > 0 ? 0 : 1;
}

int main(int count, char **words)
{
    char url[512], length[80], *answer = NULL;
    size_t head, size, answered = 0;
    if (count != 3 || snprintf(url, sizeof url, "%s/v1/infer", words[1]) >= (int)sizeof url)
        return fprintf(stderr, "usage: %s SERVER MODEL\n", words[0]), 2;
    char *body = body_of(words[2], &head, &size);
    FILE *to = open_memstream(&answer, &answered);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/octet-stream");
    snprintf(length, sizeof length, "Inference-Header-Content-Length: %zu", head);
    headers = curl_slist_append(headers, length);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, to);
    CURLcode code = curl_easy_perform(curl);
    fclose(to);
    if (code != CURLE_OK)
        fprintf(stderr, "%s: %s\n", url, curl_easy_strerror(code));
    int failed = code != CURLE_OK || show(curl, answer, answered);
    free(answer), free(body), curl_slist_free_all(headers), curl_easy_cleanup(curl);
    return failed;
}
