/*
 * Stands where libFuzzer would: hands each file of the folders on the command line to a fuzz
 * target, once. Prints how many there were. A finding ends the program, by the sanitizers or by
 * must().
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED_MAX (1 << 20) /* bytes; libFuzzer's default for -max_len with such seeds */

/* Returns 0 where the file cannot be read or is longer than a seed may be. */
static int feed_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *room = file ? malloc(SEED_MAX + 1) : NULL;
    size_t size = room ? fread(room, 1, SEED_MAX + 1, file) : 0;
    int readable = room && !ferror(file) && size <= SEED_MAX;
    /* A block of just that size, so that a read beyond its end is seen. */
    uint8_t *data = readable ? malloc(size ? size : 1) : NULL;
    if (data) {
        memcpy(data, room, size);
        fprintf(stderr, "%s\n", path); /* the last one named is the one that ended the program */
        LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    free(room);
    if (file)
        fclose(file);
    return data != NULL;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (!feed_file(path)) {
                fprintf(stderr, "cannot read %s, or it is longer than %d bytes\n", path, SEED_MAX);
                return EXIT_FAILURE;
            }
            count++;
        }
        closedir(folder);
    }
    printf("%u\n", count);
    return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
