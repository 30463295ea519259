/* Large memory goes back beside the loop, on one thread however much of it there is. */
#include "../test.h"

#include "base/blob.h"
#include <dirent.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE ((size_t)40 * 1024 * 1024)

static sem_t begun, go_on;

/* The release of each is held up at its first step. */
int madvise(void *at, size_t size, int advice)
{
    sem_post(&begun);
    sem_wait(&go_on);
    return 0;
}

static int count_threads(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

TEST(one_thread_releases_all)
{
    int before = count_threads();
    sem_init(&begun, 0, 0);
    sem_init(&go_on, 0, 0);
    for (int i = 0; i < 8; i++)
        wi_release(malloc(LARGE), LARGE);
    sem_wait(&begun);
    assert_int_equal(count_threads(), before + 1);
    for (int i = 0; i < 1000; i++)
        sem_post(&go_on);
    while (count_threads() > before)
        usleep(1000);
    /* And another later. */
    wi_release(malloc(LARGE), LARGE);
    while (count_threads() > before)
        usleep(1000);
    wi_release(malloc(10), 10);
    wi_release(NULL, LARGE);
}
