/* Lines of a record: the length and the hash of the file, then FIRST END of each range, and "= "
 * with the checksum. What follows is the rest of a longer one in whose place it was written. */
#include "hub/record.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/secret.h"
#include "model/open.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX 65536
#define SEAL_DIGITS 16
#define SEAL_SIZE (SEAL_DIGITS + 4) /* with its NUL */

static void make_seal(const char *text, size_t size, char seal[SEAL_SIZE])
{
    unsigned char hash[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    wi_hash(text, size, hash);
    wi_hash_hex(hash, hex);
    snprintf(seal, SEAL_SIZE, "= %.*s\n", SEAL_DIGITS, hex);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Takes the seal off; whether it was right. */
static int unseal(char *text)
{
    char seal[SEAL_SIZE];
    char *last = strstr(text, "\n= ");
    if (last == NULL)
        return 0;
    last++;
    make_seal(text, (size_t)(last - text), seal);
    if (strncmp(last, seal, strlen(seal)) != 0)
        return 0;
    *last = '\0';
    return 1;
}

static int read_text(const char *text, const struct wi_hub_file *file, struct wi_ranges *there)
{
    uint64_t bytes, first, end;
    char hash[sizeof file->hash];
    int used = 0;
    if (sscanf(text, "%" SCNu64 " %64[0-9a-f]\n%n", &bytes, hash, &used) != 2 || used == 0 ||
        bytes != file->bytes || strcmp(hash, file->hash) != 0)
        return 0;
    for (text += used; *text; text += used) {
        used = 0;
        if (sscanf(text, "%" SCNu64 " %" SCNu64 "\n%n", &first, &end, &used) != 2 || used == 0 ||
            first >= end || end > file->bytes) {
            wi_ranges_clear(there);
            return 0;
        }
        wi_ranges_add(there, first, end);
    }
    return 1;
}

int wi_record_load(
    int folder, const char *path, const struct wi_hub_file *file, struct wi_ranges *there)
{
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text;
    ssize_t got;
    int known = 0;
    if (fd < 0)
        return wi_is_shortage(errno) ? -1 : 0;
    text = wi_alloc(RECORD_MAX);
    got = read(fd, text, RECORD_MAX - 1);
    close(fd);
    if (got > 0 && unseal(text))
        known = read_text(text, file, there);
    free(text);
    return known;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Closes `fd`, which may be none. */
static int write_text(int fd, const struct wi_buffer *text)
{
    int good = fd >= 0 && pwrite(fd, text->text, text->size, 0) == (ssize_t)text->size;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Where that needs no more room than the old one has; longer, it would spoil both. */
static void write_in_place(int folder, const char *path, const struct wi_buffer *text)
{
    struct stat status;
    int fd = openat(folder, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && (fstat(fd, &status) != 0 || (uint64_t)status.st_blocks * 512 < text->size)) {
        close(fd);
        return;
    }
    write_text(fd, text);
}

static void replace(int folder, const char *path, const struct wi_buffer *text)
{
    char *fresh = wi_sprintf("%s.new", path);
    int fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (write_text(fd, text)) {
        renameat(folder, fresh, folder, path);
    } else {
        unlinkat(folder, fresh, 0);
        write_in_place(folder, path, text);
    }
    free(fresh);
}

void wi_record_save(
    int folder, const char *path, const struct wi_hub_file *file, const struct wi_ranges *there)
{
    struct wi_buffer text = {0};
    char seal[SEAL_SIZE];
    wi_buffer_printf(&text, "%" PRIu64 " %s\n", file->bytes, file->hash);
    for (size_t i = 0; i < there->count; i++)
        wi_buffer_printf(
            &text, "%" PRIu64 " %" PRIu64 "\n", there->items[i].first, there->items[i].end);
    make_seal(text.text, text.size, seal);
    wi_buffer_puts(&text, seal);
    replace(folder, path, &text);
    wi_buffer_clear(&text);
}
