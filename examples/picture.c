/*
 * Says what is in a picture.
 *
 *     cc -o picture picture.c $(pkg-config --cflags --libs libcurl jansson)
 *     ./picture http://127.0.0.1:8470 digits models/digits/samples/7.png
 *
 * The file goes as it is, in a form; the answer is JSON. A token is read from WEBINFER_TOKEN.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Sends the file with the model's name; the answer, NULL if none came. *status is HTTP's. */
static json_t *ask(
    CURL *curl, const char *server, const char *model, const char *file, long *status)
{
    char url[512], *text = NULL;
    const char *token = getenv("WEBINFER_TOKEN");
    size_t size = 0;
    FILE *answer = open_memstream(&text, &size);
    curl_mime *form = curl_mime_init(curl);
    curl_mimepart *part = curl_mime_addpart(form);
    curl_mime_name(part, "model_name");
    curl_mime_data(part, model, CURL_ZERO_TERMINATED);
    part = curl_mime_addpart(form);
    curl_mime_name(part, "image");
    curl_mime_filedata(part, file);

    snprintf(url, sizeof url, "%s/v1/infer", server);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (token) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token);
    }
    CURLcode code = curl_easy_perform(curl);
    fclose(answer);
    curl_mime_free(form);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    json_t *json = code == CURLE_OK ? json_loadb(text, size, 0, NULL) : NULL;
    if (!json)
        fprintf(stderr, "%s: %s\n", url, code ? curl_easy_strerror(code) : "no JSON came");
    free(text);
    return json;
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: %s SERVER MODEL PICTURE\n", words[0]);
        return 2;
    }
    long status = 0;
    CURL *curl = curl_easy_init();
    json_t *answer = ask(curl, words[1], words[2], words[3], &status), *label;
    size_t i;
    if (answer && status == 200) {
        json_array_foreach(json_object_get(json_object_get(answer, "result"), "labels"), i, label)
        {
            printf("%s %.4f\n", json_string_value(json_object_get(label, "label")),
                json_number_value(json_object_get(label, "probability")));
        }
    } else if (answer) { /* a problem document: RFC 9457 */
        fprintf(stderr, "%s\n", json_string_value(json_object_get(answer, "detail")));
    }
    int failed = !answer || status != 200;
    json_decref(answer);
    curl_easy_cleanup(curl);
    return failed;
}
